"""The async client."""

from __future__ import annotations

from ._async_detached import AsyncDetachedHandle
from ._async_stream import AsyncRunStream
from ._detached import Polling
from ._host import sleep
from .generated.async_sandbox import AsyncSandboxes

__all__ = ["AsyncAgentKernel", "AsyncRunStream"]


class AsyncAgentKernel(AsyncSandboxes):
    """A client of agentkernel for asyncio (also uvloop and anyio) and Trio. It belongs to no loop and no thread.

    Example::

        async with AsyncAgentKernel() as client:
            result = await client.run(["echo", "hello"])
            print(result.output)

    Every method takes ``timeout`` and ``connect_timeout`` in seconds, instead of the client's; ``math.inf`` is none.
    All errors are `AgentKernelError`. A task that is cancelled cancels its call; the client remains usable.
    """

    async def detached_wait(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncDetachedHandle:
        """Waits for the end of a detached command, polling less and less often.

        Args:
            name: The sandbox.
            cmd_id: The command.
            timeout: Seconds after which `CallTimeoutError` is raised, and the command keeps running. Default: none.
            connect_timeout: Seconds for connecting, for each poll.

        """
        polling = Polling(timeout)
        while True:
            found = await self.detached_status(name, cmd_id, timeout=polling.bound(), connect_timeout=connect_timeout)
            if not found.running:
                return found
            await sleep(polling.pause())
