"""States of sandboxes that are kept under a name."""

from __future__ import annotations

from agentkernel import NotFoundError, SandboxSession, ValidationError

from ..area import Area, needs
from ..quirks import Quirk


class Snapshots(Area):
    """take, list, get, restore, delete."""

    def snapshot_of(self, sandbox: SandboxSession) -> str:
        """A snapshot, removed after the case."""
        name = self.snapshot_name()
        with self.supported():
            taken = self.client.take_snapshot(sandbox.name, name)
        self.assertEqual((taken.name, taken.sandbox), (name, sandbox.name))
        return name

    @needs("snapshots")
    def test_take_and_find(self) -> None:
        """It is told of by itself and in the list, until it is deleted."""
        sandbox = self.sandbox(vcpus=2, memory_mb=256)
        name = self.snapshot_of(sandbox)
        found = self.client.get_snapshot(name)
        self.assertEqual((found.sandbox, found.vcpus, found.memory_mb), (sandbox.name, 2, 256))
        self.assertEqual(found.backend, sandbox.info().backend)
        self.assertTrue(found.created_at)
        self.assertIn(name, [snapshot.name for snapshot in self.client.list_snapshots()])
        self.client.delete_snapshot(name)
        self.assertNotIn(name, [snapshot.name for snapshot in self.client.list_snapshots()])
        self.assertIsInstance(self.refused(lambda: self.client.get_snapshot(name)), NotFoundError)
        self.assertIsInstance(self.refused(lambda: self.client.delete_snapshot(name)), NotFoundError)

    @needs("snapshots", "start")
    def test_restore(self) -> None:
        """A sandbox made of it has the files as they were then, and is stopped until it is started."""
        sandbox = self.sandbox()
        path = "/workspace/state"  # not in /tmp: some images have memory there
        sandbox.write_file(path, "then")
        name = self.snapshot_of(sandbox)
        sandbox.write_file(path, "now")
        other = self.sandbox_name()
        restored = self.client.restore_snapshot(name, as_name=other)
        self.assertEqual((restored.name, restored.status), (other, "stopped"))
        self.client.start_sandbox(restored.name)
        self.assertEqual(self.client.read_text(restored.name, path), "then")
        self.assertEqual(sandbox.read_text(path), "now")

    @needs("snapshots", "start")
    def test_restore_and_start(self) -> None:
        """It runs at once when that is asked for, with the library's help where the server does not know this."""
        name = self.snapshot_of(self.sandbox())
        asked = {"as_name": self.sandbox_name(), "start": True}
        reply = self.client.request("POST", f"/snapshots/{name}/restore", json=asked)
        self.expect(reply.data["status"], "running", Quirk.RESTORE_NEVER_STARTS, "stopped")
        restored = self.client.restore_snapshot(name, as_name=self.sandbox_name(), start=True)
        self.assertEqual(restored.status, "running")
        self.assertEqual(self.client.exec_in_sandbox(restored.name, ["echo", "back"]).output, "back\n")

    @needs("snapshots")
    def test_restore_to_usual_name(self) -> None:
        """Without a name it gets the sandbox's, with -restored after it."""
        sandbox = self.sandbox()
        self.addCleanup(self._remove, self.client.remove_sandbox, f"{sandbox.name}-restored")
        restored = self.client.restore_snapshot(self.snapshot_of(sandbox))
        self.assertEqual(restored.name, f"{sandbox.name}-restored")

    @needs("snapshots")
    def test_restore_to_taken_name(self) -> None:
        """A name that is taken is refused."""
        sandbox = self.sandbox()
        name = self.snapshot_of(sandbox)
        error = self.refused(lambda: self.client.restore_snapshot(name, as_name=sandbox.name))
        self.expect(error.status, 409, Quirk.RESTORE_DUPLICATE_IS_500, 500)

    @needs("snapshots")
    def test_outlives_sandbox(self) -> None:
        """It is there when its sandbox is not."""
        sandbox = self.sandbox(labels={"run": self.world.prefix})
        name = self.snapshot_of(sandbox)
        sandbox.remove()
        self.assertEqual(self.client.get_snapshot(name).sandbox, sandbox.name)
        restored = self.client.restore_snapshot(name, as_name=self.sandbox_name())
        self.assertEqual(self.client.get_sandbox(restored.name).name, restored.name)

    @needs("snapshots")
    def test_taken_again(self) -> None:
        """A second one of the same name takes the place of the first."""
        first, second = self.sandbox(), self.sandbox()
        name = self.snapshot_of(first)
        self.client.take_snapshot(second.name, name)
        self.assertEqual(self.client.get_snapshot(name).sandbox, second.name)
        self.assertEqual([each.name for each in self.client.list_snapshots()].count(name), 1)

    @needs("snapshots")
    def test_missing(self) -> None:
        """What is not there is not found, and a name that none can have is refused."""
        name = self.world.name()
        self.assertIsInstance(self.refused(lambda: self.client.get_snapshot(name)), NotFoundError)
        self.assertIsInstance(self.refused(lambda: self.client.take_snapshot(name, name)), NotFoundError)
        self.assertIsInstance(self.refused(lambda: self.client.restore_snapshot(name)), NotFoundError)
        bad = self.refused(lambda: self.client.take_snapshot(self.shared.name, "a--b"))
        self.assertIsInstance(bad, ValidationError)
