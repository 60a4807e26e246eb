"""Missing packages are told in the names of the system at hand."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
SYSTEMS = ("dnf", "apk", "pacman", "brew")
NEEDED_TO_PRINT = (
    "bash",
    "env",
    "cat",
    "sed",
    "sort",
    "awk",
    "xargs",
    "dirname",
    "basename",
    "id",
    "mktemp",
    "rm",
    "sh",
    "grep",
    "echo",
)


def named_by_the_scripts():
    """Every package that a script of the tree may ask for."""
    names = set()
    for script in [TREE / "dev", *TREE.glob("bindings/*/dev")]:
        text = script.read_text()
        names.update(re.findall(r"(?:command|module|ruby):[\w.+-]+=([\w.+-]+)", text))
        names.update(re.findall(r"(?:\|\||&&|then|;) echo ([a-z][\w.+-]*)$", text, re.MULTILINE))
        names.update(re.findall(r"\b(lua-\w+)\b(?=.*\"$)", text, re.MULTILINE))
    return names


class Table(unittest.TestCase):
    def test_every_package_has_its_row(self):
        rows = {
            line.split("\t")[0] for line in (TREE / "tools/packages.tsv").read_text().splitlines() if line[0] != "#"
        }
        self.assertGreater(len(rows), 30)
        self.assertEqual(named_by_the_scripts() - rows, set())

    def test_rows_are_whole_and_in_order(self):
        lines = [line for line in (TREE / "tools/packages.tsv").read_text().splitlines() if line[0] != "#"]
        self.assertEqual({len(line.split("\t")) for line in lines}, {1 + len(SYSTEMS)})
        self.assertEqual(lines, sorted(lines))


class Message(unittest.TestCase):
    def ask(self, manager):
        """What ./dev demo says on a system that has that package manager and hardly anything else."""
        with tempfile.TemporaryDirectory() as folder:
            for name in NEEDED_TO_PRINT:
                os.symlink(shutil.which(name), f"{folder}/{name}")
            if manager:
                pathlib.Path(folder, manager).write_text("#!/bin/sh\nexit 1\n")
                os.chmod(f"{folder}/{manager}", 0o755)
            result = subprocess.run(
                [TREE / "dev", "demo"], env={"PATH": folder, "HOME": folder}, capture_output=True, text=True, timeout=60
            )
        self.assertEqual(result.returncode, 1, result.stderr)
        return result.stderr

    def test_each_system(self):
        commands = {
            "dnf": r"sudo dnf install .*'pkgconfig\(libcurl\)'",
            "apk": r"apk add .*libmicrohttpd-dev",
            "pacman": r"sudo pacman -S --needed .*bubblewrap",
            "brew": r"brew install .*cjson",
        }
        self.assertEqual(set(commands), set(SYSTEMS))
        for manager, command in commands.items():
            self.assertRegex(self.ask(manager), command)

    def test_a_system_without_any(self):
        self.assertIn("what Debian calls", self.ask(None))


if __name__ == "__main__":
    unittest.main()
