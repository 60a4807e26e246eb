"""Streams of events, for both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._async_base import AsyncStreamBase
from ._call import AGAIN, DONE, ITEM
from ._events import next_event
from ._host import advance, wait
from ._native import ffi
from .types import StreamEvent

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncRunStream(AsyncStreamBase):
    """The events of a running command: an async iterator, and a context manager that ends the command when left early.

    It also ends with its last reference, and when the task that reads it is cancelled. Awaiting it starts the command.

    Example::

        async with client.run_stream(["make"]) as stream:
            async for event in stream:
                print(event.text or "", end="")
        print(stream.exit_code)
    """

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def _anext(self) -> StreamEvent:
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            while call is not None:
                event = next_event(call.address)
                if event is None:  # none yet, the end, or an error: the next status tells
                    status = await advance(call)
                    if status == DONE:
                        self._finish(call)
                        break
                    event = call.record()
                self._last = event
                return event
            self._check_failure()
        except BaseException as failure:
            self._fail(call, failure)
            raise
        finally:
            self._turn.append(None)
        raise StopAsyncIteration

    async def readinto(self, buffer: Any) -> int:
        """Reads output into a writable buffer, decoded straight into it: the number of bytes, 0 at the end.

        Other events are skipped; an ``error`` event is raised as `StreamError`. `exit_code` is set at the end.
        """
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            with ffi.from_buffer("char[]", buffer, require_writable=True) as view:
                while len(view):
                    if self._rest:
                        return self._take_rest(view)
                    if call is None:
                        self._check_failure()
                        break
                    status, size = call.read_into(view)
                    if size:
                        return size
                    if status == AGAIN:
                        await wait(call)
                    elif status == ITEM:
                        self._output_of(self._take(call))
                    else:
                        self._finish(call)
                        break
            return 0
        except BaseException as failure:
            self._fail(call, failure)
            raise
        finally:
            self._turn.append(None)

    async def aclose(self) -> None:
        """Ends the stream; the server ends the command. After the end it does nothing."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
