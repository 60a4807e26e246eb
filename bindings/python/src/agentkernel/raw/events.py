"""Events of streams, which events.c makes: it is told here what they are made of."""

from __future__ import annotations

from typing import Any

from .. import _events
from .._native import ffi, lib
from .handles import address_of
from .operation import Operation
from .records import decoded, parse_json


def _payload(raw: bytes, parsed: bool, kind: str, data: bytes | None) -> dict[str, Any]:
    """An event's payload, where events.c leaves it to Python's own parser."""
    text = decoded(raw)
    try:
        payload: dict[str, Any] = parse_json(text) if parsed else {"raw": text}
    except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python takes
        return {"raw": text}
    if data is not None and kind == "output" and "data" not in payload:  # some servers have another name for it
        payload["data"] = decoded(data)
    return payload


def set_up(operation: Operation[Any], event: type) -> None:
    """Tells events.c what events are made of; once, before the first."""
    _events.set_up(
        event,
        _payload,
        operation.fields,
        address_of(ffi.addressof(lib, "ak_call_step")),
        address_of(ffi.addressof(lib, "ak_call_values")),
    )
