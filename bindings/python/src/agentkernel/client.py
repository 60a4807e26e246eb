"""The sync client."""

from __future__ import annotations

import io
import select
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import BaseClient
from ._call import AGAIN, DONE, ITEM, Call
from ._events import next_event
from ._native import ffi
from ._operations import (
    CREATE_SANDBOX,
    EXEC_IN_SANDBOX,
    GET_SANDBOX,
    HEALTH,
    LIST_SANDBOXES,
    REMOVE_SANDBOX,
    RUN,
    RUN_STREAM,
    STOP_SANDBOX,
    Operation,
)
from ._stream import StreamBase
from .types import RunOutput, SandboxInfo, SecurityProfile, StreamEvent

if TYPE_CHECKING:
    from typing_extensions import Self

    from .sessions import SandboxSession

__all__ = ["AgentKernel", "RunStream"]

T = TypeVar("T")


def wait(call: Call[Any]) -> None:
    """Waits until the call may go on, in Python's own poll: Ctrl-C ends it at once, and other threads run."""
    poll = select.poll()
    poll.register(call.fd, select.POLLIN)
    poll.poll()  # for as long as the call's own deadlines allow: they wake it


def advance(call: Call[Any]) -> int:
    """The call's next status, waiting for it."""
    status = call.step()
    while status == AGAIN:
        wait(call)
        status = call.step()
    return status


class AgentKernel(BaseClient):
    """A client of agentkernel. Any number of threads may share it.

    Example::

        with AgentKernel() as client:
            result = client.run(["echo", "hello"])
            print(result.output)

    Every method takes ``timeout`` and ``connect_timeout`` in seconds, instead of the client's; ``math.inf`` is none.
    All errors are `AgentKernelError`.
    """

    def close(self) -> None:
        """Closes the client's connections. Calls in flight end well."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def health(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> str:
        """Whether the server is there: ``"ok"``."""
        return self._one(HEALTH, timeout=timeout, connect_timeout=connect_timeout)

    def run(
        self,
        command: Sequence[str],
        *,
        image: str | None = None,
        profile: SecurityProfile | None = None,
        fast: bool = False,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in a sandbox of its own and returns what it wrote.

        Args:
            command: program and arguments, passed on exactly.
            image: what the sandbox is made of.
            profile: what it may do.
            fast: use a warm sandbox. Those of the full server re-parse arguments in a shell and lose exit codes.
            check: raise `CommandError` when the command exits with another code than 0; else it is in the result.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return self._one(
            RUN,
            command=command,
            image=image,
            profile=profile,
            fast=fast,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def run_stream(
        self,
        command: Sequence[str],
        *,
        image: str | None = None,
        profile: SecurityProfile | None = None,
        fast: bool = False,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunStream:
        """Runs a command in a sandbox of its own and yields what happens while it happens.

        A command that fails is no exception here, its ``done`` event has the exit code; a stream that breaks off is.
        The command starts with the first event that is asked for.

        Args:
            command: program and arguments, passed on exactly.
            image: what the sandbox is made of.
            profile: what it may do.
            fast: as of `run`.
            timeout: seconds for the whole stream; else the client's total_timeout.
            idle_timeout: seconds that it may be silent after its first byte.
            connect_timeout: seconds for connecting.

        """
        arguments: dict[str, object] = {
            "command": command,
            "image": image,
            "profile": profile,
            "fast": fast,
            "timeout": timeout,
            "idle_timeout": idle_timeout,
            "connect_timeout": connect_timeout,
        }
        return RunStream(self._call(RUN_STREAM, arguments))

    def list_sandboxes(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[SandboxInfo]:
        """All sandboxes."""
        return self._records(LIST_SANDBOXES, {"timeout": timeout, "connect_timeout": connect_timeout})

    def create_sandbox(
        self,
        name: str,
        *,
        image: str | None = None,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        profile: SecurityProfile | None = None,
        backend: str | None = None,
        source_url: str | None = None,
        source_ref: str | None = None,
        volumes: Sequence[str] | None = None,
        secrets: Sequence[str] | None = None,
        secret_files: Sequence[str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Creates and starts a sandbox that stays until it is removed.

        Args:
            name: 1 to 63 letters, digits, hyphens and underscores.
            image: what it is made of.
            vcpus: processors.
            memory_mb: memory in MiB.
            profile: what it may do.
            backend: what isolates it.
            source_url: git repository to clone into /workspace.
            source_ref: branch, tag or commit of it.
            volumes: ``"slug:/path"`` or ``"slug:/path:ro"`` each.
            secrets: ``"KEY=value:host"``, ``"KEY:host"`` or ``"KEY:host:Header"`` each.
            secret_files: keys of secrets that become files.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return self._one(
            CREATE_SANDBOX,
            name=name,
            image=image,
            vcpus=vcpus,
            memory_mb=memory_mb,
            profile=profile,
            backend=backend,
            source_url=source_url,
            source_ref=source_ref,
            volumes=volumes,
            secrets=secrets,
            secret_files=secret_files,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def get_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """The sandbox of that name."""
        return self._one(GET_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def remove_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Ends what runs in a sandbox, and removes it."""
        self._records(REMOVE_SANDBOX, {"name": name, "timeout": timeout, "connect_timeout": connect_timeout})

    def stop_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Ends every process of a sandbox, which stays."""
        self._records(STOP_SANDBOX, {"name": name, "timeout": timeout, "connect_timeout": connect_timeout})

    def exec_in_sandbox(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Sequence[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in a sandbox that is there, and returns what it wrote.

        Args:
            name: the sandbox.
            command: program and arguments, passed on exactly.
            env: environment variables, as ``"NAME=VALUE"`` each or as a mapping.
            workdir: absolute path inside the sandbox.
            sudo: run it as root.
            check: raise `CommandError` when the command exits with another code than 0; else it is in the result.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return self._one(
            EXEC_IN_SANDBOX,
            name=name,
            command=command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def sandbox(
        self,
        name: str,
        *,
        image: str | None = None,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        profile: SecurityProfile | None = None,
        backend: str | None = None,
        source_url: str | None = None,
        source_ref: str | None = None,
        volumes: Sequence[str] | None = None,
        secrets: Sequence[str] | None = None,
        secret_files: Sequence[str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxSession:
        """A sandbox for the length of a ``with`` block: created when the block is entered, removed however it is left.

        The arguments are those of `create_sandbox`; the timeouts are those of creating it.

        Example::

            with client.sandbox("test", image="python:3.12-alpine") as sb:
                sb.run(["pip", "install", "numpy"])
        """
        from .sessions import SandboxSession

        return SandboxSession(
            self,
            name,
            image=image,
            vcpus=vcpus,
            memory_mb=memory_mb,
            profile=profile,
            backend=backend,
            source_url=source_url,
            source_ref=source_ref,
            volumes=volumes,
            secrets=secrets,
            secret_files=secret_files,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def _one(self, operation: Operation[T], **arguments: object) -> T:
        return self._records(operation, arguments)[0]

    def _records(self, operation: Operation[T], arguments: dict[str, object]) -> list[T]:
        return self._finish(self._call(operation, arguments))

    def _finish(self, call: Call[T]) -> list[T]:
        try:
            records = []
            while advance(call) == ITEM:
                records.append(call.record())
            return records
        finally:
            call.close()


class RunStream(StreamBase):
    """The events of a running command: an iterator, and a context manager that ends the command when it is left early.

    It also ends when it is forgotten. `close` may be called from any thread.

    Example::

        with client.run_stream(["make"]) as stream:
            for event in stream:
                print(event.text or "", end="")
        print(stream.exit_code)
    """

    def __iter__(self) -> Iterator[StreamEvent]:
        return self

    def __next__(self) -> StreamEvent:
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            while call is not None:
                event = next_event(call.address)
                if event is None:  # none yet, the end, or an error: the next status says which
                    status = advance(call)
                    if status == DONE:
                        self._finish(call)
                        break
                    event = call.record()
                self._last = event
                return event
            self._check_failure()
        except BaseException as failure:
            self._fail(call, failure)
            raise
        finally:
            self._turn.append(None)
        raise StopIteration

    def readinto(self, buffer: Any) -> int:
        """Reads output into a writable buffer, decoded straight into it: the number of bytes, 0 at the end.

        Other events are passed over; an ``error`` event is raised as `StreamError`. `exit_code` tells how it ended.
        """
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            view = ffi.from_buffer("char[]", buffer, require_writable=True)
            while len(view):
                if self._rest:
                    return self._take_rest(view)
                if call is None:
                    self._check_failure()
                    break
                status, size = call.read_into(view)
                if size:
                    return size
                if status == AGAIN:
                    wait(call)
                elif status == ITEM:
                    self._output_of(self._take(call))
                else:
                    self._finish(call)
                    break
            return 0
        except BaseException as failure:
            self._fail(call, failure)
            raise
        finally:
            self._turn.append(None)

    def as_file(self) -> OutputFile:
        """The output as a binary file to read from; closing it closes the stream.

        ``io.TextIOWrapper(io.BufferedReader(stream.as_file()), "utf-8", "replace")`` reads text by lines.
        """
        return OutputFile(self)

    def close(self) -> None:
        """Ends the stream; the server ends the command. After the end it does nothing."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class OutputFile(io.RawIOBase):
    """The output of a stream as a binary file."""

    def __init__(self, stream: RunStream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Reads output into a writable buffer: the number of bytes, 0 at the end."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Closes the file and its stream."""
        self._stream.close()
        super().close()
