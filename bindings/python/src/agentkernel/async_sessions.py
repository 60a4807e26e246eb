"""Sandboxes for the length of an async block: removed however the block is left."""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import suppress
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ._async_files import AsyncFileReader
from ._host import shielded, sleep
from ._session import LOOK_UP_PAUSES, REMOVE_SECONDS, Session, add_note_of_removal, may_exist, signature_of
from .async_client import AsyncAgentKernel
from .errors import AgentKernelError, NotFoundError
from .raw.operations import CREATE_SANDBOX
from .types import RunOutput, SandboxInfo

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncSandboxSession"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def _of_sandbox(
    method: Callable[Concatenate[C, str, P], Awaitable[R]],
) -> Callable[Concatenate[AsyncSandboxSession, P], Coroutine[Any, Any, R]]:
    """A client's method for the session's sandbox."""

    @wraps(method)
    async def call(session: AsyncSandboxSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        await session._create()
        return await method(session._client, session.name, *args, **kwargs)  # type: ignore[arg-type]

    return signature_of(call, method)


def _pieces_of_sandbox(
    method: Callable[Concatenate[C, str, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[AsyncSandboxSession, P], AsyncGenerator[R, None]]:
    """The same of a method that yields."""

    @wraps(method)
    async def call(session: AsyncSandboxSession, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        await session._create()
        async for piece in method(session._client, session.name, *args, **kwargs):  # type: ignore[arg-type]
            yield piece

    return signature_of(call, method)


class AsyncSandboxSession(Session):
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

    exec_detached = _of_sandbox(AsyncAgentKernel.exec_detached)
    detached_list = _of_sandbox(AsyncAgentKernel.detached_list)
    read_file = _of_sandbox(AsyncAgentKernel.read_file)
    read_bytes = _of_sandbox(AsyncAgentKernel.read_bytes)
    read_text = _of_sandbox(AsyncAgentKernel.read_text)
    iter_file = _pieces_of_sandbox(AsyncAgentKernel.iter_file)
    write_file = _of_sandbox(AsyncAgentKernel.write_file)
    write_files = _of_sandbox(AsyncAgentKernel.write_files)
    delete_file = _of_sandbox(AsyncAgentKernel.delete_file)
    upload = _of_sandbox(AsyncAgentKernel.upload)
    iter_upload = _pieces_of_sandbox(AsyncAgentKernel.iter_upload)
    download = _of_sandbox(AsyncAgentKernel.download)
    iter_download = _pieces_of_sandbox(AsyncAgentKernel.iter_download)
    start = _of_sandbox(AsyncAgentKernel.start_sandbox)
    stop = _of_sandbox(AsyncAgentKernel.stop_sandbox)
    extend_ttl = _of_sandbox(AsyncAgentKernel.extend_ttl)
    logs = _of_sandbox(AsyncAgentKernel.get_sandbox_logs)
    take_snapshot = _of_sandbox(AsyncAgentKernel.take_snapshot)

    def open_file(
        self, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncFileReader:
        """A file to read from while it comes: see `AsyncAgentKernel.open_file`."""
        file = self._client.open_file(self.name, path, timeout=timeout, connect_timeout=connect_timeout)
        file._prepare = self._create
        return file

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
            await shielded(partial(self.remove, timeout=REMOVE_SECONDS))
        except AgentKernelError as removal:
            if error is None:
                raise
            add_note_of_removal(error, self.name, removal)

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
            elif may_exist(failure):
                await shielded(partial(self._remove_leftover, failure))
            raise

    async def _remove_leftover(self, failure: BaseException) -> None:
        until = time.monotonic() + REMOVE_SECONDS
        try:
            for pause in LOOK_UP_PAUSES:
                await sleep(pause)
                try:
                    found = await self._client.get_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    if self._is_ours(found):
                        await self._client.remove_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    return
                except NotFoundError:
                    continue
        except AgentKernelError as removal:
            add_note_of_removal(failure, self.name, removal)
