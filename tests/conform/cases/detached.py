"""Commands that nobody waits for."""

from __future__ import annotations

from agentkernel import CallTimeoutError, DetachedHandle, NotFoundError, ValidationError

from ..area import SHORT, Area, needs
from ..quirks import Quirk

LOST = ("failed", 127)
"""How the full server takes every command to have ended."""


class Detached(Area):
    """exec_detached, status, logs, list, kill, wait."""

    def script(self, text: str, name: str = "script") -> DetachedHandle:
        """Starts a shell's script in the shared sandbox: a file, for servers that split arguments."""
        self.shared.write_file(self.path(name), text)
        return self.shared.exec_detached(["sh", self.path(name)])

    def ended(self, command: DetachedHandle, status: str, exit_code: int) -> DetachedHandle:
        """Waits for the end, and compares how it was."""
        done = command.wait(timeout=SHORT)
        self.expect((done.status, done.exit_code), (status, exit_code), Quirk.DETACHED_EXIT_CODE_LOST, LOST)
        return done

    @needs("detached", "files")
    def test_start(self) -> None:
        """It is told of as it was started."""
        command = self.script("sleep 0.3")
        self.assertTrue(command.id)
        self.assertEqual((command.status, command.sandbox), ("running", self.shared.name))
        self.assertEqual(command.command, ("sh", self.path("script")))
        self.assertIsNone(command.exit_code)
        self.ended(command, "completed", 0)

    @needs("detached", "files")
    def test_exit_code(self) -> None:
        """A command that fails has its exit code."""
        self.ended(self.script("exit 5"), "failed", 5)

    @needs("detached", "files")
    def test_streams(self) -> None:
        """Stdout and stderr are kept apart."""
        command = self.script("echo out; echo err >&2")
        command.wait(timeout=SHORT)
        out, err = command.logs().stdout, command.logs(stream="stderr").stderr
        self.expect((out, err), ("out\n", "err\n"), Quirk.DETACHED_STREAMS_JOINED, ("out\nerr\n", ""))

    @needs("detached", "files")
    def test_logs_while_it_runs(self) -> None:
        """What it has written can be read before it ends."""
        command = self.script("echo early; sleep 100; echo late")
        self.assertTrue(self.eventually(lambda: command.logs().stdout == "early\n"))
        self.assertTrue(command.refresh().running)
        command.kill()
        self.assertEqual(command.logs().stdout, "early\n")

    @needs("detached")
    def test_arguments(self) -> None:
        """They reach the command as they are; none has a lone quote: a shell that waits for the other hangs."""
        command = self.shared.exec_detached(["printf", "%s.", "a  b", "$((1+1))", ""])
        command.wait(timeout=SHORT)
        # The quirk is one of quotes around quotes: they end each other, and the first space ends the command.
        self.expect(command.logs().stdout, "a  b.$((1+1))..", Quirk.DETACHED_ARGUMENTS_SPLIT, "a.")

    @needs("detached", "files")
    def test_environment(self) -> None:
        """Environment and working folder are as of any command."""
        self.shared.write_file(self.path("script"), 'echo "$CONFORM"; pwd')
        command = self.shared.exec_detached(["sh", self.path("script")], env={"CONFORM": "value"}, workdir="/tmp")
        command.wait(timeout=SHORT)
        self.assertEqual(command.logs().stdout, "value\n/tmp\n")

    @needs("detached", "files")
    def test_kill(self) -> None:
        """It ends, with all that it started; killing it again is fine."""
        command = self.script("sleep 60 & sleep 60")
        self.assertTrue(command.refresh().running)
        command.kill()
        done = command.wait(timeout=SHORT)
        self.assertEqual(done.status, "failed")
        self.expect(done.exit_code, 137, Quirk.DETACHED_EXIT_CODE_LOST, 127)
        command.kill()

    @needs("detached", "files")
    def test_list(self) -> None:
        """All of a sandbox are listed, as they are now."""
        running, done = self.script("sleep 100"), self.script("true", "other")
        self.addCleanup(running.kill)
        done.wait(timeout=SHORT)
        listed = {each.id: each.status for each in self.shared.detached_list()}
        self.assertEqual(listed[running.id], "running")
        self.assertIn(done.id, listed)
        self.assertNotEqual(listed[done.id], "running")

    @needs("detached", "files")
    def test_list_is_of_now(self) -> None:
        """The list knows that a command has ended, although nobody has asked for it."""
        command = self.script("true")
        self.shared.run(["sleep", "0.3"])

        def listed() -> bool:
            return all(not each.running for each in self.shared.detached_list() if each.id == command.id)

        self.expect(self.eventually(listed, 10 * self.world.moment()), True, Quirk.DETACHED_LIST_STALE, False)

    @needs("detached", "files")
    def test_wait_with_deadline(self) -> None:
        """Waiting ends in time, and the command runs on."""
        command = self.script("sleep 100")
        self.addCleanup(command.kill)
        with self.assertRaises(CallTimeoutError):
            command.wait(timeout=0.2)
        self.assertTrue(command.refresh().running)

    @needs("detached")
    def test_missing(self) -> None:
        """What was never started is not found."""
        for call in (self.client.detached_status, self.client.detached_logs, self.client.detached_kill):
            error = self.refused(lambda call=call: call(self.shared.name, "00000000"))  # type: ignore[misc]
            self.assertIsInstance(error, NotFoundError)

    @needs("detached", "files")
    def test_of_another_sandbox(self) -> None:
        """An id is one of its own sandbox."""
        command = self.script("true")
        command.wait(timeout=SHORT)
        other = self.sandbox()
        try:
            self.client.detached_status(other.name, command.id)
        except NotFoundError:
            return
        self.quirk(Quirk.DETACHED_ID_OF_ANY_SANDBOX)

    @needs("detached")
    def test_no_command(self) -> None:
        """No command is refused."""
        self.assertIsInstance(self.refused(lambda: self.shared.exec_detached([])), ValidationError)
