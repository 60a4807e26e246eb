"""What sync and async sessions share: the name, how to create it, and whether it is there.

A create whose answer never came, because it was interrupted, cancelled or timed out, may have made a sandbox all the
same: it is looked up by its name, and removed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import AgentKernelError
from .types import SandboxInfo

REMOVE_SECONDS = 30.0
"""Seconds that removing may take when a block is left; a cancelled task waits no longer than that."""

LOOK_UP_PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)
"""A server that was left alone in the middle of a create may still finish it: look again after these seconds."""

_CLOCK_SECONDS = 60.0
"""How far the server's clock may be behind ours. An older sandbox was not created by this call."""

_GATEWAY_STATUSES = (502, 504)
"""A proxy gave up waiting; the server behind it may not have."""

F = TypeVar("F", bound=Callable[..., Any])


def signature_of(call: F, method: Callable[..., Any]) -> F:
    """Lets a session's method be seen as it is called: as the client's, without the sandbox's name."""
    signature = inspect.signature(method)
    itself, _, *others = signature.parameters.values()
    call.__signature__ = signature.replace(parameters=[itself, *others])  # type: ignore[attr-defined]
    return call


class Session:
    """What both sessions know: the name, how to create it, and whether it is there."""

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
    """Whether a create that failed so may have made a sandbox."""
    if not isinstance(failure, AgentKernelError):
        return True  # an interrupt or a cancellation, at any point
    if failure.sent == "nothing":
        return False
    return failure.status is None or failure.status < 300 or failure.status in _GATEWAY_STATUSES


def _seconds(text: str | None) -> float | None:
    """A time of RFC 3339 since 1970; None when it is none."""
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
    """Tells of a failed removal on the exception that is already on its way."""
    if hasattr(failure, "add_note"):
        failure.add_note(f"The sandbox {name!r} could not be removed: {removal}")
    elif failure.__context__ is None:  # Python 3.10
        failure.__context__ = removal
