"""Sandboxes of snapshots, for both clients."""

from __future__ import annotations

from ._async_base import AsyncBase
from .generated.operations import GET_SANDBOX, START_SANDBOX
from .types import SandboxInfo


async def started(
    client: AsyncBase,
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
    await client._records(START_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)
    return await client._one(GET_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)
