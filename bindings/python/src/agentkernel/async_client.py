"""The async client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ._async_files import AsyncFiles
from ._call import AGAIN, DONE, ITEM, Call
from ._events import next_event
from ._host import advance, wait
from ._native import ffi
from ._stream import StreamBase
from .raw.operations import BATCH_RUN, GET_BACKENDS, GET_STATS, GET_STATUS, HEALTH, REQUEST, RUN, RUN_STREAM
from .types import BatchRunResponse, Reply, RunOutput, SecurityProfile, StreamEvent

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._discovery import BackendDiscovery, ServerStats, ServerStatus
    from .async_sessions import AsyncSandboxSession

__all__ = ["AsyncAgentKernel", "AsyncRunStream"]


class AsyncAgentKernel(AsyncFiles):
    """A client of agentkernel for asyncio (also uvloop and anyio) and Trio. It belongs to no loop and no thread.

    Example::

        async with AsyncAgentKernel() as client:
            result = await client.run(["echo", "hello"])
            print(result.output)

    Every method takes ``timeout`` and ``connect_timeout`` in seconds, instead of the client's; ``math.inf`` is none.
    All errors are `AgentKernelError`. A task that is cancelled cancels its call, and the client may be used on.
    """

    async def health(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> str:
        """Whether the server is there: ``"ok"``."""
        return await self._one(HEALTH, timeout=timeout, connect_timeout=connect_timeout)

    async def run(
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
        return await self._one(
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
    ) -> AsyncRunStream:
        """Runs a command in a sandbox of its own and yields what happens while it happens.

        A command that fails is no exception here, its ``done`` event has the exit code; a stream that breaks off is.
        The command starts with the first event that is asked for, or when the stream is awaited.

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
        return AsyncRunStream(self._call(RUN_STREAM, arguments))

    async def batch_run(
        self,
        commands: Sequence[Sequence[str]],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> BatchRunResponse:
        """Runs several commands side by side, each in a sandbox of its own. The results are in the commands' order.

        A command that fails is no exception here: its result has an error in the place of its output.

        Args:
            commands: program and arguments of each.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        arguments: dict[str, object] = {"commands": commands, "timeout": timeout, "connect_timeout": connect_timeout}
        return BatchRunResponse(await self._records(BATCH_RUN, arguments))

    async def get_backends(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> BackendDiscovery:
        """What the server can isolate sandboxes with."""
        return await self._one(GET_BACKENDS, timeout=timeout, connect_timeout=connect_timeout)

    async def get_status(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> ServerStatus:
        """The server itself."""
        return await self._one(GET_STATUS, timeout=timeout, connect_timeout=connect_timeout)

    async def get_stats(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> ServerStats:
        """How much of the server is in use."""
        return await self._one(GET_STATS, timeout=timeout, connect_timeout=connect_timeout)

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        json: Any = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Reply:
        """Any request, for routes that have no method here.

        Example::

            (await client.request("GET", "/doctor")).data["healthy"]

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: path with its query, escaped as in a URL.
            json: what to send as JSON; None sends nothing.
            check: raise an error when the status is not 2xx; else it is in the reply.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return await self._one(
            REQUEST,
            method=method,
            path=path,
            body=json,
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
        ports: Sequence[str] | None = None,
        network: Mapping[str, Any] | None = None,
        agent: str | None = None,
        placeholder_secrets: bool | None = None,
        secret_mappings: Mapping[str, str] | None = None,
        init_script: str | None = None,
        created_from_template: str | None = None,
        template_help_text: str | None = None,
        labels: Mapping[str, str] | None = None,
        description: str | None = None,
        lifecycle: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> AsyncSandboxSession:
        """A sandbox for the length of an ``async with`` block: created when it is entered, removed however it is left.

        The arguments are those of `create_sandbox`; the timeouts are those of creating it.

        Example::

            async with client.sandbox("test", image="python:3.12-alpine") as sb:
                await sb.run(["pip", "install", "numpy"])
        """
        from .async_sessions import AsyncSandboxSession

        return AsyncSandboxSession(
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
            ports=ports,
            network=network,
            agent=agent,
            placeholder_secrets=placeholder_secrets,
            secret_mappings=secret_mappings,
            init_script=init_script,
            created_from_template=created_from_template,
            template_help_text=template_help_text,
            labels=labels,
            description=description,
            lifecycle=lifecycle,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )


class AsyncRunStream(StreamBase):
    """The events of a running command: an async iterator, and a context manager that ends the command when left early.

    It also ends when it is forgotten, and when the task that reads it is cancelled. Awaiting it starts the command.

    Example::

        async with client.run_stream(["make"]) as stream:
            async for event in stream:
                print(event.text or "", end="")
        print(stream.exit_code)
    """

    def __init__(self, call: Call[StreamEvent]) -> None:
        super().__init__(call)
        self._first: StreamEvent | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self._start().__await__()

    async def _start(self) -> Self:
        if self._first is None and self._last is None:
            with suppress(StopAsyncIteration):
                self._first = await self.__anext__()
        return self

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        first, self._first = self._first, None
        if first is not None:
            return first
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            while call is not None:
                event = next_event(call.address)
                if event is None:  # none yet, the end, or an error: the next status says which
                    status = await advance(call)
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
        raise StopAsyncIteration

    async def readinto(self, buffer: Any) -> int:
        """Reads output into a writable buffer, decoded straight into it: the number of bytes, 0 at the end.

        Other events are passed over; an ``error`` event is raised as `StreamError`. `exit_code` tells how it ended.
        """
        try:
            self._turn.pop()
        except IndexError:
            self._refuse()
        call = self._call
        try:
            with ffi.from_buffer("char[]", buffer, require_writable=True) as view:
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
                        await wait(call)
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

    async def aclose(self) -> None:
        """Ends the stream; the server ends the command. After the end it does nothing."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
