// What can go wrong. Every error is an AgentKernelError; each kind that can be told apart has a class of its own.
import * as abi from "./raw/abi.js";
import {library} from "./raw/native.js";

/** Whether a request that failed may have run: nothing of it was sent, some was, or it was answered. */
export type Sent = "nothing" | "some" | "answered";

/** What an error tells beside its message. */
export interface ErrorDetails {
    /** The name of the kind of error, such as `"AK_E_TIMEOUT"`. */
    code?: string | undefined;
    /** The HTTP status of the answer; undefined when none came. */
    status?: number | undefined;
    /** What the server itself said. */
    serverText?: string | undefined;
    /** The exit code of the command that failed. */
    exitCode?: number | undefined;
    /** What that command wrote, exactly. */
    outputBytes?: Buffer | undefined;
    /** Milliseconds after which the server wants to be asked again. */
    retryAfter?: number | undefined;
    /** The operation, such as `"run"`. */
    operation?: string | undefined;
    /** How far it came: bind, resolve, connect, send, wait, receive or decode. */
    phase?: string | undefined;
    /** Whether the request may have run. With `"nothing"` repeating is safe. */
    sent?: Sent | undefined;
    cause?: unknown;
}

/** What every error of this package is. */
export class AgentKernelError extends Error {
    readonly code: string | undefined;
    readonly status: number | undefined;
    readonly serverText: string | undefined;
    readonly exitCode: number | undefined;
    readonly outputBytes: Buffer | undefined;
    readonly retryAfter: number | undefined;
    readonly operation: string | undefined;
    readonly phase: string | undefined;
    readonly sent: Sent | undefined;

    constructor(message = "", details: ErrorDetails = {}) {
        super(message, details.cause === undefined ? undefined : {cause: details.cause});
        this.name = new.target.name;
        this.code = details.code;
        this.status = details.status;
        this.serverText = details.serverText;
        this.exitCode = details.exitCode;
        this.outputBytes = details.outputBytes;
        this.retryAfter = details.retryAfter;
        this.operation = details.operation;
        this.phase = details.phase;
        this.sent = details.sent;
    }

    /** What the command that failed wrote, as text; bytes that are not UTF-8 are replaced. */
    get output(): string | undefined {
        return this.outputBytes?.toString("utf8");
    }
}

/** Something that was asked cannot be right: found before anything was sent, or by the server (400). */
export class ValidationError extends AgentKernelError {}
/** The API key is missing or wrong (401). */
export class AuthError extends AgentKernelError {}
/** The server does not allow this (403). */
export class ForbiddenError extends AgentKernelError {}
/** There is no such thing (404). */
export class NotFoundError extends AgentKernelError {}
/** What is there already stands against it (409). */
export class ConflictError extends AgentKernelError {}
/** The command ran and exited with another code than 0: see `exitCode` and `output`. */
export class CommandError extends AgentKernelError {}
/** A limit of size was passed: of the request (413 too), a reply or an event. */
export class TooLargeError extends AgentKernelError {}
/** This server, or its backend, cannot do it (422). */
export class UnprocessableError extends AgentKernelError {}
/** Too much was asked (429): see `retryAfter`. */
export class QuotaError extends AgentKernelError {}
/** The server failed (5xx), or answered with a status that has no class of its own. */
export class ServerError extends AgentKernelError {}
/** No whole answer came: no name, no connection, no trusted TLS, or one that broke. `code` tells them apart. */
export class NetworkError extends AgentKernelError {}
/** A deadline passed. */
export class TimeoutError extends NetworkError {}
/** The process or the system is out of file descriptors; each call in flight holds five. */
export class DescriptorsError extends NetworkError {}
/** The stream ended without its final event, or its bytes were read and an error event came. */
export class StreamError extends AgentKernelError {}
/** The answer is not what the protocol says. */
export class ProtocolError extends AgentKernelError {}
/** The signal was aborted; `cause` is its reason. */
export class AbortError extends AgentKernelError {}

// By the name of the status; what is not here is a plain AgentKernelError.
const CLASSES: Readonly<Record<string, typeof AgentKernelError>> = {
    AK_E_ARGUMENT: ValidationError,
    AK_E_RESOLVE: NetworkError,
    AK_E_CONNECT: NetworkError,
    AK_E_TLS: NetworkError,
    AK_E_NETWORK: NetworkError,
    AK_E_TIMEOUT: TimeoutError,
    AK_E_CANCELLED: AbortError,
    AK_E_TRUNCATED: StreamError,
    AK_E_PROTOCOL: ProtocolError,
    AK_E_TOO_LARGE: TooLargeError,
    AK_E_DESCRIPTORS: DescriptorsError,
    AK_E_REDIRECT: ServerError,
    AK_E_HTTP: ServerError,
    AK_E_BAD_REQUEST: ValidationError,
    AK_E_UNAUTHORIZED: AuthError,
    AK_E_FORBIDDEN: ForbiddenError,
    AK_E_NOT_FOUND: NotFoundError,
    AK_E_CONFLICT: ConflictError,
    AK_E_COMMAND: CommandError,
    AK_E_BODY_TOO_LARGE: TooLargeError,
    AK_E_UNPROCESSABLE: UnprocessableError,
    AK_E_QUOTA: QuotaError,
    AK_E_SERVER: ServerError,
};

const SENT: readonly Sent[] = ["nothing", "some", "answered"];

/** The error of the function that failed last. @internal */
export function failure(status: number, cause?: unknown): AgentKernelError {
    const native = library();
    const code = native.lib.ak_status_name(status) ?? `AK_E_${String(-status)}`;
    const sent = native.errorInt(abi.AK_ERROR_SENT);
    return new (CLASSES[code] ?? AgentKernelError)(native.errorText(abi.AK_ERROR_MESSAGE) ?? code, {
        code,
        status: native.errorInt(abi.AK_ERROR_HTTP_STATUS),
        serverText: native.errorText(abi.AK_ERROR_SERVER_TEXT),
        exitCode: native.errorInt(abi.AK_ERROR_EXIT_CODE),
        outputBytes: native.errorBytes(abi.AK_ERROR_OUTPUT),
        retryAfter: native.errorInt(abi.AK_ERROR_RETRY_AFTER_MS),
        operation: native.errorText(abi.AK_ERROR_OPERATION),
        phase: native.errorText(abi.AK_ERROR_PHASE),
        sent: sent === undefined ? undefined : SENT[sent],
        cause,
    });
}

/** Throws when a function failed. @internal */
export function check(status: number): number {
    if (status < 0) throw failure(status);
    return status;
}

/** An argument that is wrong before the library sees it. @internal */
export function invalid(message: string): ValidationError {
    return new ValidationError(message, {code: "AK_E_ARGUMENT", phase: "bind", sent: "nothing"});
}
