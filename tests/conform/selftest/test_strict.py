"""agentkernel-local passes everything, however it is reached."""

from __future__ import annotations

import unittest

from ..local import SKIPS
from .programs import Outcome, conform, local_server
from .proxy import proxy

KEY = "conform-self-test-key"


class Strict(unittest.TestCase):
    """--strict, against the real server."""

    def passes(self, outcome: Outcome, *, skips: set[str]) -> None:
        """All is well, no quirk, and these skips only."""
        self.assertEqual(outcome.status, 0, outcome.text + outcome.errors)
        self.assertEqual(outcome.errors, "")
        self.assertEqual((outcome.cases("FAIL"), outcome.cases("QUIRK"), outcome.quirks), (set(), set(), set()))
        self.assertEqual(outcome.cases("SKIP"), skips)
        self.assertGreater(len(outcome.cases("PASS")), 100)
        self.assertIn("last.nothing_is_left", outcome.cases("PASS"))

    def test_tcp_with_key(self) -> None:
        """Over TCP with a key, which is in no output."""
        with local_server(key=KEY) as url:
            outcome = conform(url, "--strict", key=KEY)
            self.passes(outcome, skips=set(SKIPS) - {"errors.wrong_key"})
            self.assertNotIn(KEY, outcome.text)

    def test_unix_socket(self) -> None:
        """Over a Unix socket."""
        with local_server("--unix", "{folder}/socket") as url:
            self.assertTrue(url.startswith("unix:"))
            self.passes(conform(url, "--strict"), skips=set(SKIPS))

    def test_through_proxy(self) -> None:
        """Through the proxy of the other tests, as long as it changes nothing."""
        with local_server(key=KEY) as server, proxy(server) as url:
            self.passes(conform(url, "--strict", key=KEY), skips=set(SKIPS) - {"errors.wrong_key"})

    def test_own_server(self) -> None:
        """A server of the suite's own."""
        self.passes(conform("local:", "--strict"), skips=set(SKIPS))
