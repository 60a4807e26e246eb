"""Sandbox sessions: removed however the block is left, and after a create without a reply."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import anyio
import pytest

from agentkernel import (
    AgentKernel,
    AgentKernelError,
    AsyncAgentKernel,
    CallTimeoutError,
    NotFoundError,
    ServerError,
)
from conftest import SANDBOX, Fault, FaultServer, moment, ok

CREATE = ("POST", "/sandboxes")
LOOK = ("GET", "/sandboxes/sb")
REMOVE = ("DELETE", "/sandboxes/sb")


def reply(body: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"reply": {"json": body, **more}}]


MISSING = reply({"success": False, "error": "Sandbox not found"}, status=404)
HANG = [{"wait": "close"}]


def server_for(fault: Fault, **steps: Any) -> FaultServer:
    """A server with one sandbox, with scripted replies to each create, look-up and removal."""
    usual = {"create": reply(ok(SANDBOX)), "look": reply(ok(SANDBOX)), "remove": reply(ok("Sandbox removed"))}
    methods = {"create": CREATE, "look": LOOK, "remove": REMOVE}
    rules = []
    for name, (method, target) in methods.items():
        answers = steps.get(name, [usual[name]])
        for position, answer in enumerate(answers):
            last = position == len(answers) - 1
            rules.append({"method": method, "target": target, "steps": answer, "times": "always" if last else 1})
    execute = {"method": "POST", "target": "/sandboxes/sb/exec", "times": "always"}
    rules.append({**execute, "steps": reply(ok({"output": "hello\n"}))})
    return fault.rules(*rules)


# ---- sync ------------------------------------------------------------------------------------------------------------


def test_a_session_for_real(client: AgentKernel) -> None:
    with client.sandbox("py-session", image="python:3.12-alpine", vcpus=1) as sb:
        assert sb.name == "py-session"
        assert sb.sandbox is not None
        assert sb.sandbox.vcpus == 1
        sb.run(["sh", "-c", "echo kept > file"])
        assert sb.run(["sh", "-c", "cat file; echo $A"], env=["A=b"]).output == "kept\nb\n"
        assert sb.run(["false"], check=False).exit_code == 1
        assert sb.info().status == "running"
    with pytest.raises(NotFoundError):
        client.get_sandbox("py-session")
    with pytest.raises(AgentKernelError, match="removed"):
        sb.run(["true"])


def test_options_reach_the_server(fault: Fault) -> None:
    server = server_for(fault)
    with AgentKernel(server.url) as client, client.sandbox("sb", backend="docker", volumes=["v:/d"], secrets=["K:h"]):
        pass
    assert server.body(0) == {
        "name": "sb",
        "backend": "docker",
        "volumes": ["v:/d"],
        "secrets": ["K:h"],
    }


def test_removed_on_every_way_out(fault: Fault) -> None:
    server = server_for(fault)
    with AgentKernel(server.url) as client:
        for way_out in (ValueError, KeyboardInterrupt, SystemExit, GeneratorExit):
            with pytest.raises(way_out), client.sandbox("sb"):
                raise way_out
    assert server.requests() == [CREATE, REMOVE] * 4


def test_without_a_block_its_first_use_creates_it(fault: Fault) -> None:
    server = server_for(fault)
    with AgentKernel(server.url) as client:
        sb = client.sandbox("sb")
        sb.remove()
        assert server.requests() == []
        assert sb.run(["x"]).output == "hello\n"
        sb.remove()
        sb.remove()
    assert server.requests() == [CREATE, ("POST", "/sandboxes/sb/exec"), REMOVE]


def test_a_sandbox_that_is_gone_already_is_fine(fault: Fault) -> None:
    server = server_for(fault, remove=[MISSING])
    with AgentKernel(server.url) as client, client.sandbox("sb"):
        pass
    assert server.requests() == [CREATE, REMOVE]


def test_a_failed_removal_is_an_error_and_can_be_repeated(fault: Fault) -> None:
    broken = reply({"success": False, "error": "disk full"}, status=500)
    server = server_for(fault, remove=[broken, reply(ok("gone"))])
    with AgentKernel(server.url) as client:
        sb = client.sandbox("sb")
        with pytest.raises(ServerError, match="disk full"), sb:
            pass
        sb.remove()
    assert server.requests() == [CREATE, REMOVE, REMOVE]


def check_told(error: BaseException) -> None:
    if sys.version_info >= (3, 11):
        assert "could not be removed" in error.__notes__[0]
        assert "disk full" in error.__notes__[0]
    else:
        assert "disk full" in str(error.__context__)


def test_a_failed_removal_does_not_hide_the_bodys_exception(fault: Fault) -> None:
    server = server_for(fault, remove=[reply({"success": False, "error": "disk full"}, status=500)])
    with AgentKernel(server.url) as client, pytest.raises(KeyError, match="mine") as caught, client.sandbox("sb"):
        raise KeyError("mine")
    check_told(caught.value)


def test_a_create_that_was_refused_removes_nothing(fault: Fault) -> None:
    for status in (400, 409, 500):
        server = server_for(fault, create=[reply({"success": False, "error": "already exists"}, status=status)])
        exists = pytest.raises(AgentKernelError, match="already exists")
        with AgentKernel(server.url) as client, exists, client.sandbox("sb"):
            pass
        assert server.requests() == [CREATE]
    with AgentKernel(fault.script(listen="refuse").url) as client, pytest.raises(AgentKernelError) as caught:
        client.sandbox("sb").__enter__()
    assert caught.value.sent == "nothing"


LOST = {
    "timed out": [{"wait": "close"}],
    "reset": [{"reset": True}],
    "cut": [{"text": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"}, {"close": True}],
    "not JSON": [{"reply": {"text": "<html>"}}],
    "gateway": [{"reply": {"status": 504, "text": "<html>"}}],
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
def test_a_create_whose_answer_was_lost_is_looked_up_and_removed(fault: Fault, lost: Any) -> None:
    server = server_for(fault, create=[lost])
    with AgentKernel(server.url) as client, pytest.raises(AgentKernelError), client.sandbox("sb", timeout=moment()):
        raise AssertionError("never entered")
    assert server.requests() == [CREATE, LOOK, REMOVE]


def test_a_server_that_finishes_the_create_later(fault: Fault) -> None:
    server = server_for(fault, create=[HANG], look=[MISSING, MISSING, reply(ok(SANDBOX))])
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError), client.sandbox("sb", timeout=moment()):
        pass
    assert server.requests() == [CREATE, LOOK, LOOK, LOOK, REMOVE]


def test_nothing_was_created(fault: Fault) -> None:
    server = server_for(fault, create=[HANG], look=[MISSING])
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError), client.sandbox("sb", timeout=moment()):
        pass
    assert set(server.requests()) == {CREATE, LOOK}


@pytest.mark.parametrize(
    ("age", "removed"), [(timedelta(days=1), False), (timedelta(seconds=1), True), (timedelta(seconds=-1), True)]
)
def test_a_sandbox_of_somebody_else_stays(fault: Fault, age: timedelta, removed: bool) -> None:
    created_at = (datetime.now(timezone.utc) - age).isoformat().replace("+00:00", "Z")
    server = server_for(fault, create=[HANG], look=[reply(ok({**SANDBOX, "created_at": created_at}))])
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError), client.sandbox("sb", timeout=moment()):
        pass
    assert server.requests() == [CREATE, LOOK] + [REMOVE] * removed


@pytest.mark.parametrize("created_at", ["nonsense", "2026-13-45T99:00:00Z", None])
def test_a_sandbox_of_no_known_age_is_taken_for_ours(fault: Fault, created_at: str | None) -> None:
    server = server_for(fault, create=[HANG], look=[reply(ok({**SANDBOX, "created_at": created_at}))])
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError), client.sandbox("sb", timeout=moment()):
        pass
    assert server.requests() == [CREATE, LOOK, REMOVE]


def test_a_leftover_that_cannot_be_removed_is_told(fault: Fault) -> None:
    server = server_for(fault, create=[HANG], remove=[reply({"success": False, "error": "disk full"}, status=500)])
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError) as caught:
        client.sandbox("sb", timeout=moment()).__enter__()
    check_told(caught.value)


def test_ctrl_c_during_create(fault: Fault) -> None:
    server = server_for(fault, create=[HANG])

    def interrupt() -> None:
        server.wait_for("requests")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with AgentKernel(server.url) as client, pytest.raises(KeyboardInterrupt), client.sandbox("sb"):
        raise AssertionError("never entered")
    thread.join()
    assert server.requests() == [CREATE, LOOK, REMOVE]


# ---- async -----------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_async_session_directly_and_awaited_first(aclient: AsyncAgentKernel) -> None:
    async with aclient.sandbox("py-asession", vcpus=1) as sb:
        await sb.run(["sh", "-c", "echo kept > file"])
        assert (await sb.run(["cat", "file"])).output == "kept\n"
        assert (await sb.info()).vcpus == 1
    async with await aclient.sandbox("py-asession") as sb:
        assert (await sb.run(["echo", "x"])).output == "x\n"
    with pytest.raises(NotFoundError):
        await aclient.get_sandbox("py-asession")


@pytest.mark.anyio
async def test_async_awaited_without_a_block(fault: Fault) -> None:
    server = server_for(fault)
    async with AsyncAgentKernel(server.url) as client:
        sb = await client.sandbox("sb")
        await sb.run(["x"])
        await sb.remove()
        await sb.remove()
    assert server.requests() == [CREATE, ("POST", "/sandboxes/sb/exec"), REMOVE]


@pytest.mark.anyio
async def test_async_removed_on_every_way_out(fault: Fault) -> None:
    server = server_for(fault)
    async with AsyncAgentKernel(server.url) as client:
        with pytest.raises(KeyError):
            async with client.sandbox("sb"):
                raise KeyError
        with anyio.CancelScope() as scope:
            async with client.sandbox("sb"):
                scope.cancel()
                await anyio.sleep(60)
    assert server.requests() == [CREATE, REMOVE] * 2


@pytest.mark.anyio
async def test_async_cancelled_while_it_is_removed(fault: Fault) -> None:
    server = server_for(fault, remove=[[{"wait": "release"}, *reply(ok("gone"))]])
    async with AsyncAgentKernel(server.url) as client, anyio.create_task_group() as group:

        async def leave() -> None:
            async with client.sandbox("sb"):
                pass
            await anyio.sleep(60)

        group.start_soon(leave)
        await anyio.to_thread.run_sync(server.wait_for, "waiting")
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            cpu, began = time.process_time(), time.monotonic()
            await anyio.sleep(0.3)
            # A cancelled scope of anyio must not spin meanwhile.
            assert time.process_time() - cpu < (time.monotonic() - began) / 2
        server.release()
    server.wait_for("complete", 2)
    assert server.requests() == [CREATE, REMOVE]
    assert server.counts()["client_ended"] <= 1  # only the pool, when the client was closed


@pytest.mark.anyio
async def test_async_failed_removal_does_not_hide_the_bodys_exception(fault: Fault) -> None:
    server = server_for(fault, remove=[reply({"success": False, "error": "disk full"}, status=500)])
    async with AsyncAgentKernel(server.url) as client:
        with pytest.raises(KeyError, match="mine") as caught:
            async with client.sandbox("sb"):
                raise KeyError("mine")
        check_told(caught.value)
        with pytest.raises(ServerError, match="disk full"):
            async with client.sandbox("sb"):
                pass


@pytest.mark.anyio
async def test_async_create_that_was_cancelled(fault: Fault) -> None:
    server = server_for(fault, create=[HANG], look=[MISSING, reply(ok(SANDBOX))])
    async with AsyncAgentKernel(server.url) as client, anyio.create_task_group() as group:

        async def enter() -> None:
            async with client.sandbox("sb"):
                raise AssertionError("never entered")

        group.start_soon(enter)
        await anyio.to_thread.run_sync(server.wait_for, "requests")
        group.cancel_scope.cancel()
    assert server.requests() == [CREATE, LOOK, LOOK, REMOVE]


@pytest.mark.anyio
async def test_async_create_that_timed_out(fault: Fault) -> None:
    server = server_for(fault, create=[HANG])
    async with AsyncAgentKernel(server.url) as client:
        with pytest.raises(CallTimeoutError):
            await client.sandbox("sb", timeout=moment())
    assert server.requests() == [CREATE, LOOK, REMOVE]


def test_task_cancelled_twice_while_it_is_removed(fault: Fault) -> None:
    server = server_for(fault, remove=[[{"wait": "release"}, *reply(ok("gone"))]])

    async def body(client: AsyncAgentKernel, entered: asyncio.Event) -> None:
        async with client.sandbox("sb"):
            entered.set()
            await asyncio.sleep(60)

    async def main() -> None:
        async with AsyncAgentKernel(server.url) as client:
            entered = asyncio.Event()
            task = asyncio.ensure_future(body(client, entered))
            await entered.wait()
            assert server.requests() == [CREATE]
            for _ in range(3):
                task.cancel()
                await asyncio.to_thread(server.wait_for, "waiting")
                assert not task.done()
            server.release()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert server.requests() == [CREATE, REMOVE]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in Python 3.11")
def test_asyncio_timeout_around_a_session(fault: Fault) -> None:
    server = server_for(fault)
    timeout: Any = vars(asyncio)["timeout"]

    async def main() -> None:
        async with AsyncAgentKernel(server.url) as client, timeout(None) as scope, client.sandbox("sb"):
            scope.reschedule(asyncio.get_running_loop().time())
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert server.requests() == [CREATE, REMOVE]


def test_a_task_that_is_thrown_away_says_what_it_left(fault: Fault) -> None:
    server = server_for(fault)

    async def main() -> None:
        async with AsyncAgentKernel(server.url) as client:
            sb = await client.sandbox("sb")
            leaving = sb.__aexit__(GeneratorExit, GeneratorExit(), None)
            with pytest.warns(ResourceWarning, match="left behind"), pytest.raises(StopIteration):
                leaving.send(None)  # ends without waiting for anything
            await sb.remove()

    asyncio.run(main())
    assert server.requests() == [CREATE, REMOVE]
