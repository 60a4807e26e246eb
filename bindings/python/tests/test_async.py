"""The async client on asyncio, uvloop and Trio; and features of asyncio only."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from agentkernel import (
    AsyncAgentKernel,
    CallCancelledError,
    CallTimeoutError,
    CommandError,
    NetworkError,
    StreamError,
    ValidationError,
)
from conftest import DONE, Fault, FaultServer, descriptors, moment, ok, program

pytestmark = pytest.mark.anyio
OUTPUT = ("output", {"data": "hello\n"})
HANG = {"times": "always", "steps": [{"wait": "close"}]}


async def cancelled_while_it_waits(
    server: FaultServer, requests: int, work: Callable[[], Coroutine[Any, Any, object]]
) -> None:
    """Runs work, and cancels it when the server has received a number of requests."""
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await anyio.to_thread.run_sync(server.wait_for, "requests", requests)
        group.cancel_scope.cancel()


async def settle() -> None:
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    gc.collect()


async def test_run(aclient: AsyncAgentKernel) -> None:
    assert await aclient.health() == "ok"
    assert (await aclient.run(["echo", "hello"])).output == "hello\n"
    assert (await aclient.run(["sh", "-c", "exit 3"], check=False)).exit_code == 3
    with pytest.raises(CommandError) as caught:
        await aclient.run(["sh", "-c", "echo out; exit 3"])
    assert (caught.value.status, caught.value.exit_code, caught.value.output) == (409, 3, "out\n")


async def test_sandboxes(aclient: AsyncAgentKernel) -> None:
    assert (await aclient.create_sandbox("py-async", vcpus=1)).name == "py-async"
    try:
        assert (await aclient.get_sandbox("py-async")).status == "running"
        assert "py-async" in [sandbox.name for sandbox in await aclient.list_sandboxes()]
        result = await aclient.exec_in_sandbox("py-async", ["sh", "-c", "echo $A; pwd"], env={"A": "b"}, workdir="/tmp")
        assert result.output == "b\n/tmp\n"
    finally:
        await aclient.remove_sandbox("py-async")


async def test_what_cannot_be_right(aclient: AsyncAgentKernel) -> None:
    with pytest.raises(ValidationError):
        await aclient.run([])
    with pytest.raises(TypeError):
        await aclient.run("echo")  # type: ignore[arg-type]
    run: Any = aclient.run
    with pytest.raises(TypeError):
        await run(["echo"], colour="blue")


async def test_a_stream_directly_and_awaited_first(aclient: AsyncAgentKernel) -> None:
    command = ["sh", "-c", "echo a; echo b >&2; exit 3"]
    directly = [event async for event in aclient.run_stream(command)]
    awaited = [event async for event in await aclient.run_stream(command)]
    for events in (directly, awaited):
        assert "".join(event.text or "" for event in events) == "a\nb\n"
        assert (events[0].type, events[-1].exit_code) == ("started", 3)


async def test_awaiting_a_stream_meets_its_errors(fault: Fault) -> None:
    server = fault.replies({"success": False, "error": "no"}, status=401)
    async with AsyncAgentKernel(server.url) as client:
        with pytest.raises(Exception, match="no"):
            await client.run_stream(["x"])


async def test_one_event_at_a_time_is_never_lost(fault: Fault) -> None:
    server = fault.events(*([OUTPUT] * 3), DONE)
    async with AsyncAgentKernel(server.url) as client:
        stream = await client.run_stream(["x"])
        assert await stream is stream
        assert [event.type async for event in stream] == ["output"] * 3 + ["done"]
        assert stream.exit_code == 0
        assert await stream is stream
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()


async def test_a_stream_that_breaks_off(fault: Fault) -> None:
    server = fault.events(OUTPUT)
    async with AsyncAgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        await stream.__anext__()
        for _ in range(2):
            with pytest.raises(StreamError):
                await stream.__anext__()


async def test_readinto(fault: Fault) -> None:
    server = fault.events(("output", {"data": "abcdef"}), ("done", {"exit_code": 4, "output": "rest"}))
    async with AsyncAgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        buffer = bytearray(4)
        read = b""
        while size := await stream.readinto(buffer):
            read += buffer[:size]
        assert read == b"abcdefrest"
        assert stream.exit_code == 4


async def test_many_at_once_while_the_loop_ticks(fault: Fault) -> None:
    reply = {"reply": {"json": ok({"output": "hello\n"})}}
    server = fault.rules({"times": "always", "steps": [{"wait": "release"}, reply]})
    outputs: list[str] = []

    async def call() -> None:
        outputs.append((await client.run(["x"])).output)

    async with AsyncAgentKernel(server.url, timeout=math.inf) as client, anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(call)
        await anyio.to_thread.run_sync(server.wait_for, "waiting", 100)
        for _ in range(20):  # a loop that is blocked would not come back before the release
            await anyio.sleep(0.005)
        assert outputs == []
        server.release("always")
    assert outputs == ["hello\n"] * 100


@pytest.mark.parametrize("max_idle", [0, 64])
async def test_descriptors_that_are_used_again(fault: Fault, max_idle: int) -> None:
    """Without a pool every call has new descriptors, whose numbers are reused at once."""
    reply = {"reply": {"json": ok({"output": "hello\n"})}}
    server = fault.rules({"times": "always", "steps": [{"delay_ms": 1}, reply]})

    async def calls() -> None:
        for _ in range(20):
            assert (await client.run(["x"])).output == "hello\n"

    async with AsyncAgentKernel(server.url, max_idle=max_idle) as client:
        await client.run(["x"])
        before = descriptors()
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(calls)
        await settle()
        assert descriptors() <= before + (0 if max_idle == 0 else 20 * 6)


async def test_cancelling_a_call_leaves_the_client_usable(fault: Fault) -> None:
    server = fault.rules(
        {"method": "GET", "times": "always", "steps": [{"reply": {"json": ok("ok")}}]}, {"times": "always", **HANG}
    )
    async with AsyncAgentKernel(server.url) as client:
        await client.health()
        before = descriptors()
        for number in range(20):
            await cancelled_while_it_waits(server, number + 2, lambda: client.run(["x"]))
        await settle()
        assert descriptors() <= before
        assert await client.health() == "ok"
        server.wait_for("client_ended", 20)


async def test_cancelling_a_reader_closes_its_stream(fault: Fault) -> None:
    server = fault.events(OUTPUT, end=False, steps=[{"wait": "close"}])
    async with AsyncAgentKernel(server.url) as client:
        stream = client.run_stream(["x"])

        async def read() -> None:
            async for _event in stream:
                pass

        await cancelled_while_it_waits(server, 1, read)
        server.wait_for("client_ended")
        assert stream.closed
        with pytest.raises(CallCancelledError):
            await stream.__anext__()


async def test_leaving_a_stream_closes_it(fault: Fault) -> None:
    server = fault.events(OUTPUT, end=False, steps=[{"wait": "close"}])
    async with AsyncAgentKernel(server.url) as client:
        async with client.run_stream(["x"]) as stream:
            async for _event in stream:
                break
        server.wait_for("client_ended", 1)
        stream = client.run_stream(["x"])
        await stream.__anext__()
        await stream.aclose()
        server.wait_for("client_ended", 2)
        async for _event in client.run_stream(["x"]):
            break
        await settle()
        server.wait_for("client_ended", 3)
        assert [event async for event in stream] == []


async def test_closing_from_another_task_wakes_the_reader(fault: Fault) -> None:
    server = fault.events(OUTPUT, end=False, steps=[{"wait": "close"}])
    caught: list[Exception] = []

    async def read() -> None:
        try:
            async for _event in stream:
                pass
        except CallCancelledError as error:
            caught.append(error)

    async with AsyncAgentKernel(server.url) as client:
        stream = client.run_stream(["x"])
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await anyio.to_thread.run_sync(server.wait_for, "requests")
            with pytest.raises(RuntimeError, match="another"):
                await stream.__anext__()
            await stream.aclose()
        server.wait_for("client_ended")
    assert len(caught) == 1


async def test_older_trio(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The running loop is detected with functions of every version of Trio, also on other loops once it is imported."""
    for name in ("in_trio_run", "in_trio_task"):
        monkeypatch.delattr(trio.lowlevel, name, raising=False)
    server = fault.replies(ok("ok"))
    async with AsyncAgentKernel(server.url) as client:
        assert await client.health() == "ok"


async def test_deadlines(fault: Fault) -> None:
    server = fault.rules(HANG)
    async with AsyncAgentKernel(server.url, timeout=0.05) as client:
        with pytest.raises(CallTimeoutError):
            await client.run(["x"])
        with pytest.raises(TimeoutError):
            await client.run_stream(["x"], timeout=0.05)


async def test_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKERNEL_LOCAL", program("AK_LOCAL_SERVER", "agentkernel-local"))
    async with AsyncAgentKernel("local:") as client, client.sandbox("mine") as sb:
        assert (await sb.run(["echo", "hello"])).output == "hello\n"
        assert [sandbox.name for sandbox in await client.list_sandboxes()] == ["mine"]
    monkeypatch.setenv("AGENTKERNEL_LOCAL", "/nonexistent/agentkernel-local")
    async with AsyncAgentKernel("local:") as client:
        with pytest.raises(NetworkError, match="/nonexistent/agentkernel-local"):
            await client.health()


async def test_closed_and_forgotten_clients(local_url: str) -> None:
    client = AsyncAgentKernel(local_url)
    with pytest.warns(ResourceWarning, match="unclosed <AsyncAgentKernel"):
        del client
    client = AsyncAgentKernel(local_url)
    await client.close()
    await client.aclose()
    with pytest.raises(Exception, match="closed"):
        await client.health()


def test_without_a_loop_it_says_so(fault: Fault) -> None:
    server = fault.rules(HANG)
    client = AsyncAgentKernel(server.url)
    call = client.health()
    with pytest.raises(RuntimeError, match="no event loop"):
        call.send(None)
    client._release()


def test_one_client_in_one_loop_after_another(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"delay_ms": 5}, {"reply": {"json": ok("ok")}}]})
    client = AsyncAgentKernel(server.url)
    for _ in range(3):
        assert asyncio.run(client.health()) == "ok"
    asyncio.run(client.close())


def test_task_cancel_and_wait_for(fault: Fault) -> None:
    server = fault.rules(
        {"method": "GET", "times": "always", "steps": [{"reply": {"json": ok("ok")}}]}, {"times": "always", **HANG}
    )

    async def main() -> None:
        async with AsyncAgentKernel(server.url) as client:
            task = asyncio.ensure_future(client.run(["x"]))
            await asyncio.to_thread(server.wait_for, "requests")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.run(["x"]), moment())
            assert await client.health() == "ok"
            forgotten = asyncio.ensure_future(client.run(["x"]))
            await asyncio.to_thread(server.wait_for, "requests", 4)
            assert not forgotten.done()  # asyncio.run cancels it

    asyncio.run(main())
    server.wait_for("client_ended", 3)
