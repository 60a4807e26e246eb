"""Run commands in isolated sandboxes.

A client of agentkernel, sync and async, on the C library libagentkernel::

    from agentkernel import AgentKernel

    with AgentKernel() as client:
        print(client.run(["echo", "hello"]).output)
"""

from typing import TYPE_CHECKING

from .client import AgentKernel, RunStream
from .errors import (
    AgentKernelError,
    AuthError,
    CallCancelledError,
    CallTimeoutError,
    CommandError,
    ConflictError,
    DescriptorsError,
    ForbiddenError,
    ForkedError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    QuotaError,
    ServerError,
    StreamError,
    TooLargeError,
    UnprocessableError,
    ValidationError,
)
from .types import RunOutput, SandboxInfo, SecurityProfile, StreamEvent

if TYPE_CHECKING:
    from .async_client import AsyncAgentKernel, AsyncRunStream
    from .sessions import AsyncSandboxSession, SandboxSession

__all__ = [
    "AgentKernel",
    "AgentKernelError",
    "AsyncAgentKernel",
    "AsyncRunStream",
    "AsyncSandboxSession",
    "AuthError",
    "CallCancelledError",
    "CallTimeoutError",
    "CommandError",
    "ConflictError",
    "DescriptorsError",
    "ForbiddenError",
    "ForkedError",
    "NetworkError",
    "NotFoundError",
    "ProtocolError",
    "QuotaError",
    "RunOutput",
    "RunStream",
    "SandboxInfo",
    "SandboxSession",
    "SecurityProfile",
    "ServerError",
    "StreamError",
    "StreamEvent",
    "TooLargeError",
    "UnprocessableError",
    "ValidationError",
]

# Loaded when they are used, so that a program pays only for what it needs.
_LATER = {
    "AsyncAgentKernel": "async_client",
    "AsyncRunStream": "async_client",
    "AsyncSandboxSession": "sessions",
    "SandboxSession": "sessions",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
