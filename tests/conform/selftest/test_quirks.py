"""The full server's quirks, made by the proxy: the suite passes, and names each of them."""

from __future__ import annotations

import unittest
from concurrent.futures import ThreadPoolExecutor

from agentkernel import AgentKernel

from ..local import SKIPS
from ..quirks import Quirk
from .faults import KEY
from .generous import generous_server
from .programs import Outcome, conform, local_server
from .proxy import Reply, Request, Rule, failed, proxy
from .quirky import QUEUE, FastRunInWords, FastStreamInWords, full_server

LACKING = {
    "stats": r"/stats",
    "backends": r"/backends",
    "batch_run": r"/batch/run",
    "logs": r"/sandboxes/[^/]+/logs",
    "detached": r"/sandboxes/[^/]+/exec/detached.*",
    "snapshots": r"/snapshots.*",
}

ALL = conform("local:", "--list").text.split()
WAITING = [{"lifecycle"}, {"ttl", "snapshots"}, {"behaviour", "detached"}]
"""Areas that wait for what such a server never does; so they run side by side."""
PARTS = [*WAITING, {title.split(".")[0] for title in ALL} - set().union(*WAITING)]


class Quirks(unittest.TestCase):
    """Without --strict."""

    def test_all_together(self) -> None:
        """Every quirk of the table but the one that excludes another is seen, and nothing fails."""
        with ThreadPoolExecutor(len(PARTS)) as pool:
            outcomes = list(pool.map(self.of_full_server, PARTS))
        seen = set().union(*(outcome.quirks for outcome in outcomes))
        excluded = {Quirk.FAST_EXIT_CODE_IN_WORDS}
        self.assertEqual(seen, {quirk.title for quirk in Quirk if quirk not in excluded})
        ran = [title for outcome in outcomes for title in outcome.verdicts if not title.startswith("last.")]
        self.assertEqual(sorted(ran), sorted(title for title in ALL if not title.startswith("last.")))

    def of_full_server(self, areas: set[str]) -> Outcome:
        """Runs some areas against what looks like the full server."""
        only = [f"--only={title}" for title in ALL if title.split(".")[0] in areas]
        with local_server() as server, proxy(server, *full_server(), queue=QUEUE, abandon=False) as url:
            outcome = conform(url, *only)
        self.assertEqual(outcome.status, 0, outcome.text + outcome.errors)
        self.assertEqual(outcome.cases("FAIL"), set())
        return outcome

    def test_what_local_cannot_do(self) -> None:
        """A server that can do all: nothing is skipped, and its vault is empty after it."""
        rules = generous_server()
        with local_server(key=KEY) as server, proxy(server, *rules) as url:
            outcome = conform(url, *(f"--only={title}" for title in SKIPS), key=KEY)
            with AgentKernel(url, KEY) as client:
                self.assertEqual(client.request("GET", "/secrets").data, [])
        self.assertEqual(outcome.status, 0, outcome.text + outcome.errors)
        self.assertEqual(outcome.cases("PASS"), {*SKIPS, "last.nothing_is_left"}, outcome.text)

    def test_failures_in_words(self) -> None:
        """The other way in which warm sandboxes lose exit codes."""
        with local_server() as server, proxy(server, FastRunInWords(), FastStreamInWords()) as url:
            outcome = conform(url, "--only", "run*.fast*")
        self.assertEqual(outcome.status, 0, outcome.text + outcome.errors)
        self.assertIn(Quirk.FAST_EXIT_CODE_IN_WORDS.title, outcome.quirks)
        self.assertEqual(outcome.cases("QUIRK") & {"run_stream.fast"}, {"run_stream.fast"})

    def test_strict_fails(self) -> None:
        """With --strict a quirk is a failure, and so is a skip that is not accounted for."""
        with local_server() as server, proxy(server, FastRunInWords(), missing("/stats")) as url:
            outcome = conform(url, "--strict", "--only", "run.fast_exit_code", "--only", "discovery.*")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.cases("FAIL"), {"run.fast_exit_code", "discovery.stats"})

    def test_routes_that_are_missing(self) -> None:
        """What is not there is skipped, and the report says why."""
        with local_server() as server, proxy(server, *(missing(path) for path in LACKING.values())) as url:
            outcome = conform(url)
        self.assertEqual(outcome.status, 0, outcome.text + outcome.errors)
        for area, case in (("stats", "discovery.stats"), ("backends", "discovery.backends"), ("logs", "logs.entries")):
            self.assertIn("404 Not found", outcome.verdicts[case][1], area)
        skipped = {title.split(".")[0] for title in outcome.cases("SKIP")}
        self.assertLessEqual({"batch", "logs", "detached", "snapshots"}, skipped)
        for route in ("GET /stats", "GET /backends", "POST /batch/run", "GET /snapshots"):
            self.assertIn(f"cannot: {route}: 404 Not found", outcome.text)


def missing(pattern: str) -> Rule:
    """A route that the server does not have."""

    class Missing(Rule):
        method = ".*"
        path = pattern

        def ask(self, request: Request) -> Request | Reply:
            return failed(404, "Not found")

    return Missing()
