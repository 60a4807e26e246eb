"""What is specific to the sync side: waiting, closing, and Python's file objects.

Everything else is in generated/, translated from the async side.
"""

from __future__ import annotations

import io
import select
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import BaseClient, OfThisProcess
from ._call import AGAIN, DONE, ITEM, Call
from ._files import PIECE
from ._native import ffi
from ._stream import StreamBase
from .raw.operation import Operation

if TYPE_CHECKING:
    from typing_extensions import Self

    from .types import FileReadResponse

T = TypeVar("T")

sleep = time.sleep


def wait(call: Call[Any]) -> None:
    """Waits until the call may advance, with Python's own poll: Ctrl-C ends it at once, and other threads run."""
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


def shielded(work: Callable[[], T]) -> T:
    """Runs work, which the async side also shields from cancellation."""
    return work()


class SyncBase(BaseClient):
    """Closing, and calls run until they end."""

    def close(self) -> None:
        """Closes the client's connections. Calls in flight are not affected."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _one(self, operation: Operation[T], /, **arguments: object) -> T:
        return self._finish(self._call(operation, **arguments))[0]

    def _records(self, operation: Operation[T], /, **arguments: object) -> list[T]:
        return self._finish(self._call(operation, **arguments))

    def _finish(self, call: Call[T]) -> list[T]:
        try:
            records = []
            while advance(call) == ITEM:
                records.append(call.record())
            return records
        finally:
            call.close()


class SyncStreamBase(StreamBase):
    """A stream whose output can be read as a file."""

    def readinto(self, buffer: Any) -> int:
        """Reads output."""
        raise NotImplementedError

    def as_file(self) -> OutputFile:
        """The output as a binary file to read from; closing it closes the stream.

        ``io.TextIOWrapper(io.BufferedReader(stream.as_file()), "utf-8", "replace")`` reads text by lines.
        """
        return OutputFile(self)


class OutputFile(OfThisProcess, io.RawIOBase):
    """The output of a stream as a binary file."""

    def __init__(self, stream: SyncStreamBase) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Reads output into a writable buffer: the number of bytes, 0 at the end."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Closes the file and its stream."""
        self._stream._close()
        super().close()


class FileReader(OfThisProcess, io.RawIOBase):
    """A file of a sandbox, to read from while it arrives."""

    def __init__(self, call: Call[FileReadResponse]) -> None:
        self._call = call
        self._turn: list[None] = [None]  # the right to read: popped by the reader, and put back

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Reads into a writable buffer, decoded straight into it: the number of bytes, 0 at the end."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        try:
            self._turn.pop()
        except IndexError:
            raise RuntimeError("the file is being read by another thread") from None
        try:
            with ffi.from_buffer("char[]", buffer, require_writable=True) as view:
                while len(view):
                    status, size = self._call.read_into(view)
                    if size or status == DONE:
                        return size
                    wait(self._call)
            return 0
        finally:
            self._turn.append(None)
            if self.closed:  # by another thread, meanwhile
                self._call.close()

    def readall(self) -> bytes:
        """Reads the rest, in larger pieces than io.RawIOBase does."""
        content = io.BytesIO()
        buffer = memoryview(bytearray(PIECE))
        while size := self.readinto(buffer):
            content.write(buffer[:size])
        return content.getvalue()

    def close(self) -> None:
        """Ends the transfer, if it has not ended, from any thread: a reader gets a `CallCancelledError`."""
        super().close()
        self._call.cancel()
        if self._turn:
            self._call.close()


def opened(reader: FileReader) -> io.BufferedReader:
    """What `open_file` returns: a buffered file."""
    return io.BufferedReader(reader, PIECE)
