"""Handles of the library, and exceptions for its errors."""

from __future__ import annotations

from typing import Any, Literal

from .. import _events
from .._native import ffi, lib
from ..errors import AgentKernelError
from ..generated.errors import CLASSES

NULL = ffi.NULL

_TEXTS = {
    "message": lib.AK_ERROR_MESSAGE,
    "server_text": lib.AK_ERROR_SERVER_TEXT,
    "operation": lib.AK_ERROR_OPERATION,
    "phase": lib.AK_ERROR_PHASE,
}
_SENT: dict[int, Literal["nothing", "some", "answered"]] = {
    lib.AK_SENT_NOTHING: "nothing",
    lib.AK_SENT_SOME: "some",
    lib.AK_SENT_ANSWERED: "answered",
}


def own(pointer: Any, free: object) -> Any:
    """A handle of the library, freed when nothing refers to it any more, and not before.

    That holds during a collection, too, and at interpreter shutdown: a finalizer may use the handles that it refers to.
    """
    return _events.untrack(ffi.gc(pointer, free))


def address_of(pointer: Any) -> int:
    """The address of a pointer, for events.c."""
    return int(ffi.cast("uintptr_t", pointer))


def new_error() -> Any:
    """An ak_error, freed with its last reference."""
    return own(lib.ak_error_new(), lib.ak_error_free)


def error_of(status: int, err: Any) -> AgentKernelError:
    """The exception for a failure; err is the ak_error that describes it, or NULL."""
    view = ffi.new("const char **")
    size = ffi.new("size_t *")
    number = ffi.new("int64_t *")

    def bytes_of(field: int) -> bytes | None:
        found = lib.ak_error_view(err, field, view, size) == lib.AK_OK
        return ffi.unpack(view[0], size[0]) if found else None

    def int_of(field: int) -> int | None:
        return int(number[0]) if lib.ak_error_int(err, field, number) == lib.AK_OK else None

    name = lib.ak_status_name(status)
    code = ffi.string(name).decode() if name else f"AK_E_{status}"
    fields: dict[str, Any] = {
        key: None if text is None else text.decode("utf-8", "replace")
        for key, text in ((key, bytes_of(field)) for key, field in _TEXTS.items())
    }
    retry_after = int_of(lib.AK_ERROR_RETRY_AFTER_MS)
    sent = int_of(lib.AK_ERROR_SENT)
    return CLASSES.get(code, AgentKernelError)(
        fields.pop("message") or code,
        code=code,
        status=int_of(lib.AK_ERROR_HTTP_STATUS),
        exit_code=int_of(lib.AK_ERROR_EXIT_CODE),
        output_bytes=bytes_of(lib.AK_ERROR_OUTPUT),
        retry_after=None if retry_after is None else retry_after / 1000,
        sent=None if sent is None else _SENT.get(sent),
        **fields,
    )
