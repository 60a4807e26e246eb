"""Errors. All of them are `AgentKernelError`; each kind that can be told apart has a class of its own."""

from ._error import AgentKernelError
from .generated import errors
from .generated.errors import *  # noqa: F403 - it says what it exports

__all__ = ["AgentKernelError"]
__all__ += errors.__all__

# Tracebacks show where users import them from.
for _each in (AgentKernelError, *errors.CLASSES.values()):
    _each.__module__ = __name__
