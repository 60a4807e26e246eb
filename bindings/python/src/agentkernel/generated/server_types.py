# Generated from abi/schema by tools/generate: do not edit.
"""Records about the server itself, loaded when they are used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._records import Members, json_fields


@json_fields()
@dataclass(frozen=True, slots=True)
class ServerStatus(Members):
    """The version and configuration of a server. What the server did not send is None."""

    version: str
    """The version of the server."""
    backend: str | None = None
    """The backend that isolates the sandbox."""
    api_key_configured: bool | None = None
    """Whether the server requires an API key."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class ServerStats(Members):
    """The usage of a server. What the server did not send is None."""

    sandbox_count: int
    """The number of sandboxes."""
    sandbox_limit: int | None = None
    """The maximum number of sandboxes; 0 for no limit."""
    backend: str | None = None
    """The backend that isolates the sandbox."""
    uptime_seconds: int | None = None
    """How long the server has been running, in seconds."""
    version: str | None = None
    """The version of the server."""
    resource_usage: dict[str, Any] | None = None
    """Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""
