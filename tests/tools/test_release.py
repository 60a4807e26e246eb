"""./dev release: one version everywhere, and nothing is tagged that should not be."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.copy = pathlib.Path(folder.name) / "tree"
        self.git("clone", "-q", str(TREE), str(self.copy), where=TREE)
        # What stands in this tree, committed or not.
        for path in self.git("ls-files", "-m", where=TREE).splitlines():
            if (TREE / path).exists():
                (self.copy / path).write_bytes((TREE / path).read_bytes())
        self.commit("as it is")
        # The programs that write code have tests of their own.
        for name in ("tools/generate", "swig/generate"):
            (self.copy / name).write_text("#!/bin/sh\n")
        self.commit("without generators")

    def git(self, *arguments, where=None):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
        return subprocess.run(command, cwd=where or self.copy, check=True, capture_output=True, text=True).stdout

    def commit(self, message):
        self.git("commit", "-aqm", message, "--allow-empty")

    def release(self, *arguments):
        names = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {**os.environ, **names, "PYTHONPATH": str(self.copy / "tools")}
        command = [sys.executable, "-B", "-m", "dist.release", *arguments]
        done = subprocess.run(command, cwd=self.copy, env=env, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def dated(self, version):
        path = self.copy / "CHANGELOG.md"
        path.write_text(path.read_text().replace("## 0.1.0 (not released)", f"## {version} (2026-01-31)"))
        self.commit("the changelog")

    def test_the_tree_has_one_version(self):
        self.assertEqual(self.release("--check"), (0, ""))

    def test_a_release_sets_it_everywhere(self):
        self.dated("1.2.3")
        status, told = self.release("1.2.3")
        self.assertEqual(status, 0, told)
        self.assertEqual(self.git("tag", "--list").split(), ["v1.2.3"])
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertEqual(self.release("--check"), (0, ""))
        self.assertIn("#define AK_VERSION 1002003", (self.copy / "abi/include/agentkernel.h").read_text())
        old = r"agentkernel.*\b0\.1\.0\b"
        search = ["git", "grep", "-lE", old, "--", "bindings", "examples", "tools"]
        left = subprocess.run(search, cwd=self.copy, capture_output=True, text=True).stdout.split()
        self.assertEqual([name for name in left if not name.endswith(".md")], [])

    def test_a_file_that_differs_is_seen(self):
        path = self.copy / "bindings/node/package.json"
        path.write_text(path.read_text().replace('"version": "0.1.0"', '"version": "0.1.1"'))
        status, told = self.release("--check")
        self.assertEqual(status, 1)
        self.assertIn("bindings/node/package.json", told)

    def test_what_is_refused(self):
        for version, why in (("1.2", "no version"), ("0.0.9", "older"), ("1.2.3", "CHANGELOG.md")):
            status, told = self.release(version)
            self.assertEqual(status, 1)
            self.assertIn(why, told)
        self.dated("1.2.3")
        (self.copy / "README.md").write_text("changed")
        self.assertIn("not committed", self.release("1.2.3")[1])
        self.git("checkout", "-q", "README.md")
        self.git("tag", "v1.2.3")
        self.assertIn("exists", self.release("1.2.3")[1])


if __name__ == "__main__":
    unittest.main()
