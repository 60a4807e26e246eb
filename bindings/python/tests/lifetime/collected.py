"""Objects that are collected together with their users: the sync client."""

from __future__ import annotations

import gc
import io
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from agentkernel import AgentKernel, AgentKernelError

from .programs import ROUNDS, Last, Quiet, collect_together, one_of, prints, say


@prints(*["ok"] * 2 * ROUNDS)
def client(url: str) -> None:
    collect_together(lambda client: [client.health(), client.close()][0], lambda: AgentKernel(url))


@prints(*["the client is closed"] * 2 * ROUNDS)
def closed_client(url: str) -> None:
    def use(client: AgentKernel) -> object:
        client.close()
        try:
            return client.health()
        except AgentKernelError as failure:
            return failure

    collect_together(use, lambda: AgentKernel(url))


class Finalized(AgentKernel):
    """Uses itself in its finalizer."""

    def __del__(self) -> None:
        say(one_of(AgentKernel.health, "ok")(self))
        self.close()
        super().__del__()


@prints(*["fine"] * 6 * ROUNDS)
def subclass(url: str) -> None:
    def make() -> Finalized:
        made = Finalized(url)
        made.me = made  # type: ignore[attr-defined]
        return made

    for _ in range(2 * ROUNDS):
        make()
        gc.collect()
    collect_together(one_of(AgentKernel.health, "ok", "the client is closed"), make)


@prints(*["fine"] * 4 * ROUNDS)
def two_users(url: str) -> None:
    gc.disable()
    look = one_of(lambda client: client.health(), "ok", "the client is closed")
    for _ in range(2 * ROUNDS):
        first, made, second = Last(look), AgentKernel(url), Last(lambda client: [look(client), client.close()][0])
        first.things = second.things = (made,)
        del first, made, second
        gc.collect()


class Unfinished(AgentKernel):
    """Fails in its constructor."""

    def __init__(self, url: str) -> None:
        self.me = Last(one_of(lambda client: client.health(), "the client is closed"), self)
        super().__init__(url, timeout=-5)


class Unmade(AgentKernel):
    """Does not call its base's constructor."""

    def __init__(self, url: str) -> None:
        self.me = Last(one_of(lambda client: client.health(), "the client is closed"), self)


@prints(*["fine"] * 2)
def unfinished(url: str) -> None:
    for kind in (Unfinished, Unmade):
        with suppress(ValueError):
            kind(url)
        gc.collect()


@prints(*["output"] * 2 * ROUNDS)
def stream(url: str) -> None:
    def make() -> object:
        with AgentKernel(url) as client:
            return client.run_stream(["x"])

    collect_together(lambda stream: next(stream).type, make)


@prints(*["hi hi"] * 2 * ROUNDS)
def half_read_stream(url: str) -> None:
    def make() -> object:
        with AgentKernel(url) as client:
            stream = client.run_stream(["x"])
            next(stream)
            return stream

    def use(stream: Any) -> str:
        buffer = bytearray(10)
        size = stream.readinto(buffer)
        rest = list(stream)
        stream.close()
        assert [event.type for event in rest] == ["output", "done"]
        return f"hi {buffer[:size].decode()}"

    collect_together(use, make)


@prints(*["None []"] * 2 * ROUNDS)
def waiting_stream(url: str) -> None:
    def make() -> object:
        with AgentKernel(url + "/slow") as client:
            stream = client.run_stream(["x"])
            next(stream)
            return stream

    collect_together(lambda stream: f"{stream.close()} {list(stream)}", make)


@prints(*["fine"] * 2 * ROUNDS)
def output_file(url: str) -> None:
    def make() -> object:
        with AgentKernel(url) as client:
            return io.BufferedReader(client.run_stream(["x"]).as_file())

    collect_together(one_of(lambda file: file.read(), "b'hihi'", "read of closed file"), make)


@prints(*["fine"] * 2 * ROUNDS, *["fine"] * 2 * ROUNDS)
def file_reader(url: str) -> None:
    def make() -> Any:
        with AgentKernel(url) as client:
            return client.open_file("sb", "/x")

    collect_together(one_of(lambda file: len(file.read()), "3000", "read of closed file"), make)
    collect_together(
        one_of(lambda file: file.readinto(bytearray(10)), "10", "I/O operation on closed file"), lambda: make().detach()
    )


def suspended(work: Callable[[Any], Any], url: str) -> Callable[[], object]:
    def make() -> object:
        client = AgentKernel(url)
        generator = work(client)
        next(generator)
        client.close()
        return generator

    return make


@prints(*["fine"] * 6 * ROUNDS)
def generators(url: str) -> None:
    folder = tempfile.mkdtemp()
    local = os.path.join(folder, "x")
    with open(local, "wb") as file:
        file.write(b"x" * 2_000_000)
    for work in (
        lambda client: client.iter_file("sb", "/x", chunk_size=100),
        lambda client: client.iter_upload("sb", local, "/x"),
        lambda client: client.iter_download("sb", "/x", os.path.join(folder, "y")),
    ):
        collect_together(one_of(lambda work: len(str(next(work))) > 0, "True", "StopIteration"), suspended(work, url))
    assert set(os.listdir(folder)) <= {"x", "y"}  # and no partial file
    shutil.rmtree(folder)


@prints(*["ok"] * 2 * ROUNDS)
def session(url: str) -> None:
    def make() -> object:
        sandbox = AgentKernel(url).sandbox("sb")
        sandbox.run(["x"])
        return sandbox

    def use(sandbox: Any) -> str:
        output: str = sandbox.run(["x"]).output
        sandbox.remove()
        sandbox._client.close()
        return output

    collect_together(use, make)


@prints(*["exited"] * 2 * ROUNDS)
def detached(url: str) -> None:
    def use(handle: Any) -> str:
        status: str = handle.wait().status
        handle.kill()
        handle._client.close()
        return status

    collect_together(use, lambda: AgentKernel(url).exec_detached("sb", ["x"]))


@prints(*["hi {'data': 'hi', 'stream': 'stdout'}"] * 2 * ROUNDS)
def events(url: str) -> None:
    def make() -> object:
        with AgentKernel(url) as client:
            return next(client.run_stream(["x"]))

    collect_together(lambda event: f"{event.text} {event.data}", make)


@prints(*["no 3"] * 2 * ROUNDS)
def errors(url: str) -> None:
    def make() -> object:
        with AgentKernel(url) as client:
            try:
                client.exec_in_sandbox("failing", ["x"])
            except AgentKernelError as failure:
                return failure
        return None

    def use(failure: Any) -> str:
        frame = failure.__traceback__
        while frame is not None:
            repr(frame.tb_frame.f_locals)
            frame = frame.tb_next
        return f"{failure.output} {failure.exit_code}"

    collect_together(use, make)


@prints("kept", "kept", "ok output hi", "ok output hi")
def resurrection(url: str) -> None:
    kept: list[tuple[Any, Any]] = []

    def keep(things: tuple[Any, Any]) -> str:
        kept.append(things)
        return "kept"

    def make() -> object:
        made = AgentKernel(url)
        return made, made.run_stream(["x"])

    gc.disable()
    for late in (False, True):
        last = Last(keep) if late else None
        thing = make()
        last = last or Last(keep)
        last.things = (thing,)
        del last, thing
        gc.collect()
    for made, stream in kept:
        text = f"{made.health()} {next(stream).type}"
        say(f"{text} {next(stream).text}")
        made.close()
        gc.collect()


@prints("gone", "ok", "ok")
def weak_references(url: str) -> None:
    made = AgentKernel(url)
    stream = made.run_stream(["x"])
    seen: list[object] = []
    watched = weakref.ref(stream, lambda _: seen.append(made.health()))
    finalized = weakref.finalize(stream, lambda: seen.append(made.health()))
    cycle: list[object] = [stream]
    cycle.append(cycle)
    del stream, cycle
    gc.collect()
    say("gone" if watched() is None and not finalized.alive else "there")
    for entry in seen:
        say(entry)
    made.close()


@prints("done")
def collected_by_other_threads(url: str) -> None:
    """Threads make calls while others make and collect garbage."""
    shared = AgentKernel(url)
    ends = threading.Event()
    look = one_of(lambda stream: f"{shared.health()} {next(stream).type}", "ok output")

    def litter() -> None:
        for _ in range(20):
            made = shared.run_stream(["x"])
            last = Quiet(look, made)
            last.me = [last, made]
            del last, made
            gc.collect()

    def call() -> None:
        while not ends.is_set():
            assert shared.health() == "ok"

    callers = [threading.Thread(target=call) for _ in range(2)]
    litterers = [threading.Thread(target=litter) for _ in range(3)]
    for thread in callers + litterers:
        thread.start()
    for thread in litterers:
        thread.join()
    ends.set()
    for thread in callers:
        thread.join()
    shared.close()
    say("done")
