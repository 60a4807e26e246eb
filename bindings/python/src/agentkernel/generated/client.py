# Generated from async_client.py by tools/generate: do not edit.
"""The sync client."""

from __future__ import annotations

from .._detached import Polling
from .._sync_base import sleep
from .detached import DetachedHandle
from .sandbox import Sandboxes
from .stream import RunStream

__all__ = ["AgentKernel", "RunStream"]


class AgentKernel(Sandboxes):
    """A client of agentkernel. Any number of threads may share it.

    Example::

        with AgentKernel() as client:
            result = client.run(["echo", "hello"])
            print(result.output)

    Every method takes ``timeout`` and ``connect_timeout`` in seconds, instead of the client's; ``math.inf`` is none.
    All errors are `AgentKernelError`.
    """

    def detached_wait(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> DetachedHandle:
        """Waits for the end of a detached command, polling less and less often.

        Args:
            name: The sandbox.
            cmd_id: The command.
            timeout: Seconds after which `CallTimeoutError` is raised, and the command keeps running. Default: none.
            connect_timeout: Seconds for connecting, for each poll.

        """
        polling = Polling(timeout)
        while True:
            found = self.detached_status(name, cmd_id, timeout=polling.bound(), connect_timeout=connect_timeout)
            if not found.running:
                return found
            sleep(polling.pause())
