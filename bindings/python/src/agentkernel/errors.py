"""Errors. All of them are `AgentKernelError`; each kind that can be told apart has a class of its own."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "AgentKernelError",
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


class AgentKernelError(Exception):
    """The base of all errors of this package.

    Attributes:
        message: what went wrong, in one line.
        code: the name of the kind of error, such as ``"AK_E_TIMEOUT"``.
        status: the HTTP status of the answer, None when there was none.
        server_text: what the server itself said, None when it said nothing.
        exit_code: of the command that failed, else None.
        output_bytes: what that command wrote, else None.
        retry_after: seconds after which the server wants to be asked again, None when it named no time.
        operation: the operation, such as ``"run"``.
        phase: how far it came: bind, resolve, connect, send, wait, receive or decode.
        sent: ``"nothing"`` of the request left this process, so that repeating is safe; ``"some"`` of it did and no
            answer came, so that it may have run; or it was ``"answered"``.

    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        server_text: str | None = None,
        exit_code: int | None = None,
        output_bytes: bytes | None = None,
        retry_after: float | None = None,
        operation: str | None = None,
        phase: str | None = None,
        sent: Literal["nothing", "some", "answered"] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.server_text = server_text
        self.exit_code = exit_code
        self.output_bytes = output_bytes
        self.retry_after = retry_after
        self.operation = operation
        self.phase = phase
        self.sent = sent

    @property
    def output(self) -> str | None:
        """The output of the command that failed, as text; bytes that are not UTF-8 are replaced."""
        return None if self.output_bytes is None else self.output_bytes.decode("utf-8", "replace")

    def __str__(self) -> str:
        return self.message

    def _again(self) -> AgentKernelError:
        """The same error without its traceback, to be raised once more."""
        error = type(self)(self.message)
        error.__dict__.update(self.__dict__)
        return error


class ValidationError(AgentKernelError, ValueError):
    """The request is invalid: detected before anything was sent, or by the server (400)."""


class AuthError(AgentKernelError):
    """The API key is missing or wrong (401)."""


class ForbiddenError(AgentKernelError):
    """The server does not allow this (403)."""


class NotFoundError(AgentKernelError):
    """Not found (404)."""


class ConflictError(AgentKernelError):
    """A conflict with the current state, such as a name that is taken (409)."""


class CommandError(AgentKernelError):
    """The command ran and exited with another code than 0: see `exit_code` and `output`."""


class TooLargeError(AgentKernelError):
    """A limit of size was passed: of the request (413 too), a reply or an event."""


class UnprocessableError(AgentKernelError):
    """This server, or its backend, cannot do it (422)."""


class QuotaError(AgentKernelError):
    """Too many requests (429): see `retry_after`."""


class ServerError(AgentKernelError):
    """The server failed (5xx), or answered with a status that has no class of its own."""


class NetworkError(AgentKernelError):
    """No complete reply was received. `code` says what failed: name resolution, connecting, TLS, or the connection."""


class CallTimeoutError(NetworkError, TimeoutError):
    """A deadline passed."""


class DescriptorsError(NetworkError):
    """The process or the system is out of file descriptors; each call in flight holds five."""


class StreamError(AgentKernelError):
    """The stream ended without its final event, or its file-like view met an error event."""


class ProtocolError(AgentKernelError):
    """The answer is not what the protocol says."""


class CallCancelledError(AgentKernelError):
    """The call was cancelled."""


class ForkedError(AgentKernelError):
    """The call belongs to the process that this one was forked from. The client may be used here."""


# By the name of the status; what is not here is a plain AgentKernelError.
CLASSES: dict[str, type[AgentKernelError]] = {
    "AK_E_ARGUMENT": ValidationError,
    "AK_E_RESOLVE": NetworkError,
    "AK_E_CONNECT": NetworkError,
    "AK_E_TLS": NetworkError,
    "AK_E_NETWORK": NetworkError,
    "AK_E_TIMEOUT": CallTimeoutError,
    "AK_E_CANCELLED": CallCancelledError,
    "AK_E_FORKED": ForkedError,
    "AK_E_TRUNCATED": StreamError,
    "AK_E_PROTOCOL": ProtocolError,
    "AK_E_TOO_LARGE": TooLargeError,
    "AK_E_DESCRIPTORS": DescriptorsError,
    "AK_E_REDIRECT": ServerError,
    "AK_E_HTTP": ServerError,
    "AK_E_BAD_REQUEST": ValidationError,
    "AK_E_UNAUTHORIZED": AuthError,
    "AK_E_FORBIDDEN": ForbiddenError,
    "AK_E_NOT_FOUND": NotFoundError,
    "AK_E_CONFLICT": ConflictError,
    "AK_E_COMMAND": CommandError,
    "AK_E_BODY_TOO_LARGE": TooLargeError,
    "AK_E_UNPROCESSABLE": UnprocessableError,
    "AK_E_QUOTA": QuotaError,
    "AK_E_SERVER": ServerError,
}
