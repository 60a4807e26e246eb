"""What operations answer that are about the server itself; types.py has them, too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .types import unknown_members


@dataclass(frozen=True, slots=True)
class BackendCapabilities:
    """What a backend can do. What the server did not tell is None."""

    mount_cwd: bool | None = None
    mount_home: bool | None = None
    attach: bool | None = None
    host_volumes: bool | None = None
    ssh: bool | None = None
    proxy_secret_bindings: bool | None = None
    secret_files: bool | None = None
    snapshots: bool | None = None
    resume: bool | None = None
    full_state_pause_resume: bool | None = None
    full_state_fork: bool | None = None
    endpoints: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """Members that this class does not know."""


@dataclass(frozen=True, slots=True)
class BackendDescriptor:
    """One backend: what isolates sandboxes. What the server did not tell is None."""

    backend: str | None = None
    """Its name."""
    configured: bool | None = None
    usable: bool | None = None
    readiness_reason: str | None = None
    """Why it is usable, or is not."""
    capabilities: BackendCapabilities = field(default_factory=BackendCapabilities)
    extra: dict[str, Any] = field(default_factory=dict)
    """Members that this class does not know."""


@dataclass(frozen=True, slots=True)
class BackendDiscovery:
    """What the server can isolate sandboxes with."""

    default_backend: str | None = None
    """What a sandbox gets that asks for none."""
    backends: list[BackendDescriptor] = field(default_factory=list)
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The server itself."""

    version: str
    backend: str | None = None
    api_key_configured: bool | None = None
    """Whether it wants a key."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class ServerStats:
    """How much of the server is in use. What it did not tell is None."""

    sandbox_count: int
    sandbox_limit: int | None = None
    """How many sandboxes there may be; 0 is no limit."""
    backend: str | None = None
    uptime_seconds: int | None = None
    version: str | None = None
    resource_usage: dict[str, Any] | None = None
    """cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)
