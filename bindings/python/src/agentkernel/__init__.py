"""Run commands in isolated sandboxes.

A client of agentkernel, sync and async, on the C library libagentkernel::

    from agentkernel import AgentKernel

    with AgentKernel() as client:
        print(client.run(["echo", "hello"]).output)
"""

from typing import TYPE_CHECKING

from ._sync_detached import DetachedHandle
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
from .types import (
    BatchFileWriteResponse,
    BatchResult,
    BatchRunResponse,
    DetachedCommand,
    DetachedLogsResponse,
    FileReadResponse,
    LogEntry,
    Reply,
    RunOutput,
    SandboxInfo,
    SecurityProfile,
    SnapshotMeta,
    StreamEvent,
)

if TYPE_CHECKING:
    from ._async_detached import AsyncDetachedHandle
    from ._async_files import AsyncFileReader
    from ._discovery import BackendCapabilities, BackendDescriptor, BackendDiscovery, ServerStats, ServerStatus
    from .async_client import AsyncAgentKernel, AsyncRunStream
    from .async_sessions import AsyncSandboxSession
    from .sessions import SandboxSession

__all__ = [
    "AgentKernel",
    "AgentKernelError",
    "AsyncAgentKernel",
    "AsyncDetachedHandle",
    "AsyncFileReader",
    "AsyncRunStream",
    "AsyncSandboxSession",
    "AuthError",
    "BackendCapabilities",
    "BackendDescriptor",
    "BackendDiscovery",
    "BatchFileWriteResponse",
    "BatchResult",
    "BatchRunResponse",
    "CallCancelledError",
    "CallTimeoutError",
    "CommandError",
    "ConflictError",
    "DescriptorsError",
    "DetachedCommand",
    "DetachedHandle",
    "DetachedLogsResponse",
    "FileReadResponse",
    "ForbiddenError",
    "ForkedError",
    "LogEntry",
    "NetworkError",
    "NotFoundError",
    "ProtocolError",
    "QuotaError",
    "Reply",
    "RunOutput",
    "RunStream",
    "SandboxInfo",
    "SandboxSession",
    "SecurityProfile",
    "ServerError",
    "ServerStats",
    "ServerStatus",
    "SnapshotMeta",
    "StreamError",
    "StreamEvent",
    "TooLargeError",
    "UnprocessableError",
    "ValidationError",
]

# Loaded when they are used, so that a program pays only for what it needs.
_LATER = {
    "AsyncDetachedHandle": "_async_detached",
    "AsyncFileReader": "_async_files",
    "AsyncAgentKernel": "async_client",
    "AsyncRunStream": "async_client",
    "AsyncSandboxSession": "async_sessions",
    "BackendCapabilities": "_discovery",
    "BackendDescriptor": "_discovery",
    "BackendDiscovery": "_discovery",
    "SandboxSession": "sessions",
    "ServerStats": "_discovery",
    "ServerStatus": "_discovery",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
