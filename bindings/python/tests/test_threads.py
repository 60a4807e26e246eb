"""Threads, signals and forks around sync calls."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentkernel import AgentKernel, ForkedError
from conftest import DONE, PATIENCE, Fault, FaultServer, descriptors, ok, until

OUTPUT = ("output", {"data": "hello\n"})


def test_other_threads_run_while_one_waits(fault: Fault) -> None:
    server = fault.rules({"steps": [{"wait": "release"}, {"reply": {"json": ok("ok")}}]})
    with AgentKernel(server.url) as client:
        waiting = threading.Thread(target=client.health)
        waiting.start()
        server.wait_for("waiting")
        for _ in range(20):  # a thread that blocked the others would do so until the release
            time.sleep(0.005)
        assert waiting.is_alive()
        server.release()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()


def test_one_client_for_many_threads(fault: Fault) -> None:
    rule = {"times": "always", "steps": [{"reply": {"json": ok({"output": "hello\n"})}}]}
    server = fault.rules(rule)
    with AgentKernel(server.url) as client:

        def work(_: int) -> int:
            return sum(client.run(["echo", "hello"]).output == "hello\n" for _ in range(50))

        with ThreadPoolExecutor(20) as pool:
            assert sum(pool.map(work, range(20))) == 1000
        assert server.counts()["requests"] == 1000


def test_closing_the_client_leaves_calls_in_flight_alone(fault: Fault) -> None:
    server = fault.rules({"steps": [{"wait": "release"}, {"reply": {"json": ok("ok")}}]})
    client = AgentKernel(server.url)
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(client.health()))
    waiting.start()
    server.wait_for("waiting")
    client.close()
    server.release()
    waiting.join(PATIENCE)
    assert answers == ["ok"]


@pytest.mark.parametrize(
    "call", [lambda client: client.run(["x"]), lambda client: list(client.run_stream(["x"]))], ids=["run", "stream"]
)
def test_ctrl_c_ends_a_call_at_once(fault: Fault, call: Callable[[AgentKernel], object]) -> None:
    server = fault.rules({"times": "always", "steps": [{"wait": "close"}]})
    with AgentKernel(server.url) as client:
        before = descriptors()

        def interrupt() -> None:
            server.wait_for("requests")
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            call(client)
        thread.join()
        server.wait_for("client_ended")
        assert descriptors() <= before


def test_an_exception_of_a_signal_handler_ends_a_call(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"wait": "close"}]}, {"steps": []})

    def give_up(number: int, frame: object) -> None:
        raise LookupError

    old = signal.signal(signal.SIGALRM, give_up)
    try:
        with AgentKernel(server.url) as client:

            def call() -> None:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                client.run(["x"])

            with pytest.raises(LookupError):
                call()
    finally:
        signal.signal(signal.SIGALRM, old)


def test_a_signal_without_an_exception_does_not_disturb(fault: Fault) -> None:
    server = fault.rules({"steps": [{"delay_ms": 300}, {"reply": {"json": ok("ok")}}]})
    seen: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with AgentKernel(server.url) as client:
            assert client.health() == "ok"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert seen


def in_child(work: Callable[[], None]) -> None:
    """Runs work in a forked child, and fails if the child does."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0


def streaming(fault: Fault) -> FaultServer:
    return fault.rules(
        {"method": "GET", "times": "always", "steps": [{"reply": {"json": ok("ok")}}]},
        {
            "steps": [
                {"sse": {"events": [{"event": OUTPUT[0], "data": OUTPUT[1]}], "end": False}},
                {"wait": "release"},
                {"event": {"event": DONE[0], "data": DONE[1]}},
                {"last_chunk": True},
            ]
        },
    )


def test_a_forked_child_goes_on_with_the_client_but_not_with_calls(fault: Fault) -> None:
    server = streaming(fault)
    with AgentKernel(server.url) as client:
        client.health()
        stream = client.run_stream(["x"])
        assert next(stream).text == "hello\n"

        def child() -> None:
            assert client.health() == "ok"
            for _ in range(2):
                with pytest.raises(ForkedError):
                    next(stream)
            stream.close()
            client.close()

        in_child(child)
        assert client.health() == "ok"
        server.release()
        assert [event.type for event in stream] == ["done"]


def test_a_child_forked_while_another_thread_reads(fault: Fault) -> None:
    server = streaming(fault)
    with AgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        next(stream)
        rest: list[str] = []
        reader = threading.Thread(target=lambda: rest.extend(event.type for event in stream))
        reader.start()
        until(lambda: not stream._turn)

        def child() -> None:
            with pytest.raises(ForkedError):
                next(stream)
            stream.close()
            assert client.health() == "ok"

        in_child(child)
        server.release()
        reader.join(PATIENCE)
        assert rest == ["done"]
