"""Objects that are collected together with their users: the async client, and abandoned loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from agentkernel import AsyncAgentKernel

from .programs import ROUNDS, collect_together, loops, one_of, prints


@prints(*["ok"] * 4 * ROUNDS)
def async_client(url: str) -> None:
    for new in loops():

        def use(made: AsyncAgentKernel, new: Any = new) -> object:
            loop = new()
            answer = loop.run_until_complete(made.health())
            loop.run_until_complete(made.close())
            loop.close()
            return answer

        collect_together(use, lambda: AsyncAgentKernel(url))


def begun(begin: Callable[[AsyncAgentKernel], Any], url: str, new: Any, *, keep: bool) -> Callable[[], object]:
    """Starts something in a loop, and makes both garbage together; the loop may have been closed."""

    def make() -> object:
        async def work() -> object:
            made = AsyncAgentKernel(url)
            thing = await begin(made)
            await made.close()
            return thing

        loop = new()
        loop.set_exception_handler(lambda loop, context: None)
        thing = loop.run_until_complete(work())
        if not keep:
            loop.close()
        return loop, thing

    return make


def use_begun(read: Callable[[Any], Any], *answers: str) -> Callable[[Any], str]:
    def use(pair: Any) -> str:
        loop, thing = pair
        try:
            loop.close()  # it may be closed already
            other = asyncio.new_event_loop()
            try:
                return str(other.run_until_complete(read(thing)))
            finally:
                other.close()
        except BaseException as failure:
            return type(failure).__name__

    return one_of(use, *answers)


@prints(*["fine"] * 8 * ROUNDS)
def async_streams(url: str) -> None:
    async def begin(made: AsyncAgentKernel) -> object:
        stream = made.run_stream(["x"])
        await stream.__anext__()
        return stream

    async def read(stream: Any) -> int:
        return len([event async for event in stream])

    for new in loops():
        for keep in (False, True):
            collect_together(use_begun(read, "2"), begun(begin, url, new, keep=keep))


@prints(*["fine"] * 8 * ROUNDS)
def async_files(url: str) -> None:
    async def begin(made: AsyncAgentKernel) -> object:
        file = made.open_file("sb", "/x")
        await file.read(10)
        return file

    async def read(file: Any) -> int:
        return len(await file.read())

    for new in loops():
        for keep in (False, True):
            collect_together(use_begun(read, "2990"), begun(begin, url, new, keep=keep))


@prints(*["fine"] * 8 * ROUNDS)
def async_generators(url: str) -> None:
    async def begin(made: AsyncAgentKernel) -> object:
        generator = made.iter_file("sb", "/x", chunk_size=100)
        await generator.__anext__()
        return generator

    async def read(generator: Any) -> bool:
        return len([piece async for piece in generator]) in (0, 29)

    for new in loops():
        for keep in (False, True):
            use = use_begun(read, "True", "StopAsyncIteration", "RuntimeError")
            collect_together(use, begun(begin, url, new, keep=keep))


@prints(*["fine"] * 8 * ROUNDS)
def pending_tasks(url: str) -> None:
    """Tasks wait in an abandoned loop."""

    async def begin(made: AsyncAgentKernel) -> object:
        stream = made.run_stream(["x"])
        first = await stream.__anext__()
        tasks = [asyncio.ensure_future(work) for work in (made.health(), stream.__anext__())]
        for _ in range(5):
            await asyncio.sleep(0)
        return first, stream, tasks

    async def read(things: Any) -> int:
        _, stream, _ = things
        return len([event async for event in stream])

    for new in loops():
        for keep in (False, True):
            # The task still has the right to read, or it has ended.
            use = use_begun(read, "RuntimeError", "CallCancelledError", "AgentKernelError", "0")
            collect_together(use, begun(begin, url + "/slow", new, keep=keep))
