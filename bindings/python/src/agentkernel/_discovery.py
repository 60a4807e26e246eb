"""The backends of a server, exported by types.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._records import Members, json_fields
from .raw.records import data, parsed, text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BackendCapabilities:
    """What a backend supports. Members that the server did not send are None."""

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
    """A backend, which isolates sandboxes. Members that the server did not send are None."""

    backend: str | None = None
    """Its name."""
    configured: bool | None = None
    usable: bool | None = None
    readiness_reason: str | None = None
    """Why it is usable, or is not."""
    capabilities: BackendCapabilities = field(default_factory=BackendCapabilities)
    extra: dict[str, Any] = field(default_factory=dict)
    """Members that this class does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class BackendDiscovery(Members):
    """The backends of a server."""

    default_backend: str | None = None
    """The backend of sandboxes that do not name one."""
    backends: list[BackendDescriptor] = field(default_factory=list)
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""


def discovery_of(default_backend: Any, backends: Any, raw: Any) -> BackendDiscovery:
    """The record with these values of its fields."""
    entries = parsed(backends)
    found = [_backend_of(entry) for entry in entries] if isinstance(entries, list) else []
    return BackendDiscovery(text(default_backend), found, data(raw) or b"")


def _backend_of(value: object) -> BackendDescriptor:
    members = value if isinstance(value, dict) else {}
    capabilities = _known(BackendCapabilities, members.get("capabilities"))
    return _known(BackendDescriptor, {**members, "capabilities": capabilities})


def _known(kind: Callable[..., T], value: object) -> T:
    """An object of a type from JSON; members that the type does not know become its extra."""
    members = value if isinstance(value, dict) else {}
    names = {name for name in getattr(kind, "__dataclass_fields__", {}) if name != "extra"}
    known = {name: entry for name, entry in members.items() if name in names}
    return kind(**known, extra={name: entry for name, entry in members.items() if name not in names})
