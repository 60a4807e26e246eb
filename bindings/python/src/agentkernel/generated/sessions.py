# Generated from async_sessions.py by tools/generate: do not edit.
"""Sandboxes for the duration of a block, for both clients: removed however the block is left."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from .._session import LOOK_UP_PAUSES, REMOVE_SECONDS, add_note_of_removal, may_exist
from .._sync_base import shielded, sleep
from .._sync_session import SyncSessionBase, file_of_sandbox, of_sandbox, pieces_of_sandbox
from ..errors import AgentKernelError, NotFoundError
from .files import Files
from .operations import CREATE_SANDBOX

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SandboxSession"]


class SandboxSession(SyncSessionBase):
    """A sandbox for the duration of a ``with`` block; `AgentKernel.sandbox` returns it.

    Without a block, its first use creates it, and `remove` has to be called.
    """

    run = of_sandbox(Files.exec_in_sandbox)
    info = of_sandbox(Files.get_sandbox)
    exec_detached = of_sandbox(Files.exec_detached)
    detached_list = of_sandbox(Files.detached_list)
    read_file = of_sandbox(Files.read_file)
    read_bytes = of_sandbox(Files.read_bytes)
    read_text = of_sandbox(Files.read_text)
    open_file = file_of_sandbox(Files.open_file)
    iter_file = pieces_of_sandbox(Files.iter_file)
    write_file = of_sandbox(Files.write_file)
    write_files = of_sandbox(Files.write_files)
    delete_file = of_sandbox(Files.delete_file)
    upload = of_sandbox(Files.upload)
    iter_upload = pieces_of_sandbox(Files.iter_upload)
    download = of_sandbox(Files.download)
    iter_download = pieces_of_sandbox(Files.iter_download)
    start = of_sandbox(Files.start_sandbox)
    stop = of_sandbox(Files.stop_sandbox)
    extend_ttl = of_sandbox(Files.extend_ttl)
    logs = of_sandbox(Files.get_sandbox_logs)
    take_snapshot = of_sandbox(Files.take_snapshot)

    def remove(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes the sandbox, unless it was removed already. After a failure it may be called again."""
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
        if self._is_thrown_away(kind):
            return
        try:
            shielded(partial(self.remove, timeout=REMOVE_SECONDS))
        except AgentKernelError as removal:
            if error is None:
                raise
            add_note_of_removal(error, self.name, removal)

    def _create(self) -> None:
        if not self._needs_create():
            return
        call = self._client._call(CREATE_SANDBOX, **self._arguments)
        self._started = time.time()
        try:
            [self.sandbox] = self._client._finish(call)
        except BaseException as failure:
            if not self._is_thrown_away(type(failure)) and may_exist(failure):
                shielded(partial(self._remove_leftover, failure))
            raise

    def _remove_leftover(self, failure: BaseException) -> None:
        until = time.monotonic() + REMOVE_SECONDS
        try:
            for pause in LOOK_UP_PAUSES:
                sleep(pause)
                try:
                    found = self._client.get_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    if self._is_ours(found):
                        self._client.remove_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    return
                except NotFoundError:
                    continue
        except AgentKernelError as removal:
            add_note_of_removal(failure, self.name, removal)
