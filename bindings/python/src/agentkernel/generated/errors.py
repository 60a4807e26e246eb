# Generated from abi/schema by tools/generate: do not edit.
"""Errors by kind."""

from .._error import AgentKernelError

__all__ = [
    "AuthError",
    "CallCancelledError",
    "CallTimeoutError",
    "CommandError",
    "ConflictError",
    "DescriptorsError",
    "ForbiddenError",
    "ForkedError",
    "NetworkError",
    "NotFoundError",
    "ProtocolError",
    "QuotaError",
    "ServerError",
    "StreamError",
    "TooLargeError",
    "UnprocessableError",
    "ValidationError",
]


class ValidationError(AgentKernelError, ValueError):
    """An argument is invalid: found before anything was sent, or by the server (400)."""


class AuthError(AgentKernelError):
    """The API key is missing or wrong (401)."""


class ForbiddenError(AgentKernelError):
    """The server does not allow this (403)."""


class NotFoundError(AgentKernelError):
    """It does not exist (404)."""


class ConflictError(AgentKernelError):
    """It conflicts with the current state, such as a name that is taken (409)."""


class CommandError(AgentKernelError):
    """The command ran and exited with a code other than 0. The error has the code and the output."""


class TooLargeError(AgentKernelError):
    """A size limit was exceeded: of the request (also 413), a reply or an event."""


class UnprocessableError(AgentKernelError):
    """This server or its backend does not support it (422)."""


class QuotaError(AgentKernelError):
    """Too many requests (429). The error has the time of a retry, if the server named one."""


class ServerError(AgentKernelError):
    """The server failed (5xx), or replied with a status that has no class of its own."""


class NetworkError(AgentKernelError):
    """No complete reply: name resolution, connection, TLS or transfer failed. The code tells them apart."""


class CallTimeoutError(NetworkError, TimeoutError):
    """A deadline passed."""


class DescriptorsError(NetworkError):
    """The process or the system is out of file descriptors; each call in flight holds five."""


class StreamError(AgentKernelError):
    """The stream ended without its final event, or its bytes were read and an error event came."""


class ProtocolError(AgentKernelError):
    """The reply violates the protocol."""


class CallCancelledError(AgentKernelError):
    """The call was cancelled."""


class ForkedError(AgentKernelError):
    """The call belongs to the process that this one was forked from. The client may be used in both."""


# By the name of the status; what is not here is a plain AgentKernelError.
CLASSES: dict[str, type[AgentKernelError]] = {
    "AK_E_ARGUMENT": ValidationError,
    "AK_E_BAD_REQUEST": ValidationError,
    "AK_E_UNAUTHORIZED": AuthError,
    "AK_E_FORBIDDEN": ForbiddenError,
    "AK_E_NOT_FOUND": NotFoundError,
    "AK_E_CONFLICT": ConflictError,
    "AK_E_COMMAND": CommandError,
    "AK_E_TOO_LARGE": TooLargeError,
    "AK_E_BODY_TOO_LARGE": TooLargeError,
    "AK_E_UNPROCESSABLE": UnprocessableError,
    "AK_E_QUOTA": QuotaError,
    "AK_E_SERVER": ServerError,
    "AK_E_REDIRECT": ServerError,
    "AK_E_HTTP": ServerError,
    "AK_E_NETWORK": NetworkError,
    "AK_E_RESOLVE": NetworkError,
    "AK_E_CONNECT": NetworkError,
    "AK_E_TLS": NetworkError,
    "AK_E_TIMEOUT": CallTimeoutError,
    "AK_E_DESCRIPTORS": DescriptorsError,
    "AK_E_TRUNCATED": StreamError,
    "AK_E_PROTOCOL": ProtocolError,
    "AK_E_CANCELLED": CallCancelledError,
    "AK_E_FORKED": ForkedError,
}
