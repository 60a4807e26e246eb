"""Sandboxes that stay: making, finding, changing and removing them."""

from __future__ import annotations

import uuid
from datetime import datetime

from agentkernel import ConflictError, NotFoundError, SandboxInfo, ServerError, ValidationError

from ..area import Area, needs
from ..quirks import Quirk

NIL = str(uuid.UUID(int=0))
IMAGE = "alpine:3.24"
REFUSED_NAMES = ["a--b", "-a", "a-", "a_-b", "a" * 64, "a b", "a.b", "ä", ".."]


class Sandboxes(Area):
    """create, get, list, update, remove."""

    def complete(self, info: SandboxInfo) -> None:
        """What is told of every sandbox."""
        self.assertTrue(info.backend)
        self.expect(
            None in (info.image, info.vcpus, info.memory_mb, info.created_at), False, Quirk.MEMBERS_MISSING, True
        )
        if info.created_at is not None:
            made = datetime.fromisoformat(info.created_at[:19])
            self.assertLess(abs(datetime.now(made.tzinfo) - made).days, 2)

    def test_create(self) -> None:
        """A sandbox runs when it is made, and is told of as it is."""
        name = self.sandbox_name()
        made = self.client.create_sandbox(name)
        self.assertEqual((made.name, made.status), (name, "running"))
        self.complete(made)
        found = self.client.get_sandbox(name)
        self.assertEqual((found.name, found.status, found.uuid), (name, "running", made.uuid))
        self.complete(found)

    def test_every_member(self) -> None:
        """What it was made with is what it has, members that every backend can keep."""
        lifecycle = {"auto_stop_after_seconds": 3600, "auto_delete_after_seconds": 7200}
        labels = {"team": "a b&c=d:e", "größe": "1"}
        name = self.sandbox_name()
        made = self.client.create_sandbox(
            name,
            image=IMAGE,
            vcpus=2,
            memory_mb=256,
            profile="permissive",
            labels=labels,
            description='for "tests"\nonly',
            lifecycle=lifecycle,
        )
        for info in (made, self.client.get_sandbox(name)):
            self.complete(info)
            self.expect(info.image or IMAGE, IMAGE)
            self.expect((info.vcpus or 2, info.memory_mb or 256), (2, 256))
            self.assertEqual(info.labels, labels)
            self.assertEqual(info.description, 'for "tests"\nonly')
            self.assertEqual(info.lifecycle, lifecycle)

    def test_duplicate(self) -> None:
        """A name that is taken is refused, and what has it is not touched."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/mine", "still here")
        error = self.refused(lambda: self.client.create_sandbox(sandbox.name))
        self.assertIn("exists", error.server_text or "")
        self.expect(error.status, 409, Quirk.DUPLICATE_IS_500, 500)
        self.assertIsInstance(error, ConflictError | ServerError)
        self.assertEqual(sandbox.read_text("/tmp/mine"), "still here")

    def test_list(self) -> None:
        """It is in the list while it is there."""
        sandbox = self.sandbox(labels={"run": self.world.prefix})
        listed = {info.name: info for info in self.client.list_sandboxes()}
        self.assertIn(sandbox.name, listed)
        self.assertEqual(listed[sandbox.name].status, "running")
        self.assertEqual(listed[sandbox.name].labels, {"run": self.world.prefix})
        self.complete(listed[sandbox.name])
        sandbox.remove()
        self.assertNotIn(sandbox.name, [info.name for info in self.client.list_sandboxes()])

    def names_with(self, labels: dict[str, str]) -> list[str]:
        """Names of the sandboxes that have these labels."""
        return sorted(info.name for info in self.client.list_sandboxes(labels=labels))

    def test_list_by_labels(self) -> None:
        """Only those that have all the labels that were asked for."""
        ours = self.world.prefix
        first = self.sandbox(labels={"run": ours, "kind": "a b&c=ü%"}).name
        second = self.sandbox(labels={"run": ours, "kind": "other"}).name
        self.assertEqual(self.names_with({"run": ours}), sorted([first, second]))
        self.assertEqual(self.names_with({"run": ours, "kind": "a b&c=ü%"}), [first])
        self.assertEqual(self.names_with({"run": ours, "kind": "neither"}), [])

    @needs("by_uuid")
    def test_by_uuid(self) -> None:
        """It is found by its uuid, too; another one is not."""
        found = self.shared.info()
        if found.uuid is None or found.uuid == NIL:
            self.quirk(Quirk.UUID_UNKNOWN)
        else:
            self.assertEqual(self.client.get_sandbox_by_uuid(found.uuid).name, found.name)
        with self.assertRaises(NotFoundError):
            self.client.get_sandbox_by_uuid(str(uuid.uuid4()))
        self.assertIsInstance(self.refused(lambda: self.client.get_sandbox_by_uuid("no-uuid")), ValidationError)

    @needs("update")
    def test_update(self) -> None:
        """What is changed has changed, what is not named has not; labels are replaced as a whole."""
        sandbox = self.sandbox(labels={"one": "1"}, description="before")
        changed = self.client.update_sandbox(sandbox.name, labels={"two": "2"})
        self.assertEqual((changed.labels, changed.description), ({"two": "2"}, "before"))
        lifecycle = {"auto_stop_after_seconds": 1800}
        self.client.update_sandbox(sandbox.name, description="after", lifecycle=lifecycle)
        found = sandbox.info()
        self.assertEqual((found.labels, found.description, found.lifecycle), ({"two": "2"}, "after", lifecycle))

    @needs("update")
    def test_update_no_labels(self) -> None:
        """An empty mapping takes all labels away."""
        sandbox = self.sandbox(labels={"all-of": self.world.prefix})
        self.assertEqual(self.names_with({"all-of": self.world.prefix}), [sandbox.name])
        self.client.update_sandbox(sandbox.name, labels={})
        self.assertFalse(sandbox.info().labels)
        self.assertEqual(self.names_with({"all-of": self.world.prefix}), [])

    def test_remove(self) -> None:
        """It is gone, and with it what was in it: one made anew under its name is empty."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/mine", "here")
        self.client.remove_sandbox(sandbox.name)
        self.assertIsInstance(self.refused(lambda: self.client.get_sandbox(sandbox.name)), NotFoundError)
        self.assertIsInstance(self.refused(lambda: self.client.remove_sandbox(sandbox.name)), NotFoundError)
        self.client.create_sandbox(sandbox.name)
        self.assertIsInstance(self.refused(lambda: self.client.read_bytes(sandbox.name, "/tmp/mine")), NotFoundError)

    def test_kept_apart(self) -> None:
        """What is in one is not in another."""
        one, other = self.sandbox(), self.sandbox()
        one.write_file("/tmp/mine", "one")
        other.write_file("/tmp/mine", "other")
        self.assertEqual((one.read_text("/tmp/mine"), other.read_text("/tmp/mine")), ("one", "other"))
        one.run(["sh", "-c", "echo made > /tmp/made"])
        self.assertEqual(other.run(["test", "-e", "/tmp/made"], check=False).exit_code, 1)

    def test_refused_names(self) -> None:
        """Names that no sandbox can have are refused by the library, and by the server when they reach it."""
        for name in REFUSED_NAMES:
            error = self.refused(lambda name=name: self.client.create_sandbox(name))  # type: ignore[misc]
            self.assertIsInstance(error, ValidationError, name)
            self.assertEqual(error.sent, "nothing", name)
            reply = self.client.request("POST", "/sandboxes", json={"name": name}, check=False)
            self.assertEqual(reply.http_status, 400, name)

    def test_longest_name(self) -> None:
        """63 letters and digits in both cases are a name."""
        name = (self.sandbox_name() + "-Aa0_" + "z" * 63)[:63]
        self.addCleanup(self.client.remove_sandbox, name)
        self.assertEqual(self.client.create_sandbox(name).name, name)
        self.assertEqual(self.client.get_sandbox(name).name, name)
