"""Ten thousand runs and streams, half of them abandoned: constant memory and descriptors, and no warnings."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable

import pytest

from agentkernel import AgentKernel, AsyncAgentKernel, CommandError
from conftest import DONE, Fault, FaultServer, descriptors, ok

pytestmark = pytest.mark.timeout(1800)  # seconds of work, or minutes on a busy machine
ROUNDS = 10_000
OUTPUT = {"event": "output", "data": {"data": "x" * 200, "stream": "stdout"}}


def resident() -> int:
    """The resident memory of this process in KiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def serve(fault: Fault) -> FaultServer:
    events = [OUTPUT] * 5 + [{"event": DONE[0], "data": DONE[1]}]
    failing = {"success": False, "error": "no", "exit_code": 1, "output": "x" * 200}
    file = ok({"encoding": "base64", "content": "AP8K" * 1000, "size": 3000})
    return fault.rules(
        {"target": "/sandboxes/sb/files/x", "method": "GET", "times": "always", "steps": [{"reply": {"json": file}}]},
        {"target": "/run/stream", "times": "always", "steps": [{"sse": {"events": events}}]},
        {"target": "/sandboxes/sb/exec", "times": "always", "steps": [{"reply": {"status": 409, "json": failing}}]},
        {"times": "always", "steps": [{"reply": {"json": ok({"output": "hello\n", "id": "12", "status": "running"})}}]},
    )


def one_round(client: AgentKernel, number: int) -> None:
    if number % 20 == 0:
        client.write_file("sb", "/x", iter([b"x" * 100, b"y"]))
        client.open_file("sb", "/x").read(1)  # and dropped
        assert len(client.read_bytes("sb", "/x")) == 3000
        assert len(client.exec_detached("sb", ["x"]).id) == 2
    elif number % 4 == 0:
        client.run(["x"])
    elif number % 4 == 1:
        with pytest.raises(CommandError):
            client.exec_in_sandbox("sb", ["x"])
    elif number % 4 == 2:
        assert len(list(client.run_stream(["x"]))) == 6
    else:
        next(client.run_stream(["x"]))  # and dropped


async def one_round_async(client: AsyncAgentKernel, number: int) -> None:
    if number % 20 == 0:
        await client.write_file("sb", "/x", iter([b"x" * 100, b"y"]))
        await client.open_file("sb", "/x").read(1)  # and dropped
        assert len(await client.read_bytes("sb", "/x")) == 3000
        assert len((await client.exec_detached("sb", ["x"])).id) == 2
    elif number % 4 == 0:
        await client.run(["x"])
    elif number % 4 == 1:
        task = asyncio.ensure_future(client.run(["x"]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    elif number % 4 == 2:
        assert len([event async for event in client.run_stream(["x"])]) == 6
    else:
        await client.run_stream(["x"]).__anext__()


def check(work: Callable[[int, int], None]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        work(0, ROUNDS // 5)
        gc.collect()
        memory, fds = resident(), descriptors()
        work(ROUNDS // 5, ROUNDS)
        gc.collect()
        assert descriptors() <= fds
        assert resident() <= memory + 4096


def test_sync(fault: Fault) -> None:
    # One idle connection: otherwise their number depends on when dropped streams are collected.
    with AgentKernel(serve(fault).url, max_idle=1) as client:

        def work(start: int, end: int) -> None:
            for number in range(start, end):
                one_round(client, number)
            client.run(["x"])

        check(work)


def test_async(fault: Fault) -> None:
    client = AsyncAgentKernel(serve(fault).url, max_idle=1)

    async def rounds(start: int, end: int) -> None:
        for number in range(start, end):
            await one_round_async(client, number)
        await client.run(["x"])

    loop = asyncio.new_event_loop()
    check(lambda start, end: loop.run_until_complete(rounds(start, end)))
    loop.run_until_complete(client.close())
    loop.close()


def test_clients_come_and_go(fault: Fault) -> None:
    server = serve(fault)

    def work(start: int, end: int) -> None:
        for _ in range((end - start) // 10):
            with AgentKernel(server.url) as client:
                client.run(["x"])

    check(work)


def test_a_long_stream_is_read_in_flat_memory(fault: Fault) -> None:
    event = 'event: output\ndata: {"data":"' + "x" * 16384 + '","stream":"stdout"}\n\n'
    count = 4096  # 64 MiB
    steps = [
        {"sse": {"events": [], "end": False}},
        {"repeat_text": event, "count": count, "chunked": True},
        {"text": 'event: done\ndata: {"exit_code":0,"success":true}\n\n', "chunked": True},
        {"last_chunk": True},
    ]
    server = fault.rules({"times": "always", "steps": steps})
    with AgentKernel(server.url) as client:
        for chunk in client.run_stream(["x"]):
            assert chunk
            break
        gc.collect()
        memory = resident()
        peak = total = 0
        for number, chunk in enumerate(client.run_stream(["x"])):
            total += len(chunk.output or b"")
            if number % 256 == 0:
                peak = max(peak, resident())
        assert total == count * 16384
        buffer = bytearray(1 << 16)
        with client.run_stream(["x"]) as stream:
            while size := stream.readinto(buffer):
                total -= size
        assert total == 0
        assert max(peak, resident()) <= memory + 8192
