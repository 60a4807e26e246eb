"""Commands whose output comes while they run."""

from __future__ import annotations

import io
import threading
import time

from agentkernel import CallCancelledError, CallTimeoutError, StreamEvent, ValidationError

from ..area import Area, needs
from ..quirks import Quirk


class RunStream(Area):
    """run_stream, event by event."""

    def events(self, script: str, *, fast: bool = False) -> list[StreamEvent]:
        """All events of a shell's command."""
        with self.client.run_stream(["sh", "-c", script], fast=fast) as stream:
            return list(stream)

    def output(self, events: list[StreamEvent]) -> bytes:
        """All that was written, whichever event brought it."""
        return b"".join(event.output or b"" for event in events)

    def is_live(self) -> bool:
        """Whether events come while the command runs: what is written a while apart comes apart."""
        times = []
        pause = 0.2 + self.world.moment()
        with self.client.run_stream(["sh", "-c", f"echo one; sleep {pause:.1f}; echo two"]) as stream:
            for event in stream:
                if event.output or event.is_final:
                    times.append(time.monotonic())
        return times[-1] - times[0] > pause / 2

    @needs("run_stream")
    def test_events(self) -> None:
        """It starts, it writes, it is done."""
        events = self.events("echo hello")
        kinds = [event.type for event in events if event.type != "progress"]
        self.assertEqual((kinds[0], kinds[-1]), ("started", "done"))
        self.assertEqual(self.output(events), b"hello\n")
        self.assertEqual(events[0].command, ["sh", "-c", "echo hello"])
        self.assertEqual((events[-1].exit_code, events[-1].success), (0, True))

    @needs("run_stream")
    def test_exit_code(self) -> None:
        """A command that fails is no exception: the last event has its exit code."""
        events = self.events("echo partly; exit 3")
        self.assertEqual((events[-1].type, events[-1].exit_code, events[-1].success), ("done", 3, False))
        self.assertEqual(self.output(events), b"partly\n")
        self.expect([event.type for event in events if event.output], ["output"], Quirk.DONE_CARRIES_OUTPUT, ["done"])

    @needs("run_stream")
    def test_live(self) -> None:
        """Events come while the command runs."""
        self.expect(self.world.remembers("live", self.is_live), True, Quirk.EVENTS_AT_THE_END, False)

    @needs("run_stream")
    def test_binary(self) -> None:
        """Output is bytes, split wherever."""
        events = self.events(r"printf '\377\000'; printf '\303'; printf '\274'")
        self.expect(self.output(events), b"\xff\0\xc3\xbc", Quirk.OUTPUT_LOSSY, "\ufffd\0ü".encode())

    @needs("run_stream")
    def test_long(self) -> None:
        """A mebibyte of lines comes whole and in order."""
        events = self.events("seq 1 150000")
        self.assertEqual(self.output(events), b"".join(b"%d\n" % number for number in range(1, 150001)))

    @needs("run_stream")
    def test_as_file(self) -> None:
        """The output can be read as a file."""
        with self.client.run_stream(["seq", "1", "3"]) as stream:
            lines = io.TextIOWrapper(io.BufferedReader(stream.as_file()), "utf-8").readlines()
            self.assertEqual(lines, ["1\n", "2\n", "3\n"])
            self.assertEqual(stream.exit_code, 0)

    @needs("run_stream")
    def test_leaving_early(self) -> None:
        """Leaving a stream is fine at any time, and the server answers as before."""
        endless = "while :; do echo line; sleep 0.05; done"
        live = self.world.remembers("live", self.is_live)
        with self.client.run_stream(["sh", "-c", endless if live else "seq 1 1000"]) as stream:
            for event in stream:
                if event.output:
                    break
        self.assertTrue(stream.closed)
        self.assertEqual(self.client.health(), "ok")

    @needs("run_stream")
    def test_closed_by_another_thread(self) -> None:
        """Who reads a stream that is closed from elsewhere is told at once."""
        moment = self.world.moment()
        with self.client.run_stream(["sleep", f"{10 * moment:.1f}"]) as stream:
            closer = threading.Timer(moment, stream.close)
            closer.start()
            error = self.refused(lambda: list(stream))
            closer.join()
        self.assertIsInstance(error, CallCancelledError)

    @needs("run_stream")
    def test_deadline(self) -> None:
        """A stream ends with its deadline."""
        error = self.refused(lambda: list(self.client.run_stream(["sleep", "3"], timeout=0.3)))
        self.assertIsInstance(error, CallTimeoutError)

    @needs("run_stream")
    def test_no_command(self) -> None:
        """No command is refused before anything is sent."""
        error = self.refused(lambda: list(self.client.run_stream([])))
        self.assertIsInstance(error, ValidationError)

    @needs("run_stream")
    def test_fast(self) -> None:
        """With a warm sandbox the same comes."""
        with self.client.run_stream(["ls", "/no/such/folder"], fast=True) as stream:
            events = list(stream)
        if events[-1].type == "error":
            self.assertIn("Command failed", events[-1].message or "")
            self.quirk(Quirk.FAST_EXIT_CODE_IN_WORDS)
            return
        self.expect(events[-1].exit_code != 0, True, Quirk.FAST_EXIT_CODE_LOST, False)
        self.assertIn(b"/no/such/folder", self.output(events))
