"""Several commands side by side."""

from __future__ import annotations

from agentkernel import BatchResult

from ..area import Area, needs
from ..quirks import Quirk


class Batch(Area):
    """batch_run."""

    def wrote(self, result: BatchResult, wanted: str) -> None:
        """Compares what a command of a batch wrote."""
        self.assertIsNone(result.error)
        self.expect(result.output or "", wanted, Quirk.FAST_OUTPUT_TRIMMED, wanted.rstrip())

    @needs("batch_run")
    def test_order(self) -> None:
        """Results come in the order of the commands, whichever ends first."""
        results = self.client.batch_run([["sh", "-c", "sleep 0.3"], ["echo", "one"], ["echo", "two"]])
        self.assertEqual(len(results), 3)
        self.wrote(results[1], "one\n")
        self.wrote(results[2], "two\n")

    @needs("batch_run")
    def test_failure(self) -> None:
        """One that fails has an error in the place of its output, and the others are not touched."""
        results = self.client.batch_run([["ls", "/no/such/folder"], ["echo", "fine"]])
        self.wrote(results[1], "fine\n")
        self.expect(results[0].output is None, True, Quirk.BATCH_EXIT_CODE_LOST, False)
        self.assertIn("/no/such/folder", results[0].error or results[0].output or "")

    @needs("batch_run")
    def test_many(self) -> None:
        """More than run at once."""
        results = self.client.batch_run([["echo", f"number {number}"] for number in range(20)])
        for number, result in enumerate(results):
            self.wrote(result, f"number {number}\n")

    @needs("batch_run")
    def test_nothing(self) -> None:
        """No commands are refused by the server."""
        reply = self.client.request("POST", "/batch/run", json={"commands": []}, check=False)
        self.assertEqual(reply.http_status, 400)
