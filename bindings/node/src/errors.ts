// Errors. Every error is an AgentKernelError; each kind has a class of its own.
import * as abi from "./raw/abi.js";
import {library} from "./raw/native.js";

/** Whether a failed request may have been executed: nothing of it was sent, some was, or the server replied. */
export type Sent = "nothing" | "some" | "answered";

/** What an error has besides its message. */
export interface ErrorDetails {
    /** The name of the kind of error, such as `"AK_E_TIMEOUT"`. */
    code?: string | undefined;
    /** The HTTP status of the reply; undefined if there was none. */
    status?: number | undefined;
    /** The server's own message. */
    serverText?: string | undefined;
    /** The exit code of the command that failed. */
    exitCode?: number | undefined;
    /** The output of that command, exactly. */
    outputBytes?: Buffer | undefined;
    /** Milliseconds after which the server asked to retry. */
    retryAfter?: number | undefined;
    /** The operation, such as `"run"`. */
    operation?: string | undefined;
    /** The phase: bind, resolve, connect, send, wait, receive or decode. */
    phase?: string | undefined;
    /** Whether the request may have been executed. After `"nothing"` repeating is safe. */
    sent?: Sent | undefined;
    cause?: unknown;
}

/** The base class of all errors of this package. */
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
        const {cause, ...members} = details;
        super(message, cause === undefined ? undefined : {cause});
        this.name = new.target.name;
        Object.assign(this, members);
    }

    /** The output of the failed command as text; bytes that are not UTF-8 are replaced. */
    get output(): string | undefined {
        return this.outputBytes?.toString("utf8");
    }
}

/** Invalid argument: found before anything was sent, or by the server (400). */
export class ValidationError extends AgentKernelError {}
/** The API key is missing or wrong (401). */
export class AuthError extends AgentKernelError {}
/** The server does not allow this (403). */
export class ForbiddenError extends AgentKernelError {}
/** It does not exist (404). */
export class NotFoundError extends AgentKernelError {}
/** It conflicts with what exists (409). */
export class ConflictError extends AgentKernelError {}
/** The command exited with a code other than 0: see `exitCode` and `output`. */
export class CommandError extends AgentKernelError {}
/** A size limit was exceeded: of the request (also 413), a reply or an event. */
export class TooLargeError extends AgentKernelError {}
/** The server or its backend does not support this (422). */
export class UnprocessableError extends AgentKernelError {}
/** A quota was exceeded (429): see `retryAfter`. */
export class QuotaError extends AgentKernelError {}
/** The server failed (5xx), or replied with a status without a class of its own. */
export class ServerError extends AgentKernelError {}
/** No complete reply was received: no name, no connection, no trusted TLS, or a broken one; see `code`. */
export class NetworkError extends AgentKernelError {}
/** A deadline passed. */
export class TimeoutError extends NetworkError {}
/** The process or the system is out of file descriptors; each call in flight holds five. */
export class DescriptorsError extends NetworkError {}
/** The stream ended without its final event, or its bytes were read and an error event came. */
export class StreamError extends AgentKernelError {}
/** The reply violates the protocol. */
export class ProtocolError extends AgentKernelError {}
/** The signal was aborted; `cause` is its reason. */
export class AbortError extends AgentKernelError {}

// By the name of the status. Others are a plain AgentKernelError.
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

/** The error for an argument that does not reach the library. @internal */
export function invalid(message: string): ValidationError {
    return new ValidationError(message, {code: "AK_E_ARGUMENT", phase: "bind", sent: "nothing"});
}
