"""Sandboxes for the length of a block, of the sync client; they are made of the async ones."""

from .generated.sessions import SandboxSession

__all__ = ["SandboxSession"]
