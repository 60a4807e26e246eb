"""Which server: the one of a URL, or one of this process's own."""

from __future__ import annotations

from agentkernel import AgentKernel, AgentKernelError, ServerStatus

from .abilities import Ability
from .world import World


def describe(world: World) -> str:
    """What server it is, in one line."""
    status = _ask_status(world.client)
    if status is None:
        return f"a server at {world.url}"
    wants = "wants a key" if status.api_key_configured else "wants no key"
    return f"agentkernel {status.version} at {world.url}, backend {status.backend}, {wants}"


def _ask_status(client: AgentKernel) -> ServerStatus | None:
    try:
        return client.get_status()
    except AgentKernelError:
        return None


def backends(world: World) -> str:
    """Its backends, in one line."""
    if not world.can("backends"):
        return "backends: not told"
    found = world.client.get_backends()
    usable = [str(entry.backend) for entry in found.backends if entry.usable]
    others = [str(entry.backend) for entry in found.backends if not entry.usable]
    return f"backends: {', '.join(usable) or 'none'} usable; not {', '.join(others) or 'any other'}"


def missing(abilities: dict[str, Ability]) -> list[Ability]:
    """What it cannot do."""
    return [ability for ability in abilities.values() if not ability.there]
