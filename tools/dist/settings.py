"""Where things stand: the tree, the cache, the two files of facts, and how a command is run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agentkernel/dist"
NATIVE = TREE / "build/native"  # a folder for each platform: README.md says what is in it
OUT = TREE / "dist"

PACKAGES = json.loads((HERE / "packages.json").read_text())
SOURCES = json.loads((HERE / "sources.json").read_text())
PLATFORMS: dict[str, dict[str, str]] = PACKAGES["platforms"]
VERSION: str = PACKAGES["version"]


class StepError(Exception):
    """A step failed; the message says which, and how its output ended."""


def commit_time() -> str:
    """The time of the last commit, which files in packages have: the same tree, the same bytes."""
    command = ["git", "-C", str(TREE), "log", "-1", "--format=%ct"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run(
    name: str, command: list[str], folder: Path | None = None, env: dict[str, str] | None = None, seconds: int = 3600
) -> str:
    """Runs a command quietly and returns its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds,
    )
    if done.returncode:
        raise StepError(f"{name}: {' '.join(command[:6])} ...\n" + "\n".join(done.stdout.splitlines()[-30:]))
    return done.stdout
