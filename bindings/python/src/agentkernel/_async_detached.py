"""The part of the async client that is about commands which run in a sandbox by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from ._async_snapshots import AsyncSnapshots
from ._detached import Polling
from ._host import sleep
from .raw.operations import DETACHED_KILL, DETACHED_LIST, DETACHED_LOGS, DETACHED_STATUS, EXEC_DETACHED
from .types import DetachedCommand, DetachedLogsResponse


class AsyncDetached(AsyncSnapshots):
    """Commands that nobody waits for."""

    async def exec_detached(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Sequence[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> AsyncDetachedHandle:
        """Starts a command in a sandbox, and does not wait for it.

        Example::

            command = await client.exec_detached("test", ["make"])
            done = await command.wait(timeout=600)
            print(done.exit_code, (await command.logs()).stdout)

        Args:
            name: the sandbox.
            command: program and arguments, passed on exactly.
            env: environment variables, as ``"NAME=VALUE"`` each or as a mapping.
            workdir: absolute path inside the sandbox.
            sudo: run it as root.
            timeout: seconds for the whole call; the command is not bound by it.
            connect_timeout: seconds for connecting.

        """
        started = await self._one(
            EXEC_DETACHED,
            name=name,
            command=command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
        return AsyncDetachedHandle._of(self, name, started)

    async def detached_status(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncDetachedHandle:
        """How a detached command of a sandbox is."""
        found = await self._one(DETACHED_STATUS, name=name, id=cmd_id, timeout=timeout, connect_timeout=connect_timeout)
        return AsyncDetachedHandle._of(self, name, found)

    async def detached_wait(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncDetachedHandle:
        """Waits for the end of a detached command, by asking again and again, less and less often.

        Args:
            name: the sandbox.
            cmd_id: the command.
            timeout: seconds after which `CallTimeoutError` is raised, and the command runs on; else there is no end.
            connect_timeout: seconds for connecting, each time.

        """
        polling = Polling(timeout)
        while True:
            found = await self.detached_status(name, cmd_id, timeout=polling.bound(), connect_timeout=connect_timeout)
            if not found.running:
                return found
            await sleep(polling.pause())

    async def detached_logs(
        self,
        name: str,
        cmd_id: str,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedLogsResponse:
        """What a detached command wrote until now.

        Args:
            name: the sandbox.
            cmd_id: the command.
            stream: stdout (what is given when nothing is said) or stderr.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return await self._one(
            DETACHED_LOGS, name=name, id=cmd_id, stream=stream, timeout=timeout, connect_timeout=connect_timeout
        )

    async def detached_kill(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Ends a detached command; one that has ended is fine."""
        await self._none(DETACHED_KILL, name=name, id=cmd_id, timeout=timeout, connect_timeout=connect_timeout)

    async def detached_list(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[AsyncDetachedHandle]:
        """All detached commands of a sandbox. The full server tells how they were when they were last asked for."""
        arguments: dict[str, object] = {"name": name, "timeout": timeout, "connect_timeout": connect_timeout}
        return [AsyncDetachedHandle._of(self, name, found) for found in await self._records(DETACHED_LIST, arguments)]


@dataclass(frozen=True)
class AsyncDetachedHandle(DetachedCommand):
    """A detached command as it was when the server was asked, and what can be done with it."""

    _client: AsyncDetached | None = field(default=None, repr=False, compare=False)
    _sandbox: str = field(default="", repr=False, compare=False)

    @classmethod
    def _of(cls, client: AsyncDetached, sandbox: str, found: DetachedCommand) -> AsyncDetachedHandle:
        known = {each.name: getattr(found, each.name) for each in fields(found)}
        return cls(**known, _client=client, _sandbox=sandbox)

    async def refresh(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncDetachedHandle:
        """The command as it is now: see `AsyncAgentKernel.detached_status`."""
        return await self._asked.detached_status(
            self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout
        )

    async def wait(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> AsyncDetachedHandle:
        """The command at its end: see `AsyncAgentKernel.detached_wait`."""
        return await self._asked.detached_wait(self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout)

    async def logs(
        self,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedLogsResponse:
        """What it wrote until now: see `AsyncAgentKernel.detached_logs`."""
        return await self._asked.detached_logs(
            self._sandbox, self.id, stream=stream, timeout=timeout, connect_timeout=connect_timeout
        )

    async def kill(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Ends it: see `AsyncAgentKernel.detached_kill`."""
        await self._asked.detached_kill(self._sandbox, self.id, timeout=timeout, connect_timeout=connect_timeout)

    @property
    def _asked(self) -> AsyncDetached:
        if self._client is None:
            raise ValueError("this command was not made by a client")
        return self._client
