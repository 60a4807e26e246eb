"""What is specific to the async side: closing, streams that may be awaited, and files to read from.

Waiting is in _host.py; the sync counterpart of both is _sync_base.py. Everything else exists once, and is translated.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import BaseClient, OfThisProcess
from ._call import DONE, ITEM, Call
from ._files import PIECE
from ._host import advance, wait
from ._native import ffi
from ._stream import StreamBase
from .raw.operation import Operation
from .types import FileReadResponse, StreamEvent

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


class AsyncBase(BaseClient):
    """Closing, and calls run until they end."""

    async def close(self) -> None:
        """Closes the client's connections. Calls in flight are not affected."""
        self._release()

    async def aclose(self) -> None:
        """The same as `close`."""
        self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _one(self, operation: Operation[T], /, **arguments: object) -> T:
        return (await self._finish(self._call(operation, **arguments)))[0]

    async def _records(self, operation: Operation[T], /, **arguments: object) -> list[T]:
        return await self._finish(self._call(operation, **arguments))

    async def _finish(self, call: Call[T]) -> list[T]:
        try:
            records = []
            while await advance(call) == ITEM:
                records.append(call.record())
            return records
        finally:
            call.close()


class AsyncStreamBase(StreamBase):
    """A stream that may be awaited, which starts it: its first event is kept for the reader."""

    def __init__(self, call: Call[StreamEvent]) -> None:
        super().__init__(call)
        self._first: StreamEvent | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self._start().__await__()

    async def _start(self) -> Self:
        if self._first is None and self._last is None:
            with suppress(StopAsyncIteration):
                self._first = await self._anext()
        return self

    def __anext__(self) -> Coroutine[Any, Any, StreamEvent]:
        return self._anext() if self._first is None else self._take_first(self._first)

    async def _take_first(self, first: StreamEvent) -> StreamEvent:
        self._first = None
        return first

    async def _anext(self) -> StreamEvent:
        raise NotImplementedError


class AsyncFileReader(OfThisProcess):
    """A file of a sandbox, to read from while it arrives: `readinto`, `read`, or piece by piece in ``async for``.

    It is an async context manager, which ends the transfer when it is left early; so does dropping the last reference.
    """

    def __init__(self, call: Call[FileReadResponse], prepare: Callable[[], Awaitable[None]] | None = None) -> None:
        self._call: Call[FileReadResponse] | None = call
        self._prepare = prepare
        self._turn: list[None] = [None]  # the right to read: popped by the reader, and put back

    async def readinto(self, buffer: Any, /) -> int:
        """Reads into a writable buffer, decoded straight into it: the number of bytes, 0 at the end."""
        call = self._call
        if call is None:
            raise ValueError("I/O operation on closed file")
        try:
            self._turn.pop()
        except IndexError:
            raise RuntimeError("the file is being read by another task") from None
        try:
            if self._prepare is not None:
                await self._prepare()
                self._prepare = None
            with ffi.from_buffer("char[]", buffer, require_writable=True) as view:
                while len(view):
                    status, size = call.read_into(view)
                    if size or status == DONE:
                        return size
                    await wait(call)
            return 0
        finally:
            self._turn.append(None)
            if self._call is None:  # closed while it was being read
                call.close()

    async def read(self, size: int = -1, /) -> bytes:
        """Reads at most size bytes, or all of them; returns nothing at the end."""
        if size < 0:
            content = io.BytesIO()
            view = memoryview(bytearray(PIECE))
            while taken := await self.readinto(view):
                content.write(view[:taken])
            return content.getvalue()
        buffer = bytearray(min(size, PIECE))
        return bytes(memoryview(buffer)[: await self.readinto(buffer)])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read(PIECE)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Ends the transfer, if it has not ended."""
        call, self._call = self._call, None
        if call is not None and self._turn:
            call.close()
        elif call is not None:
            call.cancel()  # the task that reads wakes, and frees the call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def opened(reader: AsyncFileReader) -> AsyncFileReader:
    """What `open_file` returns: the reader itself."""
    return reader
