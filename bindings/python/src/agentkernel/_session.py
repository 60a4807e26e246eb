"""Shared by sync and async sessions: the name, the arguments of create, and whether the sandbox exists.

A create without a reply, because it was interrupted, cancelled or timed out, may still have created a sandbox: it is
looked up by its name, and removed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from ._base import OfThisProcess
from .errors import AgentKernelError
from .types import SandboxInfo

REMOVE_SECONDS = 30.0
"""The timeout in seconds of the removal when a block is left; a cancelled task waits no longer than that."""

LOOK_UP_PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)
"""A server may finish a create after the client has given up: look again after these seconds."""

_CLOCK_SECONDS = 60.0
"""How far the server's clock may be behind the local one. An older sandbox was not created by this call."""

_GATEWAY_STATUSES = (502, 504)
"""A proxy gave up waiting; the server behind it may not have."""

F = TypeVar("F", bound=Callable[..., Any])


def signature_of(call: F, method: Callable[..., Any]) -> F:
    """Gives a session's method its signature: the client method's, without the sandbox's name."""
    signature = inspect.signature(method)
    itself, _, *others = signature.parameters.values()
    call.__signature__ = signature.replace(parameters=[itself, *others])  # type: ignore[attr-defined]
    return call


class Session(OfThisProcess):
    """The base of both sessions: the name, the arguments of create, and whether the sandbox exists."""

    _instead = "pass on its name, and make a client in each process"

    def __init__(self, name: str, options: dict[str, object]) -> None:
        self.name = name
        self.sandbox: SandboxInfo | None = None
        """The sandbox as it was created."""
        self._arguments: dict[str, object] = {"name": name, **options}
        self._started = 0.0
        self._removed = False

    def __repr__(self) -> str:
        state = "removed" if self._removed else "new" if self.sandbox is None else self.sandbox.status
        return f"<{type(self).__name__} {self.name!r} {state}>"

    def _needs_create(self) -> bool:
        if self._removed:
            raise AgentKernelError(f"the sandbox {self.name!r} was removed", code="AK_E_STATE")
        return self.sandbox is None

    def _is_ours(self, found: SandboxInfo) -> bool:
        created = _seconds(found.created_at)
        return created is None or created >= self._started - _CLOCK_SECONDS


def may_exist(failure: BaseException) -> bool:
    """Whether a create that failed like this may have created a sandbox."""
    if not isinstance(failure, AgentKernelError):
        return True  # an interrupt or a cancellation, at any point
    if failure.sent == "nothing":
        return False
    return failure.status is None or failure.status < 300 or failure.status in _GATEWAY_STATUSES


def _seconds(text: str | None) -> float | None:
    """Seconds since 1970 of a time in RFC 3339 format; None if it is not one."""
    from datetime import datetime

    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", text or "")
    if match is None:
        return None
    try:
        zone = "+00:00" if match[3] in "Zz" else match[3]
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").timestamp()
    except (ValueError, OverflowError):
        return None


def add_note_of_removal(failure: BaseException, name: str, removal: AgentKernelError) -> None:
    """Adds a failed removal to the exception that is already being raised."""
    if hasattr(failure, "add_note"):
        failure.add_note(f"The sandbox {name!r} could not be removed: {removal}")
    elif failure.__context__ is None:  # Python 3.10
        failure.__context__ = removal
