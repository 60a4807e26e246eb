/** Run commands in isolated sandboxes: a client of agentkernel on the C library libagentkernel. */
import "./dispose.js";

export {AgentKernel} from "./client.js";
export {
    AbortError,
    AgentKernelError,
    AuthError,
    CommandError,
    ConflictError,
    DescriptorsError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    QuotaError,
    ServerError,
    StreamError,
    TimeoutError,
    TooLargeError,
    UnprocessableError,
    ValidationError,
} from "./errors.js";
export type {ErrorDetails, Sent} from "./errors.js";
export {SandboxSession} from "./session.js";
export {RunStream} from "./stream.js";
export {RunOutput, StreamEvent} from "./types.js";
export type {
    AgentKernelOptions,
    CallOptions,
    Checked,
    CreateSandboxOptions,
    ExecOptions,
    RunOptions,
    RunStreamOptions,
    SandboxChoice,
    SandboxInfo,
    SandboxStatus,
    SecurityProfile,
    StreamEventType,
} from "./types.js";
