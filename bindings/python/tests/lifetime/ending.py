"""Objects that are used at interpreter shutdown."""

from __future__ import annotations

import asyncio
import atexit
import builtins
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable
from typing import Any

from agentkernel import AgentKernel, AsyncAgentKernel

from .programs import Last, Quiet, loops, one_of, prints, say


def set_globals(**things: object) -> None:
    sys.modules["__main__"].__dict__.update(things)


@prints("ok", "ok")
def globals_at_the_end(url: str) -> None:
    made = AgentKernel(url)
    set_globals(a=Last(lambda: made.health()), b=made, c=Last(lambda: made.health()))


class User:
    """Uses a global of the program in its finalizer."""

    def __init__(self, name: str, act: Callable[[Any], object]) -> None:
        self.name, self.act = name, act
        self.thing = sys.modules["__main__"].__dict__[name]

    def __del__(self) -> None:
        say(self.act(self.thing))


@prints("ok", "ok")
def globals_before_and_after(url: str) -> None:
    set_globals(zz_first=AgentKernel(url))
    set_globals(a=User("zz_first", lambda made: made.health()), zzz=User("zz_first", lambda made: made.health()))


@prints("hi", "hi")
def streams_at_the_end(url: str) -> None:
    with AgentKernel(url) as made:
        set_globals(zz_first=made.run_stream(["x"]))
    set_globals(a=User("zz_first", lambda stream: next(stream).text), zzz=User("zz_first", lambda s: next(s).text))


@prints("fine")
def files_at_the_end(url: str) -> None:
    with AgentKernel(url) as made:
        set_globals(zz_first=made.open_file("sb", "/x"))
    set_globals(a=User("zz_first", one_of(lambda file: len(file.read()), "3000", "read of closed file")))


@prints("atexit ok", "finalize ok", "end ok")
def exit_handlers(url: str) -> None:
    made = AgentKernel(url)
    set_globals(a=Last(lambda: f"end {made.health()}"))
    weakref.finalize(made, lambda other: say(f"finalize {other.health()}"), AgentKernel(url))
    atexit.register(lambda: say(f"atexit {made.health()}"))


@prints("ending")
def odd_places(url: str) -> None:
    module = types.ModuleType("odd")
    sys.modules["odd"] = module
    for place in (builtins, sys, module, Last):
        place.lasting = Quiet(one_of(AgentKernel.health, "ok"), AgentKernel(url))  # type: ignore[union-attr]
    say("ending")


@prints("local", "ok")
def thread_locals(url: str) -> None:
    made = AgentKernel(url)
    local = threading.local()
    local.last = Last(lambda: made.health())
    set_globals(a=local)
    say("local")


@prints("ok")
def a_new_client_at_the_end(url: str) -> None:
    def use() -> object:
        with AgentKernel(url) as made:
            return made.health()

    set_globals(a=Last(use))


def in_background(*works: Callable[[], object]) -> None:
    for work in works:
        threading.Thread(target=work, daemon=True).start()


def until_waiting(count: int) -> None:
    """Waits until a number of threads wait for the library or in their loop."""
    while sum(frame.f_code.co_name in ("wait", "select") for frame in sys._current_frames().values()) < count:
        time.sleep(0.01)


@prints("ending")
def daemon_threads(url: str) -> None:
    made, other = AgentKernel(url + "/slow"), AgentKernel(url + "/slow")
    stream = made.run_stream(["x"])
    set_globals(made=made, other=other, stream=stream)
    loop = asyncio.new_event_loop()
    unclosed = AsyncAgentKernel(url + "/slow")
    in_background(
        made.health,
        other.health,
        lambda: list(stream),
        lambda: loop.run_until_complete(unclosed.health()),
    )
    until_waiting(4)
    made.close()
    set_globals(a=Quiet(one_of(AgentKernel.health, "the client is closed"), made))
    say("ending")


@prints("ending")
def daemon_threads_that_work(url: str) -> None:
    """They are in the middle of steps at interpreter shutdown."""
    made = AgentKernel(url)
    begun = threading.Semaphore(0)

    def work() -> None:
        while True:
            list(made.run_stream(["x"]))
            begun.release()

    in_background(*[work] * 4)
    for _ in range(20):
        begun.acquire()
    say("ending")


@prints("ending")
def pending_at_the_end(url: str) -> None:
    """Loops with waiting tasks and started streams, all of it in globals."""

    async def begin() -> object:
        made = AsyncAgentKernel(url + "/slow")
        stream = made.run_stream(["x"])
        await stream.__anext__()
        tasks = [asyncio.ensure_future(work) for work in (made.health(), stream.__anext__())]
        for _ in range(5):
            await asyncio.sleep(0)
        return made, stream, tasks

    for number, new in enumerate(loops()):
        loop = new()
        loop.set_exception_handler(lambda loop, context: None)
        set_globals(**{f"begun{number}": loop.run_until_complete(begin()), f"loop{number}": loop})
    say("ending")


@prints("ending", "closed")
def left_in_the_middle(url: str) -> None:
    with AgentKernel(url) as made, made.run_stream(["x"]) as stream:
        set_globals(a=Last(lambda: "closed" if stream.closed else "open"))
        next(stream)
        say("ending")
        sys.exit(0)
