"""However a run ends, nothing of it is left on the server."""

from __future__ import annotations

import signal
import subprocess
import time
import unittest

from agentkernel import AgentKernel

from .programs import PATIENCE, command, conform, environment, local_server


class Ending(unittest.TestCase):
    """Signals, and servers that are not there."""

    def ends(self, number: signal.Signals) -> None:
        """A signal in the middle of the run, and more of them while it removes what it made."""
        with local_server() as url, AgentKernel(url) as client:
            client.create_sandbox("somebody-elses")
            with subprocess.Popen(
                command(url), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as process:
                until = time.monotonic() + PATIENCE
                while len(client.list_sandboxes()) < 2:
                    self.assertLess(time.monotonic(), until, "no sandbox was made")
                    time.sleep(0.01)
                for _ in range(5):
                    process.send_signal(number)
                    time.sleep(0.005)
                _, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 130, errors)
            self.assertIn("interrupted", errors)
            self.assertNotIn("Traceback", errors)
            self.assertEqual([sandbox.name for sandbox in client.list_sandboxes()], ["somebody-elses"])
            self.assertEqual(client.list_snapshots(), [])

    def test_interrupt(self) -> None:
        """Ctrl-C."""
        self.ends(signal.SIGINT)

    def test_terminate(self) -> None:
        """SIGTERM."""
        self.ends(signal.SIGTERM)

    def test_nobody_there(self) -> None:
        """No server: exit status 2, and why."""
        outcome = conform("http://127.0.0.1:1", "--only", "discovery.health")
        self.assertEqual(outcome.status, 2)
        self.assertIn("cannot begin", outcome.errors)
        self.assertNotIn("left behind", outcome.errors)

    def test_wrong_key(self) -> None:
        """A key that the server does not take: likewise."""
        with local_server(key="the-right-one") as url:
            outcome = conform(url, key="the-wrong-one")
        self.assertEqual(outcome.status, 2)
        self.assertIn("401", outcome.errors)
        self.assertNotIn("the-wrong-one", outcome.errors)
        self.assertNotIn("left behind", outcome.errors)

    def test_list_and_only(self) -> None:
        """Cases are listed and chosen by their names; one that nobody has is refused."""
        listed = conform("local:", "--list").text.split()
        self.assertIn("files.odd_names", listed)
        self.assertEqual(
            conform("local:", "--list", "--only", "ttl.ex*").text.split()[:2], ["ttl.extend", "ttl.expiry"]
        )
        self.assertEqual(conform("local:", "--only", "no.such").status, 2)
