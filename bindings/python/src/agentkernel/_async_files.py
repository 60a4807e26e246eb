"""The part of the async client that is about files of sandboxes."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ._async_detached import AsyncDetached
from ._call import AGAIN, DONE, Call
from ._files import PIECE, Part, Readable, absolute, count, pieces_async, size_of, size_on_disk, split, whole
from ._host import advance, wait
from ._native import ffi
from .raw.operations import DELETE_FILE, NULL, READ_FILE, WRITE_FILE, WRITE_FILES
from .types import BatchFileWriteResponse, FileReadResponse

if TYPE_CHECKING:
    from typing_extensions import Self


class AsyncFiles(AsyncDetached):
    """AsyncFiles of sandboxes. A path is absolute, or relative to the sandbox's root."""

    async def read_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> FileReadResponse:
        """A file as the server sends it; `read_bytes` and `read_text` give what is in it."""
        return await self._one(
            READ_FILE, name=name, path=absolute(path), timeout=timeout, connect_timeout=connect_timeout
        )

    async def read_bytes(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> bytes:
        """What is in a file."""
        async with self.open_file(name, path, timeout=timeout, connect_timeout=connect_timeout) as file:
            return await file.read()

    async def read_text(
        self,
        name: str,
        path: str,
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> str:
        """What is in a file as text; encoding and errors are those of `bytes.decode`."""
        data = await self.read_bytes(name, path, timeout=timeout, connect_timeout=connect_timeout)
        return data.decode(encoding, errors)

    def open_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> AsyncFileReader:
        """A file to read from while it comes, to be closed, best by ``async with``.

        Memory stays flat with servers that say how a file is encoded before they send it, as agentkernel-local does;
        the full server says so after it, and its reply is held as a whole.

        Example::

            async with client.open_file("test", "/app/log") as file:
                async for piece in file:
                    sys.stdout.buffer.write(piece)

        Args:
            name: the sandbox.
            path: the file.
            timeout: seconds for all of it, from the first read on.
            connect_timeout: seconds for connecting.

        """
        return AsyncFileReader(
            self._call(
                READ_FILE,
                {"name": name, "path": absolute(path), "timeout": timeout, "connect_timeout": connect_timeout},
            )
        )

    async def iter_file(
        self,
        name: str,
        path: str,
        *,
        chunk_size: int = PIECE,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """What is in a file, piece by piece while it comes: at most chunk_size bytes each."""
        async with self.open_file(name, path, timeout=timeout, connect_timeout=connect_timeout) as file:
            buffer = bytearray(chunk_size)
            view = memoryview(buffer)
            while size := await file.readinto(buffer):
                yield bytes(view[:size])

    async def write_file(
        self,
        name: str,
        path: str,
        content: str | bytes | bytearray | memoryview | Readable | Iterable[bytes | str] | AsyncIterable[bytes | str],
        *,
        encoding: Literal["utf8", "base64"] = "utf8",
        size: int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> None:
        """Writes a file; one that is there is replaced. Servers take about 12 MB: more is `TooLargeError`.

        Args:
            name: the sandbox.
            path: the file.
            content: text, bytes, or something they come from piece by piece: a file to read from, or an iterable,
                which may be async.
            encoding: base64 when a str is that, and not the text itself.
            size: how many bytes a file or an iterable will bring, so that too many are refused before anything is sent.
                AsyncFiles that can tell need not be told.
            timeout: seconds for all of it.
            connect_timeout: seconds for connecting.

        """
        octets = whole(content, encoding)
        source: object = content
        if octets is None and size is None:
            size = size_of(content)
        elif octets is not None and count(octets) > PIECE:
            # Handed in from where it is, it is never copied as a whole.
            size = count(octets) if size is None else size
            source, octets = [octets], None
        call = self._call(
            WRITE_FILE,
            {
                "name": name,
                "path": absolute(path),
                "content": octets,
                "size": size,
                "timeout": timeout,
                "connect_timeout": connect_timeout,
            },
        )
        if octets is None:
            async for _ in _send(call, pieces_async(source)):
                pass
        else:
            await self._finish(call)

    async def write_files(
        self,
        name: str,
        files: Mapping[str, str | bytes | bytearray | memoryview],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> BatchFileWriteResponse:
        """Writes several files, by absolute path. Texts go in one request, bytes in one for each.

        When one fails those before it stay. The timeouts are those of each request.
        """
        together, alone = split(files)
        written = BatchFileWriteResponse(0)
        if together or not alone:
            written = await self._one(
                WRITE_FILES, name=name, files=together, timeout=timeout, connect_timeout=connect_timeout
            )
        for path, content in alone.items():
            await self.write_file(name, path, content, timeout=timeout, connect_timeout=connect_timeout)
        return BatchFileWriteResponse(written.written + len(alone), written.raw)

    async def delete_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Removes a file."""
        await self._none(DELETE_FILE, name=name, path=absolute(path), timeout=timeout, connect_timeout=connect_timeout)

    async def upload(
        self,
        name: str,
        local: str | os.PathLike[str],
        path: str,
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> int:
        """Copies a file of this machine into a sandbox, and returns its size."""
        return max(
            [
                done
                async for done in self.iter_upload(name, local, path, timeout=timeout, connect_timeout=connect_timeout)
            ]
        )

    async def iter_upload(
        self,
        name: str,
        local: str | os.PathLike[str],
        path: str,
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> AsyncGenerator[int, None]:
        """Copies a file of this machine into a sandbox, and yields how many bytes are done while it goes.

        The last number comes when the server has the file. Leaving earlier leaves no file.

        Args:
            name: the sandbox.
            local: the file here.
            path: the file there.
            timeout: seconds for all of it.
            connect_timeout: seconds for connecting.

        """
        with open(local, "rb", buffering=0) as file:  # noqa: ASYNC230 (a file on this machine keeps nobody waiting)
            size = size_on_disk(file)
            call = self._call(
                WRITE_FILE,
                {
                    "name": name,
                    "path": absolute(path),
                    "size": size,
                    "timeout": timeout,
                    "connect_timeout": connect_timeout,
                },
            )
            async with aclosing(_send(call, pieces_async(file, size))) as sending:
                async for done in sending:
                    yield done

    async def download(
        self,
        name: str,
        path: str,
        local: str | os.PathLike[str],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> int:
        """Copies a file of a sandbox to this machine, and returns its size."""
        return max(
            [
                done
                async for done in self.iter_download(
                    name, path, local, timeout=timeout, connect_timeout=connect_timeout
                )
            ]
        )

    async def iter_download(
        self,
        name: str,
        path: str,
        local: str | os.PathLike[str],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> AsyncGenerator[int, None]:
        """Copies a file of a sandbox to this machine, and yields how many bytes are done while it comes.

        The last number comes when the file is there: until then one of that name stays as it was, and it stays so when
        this fails or is left earlier.

        Args:
            name: the sandbox.
            path: the file there.
            local: the file here.
            timeout: seconds for all of it.
            connect_timeout: seconds for connecting.

        """
        done = 0
        part = Part(local)
        try:
            async with self.open_file(name, path, timeout=timeout, connect_timeout=connect_timeout) as file:
                buffer = bytearray(PIECE)
                view = memoryview(buffer)
                while size := await file.readinto(buffer):
                    part.file.write(view[:size])
                    done += size
                    yield done
            part.finish()
        finally:
            part.drop()
        yield done


async def _send(call: Call[None], content: AsyncGenerator[Any, None]) -> AsyncGenerator[int, None]:
    """Hands content to a call, and yields how much is done: the last time when the server has it all."""
    done = 0
    try:
        async with aclosing(content):
            async for piece in content:
                if not await _hand_in(call, piece):
                    break
                done += count(piece)
                yield done
            else:
                call.write(NULL, 0)
        await advance(call)
    finally:
        call.close()
    yield done


async def _hand_in(call: Call[None], piece: Any) -> bool:
    """Whether the server still reads: it may answer before it has all."""
    taken = 0
    # Released in time: the collector must not meet a memoryview that is still in use.
    with ffi.from_buffer("char[]", piece) as octets:
        while taken < len(octets):
            status, size = call.write(octets + taken, len(octets) - taken)
            if status == DONE:
                return False
            if status == AGAIN:
                await wait(call)
            taken += size
    return True


class AsyncFileReader:
    """A file of a sandbox, to read from while it comes: `readinto`, `read`, or piece by piece in ``async for``.

    It is an async context manager, which ends the transfer when it is left early; forgetting it does so, too.
    """

    def __init__(self, call: Call[FileReadResponse], prepare: Callable[[], Awaitable[None]] | None = None) -> None:
        self._call: Call[FileReadResponse] | None = call
        self._prepare = prepare
        self._turn: list[None] = [None]  # who pops it reads, and puts it back

    async def readinto(self, buffer: Any, /) -> int:
        """Reads into a writable buffer, decoded straight into it: the number of bytes, 0 at the end."""
        call = self._call
        if call is None:
            raise ValueError("I/O operation on closed file")
        try:
            self._turn.pop()
        except IndexError:
            raise RuntimeError("the file is being read by another task") from None
        try:
            if self._prepare is not None:
                await self._prepare()
                self._prepare = None
            with ffi.from_buffer("char[]", buffer, require_writable=True) as view:
                while len(view):
                    status, size = call.read_into(view)
                    if size or status == DONE:
                        return size
                    await wait(call)
            return 0
        finally:
            self._turn.append(None)
            if self._call is None:  # it was closed while it was read
                call.close()

    async def read(self, size: int = -1, /) -> bytes:
        """Reads at most size bytes, or all there are; nothing is the end."""
        if size < 0:
            data = io.BytesIO()
            view = memoryview(bytearray(PIECE))
            while taken := await self.readinto(view):
                data.write(view[:taken])
            return data.getvalue()
        buffer = bytearray(min(size, PIECE))
        return bytes(memoryview(buffer)[: await self.readinto(buffer)])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read(PIECE)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Ends the transfer, when it has not ended."""
        call, self._call = self._call, None
        if call is not None and self._turn:
            call.close()
        elif call is not None:
            call.cancel()  # the task that reads wakes, and frees the call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
