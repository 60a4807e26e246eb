# Generated from _async_snapshots.py by tools/generate: do not edit.
"""Sandboxes of snapshots, for both clients."""

from __future__ import annotations

from .._sync_base import SyncBase
from ..types import SandboxInfo
from .operations import GET_SANDBOX, START_SANDBOX


def started(
    client: SyncBase,
    restored: SandboxInfo,
    *,
    start: bool | None,
    timeout: float | None,
    connect_timeout: float | None,
) -> SandboxInfo:
    """Starts a restored sandbox if that was requested and the server did not."""
    if not start or restored.status != "stopped":
        return restored
    name = restored.name
    client._records(START_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)
    return client._one(GET_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)
