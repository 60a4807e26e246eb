"""What cases are made of: unittest, with a server, quirks, and names that are removed."""

from __future__ import annotations

import contextlib
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from agentkernel import AgentKernel, AgentKernelError, NotFoundError, SandboxSession

from .abilities import LACKING, says_unsupported
from .quirks import Quirk
from .world import World

T = TypeVar("T")
Case = TypeVar("Case", bound=Callable[..., None])

SHORT = 15.0
"""Seconds that are given to what should happen within one."""


def needs(*abilities: str) -> Callable[[Case], Case]:
    """Marks a case that is skipped when the server lacks a route (abilities.py has their names)."""

    def mark(case: Case) -> Case:
        case.__dict__["needs"] = abilities
        return case

    return mark


class Area(unittest.TestCase):
    """Cases about one thing."""

    world: ClassVar[World]
    maxDiff = 2000

    def __init__(self, method: str = "runTest") -> None:
        super().__init__(method)
        self.quirks: list[Quirk] = []
        self.title = f"{type(self).__module__.rsplit('.', 1)[-1]}.{method.removeprefix('test_')}"

    def setUp(self) -> None:
        """Skips what the server cannot do."""
        for ability in getattr(getattr(self, self._testMethodName), "needs", ()):
            if not self.world.can(ability):
                self.skipTest(str(self.world.abilities[ability]))

    @property
    def client(self) -> AgentKernel:
        """A client of the server."""
        return self.world.client

    @property
    def shared(self) -> SandboxSession:
        """A running sandbox that all cases share: leave nothing in it but files with names of your own."""
        return self.world.shared()

    def sandbox(self, **options: Any) -> SandboxSession:
        """A running sandbox for this case alone."""
        session = self.client.sandbox(self.sandbox_name(), **options)
        with self.supported():
            session.__enter__()
        return session

    def sandbox_name(self) -> str:
        """A name for a sandbox that the case makes; it is removed after the case."""
        name = self.world.name()
        self.addCleanup(self._remove, self.client.remove_sandbox, name)
        return name

    def snapshot_name(self) -> str:
        """The same for a snapshot."""
        name = self.world.name()
        self.addCleanup(self._remove, self.client.delete_snapshot, name)
        return name

    def _remove(self, remove: Callable[[str], None], name: str) -> None:
        with contextlib.suppress(NotFoundError):
            remove(name)
        self.world.forget(name)

    def path(self, name: str = "file") -> str:
        """A path in a folder of the shared sandbox that only this case has."""
        return f"/tmp/{self.title.replace('.', '-')}/{name}"

    def quirk(self, quirk: Quirk) -> None:
        """Notes a deviation that is known and put up with."""
        if quirk not in self.quirks:
            self.quirks.append(quirk)

    def expect(self, found: T, wanted: T, quirk: Quirk | None = None, tolerated: T | None = None) -> None:
        """Compares; one other value may be a quirk."""
        if quirk is not None and found != wanted and found == tolerated:
            self.quirk(quirk)
        else:
            self.assertEqual(found, wanted)

    @contextlib.contextmanager
    def supported(self) -> Iterator[None]:
        """Skips the case when the server says that it cannot do this."""
        try:
            yield
        except AgentKernelError as error:
            text = error.server_text or ""
            unknown = error.status == 404 and text == "Not found"
            if error.status in LACKING or unknown or says_unsupported(text):
                self.skipTest(f"{error.operation}: {error.status} {text}")
            raise

    def eventually(self, condition: Callable[[], bool], seconds: float = SHORT) -> bool:
        """Whether a condition comes true in time."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def refused(self, call: Callable[[], object]) -> AgentKernelError:
        """The error of a call that must fail, however the server says so."""
        with self.assertRaises(AgentKernelError) as raised:
            call()
        return raised.exception
