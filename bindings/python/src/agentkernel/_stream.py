"""What sync and async streams share: who reads, how it ended, and closing from anywhere."""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import Any

from ._call import Call
from ._native import ffi
from .errors import AgentKernelError, CallCancelledError, ForkedError, StreamError
from .types import StreamEvent

FINAL = ("done", "error")


class StreamBase:
    """The state of a stream between its events."""

    def __init__(self, call: Call[StreamEvent]) -> None:
        self._call: Call[StreamEvent] | None = call
        self._busy = allocate_lock()  # only ever tried: a child that inherits it taken cannot hang on it
        self._pid = os.getpid()
        self._failure: AgentKernelError | None = None
        self._final: StreamEvent | None = None
        self._rest = b""  # output that a done event brought, for readinto

    @property
    def final_event(self) -> StreamEvent | None:
        """The event that ended the stream (done or error), once it came."""
        return self._final

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, once it is known."""
        return None if self._final is None else self._final.exit_code

    @property
    def closed(self) -> bool:
        """Whether nothing more can come: it has ended, failed or was closed."""
        return self._call is None

    def _enter(self) -> None:
        """Begins to read; `_leave` must follow."""
        if not self._busy.acquire(False):
            if self._pid != os.getpid():  # the parent was reading when it forked
                raise ForkedError(
                    "the stream belongs to the parent process", code="AK_E_FORKED", operation="run_stream"
                )
            raise RuntimeError("the stream is being read by another thread or task")

    def _leave(self) -> None:
        self._busy.release()

    def _check_failure(self) -> None:
        """A stream that failed says so again."""
        if self._failure is not None:
            raise self._failure._again()

    def _take(self, call: Call[StreamEvent]) -> StreamEvent:
        """The current event."""
        event = call.record()
        if event.type in FINAL:
            self._final = event
        return event

    def _finish(self, call: Call[StreamEvent]) -> None:
        call.close()
        self._call = None

    def _fail(self, call: Call[StreamEvent] | None, failure: BaseException) -> None:
        """Reading ended with an exception: the stream is over, and says so again when it is read again."""
        if call is None or (isinstance(failure, AgentKernelError) and failure.code == "AK_E_STATE"):
            return  # nothing has changed: for example a file-like view has read half of an event
        call.close()
        self._call = None
        if isinstance(failure, AgentKernelError):
            self._failure = failure._again()
        else:
            self._failure = CallCancelledError("the stream was interrupted", code="AK_E_CANCELLED")

    def _close(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()  # a thread or task that reads wakes, and frees the call
            if self._busy.acquire(blocking=False):
                call.close()
                self._busy.release()

    def _output_of(self, event: StreamEvent) -> None:
        """Readinto met an event that the read door does not read: done may bring output, error cannot be an item."""
        if event.type == "error":
            raise StreamError(event.message or "the command failed", code="AK_E_STREAM", operation="run_stream")
        self._rest = event.output or b""

    def _take_rest(self, buffer: Any) -> int:
        size = min(len(self._rest), len(buffer))
        ffi.memmove(buffer, self._rest[:size], size)
        self._rest = self._rest[size:]
        return size
