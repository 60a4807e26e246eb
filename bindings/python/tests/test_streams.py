"""Streams of the sync client."""

from __future__ import annotations

import gc
import io
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from agentkernel import (
    AgentKernel,
    AgentKernelError,
    CallCancelledError,
    NetworkError,
    RunStream,
    StreamError,
    StreamEvent,
)
from agentkernel._events import next_event
from agentkernel.generated.operations import RUN_STREAM
from conftest import DONE, PATIENCE, Fault, FaultServer, descriptors, moment, until

OUTPUT = ("output", {"data": "hello\n", "stream": "stdout"})


def test_events_come_while_they_happen(client: AgentKernel) -> None:
    pause = 1 + 2 * moment()
    started = time.monotonic()
    first = None
    events = []
    for event in client.run_stream(["sh", "-c", f"echo a; sleep {pause:.2f}; echo b; exit 3"]):
        if event.type == "output" and first is None:
            first = time.monotonic() - started
        events.append(event)
    assert first is not None
    assert first < time.monotonic() - started - pause / 2
    assert "".join(event.text or "" for event in events) == "a\nb\n"
    assert (events[0].type, events[-1].type, events[-1].exit_code) == ("started", "done", 3)
    assert events[-1].data["exit_code"] == 3
    assert events[-1].is_final


def test_typed_helpers(fault: Fault) -> None:
    server = fault.events(
        ("started", {"command": ["x"], "fast": False, "timestamp": "2026-01-01T00:00:00Z"}),
        ("progress", {"stage": "sandbox_created", "sandbox": "s"}),
        ("output", {"data": "ä", "stream": "stdout"}),
        ("brand-new", {"what": [1]}),
        ("done", {"exit_code": 2, "success": False, "output": "all", "oom": True}),
    )
    with AgentKernel(server.url) as client:
        started, progress, output, new, done = client.run_stream(["x"])
    assert (started.command, started.fast, started.timestamp) == (["x"], False, "2026-01-01T00:00:00Z")
    assert (progress.stage, progress.sandbox) == ("sandbox_created", "s")
    assert (output.output, output.text, output.stream) == ("ä".encode(), "ä", "stdout")
    assert (new.type, new.data, new.output) == ("brand-new", {"what": [1]}, None)
    assert (done.exit_code, done.success, done.oom, done.text, done.is_final) == (2, False, True, "all", True)


def test_an_error_event_is_an_item(fault: Fault) -> None:
    server = fault.events(("error", {"message": "command is required"}))
    with AgentKernel(server.url) as client, client.run_stream(["x"]) as stream:
        (event,) = stream
        assert (event.type, event.message) == ("error", "command is required")
        assert stream.final_event == event
        assert stream.exit_code is None


def test_odd_payloads_break_nothing(fault: Fault) -> None:
    deep = '{"a":' * 30000 + "1" + "}" * 30000
    payloads = [
        "[1]",
        "not json",
        '{"n": NaN}',
        "",
        deep,
        '{"big": ' + "9" * 5000 + "}",
        '{"half": "\\ud800 \\ud83d\\ude00"}',
    ]
    server = fault.events(*(("odd", payload) for payload in payloads), DONE)
    with AgentKernel(server.url) as client:
        events = list(client.run_stream(["x"]))
    assert [event.data for event in events[:6]] == [{"raw": payload} for payload in payloads[:6]]
    assert [event.raw for event in events[:6]] == [payload.encode() for payload in payloads[:6]]
    assert events[6].data == {"half": "\N{REPLACEMENT CHARACTER} \N{GRINNING FACE}"}
    assert not any(event.parsed for event in events[:4])
    print(events[6].data["half"].encode())


def test_members_of_other_types_are_none(fault: Fault) -> None:
    data = {"exit_code": "3", "success": 1, "message": 5, "stream": None, "command": "x", "data": 7}
    server = fault.events(("done", data))
    with AgentKernel(server.url) as client:
        (event,) = client.run_stream(["x"])
    assert event.data == data
    assert (event.exit_code, event.success, event.message, event.stream, event.command) == (None,) * 5
    assert event.output is None


def test_exact_bytes(fault: Fault) -> None:
    server = fault.events(("output", {"data": "\ufffd", "data_base64": "/wA="}), ("output", {"content": "old"}), DONE)
    with AgentKernel(server.url) as client:
        exact, old, _ = client.run_stream(["x"])
    assert (exact.output, exact.data["data"]) == (b"\xff\0", "\ufffd")
    assert (old.output, old.data["data"]) == (b"old", "old")


TEXTS = [
    "",
    "plain",
    "two\nlines\n",
    'a "quoted" word',
    '"',
    "back\\slash",
    'ends in \\"',
    "\\",
    "\0\x1b\u2028",
    "ümlaut \N{GRINNING FACE}",
    '","stream":"stdout',
    '", "stream": "stdout',
    '","data":"twice',
]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,", " :")])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_payloads_are_what_pythons_own_parser_makes_of_them(
    fault: Fault, separators: tuple[str, str], ascii_only: bool
) -> None:
    payloads: list[dict[str, Any]] = []
    for text in TEXTS:
        payloads += [
            {"data": text, "stream": "stdout"},
            {"data": text, "stream": "stderr"},
            {"stream": "stdout", "data": text},
            {"data": text, "more": "between", "stream": "stdout"},
            {"data": text, "more": 1, "stream": "stdout"},
            {"data": text, "stream": "stdout", "more": [text]},
            {"data": text},
            {"data": [text], "stream": "stdout"},
            {"message": text},
        ]
    raw = [json.dumps(payload, separators=separators, ensure_ascii=ascii_only) for payload in payloads]
    server = fault.events(*(("output", text) for text in raw), DONE)
    with AgentKernel(server.url) as client:
        *events, _done = client.run_stream(["x"])
    assert [event.data for event in events] == payloads
    assert [event.raw for event in events] == [text.encode() for text in raw]
    for event, payload in zip(events, payloads, strict=True):
        data = payload.get("data")
        assert event.data_bytes == (data.encode() if isinstance(data, str) else None)
        assert event.parsed
        event.data["mine"] = event  # each event has its own payload


def test_an_event_made_by_hand_equals_one_of_a_stream(fault: Fault) -> None:
    server = fault.events(OUTPUT, DONE)
    with AgentKernel(server.url) as client:
        event = next(client.run_stream(["x"]))
    assert event == StreamEvent("output", {"data": "hello\n", "stream": "stdout"}, data_bytes=b"hello\n")
    assert repr(event) == "StreamEvent(type='output', data={'data': 'hello\\n', 'stream': 'stdout'}, id='')"
    with pytest.raises(AttributeError):
        event.type = "x"  # type: ignore[misc]


def test_a_stream_that_breaks_off_is_an_error_each_time(fault: Fault) -> None:
    server = fault.events(OUTPUT)
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        assert next(stream).text == "hello\n"
        errors = []
        for _ in range(2):
            with pytest.raises(StreamError) as caught:
                next(stream)
            errors.append(caught.value)
    assert errors[0].code == errors[1].code == "AK_E_TRUNCATED"
    assert errors[0].status == 200
    assert errors[0] is not errors[1]
    assert stream.closed


def test_after_the_end_it_stays_ended(fault: Fault) -> None:
    server = fault.events(OUTPUT, DONE)
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        assert len(list(stream)) == 2
        assert list(stream) == []
        assert stream.closed
        stream.close()
        assert list(stream) == []
        assert stream.exit_code == 0


def hanging(fault: Fault) -> FaultServer:
    return fault.events(OUTPUT, end=False, steps=[{"wait": "close"}])


def close(stream: RunStream) -> None:
    stream.close()


def leave(stream: RunStream) -> None:
    with stream:
        pass


def leave_with_an_error(stream: RunStream) -> None:
    with pytest.raises(KeyError), stream:
        raise KeyError


@pytest.mark.parametrize("end", [close, leave, leave_with_an_error])
def test_a_stream_left_early_is_closed(fault: Fault, end: Any) -> None:
    server = hanging(fault)
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        next(stream)
        end(stream)
        server.wait_for("client_ended")
        assert list(stream) == []


def test_a_stream_that_is_forgotten_is_closed_without_a_warning(fault: Fault) -> None:
    server = hanging(fault)
    with AgentKernel(server.url) as client:
        for _event in client.run_stream(["x"]):
            break
        gc.collect()
        server.wait_for("client_ended")


def test_a_caught_error_keeps_nothing_open(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"sse": {"events": [], "end": False}}, {"reset": True}]})
    with AgentKernel(server.url) as client:
        before = descriptors()
        errors = []
        for _ in range(20):
            with pytest.raises(NetworkError) as caught:
                next(client.run_stream(["x"]))
            errors.append(caught.value)
        assert descriptors() <= before + 2
        assert all(error.__traceback__ for error in errors)


def test_closing_from_another_thread_wakes_the_reader(fault: Fault) -> None:
    server = hanging(fault)
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        next(stream)
        failures: list[BaseException] = []

        def read() -> None:
            try:
                next(stream)
            except BaseException as failure:
                failures.append(failure)

        reader = threading.Thread(target=read)
        reader.start()
        until(lambda: not stream._turn)
        with pytest.raises(RuntimeError, match="another thread"):
            next(stream)
        stream.close()
        reader.join(PATIENCE)
        assert not reader.is_alive()
        assert isinstance(failures[0], CallCancelledError)
        server.wait_for("client_ended")


@pytest.mark.parametrize("read", [next, lambda stream: stream.readinto(bytearray(1))], ids=["next", "readinto"])
def test_who_reads_while_another_closes_is_told_that(fault: Fault, read: Callable[[RunStream], object]) -> None:
    with AgentKernel(hanging(fault).url) as client:
        stream = client.run_stream(["x"])
        call: Any = stream._call
        told: list[type] = []

        class Closing:
            """A call at the moment of its close, when others may read it."""

            def cancel(self) -> None:
                call.cancel()

            def close(self) -> None:
                with pytest.raises(CallCancelledError) as caught:
                    read(stream)
                told.append(caught.type)
                call.close()

        stream._call = Closing()  # type: ignore[assignment]
        stream.close()
        assert told == [CallCancelledError]
        assert list(stream) == []


def test_a_closed_call_says_so(fault: Fault) -> None:
    """Only mistakes in this package can cause it; they must not access freed memory."""
    with AgentKernel(hanging(fault).url) as client:
        call = client._call(RUN_STREAM, command=["x"])
        call.close()
        call.close()
        call.cancel()
        buffer = bytearray(1)
        for use in (
            call.step,
            call.record,
            lambda: call.read_into(buffer),
            lambda: call.write(b"x", 1),
            lambda: call.fd,
        ):
            with pytest.raises(AgentKernelError, match="the call is closed"):
                use()
        with pytest.raises(ValueError, match="no call"):
            next_event(call.address)


def test_an_idle_stream_ends_by_its_own_deadline(fault: Fault) -> None:
    server = hanging(fault)
    with AgentKernel(server.url) as client:
        for stream in (client.run_stream(["x"], idle_timeout=0.1), client.run_stream(["x"], timeout=moment())):
            next(stream)
            with pytest.raises(TimeoutError):
                next(stream)


# ---- the view as a file ----------------------------------------------------------------------------------------------


def test_output_as_a_file(client: AgentKernel) -> None:
    with client.run_stream(["seq", "1", "20000"]) as stream:
        assert stream.as_file().read() == "".join(f"{n}\n" for n in range(1, 20001)).encode()
        assert stream.exit_code == 0


def test_text_is_decoded_across_events(fault: Fault) -> None:
    events = [("output", {"data": "", "data_base64": part}) for part in ("w6Q=", "w7bD", "vAo=", "/w==")]
    server = fault.events(*events, DONE)
    with AgentKernel(server.url) as client, client.run_stream(["x"]) as stream:
        lines = io.TextIOWrapper(io.BufferedReader(stream.as_file()), "utf-8", "replace")
        assert list(lines) == ["äöü\n", "\N{REPLACEMENT CHARACTER}"]
        assert stream.exit_code == 0


def test_readinto_fills_the_callers_buffer(fault: Fault) -> None:
    server = fault.events(
        ("output", {"data": "abcdef"}), ("done", {"exit_code": 4, "success": False, "output": "rest!"})
    )
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        buffer = bytearray(b"....")
        assert stream.readinto(memoryview(buffer)[1:3]) == 2
        assert buffer == b".ab."
        assert stream.readinto(bytearray()) == 0
        with pytest.raises(AgentKernelError, match="read"):  # half of an event was read: advancing would lose the rest
            next(stream)
        assert stream.readinto(buffer) == 4
        assert buffer == b"cdef"
        assert [stream.readinto(buffer), bytes(buffer)] == [4, b"rest"]
        assert [stream.readinto(buffer), bytes(buffer)] == [1, b"!est"]
        assert [stream.readinto(buffer) for _ in range(3)] == [0, 0, 0]
        assert stream.exit_code == 4
        with pytest.raises((TypeError, BufferError, ValueError)):
            client.run_stream(["x"]).readinto(b"constant")


def test_an_error_event_cannot_be_missed_in_a_file(fault: Fault) -> None:
    server = fault.events(OUTPUT, ("error", {"message": "it broke"}))
    with AgentKernel(server.url) as client, client.run_stream(["x"]) as stream:
        file = stream.as_file()
        assert file.read(6) == b"hello\n"
        with pytest.raises(StreamError, match="it broke"):
            file.read(1)
        with pytest.raises(StreamError, match="it broke"):
            file.read(1)


def test_closing_the_file_closes_the_stream(fault: Fault) -> None:
    server = hanging(fault)
    with AgentKernel(server.url) as client:
        with client.run_stream(["x"]).as_file() as file:
            assert file.readable()
            assert not file.writable()
            assert file.read(3) == b"hel"
        server.wait_for("client_ended")
        with pytest.raises(ValueError, match="closed"):
            file.read(1)
