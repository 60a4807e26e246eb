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
export type {
    DetachedLogsOptions,
    FileContent,
    FileWriteOptions,
    RequestOptions,
    RestoreSnapshotOptions,
    TakeSnapshotOptions,
    TransferOptions,
} from "./options.js";
export {BatchResult, DetachedLogsResponse, FileReadResponse, Reply} from "./records.js";
export type {
    BackendDiscovery,
    BatchCommand,
    BatchFileWriteResponse,
    BatchRunResponse,
    DetachedCommand,
    DetachedStatus,
    ExtendTtlResponse,
    LogEntry,
    ServerStats,
    ServerStatus,
    SnapshotMeta,
} from "./records.js";
export {SandboxSession} from "./session.js";
export {RunStream} from "./stream.js";
export {RunOutput, StreamEvent} from "./types.js";
export type {
    AgentKernelOptions,
    CallOptions,
    Checked,
    CreateSandboxOptions,
    ExecDetachedOptions,
    ExecOptions,
    ExtendTtlOptions,
    Lifecycle,
    ListSandboxesOptions,
    Network,
    ResizeSandboxOptions,
    RunOptions,
    RunStreamOptions,
    SandboxChoice,
    SandboxInfo,
    SandboxStatus,
    SecurityProfile,
    StreamEventType,
    UpdateSandboxOptions,
} from "./types.js";
