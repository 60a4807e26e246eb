"""The bwrap that packages put into the server's folder: the last resort, under the same rules as the system's and more."""
import contextlib
import glob
import os
import shutil
import struct
import unittest

from harness import AS_ROOT, HIDE_BUBBLEWRAP, SERVER, TEST_UID, WEAK_SERVER, Server, main, new_folder


class Beside(unittest.TestCase):
    """The form of the server that looks for the system's in PATH; `system` is the folder there. The server's own is below
    one that only its starter may enter, as /root is: root's server works as another user."""

    def setUp(self):
        closed, self.system = new_folder(self), new_folder(self)
        self.folder = os.path.join(closed, "lib")
        self.bwrap = os.path.join(self.folder, "bwrap")
        os.mkdir(self.folder)
        for folder in (self.folder, self.system):
            os.chmod(folder, 0o755)
        if TEST_UID is not None:
            os.chown(self.folder, TEST_UID, TEST_UID)
        self.put(shutil.which("bwrap"), self.bwrap)
        self.assertEqual(os.stat(closed).st_mode & 0o777, 0o700)

    def put(self, source, path, mode=0o755):
        shutil.copyfile(source, path)
        os.chmod(path, mode)
        if TEST_UID is not None:
            os.chown(path, TEST_UID, TEST_UID)
        return path

    def start(self, program=WEAK_SERVER, mode=0o755, weaken="fixed-folders", **options):
        env = {"AK_TEST_WEAKEN": weaken, "PATH": self.system} if program == WEAK_SERVER else None
        program = self.put(program, os.path.join(self.folder, "agentkernel-local"), mode)
        return contextlib.closing(Server(program=program, env=env, **options))

    def sandbox(self, *program, **options):
        """What /status says of it."""
        with self.start(*program, **options) as server:
            sandbox = server.call("GET", "/status")[1]["data"]["sandbox"]
            self.assertEqual(server.run("true")[0], 200 if sandbox["usable"] else 503)
        return sandbox

    def assert_refused(self, reason):
        sandbox = self.sandbox()
        self.assertIs(sandbox["usable"], False)
        self.assertIn(reason, sandbox["message"])
        self.assertIn("install the package bubblewrap", sandbox["message"])
        self.assertNotIn("bubblewrap_path", sandbox)

    def test_the_systems_comes_first(self):
        self.assertEqual(self.sandbox(SERVER)["bubblewrap_path"], "/usr/bin/bwrap")
        path = self.put(self.bwrap, os.path.join(self.system, "bwrap"))
        self.assertEqual(self.sandbox()["bubblewrap_path"], path)

    def test_the_last_resort(self):
        self.assertEqual(self.sandbox()["bubblewrap_path"], self.bwrap)
        if AS_ROOT:
            self.assertEqual(self.sandbox(SERVER, wrapper=HIDE_BUBBLEWRAP)["bubblewrap_path"], self.bwrap)
            # for which the server covers the closed folder
            state = os.path.join(self.folder, "state")
            self.assertEqual(self.sandbox(state=state)["bubblewrap_path"], self.bwrap)

    def test_x14_its_descriptor(self):
        wanted = os.stat(self.bwrap)
        with self.start(weaken="fixed-folders,close_range") as server:  # the launcher passes on all that it has
            output = server.run("sh", "-c", "stat -Lc '%d %i' /proc/$$/fd/* || true")[1]["data"]["output"].splitlines()
            self.assertGreater(len(output), 3)
            self.assertNotIn("%d %d" % (wanted.st_dev, wanted.st_ino), output)
            if os.geteuid() == 0:  # a server is not dumpable: only root sees its descriptors
                for path in glob.glob("/proc/%d/fd/*" % server.process.pid):
                    with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
                        self.assertFalse(os.path.samestat(os.stat(path), wanted), path)

    def test_the_systems_cannot_be_used(self):
        path = os.path.join(self.system, "bwrap")
        for script in ("echo bubblewrap 0.6.1", "exit 1"):
            with open(path, "w") as file:
                file.write("#!/bin/sh\n%s\n" % script)
            os.chmod(path, 0o755)
            self.assertEqual(self.sandbox()["bubblewrap_path"], self.bwrap)
        os.chmod(path, 0o4755)
        self.assertEqual(self.sandbox()["bubblewrap_path"], self.bwrap)

    def test_x25_others_can_change_it(self):
        for mode in (0o757, 0o775):
            os.chmod(self.bwrap, mode)
            self.assert_refused("can change " + self.bwrap)
        self.assertTrue(self.sandbox(mode=0o775)["usable"])  # that group can change the server, too
        os.chmod(self.bwrap, 0o755)
        os.chmod(self.folder, 0o777)
        self.assert_refused("can change " + self.bwrap)
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            os.chown(self.bwrap, 12345, 12345)
            self.assert_refused("can change " + self.bwrap)
        os.rename(self.bwrap, self.bwrap + "-2")
        os.symlink(self.bwrap + "-2", self.bwrap)
        self.assert_refused("is not installed")

    def assert_privileged(self):
        sandbox = self.sandbox()
        self.assertIs(sandbox["usable"], False)
        self.assertIn(self.bwrap + " has privileges of its own", sandbox["message"])

    def test_x25_beside(self):
        os.chmod(self.bwrap, 0o4755)
        self.assert_privileged()
        os.chmod(self.bwrap, 0o755)
        if os.geteuid() == 0:
            capabilities = struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0)  # version 2, effective, CAP_SYS_ADMIN
            os.setxattr(self.bwrap, "security.capability", capabilities)
            self.assert_privileged()

    def test_it_may_not_be_run(self):
        for mode in (0o644, 0o711) if AS_ROOT else (0o644, 0o300):
            os.chmod(self.bwrap, mode)
            self.assert_refused("may not read and run " + self.bwrap)


if __name__ == "__main__":
    main()
