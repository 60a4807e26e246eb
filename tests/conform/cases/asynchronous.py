"""The same server, asked by asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agentkernel import AsyncAgentKernel, CommandError, NotFoundError

from ..area import Area, needs


class Asynchronous(Area):
    """AsyncAgentKernel."""

    def run_with_client(self, body: Callable[[AsyncAgentKernel], Awaitable[None]]) -> None:
        """Runs a coroutine that gets a client of its own."""

        async def run() -> None:
            async with AsyncAgentKernel(self.world.url, timeout=self.world.patience) as client:
                await body(client)

        asyncio.run(run())

    @needs("run")
    def test_at_the_same_time(self) -> None:
        """Many calls in one thread, each with its own answer."""

        async def body(client: AsyncAgentKernel) -> None:
            results = await asyncio.gather(*(client.run(["echo", str(number)]) for number in range(6)))
            self.assertEqual([result.output for result in results], [f"{number}\n" for number in range(6)])

        self.run_with_client(body)

    @needs("run_stream")
    def test_stream(self) -> None:
        """Events, one by one."""

        async def body(client: AsyncAgentKernel) -> None:
            output, last = b"", None
            async for event in client.run_stream(["sh", "-c", "echo one; echo two; exit 3"]):
                output += event.output or b""
                last = event
            self.assertEqual(output, b"one\ntwo\n")
            self.assertEqual(last and last.exit_code, 3)

        self.run_with_client(body)

    @needs("files")
    def test_session(self) -> None:
        """A sandbox for a block, with files and a command that fails."""
        name = self.sandbox_name()

        async def body(client: AsyncAgentKernel) -> None:
            async with client.sandbox(name) as sandbox:
                await sandbox.write_file("/tmp/file", b"\xff\0")
                self.assertEqual(await sandbox.read_bytes("/tmp/file"), b"\xff\0")
                with self.assertRaises(CommandError):
                    await sandbox.run(["false"])
            with self.assertRaises(NotFoundError):
                await client.get_sandbox(name)

        self.run_with_client(body)

    def test_cancellation(self) -> None:
        """A task that is cancelled ends, and its client goes on."""
        sandbox = self.sandbox()

        async def body(client: AsyncAgentKernel) -> None:
            task = asyncio.create_task(client.exec_in_sandbox(sandbox.name, ["sleep", "8"]))
            await asyncio.sleep(0.3)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(await client.health(), "ok")

        self.run_with_client(body)
