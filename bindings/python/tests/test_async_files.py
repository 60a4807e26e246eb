"""Files of the async client, on asyncio, uvloop and Trio; and transfers that are left early."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from agentkernel import (
    AsyncAgentKernel,
    AsyncFileReader,
    NotFoundError,
    TooLargeError,
)
from conftest import PATIENCE, Fault, descriptors, ok
from test_files import ALL_BYTES, LARGE, content_of, file_reply

pytestmark = pytest.mark.anyio
HANG = {"times": "always", "steps": [{"wait": "close"}]}


@pytest.fixture
async def box(aclient: AsyncAgentKernel) -> AsyncIterator[str]:
    await aclient.create_sandbox("py-async-box", labels={"a": "b"})
    yield "py-async-box"
    await aclient.remove_sandbox("py-async-box")


async def some(*pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        await anyio.lowlevel.checkpoint()
        yield piece


async def test_files(aclient: AsyncAgentKernel, box: str, tmp_path: Path) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(LARGE)
    await aclient.write_file(box, "/tmp/whole", LARGE)
    assert (await aclient.read_file(box, "/tmp/whole")).data == LARGE
    assert await aclient.read_bytes(box, "/tmp/whole") == LARGE
    done = [size async for size in aclient.iter_upload(box, here, "/tmp/up")]
    assert (done == sorted(done), done[-1], len(done) > 10) == (True, len(LARGE), True)
    done = [size async for size in aclient.iter_download(box, "/tmp/up", back)]
    assert (done == sorted(done), done[-1], len(done) > 10) == (True, len(LARGE), True)
    assert back.read_bytes() == LARGE
    assert await aclient.upload(box, here, "/tmp/up") == await aclient.download(box, "/tmp/up", back) == len(LARGE)
    await aclient.write_files(box, {"/tmp/a": "text", "/tmp/b": b"\xff"})
    assert await aclient.read_text(box, "tmp/a") == "text"
    await aclient.delete_file(box, "/tmp/b")
    with pytest.raises(NotFoundError):
        await aclient.read_bytes(box, "/tmp/b")
    assert b"".join([piece async for piece in aclient.iter_file(box, "/tmp/up", chunk_size=70_000)]) == LARGE


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: some(b"a", "b", b"", bytearray(b"c")), b"abc"),
        (lambda: some(), b""),
        (lambda: io.BytesIO(b"x" * 200_000), b"x" * 200_000),
        (lambda: [b"a", "b"], b"ab"),
        (lambda: "text", b"text"),
    ],
)
async def test_kinds_of_content(fault: Fault, make: Any, wanted: bytes) -> None:
    server = fault.replies(ok("Wrote it"))
    async with AsyncAgentKernel(server.url) as client:
        await client.write_file("sb", "/tmp/x", make())
    assert content_of(server) == wanted


async def test_reading(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"reply": {"json": file_reply(ALL_BYTES)}, "piece": 997}]})
    async with AsyncAgentKernel(server.url) as client:
        async with client.open_file("sb", "/tmp/x") as file:
            buffer = bytearray(1000)
            total = b""
            while size := await file.readinto(buffer):
                total += buffer[:size]
            assert (total, await file.read(5), await file.readinto(bytearray())) == (ALL_BYTES, b"", 0)
        with pytest.raises(ValueError, match="closed file"):
            await file.read()
        async with client.open_file("sb", "/tmp/x") as file:
            assert await file.read(3) == ALL_BYTES[:3]
            assert await file.read() == ALL_BYTES[3:]
        async with client.open_file("sb", "/tmp/x") as file:
            assert b"".join([piece async for piece in file]) == ALL_BYTES


async def test_one_reader_at_a_time_and_closing_while_it_waits(fault: Fault) -> None:
    server = fault.rules(HANG)
    async with AsyncAgentKernel(server.url) as client:
        before = descriptors()
        file = client.open_file("sb", "/tmp/x")
        failures: list[Exception] = []

        async def read() -> None:
            try:
                await file.read(1)
            except Exception as failure:
                failures.append(failure)

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await anyio.to_thread.run_sync(server.wait_for, "requests")
                with pytest.raises(RuntimeError, match="another task"):
                    await file.read(1)
                await file.aclose()
        assert [getattr(failure, "code", None) for failure in failures] == ["AK_E_CANCELLED"]
        assert descriptors() == before


async def test_cancelled_transfers_leave_nothing(fault: Fault, tmp_path: Path) -> None:
    server = fault.rules({"times": "always", "read": "head", "steps": [{"wait": "close"}]})
    here = tmp_path / "here"
    here.write_bytes(LARGE)
    async with AsyncAgentKernel(server.url) as client:
        before = descriptors()
        for transfer in (
            lambda: client.upload("sb", here, "/tmp/x"),
            lambda: client.download("sb", "/tmp/x", tmp_path / "there"),
            lambda: client.write_file("sb", "/tmp/x", some(LARGE[: 1 << 20])),
            lambda: client.read_bytes("sb", "/tmp/x"),
            lambda: client.detached_wait("sb", "12"),
        ):
            with anyio.move_on_after(0.1) as scope:
                await transfer()
            assert scope.cancelled_caught
        async with aclosing(client.iter_upload("sb", here, "/tmp/x")) as upload:
            assert 0 < await upload.__anext__() < len(LARGE)
        gc.collect()
        assert descriptors() == before
    assert os.listdir(tmp_path) == ["here"]


async def test_too_much(fault: Fault) -> None:
    async with AsyncAgentKernel(fault.rules().url) as client:
        with pytest.raises(TooLargeError, match="16777216"):
            await client.write_file("sb", "/tmp/x", some(b"x"), size=12_582_886)


async def test_a_session_has_them_too(aclient: AsyncAgentKernel, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.write_bytes(ALL_BYTES)
    async with aclient.sandbox("py-async-session") as sb:
        assert await sb.upload(here, "/tmp/up") == len(ALL_BYTES)
        assert [done async for done in sb.iter_upload(here, "/tmp/up")][-1] == len(ALL_BYTES)
        assert await sb.read_bytes("/tmp/up") == (await sb.read_file("/tmp/up")).data == ALL_BYTES
        assert b"".join([piece async for piece in sb.iter_file("/tmp/up")]) == ALL_BYTES
        assert await sb.download("/tmp/up", tmp_path / "back") == len(ALL_BYTES)
        await sb.write_files({"/tmp/b": "more"})
        command = await sb.exec_detached(["cat", "/tmp/b"])
        await command.wait(timeout=PATIENCE)
        assert (await command.logs()).stdout == "more"


async def test_a_session_that_is_made_by_its_first_use(aclient: AsyncAgentKernel) -> None:
    sb = aclient.sandbox("py-async-lazy")
    file = sb.open_file("/tmp/none")
    assert isinstance(file, AsyncFileReader)
    try:
        with pytest.raises(NotFoundError, match=r"[Nn]o such file|not found"):
            await file.read()
        assert sb.sandbox is not None
    finally:
        await file.aclose()
        await sb.remove()
