"""Stopping, starting, pausing, forking and resizing sandboxes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from agentkernel import AgentKernelError, CommandError, ConflictError, NotFoundError, SandboxSession

from ..area import SHORT, Area, needs
from ..quirks import Quirk


class Lifecycle(Area):
    """stop, start, pause, resume, fork, resize, recover."""

    @needs("stop", "start")
    def test_stop_and_start(self) -> None:
        """A stopped sandbox says so and runs nothing; started, it runs commands again."""
        sandbox = self.sandbox()
        sandbox.stop()
        self.assertEqual(sandbox.info().status, "stopped")
        error = self.refused(lambda: sandbox.run(["true"]))
        self.assertNotIsInstance(error, CommandError)
        sandbox.start()
        self.assertEqual(sandbox.info().status, "running")
        self.assertEqual(sandbox.run(["echo", "again"]).output, "again\n")

    @needs("stop", "start")
    def test_files_after_stop(self) -> None:
        """Files are kept."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/kept", "kept")
        sandbox.stop()
        sandbox.start()
        self.is_kept(sandbox)

    def is_kept(self, sandbox: SandboxSession) -> None:
        """Looks for the file of a sandbox that was stopped."""
        found = sandbox.run(["sh", "-c", "cat /tmp/kept 2>/dev/null || echo lost"]).output
        self.expect(found, "kept", Quirk.STOP_LOSES_FILES, "lost\n")

    def beating(self) -> tuple[SandboxSession, Callable[[], int]]:
        """A sandbox in which something beats by itself, and what counts the beats."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/beat", "while :; do echo beat >> /tmp/beats; sleep 0.05; done")
        sandbox.exec_detached(["sh", "/tmp/beat"])

        def count() -> int:
            return int(sandbox.run(["sh", "-c", "cat /tmp/beats 2>/dev/null | wc -l"]).output)

        self.assertTrue(self.eventually(lambda: count() > 0), "it does not beat")
        return sandbox, count

    @needs("stop", "start", "detached", "files")
    def test_stop_ends_commands(self) -> None:
        """Nothing that ran before runs after."""
        sandbox, count = self.beating()
        sandbox.stop()
        sandbox.start()
        before = count()
        time.sleep(self.world.moment())
        self.assertEqual(count(), before)

    @needs("stop")
    def test_stop_twice(self) -> None:
        """Stopping what is stopped is fine."""
        sandbox = self.sandbox()
        sandbox.stop()
        sandbox.stop()
        self.assertEqual(sandbox.info().status, "stopped")

    @needs("start")
    def test_start_twice(self) -> None:
        """Starting what runs is a conflict; what is not there is not found."""
        self.assertIsInstance(self.refused(self.shared.start), ConflictError)
        name = self.world.name()
        self.assertIsInstance(self.refused(lambda: self.client.start_sandbox(name)), NotFoundError)

    @needs("stop")
    def test_remove_stopped(self) -> None:
        """A stopped sandbox is removed like any other."""
        sandbox = self.sandbox()
        sandbox.stop()
        self.client.remove_sandbox(sandbox.name)
        self.assertIsInstance(self.refused(lambda: self.client.get_sandbox(sandbox.name)), NotFoundError)

    @needs("pause", "resume", "detached", "files")
    def test_pause_and_resume(self) -> None:
        """A paused sandbox says so; resumed, what ran in it goes on."""
        sandbox, count = self.beating()
        with self.supported():
            self.client.pause_sandbox(sandbox.name)
        self.assertEqual(sandbox.info().status, "paused")
        self.client.resume_sandbox(sandbox.name)
        self.assertEqual(sandbox.info().status, "running")
        before = count()
        self.assertTrue(self.eventually(lambda: count() > before), "it does not go on")

    @needs("pause", "resume")
    def test_fork(self) -> None:
        """A fork has the files of the original, which goes on."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/both", "both")
        with self.supported():
            self.client.pause_sandbox(sandbox.name)
            other = self.client.fork_sandbox(sandbox.name, self.sandbox_name())
        self.assertEqual(self.client.read_text(other.name, "/tmp/both"), "both")
        self.client.resume_sandbox(sandbox.name)
        self.assertEqual(sandbox.read_text("/tmp/both"), "both")

    @needs("resize")
    def test_resize(self) -> None:
        """Its new size is told; what is not named stays."""
        sandbox = self.sandbox(vcpus=1, memory_mb=256)
        resized = self.client.resize_sandbox(sandbox.name, memory_mb=384)
        self.assertEqual((resized.vcpus, resized.memory_mb), (1, 384))
        self.client.resize_sandbox(sandbox.name, vcpus=2)
        found = sandbox.info()
        self.assertEqual((found.vcpus, found.memory_mb), (2, 384))

    @needs("recover")
    def test_recover(self) -> None:
        """Recovering what is there is fine; what is not is not found."""
        self.assertEqual(self.client.recover_sandbox(self.shared.name).name, self.shared.name)
        name = self.world.name()
        self.assertIsInstance(self.refused(lambda: self.client.recover_sandbox(name)), NotFoundError)

    def comes_to(self, condition: Callable[[], bool]) -> bool:
        """Whether an idle sandbox becomes what its lifecycle says; not waited for again where it never does."""
        keeps = self.world.memory.get("lifecycle", True)
        kept = self.eventually(condition, SHORT if keeps else 1)
        self.world.memory["lifecycle"] = kept
        self.expect(kept, True, Quirk.LIFECYCLE_NOT_KEPT, False)
        return kept

    @needs("start")
    def test_auto_stop(self) -> None:
        """A sandbox that is idle for as long as it may be is stopped, and can be started."""
        began = time.monotonic()
        sandbox = self.sandbox(lifecycle={"auto_stop_after_seconds": 1})
        if self.comes_to(lambda: sandbox.info().status == "stopped"):
            self.assertGreaterEqual(time.monotonic() - began, 0.99, "stopped too early")
            self.assertTrue(self.eventually(lambda: self.runs_again(sandbox)), "it does not run again")

    def runs_again(self, sandbox: SandboxSession) -> bool:
        """Whether it can be started and used, before it is idle for too long once more."""
        with suppress(ConflictError):
            sandbox.start()
        with suppress(AgentKernelError):
            return sandbox.run(["echo", "again"]).output == "again\n"
        return False

    @needs("recover", "start", "update")
    def test_auto_archive(self) -> None:
        """It is archived; recovered and started, it has its files."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/kept", "kept")
        with self.supported():
            self.client.update_sandbox(sandbox.name, lifecycle={"auto_archive_after_seconds": 1})
        if self.comes_to(lambda: sandbox.info().status in ("archived", "dormant")):
            self.assertNotIsInstance(self.refused(lambda: sandbox.run(["true"])), CommandError)
            self.assertIn(self.client.recover_sandbox(sandbox.name).status, ("stopped", "running"))
            self.client.update_sandbox(sandbox.name, lifecycle={"auto_archive_after_seconds": 3600})
            if sandbox.info().status == "stopped":
                sandbox.start()
            self.is_kept(sandbox)

    def test_auto_delete(self) -> None:
        """It is removed."""
        name = self.sandbox_name()
        with self.supported():
            self.client.create_sandbox(name, lifecycle={"auto_delete_after_seconds": 1})
        self.comes_to(lambda: name not in [info.name for info in self.client.list_sandboxes()])
