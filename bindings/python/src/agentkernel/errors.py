"""Errors. All of them are `AgentKernelError`; each kind has a class of its own."""

from ._error import AgentKernelError
from .generated import errors
from .generated.errors import *  # noqa: F403 - it has __all__

__all__ = ["AgentKernelError"]
__all__ += errors.__all__

# Tracebacks show the module that users import them from.
for _each in (AgentKernelError, *errors.CLASSES.values()):
    _each.__module__ = __name__
