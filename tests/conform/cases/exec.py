"""Commands in sandboxes that stay."""

from __future__ import annotations

from agentkernel import AgentKernelError, CommandError, ForbiddenError, RunOutput, ValidationError

from ..area import Area
from ..quirks import Quirk
from .run import AWKWARD, MIB


class Exec(Area):
    """exec_in_sandbox."""

    def sh(self, script: str) -> RunOutput:
        """Runs a shell's command in the shared sandbox."""
        return self.shared.run(["sh", "-c", script])

    def test_output(self) -> None:
        """What the command writes, its newline too."""
        self.assertEqual(self.shared.run(["echo", "hello"]).output, "hello\n")

    def test_no_output(self) -> None:
        """Nothing is nothing."""
        self.assertEqual(self.shared.run(["true"]).output_bytes, b"")

    def test_arguments(self) -> None:
        """They reach the command as they are."""
        result = self.shared.run(["printf", "%s|", *AWKWARD])
        self.assertEqual(result.output, "".join(f"{each}|" for each in AWKWARD))

    def test_exit_codes(self) -> None:
        """Each is told, and the output with it."""
        for code in (1, 2, 42, 127, 255):
            with self.assertRaises(CommandError) as raised:
                self.sh(f"echo partly; exit {code}")
            self.assertEqual((raised.exception.exit_code, raised.exception.output), (code, "partly\n"))

    def test_exit_code_unchecked(self) -> None:
        """Without check it is a result like any other."""
        result = self.shared.run(["sh", "-c", "echo partly; exit 4"], check=False)
        self.assertEqual((result.exit_code, result.output), (4, "partly\n"))

    def test_signal(self) -> None:
        """A command that was killed has 128 and the signal's number."""
        result = self.shared.run(["sh", "-c", "kill -9 $$"], check=False)
        self.expect(result.exit_code, 137, Quirk.SIGNAL_IS_MINUS_ONE, -1)

    def test_missing_program(self) -> None:
        """What is not there cannot run: 127, or 126 as some runtimes have it."""
        with self.assertRaises(CommandError) as raised:
            self.shared.run(["/no/such/program"])
        self.assertIn(raised.exception.exit_code, (126, 127))

    def test_order_of_output(self) -> None:
        """Stdout and stderr come as they were written."""
        result = self.sh("echo one; echo two >&2; echo three")
        self.expect(result.output, "one\ntwo\nthree\n", Quirk.OUTPUT_NOT_IN_ORDER, "one\nthree\n\ntwo\n")

    def test_errors_only(self) -> None:
        """What only writes to stderr is heard."""
        self.assertEqual(self.sh("echo two >&2").output, "two\n")

    def test_binary_output(self) -> None:
        """Output is bytes."""
        result = self.shared.run(["printf", r"\377\000\376ab"])
        self.expect(result.output_bytes, b"\xff\0\xfeab", Quirk.OUTPUT_LOSSY, "\ufffd\0\ufffdab".encode())

    def test_long_output(self) -> None:
        """A mebibyte comes whole."""
        result = self.sh(f"head -c {MIB} /dev/zero | tr '\\0' x; echo end")
        self.assertEqual(len(result.output_bytes), MIB + 4)
        self.assertTrue(result.output.endswith("xend\n"))

    def test_no_input(self) -> None:
        """What reads its standard input meets the end of it at once."""
        self.assertEqual(self.sh("cat; echo end").output, "end\n")

    def test_environment(self) -> None:
        """Variables are set for this command alone, as a mapping or a list."""
        value = "a b=c'\"$HOME ü"
        show = ["sh", "-c", 'printf %s "$CONFORM"']
        self.assertEqual(self.shared.run(show, env={"CONFORM": value}).output, value)
        self.assertEqual(self.shared.run(show, env=[f"CONFORM={value}"]).output, value)
        self.assertEqual(self.shared.run(show).output, "")

    def test_working_folder(self) -> None:
        """It is where the command starts."""
        self.assertEqual(self.shared.run(["pwd"], workdir="/tmp").output, "/tmp\n")

    def test_bad_working_folder(self) -> None:
        """One that is not absolute, or leads upwards, is refused; in one that is not there nothing runs."""
        for workdir in ("tmp", "/tmp/../etc"):
            error = self.refused(lambda workdir=workdir: self.shared.run(["pwd"], workdir=workdir))  # type: ignore[misc]
            self.assertIsInstance(error, ValidationError, workdir)
        self.refused(lambda: self.shared.run(["pwd"], workdir="/no/such/folder"))

    def test_files_stay(self) -> None:
        """What one command leaves the next one finds."""
        path = self.path()
        self.sh(f"mkdir -p {path.rsplit('/', 1)[0]} && echo kept > {path}")
        self.assertEqual(self.shared.run(["cat", path]).output, "kept\n")

    def test_sudo(self) -> None:
        """As root, where the server allows that."""
        try:
            result = self.shared.run(["id", "-u"], sudo=True)
        except ForbiddenError as error:
            self.skipTest(str(error.server_text))
        self.assertEqual(result.output, "0\n")

    def test_no_command(self) -> None:
        """No command is refused, by the library and by the server."""
        self.assertIsInstance(self.refused(lambda: self.shared.run([])), ValidationError)
        path = f"/sandboxes/{self.shared.name}/exec"
        self.assertEqual(self.client.request("POST", path, json={"command": []}, check=False).http_status, 400)

    def test_missing_sandbox(self) -> None:
        """Nothing runs in a sandbox that is not there, and that is no failure of the command."""
        name = self.world.name()
        error: AgentKernelError = self.refused(lambda: self.client.exec_in_sandbox(name, ["true"]))
        self.assertNotIsInstance(error, CommandError)
        self.assertIn(error.status, (404, 409, 500))
