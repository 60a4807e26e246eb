"""Sandboxes for the length of a block."""

from __future__ import annotations

from agentkernel import CommandError, NotFoundError

from ..area import Area


class Sessions(Area):
    """client.sandbox."""

    def is_gone(self, name: str) -> bool:
        """Whether no sandbox has that name."""
        return isinstance(self.refused(lambda: self.client.get_sandbox(name)), NotFoundError)

    def test_block(self) -> None:
        """It is there in the block, and gone after it."""
        name = self.sandbox_name()
        with self.client.sandbox(name) as sandbox:
            sandbox.run(["sh", "-c", "echo kept > /tmp/note"])
            self.assertEqual(sandbox.run(["cat", "/tmp/note"]).output, "kept\n")
            self.assertEqual(sandbox.info().status, "running")
        self.assertTrue(self.is_gone(name))

    def test_exception(self) -> None:
        """It is gone when the block is left by an exception, which is what comes out."""
        name = self.sandbox_name()
        with self.assertRaises(CommandError), self.client.sandbox(name) as sandbox:
            sandbox.run(["false"])
        self.assertTrue(self.is_gone(name))

    def test_removed_inside(self) -> None:
        """One that was removed inside the block is fine."""
        name = self.sandbox_name()
        with self.client.sandbox(name):
            self.client.remove_sandbox(name)
        self.assertTrue(self.is_gone(name))

    def test_made_by_first_use(self) -> None:
        """Without a block it is made by its first use."""
        name = self.sandbox_name()
        sandbox = self.client.sandbox(name)
        self.assertTrue(self.is_gone(name))
        self.assertEqual(sandbox.run(["echo", "made"]).output, "made\n")
        sandbox.remove()
        self.assertTrue(self.is_gone(name))
