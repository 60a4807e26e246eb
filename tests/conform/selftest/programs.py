"""The programs that the tests run: agentkernel-local, and the suite as anybody runs it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
LOCAL = os.environ.get("AK_LOCAL_SERVER", str(TESTS.parent / "build/bin/agentkernel-local"))
PATIENCE = 600.0
LINE = re.compile(r"^(PASS|SKIP|QUIRK|FAIL) +([\w.]+)(?:: (.*))?$")
SEEN = re.compile(r"^    ([a-z0-9-]+): ")


def environment(**variables: str) -> dict[str, str]:
    """This process's own without anything of agentkernel's, and with these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AGENTKERNEL_")}
    path = os.pathsep.join([str(TESTS), *filter(None, [own.get("PYTHONPATH")])])
    return {**own, "PYTHONPATH": path, "AGENTKERNEL_LOCAL": LOCAL, **variables}


@contextlib.contextmanager
def local_server(*options: str, key: str = "") -> Iterator[str]:
    """A server with a state folder of its own; its URL."""
    # Not in /tmp: where that is memory, files of sandboxes count as their memory.
    with tempfile.TemporaryDirectory(prefix="conform-", dir="/var/tmp") as folder:
        variables = {"AGENTKERNEL_API_KEY": key} if key else {}
        listen = options or ("--listen", "127.0.0.1:0")
        command = [LOCAL, *(option.format(folder=folder) for option in listen), "--state", f"{folder}/state"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(**variables), text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            try:
                yield line.split()[2]
            finally:
                process.terminate()
                status = process.wait(PATIENCE)
        assert status == 0, f"agentkernel-local ended with {status}"


@dataclass
class Outcome:
    """What the suite said and how it ended."""

    status: int
    text: str
    errors: str

    @property
    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Outcome and words of each case."""
        found = (LINE.match(line) for line in self.text.splitlines())
        return {match[2]: (match[1], match[3] or "") for match in found if match}

    def cases(self, outcome: str) -> set[str]:
        """Those that went that way."""
        return {title for title, verdict in self.verdicts.items() if verdict[0] == outcome}

    @property
    def quirks(self) -> set[str]:
        """Those that the report names at its end."""
        _, _, end = self.text.partition("quirks of this server:\n")
        return {match[1] for match in (SEEN.match(line) for line in end.splitlines()) if match}


def command(url: str, *options: str) -> list[str]:
    """How the suite is started."""
    return [sys.executable, "-W", "error", "-m", "conform", url, *options]


def conform(url: str, *options: str, key: str = "") -> Outcome:
    """Runs the suite."""
    variables = {"AGENTKERNEL_API_KEY": key} if key else {}
    done = subprocess.run(
        command(url, *options),
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
