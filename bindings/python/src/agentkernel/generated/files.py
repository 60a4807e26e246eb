# Generated from _async_files.py by tools/generate: do not edit.
"""Files of sandboxes, for both clients."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from typing import Any, Literal

from .._call import AGAIN, DONE, Call
from .._files import PIECE, Part, Readable, absolute, count, open_local, pieces, size_of, size_on_disk, split, whole
from .._native import ffi
from .._sync_base import FileReader, advance, opened, wait
from ..raw.handles import NULL
from ..types import BatchFileWriteResponse
from .methods import Methods
from .operations import READ_FILE, WRITE_FILE, WRITE_FILES


class Files(Methods):
    """Files of sandboxes. A path is absolute, or relative to the sandbox's root."""

    def read_bytes(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> bytes:
        """Returns the content of a file."""
        with self._reader(name, path, timeout, connect_timeout) as file:
            return file.read()

    def read_text(
        self,
        name: str,
        path: str,
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> str:
        """Returns the content of a file as text; encoding and errors are those of `bytes.decode`."""
        data = self.read_bytes(name, path, timeout=timeout, connect_timeout=connect_timeout)
        return data.decode(encoding, errors)

    def open_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> io.BufferedReader:
        """Returns a binary file to read from while it arrives; close it, best by ``with``.

        Memory use is constant with servers that send the encoding of a file before its content, as agentkernel-local
        does; the full server sends it after, so its reply is held as a whole.

        Example::

            with client.open_file("test", "/app/log") as file:
                for piece in file:
                    sys.stdout.buffer.write(piece)

        Args:
            name: The sandbox.
            path: The file.
            timeout: Seconds for the whole transfer, from the first read on.
            connect_timeout: Seconds for connecting.

        """
        return opened(self._reader(name, path, timeout, connect_timeout))

    def iter_file(
        self,
        name: str,
        path: str,
        *,
        chunk_size: int = PIECE,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Generator[bytes, None, None]:
        """Yields the content of a file while it arrives, in pieces of at most chunk_size bytes."""
        with self._reader(name, path, timeout, connect_timeout) as file:
            buffer = bytearray(chunk_size)
            view = memoryview(buffer)
            while size := file.readinto(buffer):
                yield bytes(view[:size])

    def write_file(
        self,
        name: str,
        path: str,
        content: str | bytes | bytearray | memoryview | Readable | Iterable[bytes | str],
        *,
        encoding: Literal["utf8", "base64"] = "utf8",
        size: int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> None:
        """Writes a file, replacing an existing one. Servers accept about 12 MB; more is a `TooLargeError`.

        Args:
            name: The sandbox.
            path: The file.
            content: Text, bytes, or a source of either in pieces: a file to read from, or an iterable.
            encoding: Set to base64 if a str is base64, and not the text itself.
            size: The number of bytes a file or an iterable will yield, so that too many are refused before anything is
                sent. Not needed for seekable files.
            timeout: Seconds for the whole transfer.
            connect_timeout: Seconds for connecting.

        """
        octets = whole(content, encoding)
        source: object = content
        if octets is None and size is None:
            size = size_of(content)
        elif octets is not None and count(octets) > PIECE:
            # Written from where it is, it is never copied as a whole.
            size = count(octets) if size is None else size
            source, octets = [octets], None
        call = self._call(
            WRITE_FILE,
            name=name,
            path=absolute(path),
            content=octets,
            size=size,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
        if octets is None:
            _last(_send(call, pieces(source)))
        else:
            self._finish(call)

    def write_files(
        self,
        name: str,
        files: Mapping[str, str | bytes | bytearray | memoryview],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> BatchFileWriteResponse:
        """Writes several files, by absolute path. All texts are sent in one request, bytes in one for each.

        When one fails, those before it are kept. The timeouts apply to each request.
        """
        together, alone = split(files)
        written = BatchFileWriteResponse(0)
        if together or not alone:
            written = self._one(
                WRITE_FILES, name=name, files=together, timeout=timeout, connect_timeout=connect_timeout
            )
        for path, content in alone.items():
            self.write_file(name, path, content, timeout=timeout, connect_timeout=connect_timeout)
        return BatchFileWriteResponse(written.written + len(alone), written.raw)

    def upload(
        self,
        name: str,
        local: str | os.PathLike[str],
        path: str,
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> int:
        """Copies a local file into a sandbox, and returns its size."""
        return _last(self.iter_upload(name, local, path, timeout=timeout, connect_timeout=connect_timeout))

    def iter_upload(
        self,
        name: str,
        local: str | os.PathLike[str],
        path: str,
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Generator[int, None, None]:
        """Copies a local file into a sandbox, and yields the number of bytes done so far.

        The last number is yielded when the server has the complete file. Leaving earlier leaves no file.

        Args:
            name: The sandbox.
            local: The local file.
            path: The file in the sandbox.
            timeout: Seconds for the whole transfer.
            connect_timeout: Seconds for connecting.

        """
        with open_local(local) as file:
            size = size_on_disk(file)
            call = self._call(
                WRITE_FILE,
                name=name,
                path=absolute(path),
                size=size,
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
            with closing(_send(call, pieces(file, size))) as sending:
                for done in sending:
                    yield done

    def download(
        self,
        name: str,
        path: str,
        local: str | os.PathLike[str],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> int:
        """Copies a file of a sandbox to a local file, and returns its size."""
        return _last(self.iter_download(name, path, local, timeout=timeout, connect_timeout=connect_timeout))

    def iter_download(
        self,
        name: str,
        path: str,
        local: str | os.PathLike[str],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Generator[int, None, None]:
        """Copies a file of a sandbox to a local file, and yields the number of bytes done so far.

        The last number is yielded when the file is complete. Until then, and when this fails or is left earlier, an
        existing file of that name is kept.

        Args:
            name: The sandbox.
            path: The file in the sandbox.
            local: The local file.
            timeout: Seconds for the whole transfer.
            connect_timeout: Seconds for connecting.

        """
        done = 0
        part = Part(local)
        try:
            with self._reader(name, path, timeout, connect_timeout) as file:
                buffer = bytearray(PIECE)
                view = memoryview(buffer)
                while size := file.readinto(buffer):
                    part.file.write(view[:size])
                    done += size
                    yield done
            part.finish()
        finally:
            part.drop()
        yield done

    def _reader(self, name: str, path: str, timeout: float | None, connect_timeout: float | None) -> FileReader:
        return FileReader(
            self._call(READ_FILE, name=name, path=absolute(path), timeout=timeout, connect_timeout=connect_timeout)
        )


def _last(progress: Generator[int, None, None]) -> int:
    """The last number of a transfer: how many bytes it has copied."""
    last = 0
    for done in progress:
        last = done
    return last


def _send(call: Call[None], content: Generator[Any, None, None]) -> Generator[int, None, None]:
    """Passes content to a call and yields how many bytes are done, at last when the server has received them all."""
    done = 0
    try:
        with closing(content):
            for piece in content:
                if not _write(call, piece):
                    break
                done += count(piece)
                yield done
            else:
                call.write(NULL, 0)
        advance(call)
    finally:
        call.close()
    yield done


def _write(call: Call[None], piece: Any) -> bool:
    """Writes a piece. False if the server has replied already, which it may do before it has received everything."""
    taken = 0
    # Released in time: the collector must not meet a memoryview that is still in use.
    with ffi.from_buffer("char[]", piece) as octets:
        while taken < len(octets):
            status, size = call.write(octets + taken, len(octets) - taken)
            if status == DONE:
                return False
            if status == AGAIN:
                wait(call)
            taken += size
    return True
