"""Detached commands, for both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ._records import values_of
from .types import DetachedCommand, DetachedLogsResponse

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncDetachedHandle(DetachedCommand):
    """The state of a detached command when it was requested, with methods for the command."""

    _client: Any = None  # one that was pickled has none
    _sandbox: str = ""

    @classmethod
    def _of(cls, client: Any, sandbox: str, found: DetachedCommand) -> AsyncDetachedHandle:
        handle = cls(*values_of(found))
        handle.__dict__.update(_client=client, _sandbox=sandbox)  # it is frozen
        return handle

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    async def refresh(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncDetachedHandle:
        """Returns the current state: see `AsyncAgentKernel.detached_status`."""
        found: AsyncDetachedHandle = await self._asked.detached_status(
            self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout
        )
        return found

    async def wait(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> AsyncDetachedHandle:
        """Waits for the end of the command: see `AsyncAgentKernel.detached_wait`."""
        ended: AsyncDetachedHandle = await self._asked.detached_wait(
            self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout
        )
        return ended

    async def logs(
        self,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedLogsResponse:
        """Returns what it has written so far: see `AsyncAgentKernel.detached_logs`."""
        logs: DetachedLogsResponse = await self._asked.detached_logs(
            self._sandbox, self.id, stream=stream, timeout=timeout, connect_timeout=connect_timeout
        )
        return logs

    async def kill(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Kills it: see `AsyncAgentKernel.detached_kill`."""
        await self._asked.detached_kill(self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout)

    @property
    def _asked(self) -> Any:
        if self._client is None:
            raise ValueError(
                "this command has no client, it was made or unpickled without one: ask a client for it by its id"
            )
        return self._client
