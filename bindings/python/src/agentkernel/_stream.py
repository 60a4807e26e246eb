"""Shared by sync and async streams: the right to read, the end, and closing from any thread."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, NoReturn

from ._base import OfThisProcess
from ._call import Call
from ._native import ffi
from .errors import AgentKernelError, CallCancelledError, ForkedError, StreamError
from .generated.operations import RUN_STREAM
from .raw.events import set_up
from .types import StreamEvent

set_up(RUN_STREAM, StreamEvent)


class StreamBase(OfThisProcess):
    """The state of a stream between its events."""

    _instead = "pass on its events, or make a client and run the command in the other process"

    def __init__(self, call: Call[StreamEvent]) -> None:
        self._call: Call[StreamEvent] | None = call
        # Its only entry is the right to read: the reader pops it and puts it back. That is as atomic as a lock and five
        # times as fast, and a child that is forked meanwhile cannot hang on it.
        self._turn: list[None] = [None]
        self._pid = os.getpid()
        self._failure: AgentKernelError | None = None
        self._last: StreamEvent | None = None
        self._rest = b""  # output of a done event, for readinto

    @property
    def final_event(self) -> StreamEvent | None:
        """The event that ended the stream (done or error), once it has arrived."""
        last = self._last
        return last if last is not None and last.is_final else None

    @property
    def exit_code(self) -> int | None:
        """The command's exit code, once it is known."""
        final = self.final_event
        return None if final is None else final.exit_code

    @property
    def closed(self) -> bool:
        """Whether the stream has ended, failed or was closed."""
        return self._call is None

    def _refuse(self) -> NoReturn:
        """Raises the error for a stream that is being read already."""
        if self._pid != os.getpid():  # the parent was reading when it forked
            raise ForkedError("the stream belongs to the parent process", code="AK_E_FORKED", operation="run_stream")
        if self._call is None:  # another thread is closing it, and holds the right to read
            raise CallCancelledError("the stream was closed", code="AK_E_CANCELLED", operation="run_stream")
        raise RuntimeError("the stream is being read by another thread or task")

    def _check_failure(self) -> None:
        """Raises the error of a failed stream again."""
        if self._failure is not None:
            raise self._failure._again()

    def _take(self, call: Call[StreamEvent]) -> StreamEvent:
        """The current event."""
        self._last = event = call.record()
        return event

    def _finish(self, call: Call[StreamEvent]) -> None:
        call.close()
        self._call = None

    def _fail(self, call: Call[StreamEvent] | None, failure: BaseException) -> None:
        """Ends the stream after an exception, which is raised again by later reads."""
        if call is None or (isinstance(failure, AgentKernelError) and failure.code == "AK_E_STATE"):
            return  # nothing has changed: for example, half of an event was read through the file
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
            with suppress(IndexError):
                self._turn.pop()
                call.close()
                self._turn.append(None)

    def _output_of(self, event: StreamEvent) -> None:
        """Handles an event other than output in readinto: done may have output, and error is an exception here."""
        if event.type == "error":
            raise StreamError(event.message or "the command failed", code="AK_E_STREAM", operation="run_stream")
        self._rest = event.output or b""

    def _take_rest(self, buffer: Any) -> int:
        size = min(len(self._rest), len(buffer))
        ffi.memmove(buffer, self._rest[:size], size)
        self._rest = self._rest[size:]
        return size
