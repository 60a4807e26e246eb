"""What happened to a sandbox."""

from __future__ import annotations

from agentkernel import NotFoundError

from ..area import Area, needs
from ..quirks import Quirk


class Logs(Area):
    """get_sandbox_logs."""

    @needs("logs", "files")
    def test_entries(self) -> None:
        """What was done is told, oldest first."""
        sandbox = self.sandbox()
        sandbox.run(["echo", "logged"])
        sandbox.run(["false"], check=False)
        sandbox.write_file("/tmp/logged", "x")
        sandbox.read_bytes("/tmp/logged")
        entries = sandbox.logs()
        if not entries:
            self.quirk(Quirk.LOGS_EMPTY)
            return
        kinds = [entry.type for entry in entries if entry.type != "sandbox_started"]
        wanted = ["sandbox_created", "command_executed", "command_executed", "file_written", "file_read"]
        self.assertEqual(kinds, wanted)
        self.assertEqual(entries[0].name, sandbox.name)
        commands = [(entry.command, entry.exit_code) for entry in entries if entry.type == "command_executed"]
        self.assertEqual(commands, [(("echo", "logged"), 0), (("false",), 1)])
        self.assertEqual([entry.path for entry in entries if entry.type == "file_written"], ["/tmp/logged"])
        times = [(entry.timestamp or "").removesuffix("+00:00").removesuffix("Z") for entry in entries]
        self.assertEqual(times, sorted(times))

    @needs("logs")
    def test_of_one_sandbox(self) -> None:
        """Nothing of others is in them."""
        one, other = self.sandbox(), self.sandbox()
        other.run(["echo", "of the other"])
        self.assertNotIn("of the other", str([entry.command for entry in one.logs()]))

    @needs("logs")
    def test_missing(self) -> None:
        """What is not there has none."""
        name = self.world.name()
        self.assertIsInstance(self.refused(lambda: self.client.get_sandbox_logs(name)), NotFoundError)
