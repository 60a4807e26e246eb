# Generated from _async_stream.py by tools/generate: do not edit.
"""Streams of events, for both sides."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._call import AGAIN, DONE, ITEM
from .._events import next_event
from .._native import ffi
from .._sync_base import SyncStreamBase, advance, wait
from ..types import StreamEvent

if TYPE_CHECKING:
    from typing_extensions import Self


class RunStream(SyncStreamBase):
    """The events of a running command: an iterator, and a context manager that ends the command when it is left early.

    It also ends with its last reference. `close` may be called from any thread.

    Example::

        with client.run_stream(["make"]) as stream:
            for event in stream:
                print(event.text or "", end="")
        print(stream.exit_code)
    """

    def __iter__(self) -> Iterator[StreamEvent]:
        return self

    def __next__(self) -> StreamEvent:
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            while call is not None:
                event = next_event(call.address)
                if event is None:  # none yet, the end, or an error: the next status tells
                    status = advance(call)
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
        raise StopIteration

    def readinto(self, buffer: Any) -> int:
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
                        wait(call)
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

    def close(self) -> None:
        """Ends the stream; the server ends the command. After the end it does nothing."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
