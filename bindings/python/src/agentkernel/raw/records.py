"""Fields of records: ak_value as values of Python.

Everything is copied, because values are valid only until the call's next step. Absent and null are None.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .._native import ffi, lib
from .handles import NULL, error_of

_NULL_TYPE = lib.AK_TYPE_NULL  # absent and null come first, and have no data
_unpack = ffi.unpack
_decode_json = json.JSONDecoder().raw_decode


def decoded(octets: bytes) -> str:
    """Bytes as text; those that are not UTF-8 are replaced."""
    return octets.decode("utf-8", "replace")


def data(value: Any) -> bytes | None:
    """A field that is text, bytes or raw JSON."""
    return None if value.type <= _NULL_TYPE else _unpack(value.data, value.size)


def text(value: Any) -> str | None:
    """The same as text."""
    return None if value.type <= _NULL_TYPE else decoded(_unpack(value.data, value.size))


def number(value: Any) -> int | None:
    """A field that is an integer."""
    return None if value.type <= _NULL_TYPE else value.integer


def flag(value: Any) -> bool | None:
    """A field that is a bool."""
    return None if value.type <= _NULL_TYPE else bool(value.integer)


def parsed(value: Any) -> Any:
    """A field of any JSON, parsed by Python's own parser."""
    found = text(value)
    try:
        return None if found is None else parse_json(found)
    except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python supports; raw still has it
        return None


def texts(value: Any, call: Any) -> tuple[str | None, ...] | None:
    """A field that is a list of text."""
    return None if value.type <= _NULL_TYPE else tuple(_entries(value, call, lib.ak_call_view_at))


def mapping(value: Any, call: Any) -> dict[str, str | None] | None:
    """A field that is a map of text to text."""
    if value.type <= _NULL_TYPE:
        return None
    names = _entries(value, call, lib.ak_call_key_at)
    return dict(zip(map(str, names), _entries(value, call, lib.ak_call_view_at), strict=True))


def _entries(value: Any, call: Any, entry_at: Callable[..., int]) -> list[str | None]:
    view = ffi.new("const char **")
    size = ffi.new("size_t *")
    entries: list[str | None] = []
    for index in range(value.integer):
        status = entry_at(call.handle, value.key, index, view, size, NULL)
        if status < 0:
            raise error_of(status, NULL)
        entries.append(decoded(_unpack(view[0], size[0])) if status == lib.AK_OK else None)
    return entries


def parse_json(text: str) -> Any:
    """Arbitrary JSON, which the library has checked.

    Half a surrogate pair becomes U+FFFD, so that it can be printed.
    """
    value = _decode_json(text if text[0] in "{[" else text.lstrip(" \t\r\n"))[0]
    return _whole(value) if "\\u" in text else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(entry) for name, entry in value.items()}
    return value
