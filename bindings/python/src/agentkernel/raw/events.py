"""Sets up events.c, which makes the events of streams."""

from __future__ import annotations

from typing import Any

from .. import _events
from .._native import ffi, lib
from .handles import address_of
from .operation import Operation
from .records import decoded, parse_json


def _payload(raw: bytes, parsed: bool, kind: str, data: bytes | None) -> dict[str, Any]:
    """An event's payload, when events.c leaves it to Python's own parser."""
    text = decoded(raw)
    try:
        payload: dict[str, Any] = parse_json(text) if parsed else {"raw": text}
    except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python supports
        return {"raw": text}
    if data is not None and kind == "output" and "data" not in payload:  # some servers name it otherwise
        payload["data"] = decoded(data)
    return payload


def set_up(operation: Operation[Any], event: type) -> None:
    """Passes the parts of events to events.c; once, before the first event."""
    _events.set_up(
        event,
        _payload,
        operation.fields,
        address_of(ffi.addressof(lib, "ak_call_step")),
        address_of(ffi.addressof(lib, "ak_call_values")),
    )
