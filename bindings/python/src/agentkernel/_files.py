"""Content of files to be written: its size, and its pieces."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Iterator
from contextlib import aclosing, nullcontext
from typing import Any, Protocol

PIECE = 1 << 17
"""The number of bytes that are read at a time."""


class Readable(Protocol):
    """A file to read from, binary or text."""

    def read(self, size: int, /) -> bytes | str | None:
        """Reads at most size bytes or characters; returns nothing at the end."""


def whole(content: object, encoding: str) -> bytes | bytearray | memoryview | None:
    """Content that is in memory as a whole; None when it is read in pieces."""
    if isinstance(content, str) and encoding == "base64":
        import base64  # rarely used

        return base64.b64decode(content, validate=True)
    if isinstance(content, str):
        return content.encode()
    return content if isinstance(content, bytes | bytearray | memoryview) else None


def size_of(content: object) -> int | None:
    """How many bytes of a file are left to read, or None if that is not known."""
    if not isinstance(content, io.RawIOBase | io.BufferedIOBase) or not content.seekable():
        return None
    here = content.tell()
    end = content.seek(0, os.SEEK_END)
    content.seek(here)
    return max(end - here, 0)


def open_local(path: str | os.PathLike[str]) -> io.FileIO:
    """A local file to read from; reading it does not block for long."""
    return open(path, "rb", buffering=0)


def size_on_disk(file: io.FileIO) -> int | None:
    """How many bytes a regular file has; None for other files, such as a pipe."""
    found = os.fstat(file.fileno())
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def pieces(content: object, size: int | None = None) -> Generator[Any, None, None]:
    """The content in pieces for the library: of a file at most size bytes, if that is given."""
    read = getattr(content, "read", None)
    if read is not None:
        yield from _pieces_of_file(read, size)
        return
    if not isinstance(content, Iterable):
        raise TypeError(f"content must be str, bytes, a file or an iterable of them, not {type(content).__name__}")
    for piece in content:
        if count(octets := _octets(piece)):  # an empty piece would end the content
            yield octets


async def pieces_async(content: object, size: int | None = None) -> AsyncGenerator[Any, None]:
    """The same, also for async iterables."""
    if isinstance(content, AsyncIterable):
        # A generator that is left early and not closed would end elsewhere, later.
        scope: Any = aclosing(content) if isinstance(content, AsyncGenerator) else nullcontext()
        async with scope:
            async for piece in content:
                if count(octets := _octets(piece)):
                    yield octets
        return
    for octets in pieces(content, size):
        yield octets


def _pieces_of_file(read: Any, size: int | None) -> Iterator[Any]:
    left = size
    while left is None or left > 0:
        piece = read(PIECE if left is None else min(left, PIECE))
        if piece is None:
            raise BlockingIOError("the file that is to be written has nothing to read yet")
        octets = _octets(piece)
        if not count(octets):
            return
        yield octets
        left = None if left is None else left - count(octets)


def _octets(piece: object) -> Any:
    if isinstance(piece, str):
        return piece.encode()
    if not isinstance(piece, bytes | bytearray | memoryview):
        raise TypeError(f"each piece of content must be bytes or str, not {type(piece).__name__}")
    return piece


def count(piece: Any) -> int:
    """How many bytes a piece has."""
    return memoryview(piece).nbytes


def absolute(path: str) -> str:
    """An absolute path, as servers require: a relative one is relative to the sandbox's root."""
    return f"/{path}" if isinstance(path, str) and not path.startswith("/") else path


def split(files: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Files that one request can write together, which must be text; and those that are written one by one."""
    together: dict[str, Any] = {}
    alone: dict[str, Any] = {}
    for path, content in files.items():
        fits = isinstance(content, str) and "\0" not in content
        (together if fits else alone)[path] = content
    return together, alone


class Part:
    """A local file that gets its name only when it is complete."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.realpath(path)  # a symbolic link is kept
        if os.path.exists(self._path) and not os.path.isfile(self._path):
            number = errno.EISDIR if os.path.isdir(self._path) else errno.EINVAL
            raise OSError(number, "not a regular file", self._path)
        self._part = f"{self._path}.{os.getpid()}-{id(self):x}.part"
        self._finished = False
        self.file = open(self._part, "xb")  # noqa: SIM115 (finish or drop close it)

    def finish(self) -> None:
        """Gives it its name, replacing an existing file."""
        self.file.close()
        os.replace(self._part, self._path)
        self._finished = True

    def drop(self) -> None:
        """Removes it, unless it is finished."""
        if not self._finished:
            try:
                self.file.close()
            finally:
                os.unlink(self._part)
