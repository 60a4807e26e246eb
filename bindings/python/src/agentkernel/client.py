"""The sync client, generated from the async one."""

from ._sync_base import OutputFile as OutputFile
from .generated.client import AgentKernel
from .generated.stream import RunStream

__all__ = ["AgentKernel", "RunStream"]
