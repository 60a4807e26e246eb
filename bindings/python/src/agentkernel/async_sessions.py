"""Sandboxes for the duration of a block, for both clients: removed however the block is left."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from ._async_files import AsyncFiles
from ._async_session import AsyncSessionBase, file_of_sandbox, of_sandbox, pieces_of_sandbox
from ._host import shielded, sleep
from ._session import LOOK_UP_PAUSES, REMOVE_SECONDS, add_note_of_removal, may_exist
from .errors import AgentKernelError, NotFoundError
from .generated.operations import CREATE_SANDBOX

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncSandboxSession"]


class AsyncSandboxSession(AsyncSessionBase):
    """A sandbox for the duration of an ``async with`` block; `AsyncAgentKernel.sandbox` returns it.

    It may be awaited, which creates it. Without either, its first use creates it, and `remove` has to be called.
    """

    run = of_sandbox(AsyncFiles.exec_in_sandbox)
    info = of_sandbox(AsyncFiles.get_sandbox)
    exec_detached = of_sandbox(AsyncFiles.exec_detached)
    detached_list = of_sandbox(AsyncFiles.detached_list)
    read_file = of_sandbox(AsyncFiles.read_file)
    read_bytes = of_sandbox(AsyncFiles.read_bytes)
    read_text = of_sandbox(AsyncFiles.read_text)
    open_file = file_of_sandbox(AsyncFiles.open_file)
    iter_file = pieces_of_sandbox(AsyncFiles.iter_file)
    write_file = of_sandbox(AsyncFiles.write_file)
    write_files = of_sandbox(AsyncFiles.write_files)
    delete_file = of_sandbox(AsyncFiles.delete_file)
    upload = of_sandbox(AsyncFiles.upload)
    iter_upload = pieces_of_sandbox(AsyncFiles.iter_upload)
    download = of_sandbox(AsyncFiles.download)
    iter_download = pieces_of_sandbox(AsyncFiles.iter_download)
    start = of_sandbox(AsyncFiles.start_sandbox)
    stop = of_sandbox(AsyncFiles.stop_sandbox)
    extend_ttl = of_sandbox(AsyncFiles.extend_ttl)
    logs = of_sandbox(AsyncFiles.get_sandbox_logs)
    take_snapshot = of_sandbox(AsyncFiles.take_snapshot)

    async def remove(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes the sandbox, unless it was removed already. After a failure it may be called again."""
        if self.sandbox is None or self._removed:
            return
        with suppress(NotFoundError):
            await self._client.remove_sandbox(self.name, timeout=timeout, connect_timeout=connect_timeout)
        self._removed = True

    async def __aenter__(self) -> Self:
        await self._create()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_thrown_away(kind):
            return
        try:
            await shielded(partial(self.remove, timeout=REMOVE_SECONDS))
        except AgentKernelError as removal:
            if error is None:
                raise
            add_note_of_removal(error, self.name, removal)

    async def _create(self) -> None:
        if not self._needs_create():
            return
        call = self._client._call(CREATE_SANDBOX, **self._arguments)
        self._started = time.time()
        try:
            [self.sandbox] = await self._client._finish(call)
        except BaseException as failure:
            if not self._is_thrown_away(type(failure)) and may_exist(failure):
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
