"""Each fault of the table is found, by the case that is there for it."""

from __future__ import annotations

import unittest

from agentkernel import AgentKernel

from .faults import FAULTS, KEY, Fault
from .programs import conform, local_server
from .proxy import proxy


class FaultIsFound(unittest.TestCase):
    """One row."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault

    def __str__(self) -> str:
        return f"fault: {self.fault.name}"

    def runTest(self) -> None:
        """The suite fails, names the case, and removes what the faulty server kept."""
        only = self.fault.finds
        with local_server(key=KEY) as server, proxy(server, self.fault) as url:
            outcome = conform(url, "--only", only if not only.startswith("last.") else "sessions.*", key=KEY)
            with AgentKernel(server, KEY) as client:
                left = [sandbox.name for sandbox in client.list_sandboxes()]
                left += [snapshot.name for snapshot in client.list_snapshots()]
        self.assertEqual(outcome.status, 1, outcome.text + outcome.errors)
        self.assertIn(only, outcome.cases("FAIL"), outcome.text)
        self.assertIn(only, outcome.text.splitlines()[-1])
        self.assertEqual([name for name in left if name.startswith("conform-")], [])


def load_tests(_loader: unittest.TestLoader, _tests: unittest.TestSuite, _pattern: str | None) -> unittest.TestSuite:
    """A test for each row."""
    return unittest.TestSuite(FaultIsFound(fault) for fault in FAULTS)
