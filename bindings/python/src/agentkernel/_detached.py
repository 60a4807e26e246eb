"""Polling with growing pauses, until a deadline."""

from __future__ import annotations

import time

from .errors import CallTimeoutError

_FIRST_SECONDS = 0.05
_LONGEST_SECONDS = 2.0
_GROWTH = 1.5

_POLL_SECONDS = (1.0, 30.0)
"""The least and the longest timeout of a single poll, however much time is left."""


class Polling:
    """When to poll for the end of a detached command."""

    def __init__(self, timeout: float | None) -> None:
        if timeout is not None and not timeout >= 0:
            raise ValueError("timeout must not be negative")
        self._timeout = timeout
        self._until = None if timeout is None else time.monotonic() + timeout
        self._next = _FIRST_SECONDS

    def bound(self) -> float | None:
        """Seconds for the next poll; None when only the client's own deadline bounds it."""
        if self._until is None:
            return None
        least, most = _POLL_SECONDS
        return min(max(self._until - time.monotonic(), least), most)

    def pause(self) -> float:
        """Seconds to wait before the next poll; raises CallTimeoutError when no time is left."""
        left = None if self._until is None else self._until - time.monotonic()
        if left is not None and left <= 0:
            raise CallTimeoutError(
                f"the detached command still runs after {self._timeout:g} s",
                code="AK_E_TIMEOUT",
                operation="detached_status",
                sent="answered",
            )
        pause = self._next if left is None else min(self._next, left)
        self._next = min(self._next * _GROWTH, _LONGEST_SECONDS)
        return pause
