"""Sandboxes for the length of a block: removed however the block is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ._session import LOOK_UP_PAUSES, REMOVE_SECONDS, Session, add_note_of_removal, may_exist, signature_of
from .client import AgentKernel
from .errors import AgentKernelError, NotFoundError
from .raw.operations import CREATE_SANDBOX
from .types import RunOutput, SandboxInfo

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SandboxSession"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def _of_sandbox(method: Callable[Concatenate[C, str, P], R]) -> Callable[Concatenate[SandboxSession, P], R]:
    """A client's method for the session's sandbox."""

    @wraps(method)
    def call(session: SandboxSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        session._create()
        return method(session._client, session.name, *args, **kwargs)  # type: ignore[arg-type]

    return signature_of(call, method)


class SandboxSession(Session):
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

    exec_detached = _of_sandbox(AgentKernel.exec_detached)
    detached_list = _of_sandbox(AgentKernel.detached_list)
    read_file = _of_sandbox(AgentKernel.read_file)
    read_bytes = _of_sandbox(AgentKernel.read_bytes)
    read_text = _of_sandbox(AgentKernel.read_text)
    open_file = _of_sandbox(AgentKernel.open_file)
    iter_file = _of_sandbox(AgentKernel.iter_file)
    write_file = _of_sandbox(AgentKernel.write_file)
    write_files = _of_sandbox(AgentKernel.write_files)
    delete_file = _of_sandbox(AgentKernel.delete_file)
    upload = _of_sandbox(AgentKernel.upload)
    iter_upload = _of_sandbox(AgentKernel.iter_upload)
    download = _of_sandbox(AgentKernel.download)
    iter_download = _of_sandbox(AgentKernel.iter_download)
    start = _of_sandbox(AgentKernel.start_sandbox)
    stop = _of_sandbox(AgentKernel.stop_sandbox)
    extend_ttl = _of_sandbox(AgentKernel.extend_ttl)
    logs = _of_sandbox(AgentKernel.get_sandbox_logs)
    take_snapshot = _of_sandbox(AgentKernel.take_snapshot)

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
            self.remove(timeout=REMOVE_SECONDS)
        except AgentKernelError as removal:
            if error is None:
                raise
            add_note_of_removal(error, self.name, removal)

    def _create(self) -> None:
        if not self._needs_create():
            return
        call = self._client._call(CREATE_SANDBOX, self._arguments)
        self._started = time.time()
        try:
            self.sandbox = self._client._finish(call)[0]
        except BaseException as failure:
            if may_exist(failure):
                self._remove_leftover(failure)
            raise

    def _remove_leftover(self, failure: BaseException) -> None:
        until = time.monotonic() + REMOVE_SECONDS
        try:
            for pause in LOOK_UP_PAUSES:
                time.sleep(pause)
                try:
                    found = self._client.get_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    if self._is_ours(found):
                        self._client.remove_sandbox(self.name, timeout=max(until - time.monotonic(), 0))
                    return
                except NotFoundError:
                    continue
        except AgentKernelError as removal:
            add_note_of_removal(failure, self.name, removal)
