"""Readers of the records whose types are written by hand: see types.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _events
from .raw.records import data, number, text
from .types import FileReadResponse, Reply, StreamEvent

if TYPE_CHECKING:
    from ._call import Call
    from ._discovery import BackendDiscovery


def read_stream_event(_values: Any, call: Call[Any]) -> StreamEvent:
    """Reads an event, by events.c."""
    return _events.current_event(call.address)


def read_file_content(values: Any, _call: Call[Any]) -> FileReadResponse:
    """Reads a file, without its JSON, which would contain the content again."""
    return FileReadResponse(data(values[0]) or b"", text(values[1]), number(values[2]))


def read_backends(values: Any, _call: Call[Any]) -> BackendDiscovery:
    """Reads the backends, whose types few programs need."""
    from ._discovery import discovery_of

    return discovery_of(values[0], values[1], values[2])


def read_reply(values: Any, _call: Call[Any]) -> Reply:
    """Reads a reply to any request."""
    content, raw = data(values[2]) or b"", data(values[3])
    # The two are the same text, except for white space around it.
    shared = content if raw is not None and len(raw) == len(content) else raw
    return Reply(number(values[0]) or 0, text(values[1]), content, shared)
