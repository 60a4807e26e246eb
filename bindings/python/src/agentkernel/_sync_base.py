"""What the parts of the sync client stand on: waiting, and calls to their end."""

from __future__ import annotations

import select
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import BaseClient
from ._call import AGAIN, ITEM, Call
from .raw.operations import Operation

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


def wait(call: Call[Any]) -> None:
    """Waits until the call may go on, in Python's own poll: Ctrl-C ends it at once, and other threads run."""
    poll = select.poll()
    poll.register(call.fd, select.POLLIN)
    poll.poll()  # for as long as the call's own deadlines allow: they wake it


def advance(call: Call[Any]) -> int:
    """The call's next status, waiting for it."""
    status = call.step()
    while status == AGAIN:
        wait(call)
        status = call.step()
    return status


class SyncBase(BaseClient):
    """Closing, and calls to their end."""

    def close(self) -> None:
        """Closes the client's connections. Calls in flight end well."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _one(self, operation: Operation[T], **arguments: object) -> T:
        return self._records(operation, arguments)[0]

    def _none(self, operation: Operation[None], **arguments: object) -> None:
        self._records(operation, arguments)

    def _records(self, operation: Operation[T], arguments: dict[str, object]) -> list[T]:
        return self._finish(self._call(operation, arguments))

    def _finish(self, call: Call[T]) -> list[T]:
        try:
            records = []
            while advance(call) == ITEM:
                records.append(call.record())
            return records
        finally:
            call.close()
