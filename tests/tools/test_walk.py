"""One run over local: crosses at most 12 files of the library besides leaves (core/schema, core/base, core/common).

Compiles the library with gcc's coverage, which takes a while: only with AK_TEST_LONG.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AK_BUILD", TREE / "build"))
MOST = 12
LEAVES = ("core/schema/", "core/base/", "core/common/")
SECONDS = 3600  # only to end what hangs


@unittest.skipUnless(os.environ.get("AK_TEST_LONG"), "compiles the library once more")
class Walk(unittest.TestCase):
    def out(self, folder, *command, **environment):
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=SECONDS
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_files(self):
        rooms = [f"-I{path}" for path in (TREE / "core").iterdir() if path.is_dir()]
        flags = self.out(TREE, "pkg-config", "--cflags", "--libs", "libcurl", "libcjson").split()
        sources = [TREE / "tests/tools/walk.c", TREE / "abi/abi.c", *sorted((TREE / "core").glob("*/*.c"))]
        options = ["-std=gnu11", "-D_GNU_SOURCE", "-O0", "--coverage", '-DAK_VERSION_TEXT="0"', f"-I{TREE}/abi/include"]
        with tempfile.TemporaryDirectory() as folder:
            self.out(folder, "gcc", *options, *rooms, *sources, *flags, "-o", "walk")
            self.out(folder, "./walk", AGENTKERNEL_LOCAL=str(BUILD / "bin/agentkernel-local"))
            data = [path.name for path in pathlib.Path(folder).glob("*.gcda")]
            told = self.out(folder, "gcov", "-n", "-r", "-s", str(TREE), *data)
        found = re.findall(r"File '((?:core|abi)/[^']+\.c)'\nLines executed:(?!0\.00%)", told)
        crossed = sorted({path for path in found if not path.startswith(LEAVES)})
        print(*crossed, sep="\n")
        self.assertLessEqual(len(crossed), MOST, crossed)
        self.assertGreater(len(crossed), 5)


if __name__ == "__main__":
    unittest.main()
