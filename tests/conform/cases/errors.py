"""How failures come: each as its own class, with what the server said."""

from __future__ import annotations

from agentkernel import (
    AgentKernel,
    AgentKernelError,
    AuthError,
    CallTimeoutError,
    CommandError,
    NetworkError,
    NotFoundError,
    TooLargeError,
    ValidationError,
)

from ..area import Area, needs


class Errors(Area):
    """Classes, statuses, and what they carry."""

    def test_not_found(self) -> None:
        """404."""
        name = self.world.name()
        error = self.refused(lambda: self.client.get_sandbox(name))
        self.assertIsInstance(error, NotFoundError)
        self.assertEqual((error.status, error.code, error.sent), (404, "AK_E_NOT_FOUND", "answered"))
        self.assertEqual((error.operation, error.server_text), ("get_sandbox", "Sandbox not found"))
        self.assertIn("Sandbox not found", error.message)

    def test_bad_request(self) -> None:
        """400, with the server's words."""
        error = self.refused(lambda: self.client.request("POST", "/sandboxes", json={"name": "a--b"}))
        self.assertIsInstance(error, ValidationError)
        self.assertEqual(error.status, 400)
        self.assertIn("consecutive", error.server_text or "")

    def test_refused_here(self) -> None:
        """What cannot be right is not sent at all."""
        error = self.refused(lambda: self.client.get_sandbox("a--b"))
        self.assertIsInstance(error, ValidationError)
        self.assertEqual((error.status, error.sent), (None, "nothing"))

    def test_command(self) -> None:
        """A command that fails is another thing than a call that does."""
        error = self.refused(lambda: self.shared.run(["sh", "-c", r"printf 'out\n'; exit 9"]))
        self.assertIsInstance(error, CommandError)
        self.assertEqual((error.code, error.exit_code, error.output_bytes), ("AK_E_COMMAND", 9, b"out\n"))

    def test_too_large(self) -> None:
        """413, or refused before anything is sent."""
        body = {"command": ["true", "x" * (17 << 20)]}
        error = self.refused(lambda: self.client.request("POST", f"/sandboxes/{self.shared.name}/exec", json=body))
        self.assertIsInstance(error, TooLargeError)

    def test_wrong_key(self) -> None:
        """401, where the server has a key."""
        if not (self.world.can("status") and self.client.get_status().api_key_configured):
            self.skipTest("the server wants no key")
        with AgentKernel(self.world.url, "not-the-key", timeout=self.world.patience) as stranger:
            error = self.refused(stranger.list_sandboxes)
            self.assertIsInstance(error, AuthError)
            self.assertEqual(error.status, 401)
            self.assertNotIn("not-the-key", repr(error.__dict__))
            self.assertEqual(stranger.health(), "ok")

    def test_nobody_there(self) -> None:
        """An address where nobody listens."""
        with AgentKernel("http://127.0.0.1:1", timeout=5) as lost:
            error = self.refused(lost.health)
        self.assertIsInstance(error, NetworkError)
        self.assertEqual((error.status, error.sent), (None, "nothing"))

    @needs("run")
    def test_no_time(self) -> None:
        """A call without time is not sent."""
        error: AgentKernelError = self.refused(lambda: self.client.run(["true"], timeout=0))
        self.assertIsInstance(error, CallTimeoutError)
        self.assertEqual(error.sent, "nothing")
