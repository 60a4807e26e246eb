// Throws errors: every one is an AgentKernelError, and each kind has a class of its own.
import {AgentKernelError} from "./error.js";
import type {Sent} from "./error.js";
import {CLASSES} from "./generated/error_codes.js";
import {ValidationError} from "./generated/errors.js";
import * as abi from "./raw/abi.js";
import {library} from "./raw/native.js";

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
