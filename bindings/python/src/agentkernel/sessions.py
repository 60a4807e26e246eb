"""Sandboxes for the length of a block: removed however the block is left.

A create whose answer never came, because it was interrupted, cancelled or timed out, may have made a sandbox all the
same: it is looked up by its name, and removed.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._host import shielded, sleep
from ._operations import CREATE_SANDBOX
from .errors import AgentKernelError, NotFoundError
from .types import RunOutput, SandboxInfo

if TYPE_CHECKING:
    from typing_extensions import Self

    from .async_client import AsyncAgentKernel
    from .client import AgentKernel

__all__ = ["AsyncSandboxSession", "SandboxSession"]

_REMOVE_SECONDS = 30.0
"""How long removing may take when a block is left; it bounds what a cancelled task waits for."""

_LOOK_UP_PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)
"""A server that was left alone in the middle of a create may still finish it: look again after these seconds."""

_CLOCK_SECONDS = 60.0
"""How far the server's clock may be behind ours. A sandbox older than that is somebody else's, not the create's."""

_GATEWAY_STATUSES = (502, 504)
"""A proxy gave up waiting; what stands behind it may not have."""


class _Session:
    """What both sessions know: the name, how to create it, and whether it is there."""

    def __init__(self, name: str, options: dict[str, object]) -> None:
        self.name = name
        self.sandbox: SandboxInfo | None = None
        """The sandbox as it was created."""
        self._arguments: dict[str, object] = {"name": name, **options}
        self._started = 0.0
        self._removed = False

    def __repr__(self) -> str:
        state = "removed" if self._removed else "new" if self.sandbox is None else self.sandbox.status
        return f"<{type(self).__name__} {self.name!r} {state}>"

    def _needs_create(self) -> bool:
        if self._removed:
            raise AgentKernelError(f"the sandbox {self.name!r} was removed", code="AK_E_STATE")
        return self.sandbox is None

    def _is_ours(self, found: SandboxInfo) -> bool:
        created = _seconds(found.created_at)
        return created is None or created >= self._started - _CLOCK_SECONDS


def _may_exist(failure: BaseException) -> bool:
    """Whether a create that failed so may have made a sandbox."""
    if not isinstance(failure, AgentKernelError):
        return True  # an interrupt or a cancellation, at any point
    if failure.sent == "nothing":
        return False
    return failure.status is None or failure.status < 300 or failure.status in _GATEWAY_STATUSES


def _seconds(text: str | None) -> float | None:
    """A time of RFC 3339 since 1970; None when it is none."""
    from datetime import datetime

    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", text or "")
    if match is None:
        return None
    try:
        zone = "+00:00" if match[3] in "Zz" else match[3]
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").timestamp()
    except (ValueError, OverflowError):
        return None


def _note(failure: BaseException, name: str, removal: AgentKernelError) -> None:
    """Tells of a failed removal on the exception that is already on its way."""
    if hasattr(failure, "add_note"):
        failure.add_note(f"The sandbox {name!r} could not be removed: {removal}")
    elif failure.__context__ is None:  # Python 3.10
        failure.__context__ = removal


class SandboxSession(_Session):
    """A sandbox for the length of a ``with`` block; `AgentKernel.sandbox` makes it.

    Without a block it is created by its first use, and `remove` has to be called.
    """

    def __init__(self, client: AgentKernel, name: str, **options: object) -> None:
        super().__init__(name, options)
        self._client = client

    def run(
        self,
        command: Sequence[str],
        *,
        env: Sequence[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in the sandbox: see `AgentKernel.exec_in_sandbox`."""
        self._create()
        return self._client.exec_in_sandbox(
            self.name,
            command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def info(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> SandboxInfo:
        """The sandbox as it is now."""
        self._create()
        return self._client.get_sandbox(self.name, timeout=timeout, connect_timeout=connect_timeout)

    def remove(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes the sandbox. One that is gone already is fine; after a failure it may be called again."""
        if self.sandbox is None or self._removed:
            return
        with suppress(NotFoundError):
            self._client.remove_sandbox(self.name, timeout=timeout, connect_timeout=connect_timeout)
        self._removed = True

    def __enter__(self) -> Self:
        self._create()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.remove(timeout=_REMOVE_SECONDS)
        except AgentKernelError as removal:
            if error is None:
                raise
            _note(error, self.name, removal)

    def _create(self) -> None:
        if not self._needs_create():
            return
        call = self._client._call(CREATE_SANDBOX, self._arguments)
        self._started = time.time()
        try:
            self.sandbox = self._client._finish(call)[0]
        except BaseException as failure:
            if _may_exist(failure):
                self._remove_leftover(failure)
            raise

    def _remove_leftover(self, failure: BaseException) -> None:
        until = time.monotonic() + _REMOVE_SECONDS
        try:
            for pause in _LOOK_UP_PAUSES:
                time.sleep(pause)
                try:
                    found = self._client.get_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    if self._is_ours(found):
                        self._client.remove_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    return
                except NotFoundError:
                    continue
        except AgentKernelError as removal:
            _note(failure, self.name, removal)


class AsyncSandboxSession(_Session):
    """A sandbox for the length of an ``async with`` block; `AsyncAgentKernel.sandbox` makes it.

    It may be awaited, which creates it. Without either it is created by its first use, and `remove` has to be called.
    """

    def __init__(self, client: AsyncAgentKernel, name: str, **options: object) -> None:
        super().__init__(name, options)
        self._client = client

    async def run(
        self,
        command: Sequence[str],
        *,
        env: Sequence[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in the sandbox: see `AsyncAgentKernel.exec_in_sandbox`."""
        await self._create()
        return await self._client.exec_in_sandbox(
            self.name,
            command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    async def info(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> SandboxInfo:
        """The sandbox as it is now."""
        await self._create()
        return await self._client.get_sandbox(self.name, timeout=timeout, connect_timeout=connect_timeout)

    async def remove(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes the sandbox. One that is gone already is fine; after a failure it may be called again."""
        if self.sandbox is None or self._removed:
            return
        with suppress(NotFoundError):
            await self._client.remove_sandbox(self.name, timeout=timeout, connect_timeout=connect_timeout)
        self._removed = True

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._create()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is GeneratorExit:
            self._warn()
            return
        try:
            await shielded(partial(self.remove, timeout=_REMOVE_SECONDS))
        except AgentKernelError as removal:
            if error is None:
                raise
            _note(error, self.name, removal)

    def _warn(self) -> None:
        """The task was thrown away, and may not wait for anything."""
        warnings.warn(f"{self!r} was left behind", ResourceWarning, source=self, stacklevel=3)

    async def _create(self) -> None:
        if not self._needs_create():
            return
        call = self._client._call(CREATE_SANDBOX, self._arguments)
        self._started = time.time()
        try:
            self.sandbox = (await self._client._finish(call))[0]
        except BaseException as failure:
            if isinstance(failure, GeneratorExit):
                self._warn()
            elif _may_exist(failure):
                await shielded(partial(self._remove_leftover, failure))
            raise

    async def _remove_leftover(self, failure: BaseException) -> None:
        until = time.monotonic() + _REMOVE_SECONDS
        try:
            for pause in _LOOK_UP_PAUSES:
                await sleep(pause)
                try:
                    found = await self._client.get_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    if self._is_ours(found):
                        await self._client.remove_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    return
                except NotFoundError:
                    continue
        except AgentKernelError as removal:
            _note(failure, self.name, removal)
