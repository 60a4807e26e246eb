"""What async clients need of the event loop: asyncio (also uvloop and anyio on it) or Trio.

No backend is imported before it runs: one that is not in sys.modules cannot be running.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from ._call import AGAIN, Call

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


def _trio() -> Any:
    """Trio, if the caller runs in one of its tasks."""
    trio = sys.modules.get("trio")
    try:
        if trio is not None and trio.lowlevel.current_task():  # in_trio_task exists since 2025
            return trio
    except RuntimeError:
        pass
    return None


def _asyncio_loop() -> asyncio.AbstractEventLoop:
    running = sys.modules.get("asyncio")
    try:
        if running is not None:
            loop: asyncio.AbstractEventLoop = running.get_running_loop()
            return loop
    except RuntimeError:
        pass
    raise RuntimeError("no event loop is running: asyncio (also uvloop and anyio) or Trio is needed")


async def wait(call: Call[Any]) -> None:
    """Waits until the call may advance, by watching its descriptor in the running loop."""
    fd = call.fd
    if trio := _trio():
        await trio.lowlevel.wait_readable(fd)
        return
    loop = _asyncio_loop()
    woken: asyncio.Future[None] = loop.create_future()
    loop.add_reader(fd, _wake, woken)
    try:
        await woken
    finally:
        loop.remove_reader(fd)  # before the next step or free: afterwards the number may be reused


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():  # the descriptor stays readable until the task runs
        woken.set_result(None)


async def advance(call: Call[Any]) -> int:
    """The call's next status, waiting for it."""
    status = call.step()
    while status == AGAIN:
        await wait(call)
        status = call.step()
    return status


async def sleep(seconds: float) -> None:
    """Sleeps in the running loop."""
    await (_trio() or sys.modules["asyncio"]).sleep(seconds)


async def shielded(work: Callable[[], Awaitable[T]]) -> T:
    """Runs work until it ends even if the caller is cancelled, and raises the cancellation afterwards.

    The work has its own deadlines; nothing here bounds it.
    """
    if trio := _trio():
        with trio.CancelScope(shield=True):
            return await work()
    with _anyio_shield():
        return await _shielded_in_asyncio(work)


def _anyio_shield() -> AbstractContextManager[object]:
    # A cancelled scope of anyio cancels again at every iteration of the loop.
    anyio = sys.modules.get("anyio")
    shield: AbstractContextManager[object] = anyio.CancelScope(shield=True) if anyio is not None else nullcontext()
    return shield


async def _shielded_in_asyncio(work: Callable[[], Awaitable[T]]) -> T:
    import asyncio  # it is running, so it is imported

    async def run() -> T:
        return await work()

    task = asyncio.create_task(run())
    interrupted: BaseException | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            interrupted = cancelled
    if interrupted is None:
        return task.result()
    failure = None if task.cancelled() else task.exception()
    raise interrupted from failure
