"""Shared by sync and async clients: settings, the handle, and the warning for a client that was not closed."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn, TypeVar

from ._call import Call
from ._native import ffi, lib
from .errors import AgentKernelError
from .generated.settings import Settings
from .raw.handles import NULL, error_of, new_error, own
from .raw.operation import Operation
from .raw.parameters import int_of, milliseconds, text_of

T = TypeVar("T")


class OfThisProcess:
    """What cannot leave its process, nor exist twice in it."""

    __slots__ = ()
    _instead = "make a client in each process"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied, it has connections of this process: {self._instead}"
        )


class BaseClient(OfThisProcess, Settings):
    """The handle of a client."""

    _handle: Any = None  # None before it is created, after close, and when that failed

    def _make(
        self, texts: dict[str, str | None], timeouts: dict[str, float | None], ints: dict[str, int | None]
    ) -> None:
        slot = ffi.new("ak_client **")
        err = new_error()
        _check(lib.ak_client_new(slot, err), err)
        handle = own(slot[0], lib.ak_client_free)
        for name, value in texts.items():
            if value is not None:
                text = text_of(name.lower(), value)
                _check(lib.ak_client_set_text(handle, _setting(name), text, len(text), err), err)
        for name, seconds in timeouts.items():
            if seconds is not None:
                _check(lib.ak_client_set_int(handle, _setting(name), milliseconds(seconds), err), err)
        for name, number in ints.items():
            if number is not None:
                _check(lib.ak_client_set_int(handle, _setting(name), int_of(name.lower(), number), err), err)
        self._handle = handle

    @property
    def base_url(self) -> str:
        """The URL of the server."""
        handle, size = self._open(), ffi.new("size_t *")
        setting = lib.AK_CLIENT_BASE_URL
        lib.ak_client_text(handle, setting, NULL, 0, size, NULL)  # too small a buffer: returns the size that is needed
        buffer = ffi.new("char[]", max(size[0], 1))
        lib.ak_client_text(handle, setting, buffer, size[0], size, NULL)
        return ffi.unpack(buffer, size[0]).decode("utf-8", "replace")

    def __repr__(self) -> str:
        where = "closed" if self._handle is None else repr(self.base_url)
        return f"<{type(self).__name__} {where}>"

    def __del__(self) -> None:
        if self._handle is not None:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise AgentKernelError("the client is closed", code="AK_E_STATE")
        return handle

    def _release(self) -> None:
        """Calls in flight have their own reference to the client, and continue."""
        self._handle = None

    def _call(self, operation: Operation[T], /, **arguments: object) -> Call[T]:
        return Call(self._open(), operation, arguments)


def _setting(name: str) -> int:
    return int(getattr(lib, f"AK_CLIENT_{name}"))


def _check(status: int, err: Any) -> None:
    if status < 0:
        raise error_of(status, err)
