/** Run commands in isolated sandboxes: a client of agentkernel on the C library libagentkernel. */
import "./dispose.js";

export type * from "./choices.js";
export {AgentKernel} from "./client.js";
export {AgentKernelError} from "./error.js";
export * from "./generated/errors.js";
export type {ErrorDetails, Sent} from "./error.js";
export {StreamEvent} from "./event.js";
export type * from "./generated/options.js";
export * from "./generated/records.js";
export type {AgentKernelOptions} from "./generated/settings.js";
export {FileReadResponse, Reply, RunOutput} from "./records.js"; // instead of the generated ones
export type {BatchRunResponse} from "./records.js";
export {SandboxSession} from "./session.js";
export {RunStream} from "./stream.js";
export type * from "./types.js";
