"""Commands in sandboxes of their own."""

from __future__ import annotations

from agentkernel import AgentKernelError, CommandError, ValidationError

from ..area import Area, needs
from ..quirks import Quirk

AWKWARD = ["a b", "'", '"', "$HOME", "*", "", "\\n", "grüße", "a\nb", ";ls", "--"]
"""Arguments that do not survive a shell."""

MIB = 1 << 20


class Run(Area):
    """run, to the command's end."""

    @needs("run")
    def test_output(self) -> None:
        """What the command writes, its newline too."""
        result = self.client.run(["echo", "hello"])
        self.assertEqual(result.output, "hello\n")
        self.assertEqual(result.exit_code, 0)

    @needs("run")
    def test_no_output(self) -> None:
        """Nothing is nothing."""
        self.assertEqual(self.client.run(["true"]).output_bytes, b"")

    @needs("run")
    def test_arguments(self) -> None:
        """They reach the command as they are."""
        result = self.client.run(["printf", "%s|", *AWKWARD])
        self.assertEqual(result.output, "".join(f"{each}|" for each in AWKWARD))

    @needs("run")
    def test_exit_code(self) -> None:
        """A command that fails is an error that has its exit code and its output."""
        with self.assertRaises(CommandError) as raised:
            self.client.run(["sh", "-c", "echo partly; exit 3"])
        self.assertEqual(raised.exception.exit_code, 3)
        self.assertEqual(raised.exception.output, "partly\n")
        self.assertEqual(raised.exception.status, 409)

    @needs("run")
    def test_exit_code_unchecked(self) -> None:
        """Without check it is a result like any other."""
        result = self.client.run(["sh", "-c", "echo partly; exit 255"], check=False)
        self.assertEqual((result.exit_code, result.output), (255, "partly\n"))

    @needs("run")
    def test_missing_program(self) -> None:
        """What is not there cannot run: 127, or 126 as some runtimes have it."""
        with self.assertRaises(CommandError) as raised:
            self.client.run(["/no/such/program"])
        self.assertIn(raised.exception.exit_code, (126, 127))

    @needs("run")
    def test_order_of_output(self) -> None:
        """Stdout and stderr come as they were written."""
        result = self.client.run(["sh", "-c", "echo one; echo two >&2; echo three"])
        self.expect(result.output, "one\ntwo\nthree\n", Quirk.OUTPUT_NOT_IN_ORDER, "one\nthree\n\ntwo\n")

    @needs("run")
    def test_binary_output(self) -> None:
        """Output is bytes."""
        result = self.client.run(["printf", r"\377\000\376ab"])
        self.expect(result.output_bytes, b"\xff\0\xfeab", Quirk.OUTPUT_LOSSY, "\ufffd\0\ufffdab".encode())

    @needs("run")
    def test_long_output(self) -> None:
        """A mebibyte comes whole."""
        result = self.client.run(["sh", "-c", f"head -c {MIB} /dev/zero | tr '\\0' x; echo end"])
        self.assertEqual(len(result.output_bytes), MIB + 4)
        self.assertTrue(result.output.endswith("xend\n"))

    @needs("run")
    def test_no_input(self) -> None:
        """What reads its standard input meets the end of it at once."""
        self.assertEqual(self.client.run(["sh", "-c", "cat; echo end"]).output, "end\n")

    @needs("run")
    def test_sandboxes_are_fresh(self) -> None:
        """What one command leaves the next one does not find."""
        mark = f"/tmp/{self.world.prefix}mark"
        self.client.run(["touch", mark])
        self.assertEqual(self.client.run(["sh", "-c", f"test -e {mark} || echo fresh"]).output, "fresh\n")

    @needs("run")
    def test_profile(self) -> None:
        """Commands run in each profile."""
        for profile in ("permissive", "moderate", "restrictive"):
            self.assertEqual(self.client.run(["echo", profile], profile=profile).output, f"{profile}\n")

    @needs("run")
    def test_bad_image(self) -> None:
        """A name that no image can have is refused."""
        error = self.refused(lambda: self.client.run(["true"], image="not an image"))
        self.assertIsInstance(error, ValidationError)

    @needs("run")
    def test_no_command(self) -> None:
        """No command is refused, by the library and by the server."""
        self.assertIsInstance(self.refused(lambda: self.client.run([])), ValidationError)
        reply = self.client.request("POST", "/run", json={"command": []}, check=False)
        self.assertEqual(reply.http_status, 400)

    @needs("run")
    def test_fast_output(self) -> None:
        """A warm sandbox gives the same output."""
        result = self.client.run(["echo", "hello"], fast=True)
        self.expect(result.output, "hello\n", Quirk.FAST_OUTPUT_TRIMMED, "hello")

    @needs("run")
    def test_fast_exit_code(self) -> None:
        """It gives the same exit code."""
        try:
            result = self.client.run(["ls", "/no/such/folder"], fast=True, check=False)
        except AgentKernelError as error:
            if "Command failed" not in (error.server_text or ""):
                raise
            self.quirk(Quirk.FAST_EXIT_CODE_IN_WORDS)
            return
        self.expect(result.exit_code != 0, True, Quirk.FAST_EXIT_CODE_LOST, False)
        self.assertIn("/no/such/folder", result.output)

    @needs("run")
    def test_fast_arguments(self) -> None:
        """It leaves arguments alone; none has a lone quote: a shell that waits for the other hangs."""
        result = self.client.run(["echo", "a  b", "$((1+1))"], fast=True)
        self.expect(result.output.rstrip("\n"), "a  b $((1+1))", Quirk.FAST_ARGUMENTS_SPLIT, "a b 2")
