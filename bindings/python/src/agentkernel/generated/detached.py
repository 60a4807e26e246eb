# Generated from _async_detached.py by tools/generate: do not edit.
"""Detached commands, for both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._records import values_of
from ..types import DetachedCommand, DetachedLogsResponse

if TYPE_CHECKING:
    from typing_extensions import Self


class DetachedHandle(DetachedCommand):
    """The state of a detached command when it was requested, with methods for the command."""

    _client: Any = None  # one that was pickled has none
    _sandbox: str = ""

    @classmethod
    def _of(cls, client: Any, sandbox: str, found: DetachedCommand) -> DetachedHandle:
        handle = cls(*values_of(found))
        handle.__dict__.update(_client=client, _sandbox=sandbox)  # it is frozen
        return handle

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def refresh(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> DetachedHandle:
        """Returns the current state: see `AgentKernel.detached_status`."""
        found: DetachedHandle = self._asked.detached_status(
            self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout
        )
        return found

    def wait(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> DetachedHandle:
        """Waits for the end of the command: see `AgentKernel.detached_wait`."""
        ended: DetachedHandle = self._asked.detached_wait(
            self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout
        )
        return ended

    def logs(
        self,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedLogsResponse:
        """Returns what it has written so far: see `AgentKernel.detached_logs`."""
        logs: DetachedLogsResponse = self._asked.detached_logs(
            self._sandbox, self.id, stream=stream, timeout=timeout, connect_timeout=connect_timeout
        )
        return logs

    def kill(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Kills it: see `AgentKernel.detached_kill`."""
        self._asked.detached_kill(self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout)

    @property
    def _asked(self) -> Any:
        if self._client is None:
            raise ValueError(
                "this command has no client, it was made or unpickled without one: ask a client for it by its id"
            )
        return self._client
