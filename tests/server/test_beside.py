"""The bwrap that packages put into the server's folder: the last resort, under the same rules as the system's and more."""
import contextlib
import os
import shutil
import unittest

from harness import AS_ROOT, HIDE_BUBBLEWRAP, SERVER, TEST_UID, WEAK_SERVER, Server, main, new_folder


class Beside(unittest.TestCase):
    """The form of the server that looks for the system's in PATH; `system` is the folder there."""

    def setUp(self):
        self.folder, self.system = new_folder(self), new_folder(self)
        self.bwrap = os.path.join(self.folder, "bwrap")
        for folder in (self.folder, self.system):
            os.chmod(folder, 0o755)  # root's server works as another user
        self.put(shutil.which("bwrap"), self.bwrap)

    def put(self, source, path, mode=0o755):
        shutil.copyfile(source, path)
        os.chmod(path, mode)
        if TEST_UID is not None:
            os.chown(path, TEST_UID, TEST_UID)
        return path

    def sandbox(self, program=WEAK_SERVER, mode=0o755, **options):
        """What /status says of it."""
        env = {"AK_TEST_WEAKEN": "fixed-folders", "PATH": self.system} if program == WEAK_SERVER else None
        program = self.put(program, os.path.join(self.folder, "agentkernel-local"), mode)
        with contextlib.closing(Server(program=program, env=env, **options)) as server:
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

    def test_the_systems_cannot_be_used(self):
        path = os.path.join(self.system, "bwrap")
        for script in ("echo bubblewrap 0.6.1", "exit 1"):
            with open(path, "w") as file:
                file.write("#!/bin/sh\n%s\n" % script)
            os.chmod(path, 0o755)
            self.assertEqual(self.sandbox()["bubblewrap_path"], self.bwrap)
        os.chmod(path, 0o4755)
        self.assertEqual(self.sandbox()["bubblewrap_path"], self.bwrap)

    def test_others_can_change_it(self):
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

    def test_privileges_of_its_own(self):
        os.chmod(self.bwrap, 0o4755)
        sandbox = self.sandbox()
        self.assertIs(sandbox["usable"], False)
        self.assertIn(self.bwrap + " has privileges of its own", sandbox["message"])

    def test_it_may_not_be_run(self):
        os.chmod(self.bwrap, 0o644)
        self.assert_refused("may not run " + self.bwrap)


if __name__ == "__main__":
    main()
