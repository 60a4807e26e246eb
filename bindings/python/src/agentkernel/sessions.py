"""Sandboxes for the duration of a block, of the sync client; generated from the async ones."""

from .generated.sessions import SandboxSession

__all__ = ["SandboxSession"]
