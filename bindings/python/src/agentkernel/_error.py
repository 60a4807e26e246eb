"""The base class of errors, in its own module because the generated ones derive from it."""

from __future__ import annotations

from typing import Literal


class AgentKernelError(Exception):
    """The base of all errors of this package.

    Attributes:
        message: what went wrong, in one line.
        code: the name of the kind of error, such as ``"AK_E_TIMEOUT"``.
        status: the HTTP status of the reply, None when there was none.
        server_text: the server's own message, None when it sent none.
        exit_code: of the command that failed, else None.
        output_bytes: the output of that command, else None.
        retry_after: seconds after which the request may be repeated, None when the server sent none.
        operation: the operation, such as ``"run"``.
        phase: where it failed: bind, resolve, connect, send, wait, receive or decode.
        sent: ``"nothing"`` of the request was sent, so that repeating is safe; ``"some"`` of it was and no reply came,
            so that it may have run; or it was ``"answered"``.

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
