// Generated from abi/schema by tools/generate: do not edit.
import type {AgentKernelError} from "../error.js";
import * as errors from "./errors.js";

// By the name of the status; what is not here is a plain AgentKernelError.
export const CLASSES: Readonly<Record<string, typeof AgentKernelError>> = {
    AK_E_ARGUMENT: errors.ValidationError,
    AK_E_BAD_REQUEST: errors.ValidationError,
    AK_E_UNAUTHORIZED: errors.AuthError,
    AK_E_FORBIDDEN: errors.ForbiddenError,
    AK_E_NOT_FOUND: errors.NotFoundError,
    AK_E_CONFLICT: errors.ConflictError,
    AK_E_COMMAND: errors.CommandError,
    AK_E_TOO_LARGE: errors.TooLargeError,
    AK_E_BODY_TOO_LARGE: errors.TooLargeError,
    AK_E_UNPROCESSABLE: errors.UnprocessableError,
    AK_E_QUOTA: errors.QuotaError,
    AK_E_SERVER: errors.ServerError,
    AK_E_REDIRECT: errors.ServerError,
    AK_E_HTTP: errors.ServerError,
    AK_E_NETWORK: errors.NetworkError,
    AK_E_RESOLVE: errors.NetworkError,
    AK_E_CONNECT: errors.NetworkError,
    AK_E_TLS: errors.NetworkError,
    AK_E_TIMEOUT: errors.TimeoutError,
    AK_E_DESCRIPTORS: errors.DescriptorsError,
    AK_E_TRUNCATED: errors.StreamError,
    AK_E_PROTOCOL: errors.ProtocolError,
    AK_E_CANCELLED: errors.AbortError,
};
