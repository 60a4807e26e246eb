"""Values passed to the library: parameters of calls, and settings of clients."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from .._native import ffi, lib


def milliseconds(seconds: float) -> int:
    """A timeout for the library. Infinity is none; a negative one stays negative, for the library to refuse."""
    if seconds == math.inf:
        return lib.AK_TIMEOUT_NONE
    if not seconds >= 0:
        return lib.AK_TIMEOUT_NONE - 1
    return min(math.ceil(seconds * 1000), 2**62)


def text_of(name: str, value: object) -> bytes:
    """A text for the library, which checks it, and refuses half a surrogate pair."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value.encode("utf-8", "surrogatepass")


def int_of(name: str, value: object) -> int:
    """An integer for the library."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    # A number beyond 64 bits is as invalid as the largest one, and the library's message says why.
    return max(-(2**63), min(value, 2**63 - 1))


class Parameter:
    """One parameter of an operation: its name in Python, its key and type in the library."""

    def __init__(self, operation: int, key: int) -> None:
        self.key = key
        self.type = lib.ak_parameter_type(operation, key)
        name = ffi.string(lib.ak_key_name(key)).decode()
        self.is_timeout = name.endswith("timeout_ms")
        self.name = name[: -len("_ms")] if self.is_timeout else name
        if name == "total_timeout_ms":  # bounds a whole stream, as timeout bounds any other call
            self.name = "timeout"

    def bind(self, call: Any, value: object, err: Any) -> int:
        """Binds the value to a call."""
        if self.is_timeout:
            if not isinstance(value, int | float):
                raise TypeError(f"{self.name} must be seconds, not {type(value).__name__}")
            return lib.ak_call_set_int(call, self.key, milliseconds(value), err)
        if self.type == lib.AK_TYPE_TEXT:
            text = text_of(self.name, value)
            return lib.ak_call_set_text(call, self.key, text, len(text), err)
        if self.type == lib.AK_TYPE_INT:
            return lib.ak_call_set_int(call, self.key, int_of(self.name, value), err)
        if self.type == lib.AK_TYPE_BOOL:
            if not isinstance(value, bool):
                raise TypeError(f"{self.name} must be a bool, not {type(value).__name__}")
            return lib.ak_call_set_int(call, self.key, value, err)
        if self.type == lib.AK_TYPE_BYTES:
            with ffi.from_buffer("char[]", value) as octets:
                return lib.ak_call_set_text(call, self.key, octets, len(octets), err)
        if self.type == lib.AK_TYPE_JSON:
            text = json.dumps(value, allow_nan=False).encode()
            return lib.ak_call_set_text(call, self.key, text, len(text), err)
        if self.type == lib.AK_TYPE_MAP:
            return self._bind_map(call, value, err)
        if self.type == lib.AK_TYPE_LISTS:
            return self._bind_lists(call, value, err)
        return self._bind_entries(call, value, err)

    def _bind_entries(self, call: Any, value: object, err: Any, name: str = "") -> int:
        status = lib.AK_OK
        if isinstance(value, Mapping):  # an alternative to NAME=VALUE
            return self._put_entries(call, value, err)
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            hint = ' (["sh", "-c", "..."] runs a command line)' if self.name.startswith("command") else ""
            raise TypeError(f"{name or self.name} must be a list of str, not {type(value).__name__}{hint}")
        for entry in value:
            text = text_of(f"each entry of {self.name}", entry)
            status = lib.ak_call_add_text(call, self.key, text, len(text), err)
            if status < 0:
                break
        return status

    def _bind_map(self, call: Any, value: object, err: Any) -> int:
        if not isinstance(value, Mapping):
            raise TypeError(f"{self.name} must be a mapping of str to str, not {type(value).__name__}")
        # Set even if empty: empty labels remove existing ones, absent ones do not.
        status = lib.ak_call_set_text(call, self.key, b"", 0, err)
        return self._put_entries(call, value, err) if value else status

    def _put_entries(self, call: Any, value: Mapping[object, object], err: Any) -> int:
        status = lib.AK_OK
        for name, entry in value.items():
            first, second = text_of(self.name, name), text_of(self.name, entry)
            status = lib.ak_call_put_text(call, self.key, first, len(first), second, len(second), err)
            if status < 0:
                break
        return status

    def _bind_lists(self, call: Any, value: object, err: Any) -> int:
        status = lib.AK_OK
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError(f"{self.name} must be a list of lists of str, not {type(value).__name__}")
        for entries in value:
            status = lib.ak_call_add_list(call, self.key, err)
            if status >= 0:
                status = self._bind_entries(call, entries, err, f"each entry of {self.name}")
            if status < 0:
                break
        return status
