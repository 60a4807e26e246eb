"""The root folder of another system: made by mmdebstrap, entered by the script beside this file."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from . import parts
from .rows import PLAIN_USER, Row, System

TREE = parts.TREE
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agentkernel" / "matrix"
_OWN_AUTHORITIES = Path("/usr/local/share/ca-certificates")  # of a company's proxy, say
# What is there before anybody installs anything: git brings the tree, mount lets the old root go.
_FIRST_PACKAGES = "ca-certificates,git,mount,passwd,util-linux"


def _apt_settings() -> list[str]:
    """How the host reaches its mirrors, so that the root reaches them, too."""
    names = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date")
    lines = subprocess.run(["apt-config", "dump", *names], check=True, capture_output=True, text=True).stdout
    return [f"--aptopt={line.removesuffix(';')}" for line in lines.splitlines() if not line.endswith('"";')]


ENTER = str(TREE / "tests/matrix/enter")


class Root:
    def __init__(self, system: System, name: str) -> None:
        self.system = system
        self.path = CACHE / "roots" / name

    def _base(self, log: IO[str]) -> Path:
        """The system as it is when it is new, made once a day: sid moves."""
        folder = CACHE / "bases" / self.system.name
        base = folder / datetime.date.today().isoformat()
        if base.exists():
            return base
        subprocess.run(["rm", "-rf", folder], check=True)
        new = folder / "new"
        new.mkdir(parents=True)
        options = ["--variant=apt", f"--include={_FIRST_PACKAGES}", *_apt_settings()]
        subprocess.run(["mmdebstrap", *options, self.system.suite, new], check=True, stdout=log, stderr=log)
        if _OWN_AUTHORITIES.is_dir():
            shutil.copytree(_OWN_AUTHORITIES, new / _OWN_AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
        self._chroot(new, ["update-ca-certificates"], log)
        self._chroot(new, ["useradd", "--create-home", PLAIN_USER], log)
        new.rename(base)
        return base

    @staticmethod
    def _chroot(root: Path, command: list[str], log: IO[str]) -> None:
        subprocess.run([ENTER, str(root), "root", *command], check=True, stdout=log, stderr=log)

    def renew(self, log: IO[str]) -> None:
        """A copy of the new system, without the tree."""
        base = self._base(log)
        subprocess.run(["rm", "-rf", self.path], check=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", base, self.path], check=True)

    def take_tree(self, revision: str) -> None:
        """The tree as it was committed, where everybody in the root can read it; what was built there stays."""
        tree = self.path / "srv/agentkernel"
        if not tree.exists():
            subprocess.run(["git", "clone", "-q", "--no-hardlinks", TREE, tree], check=True)
        subprocess.run(["git", "-C", tree, "fetch", "-q", TREE, "HEAD"], check=True)
        subprocess.run(["git", "-C", tree, "reset", "-q", "--hard", revision], check=True)

    def take_parts(self, row: Row) -> None:
        """What the row needs of tools/dist."""
        parts.take_sources(row.sources, self.path / "srv/sources")
        if row.libraries:
            parts.take_libraries(row.libraries, self.path / "opt" / row.name)

    def take_packages(self) -> None:
        """What ./dev dist made, and the programs that use it, in the tree's place."""
        place = self.path / "srv/agentkernel"
        for name in ("dist", "tools/dist/check", "tests/matrix"):
            shutil.copytree(TREE / name, place / name)

    def run(self, command: str, user: str, log: IO[str], seconds: float) -> bool:
        """Whether it ended well in that time; all it started has ended when this returns."""
        script = f"cd /srv/agentkernel && export AK_WERROR=ON && {command}"
        arguments = [ENTER, str(self.path), user, "bash", "-c", script]
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            return process.wait(timeout=seconds) == 0
        except subprocess.TimeoutExpired:
            log.write(f"\nended after {seconds:.0f} s, which is the limit\n")
            return False
        finally:
            if process.poll() is None:
                os.killpg(
                    process.pid, signal.SIGKILL
                )  # the first process of the namespace goes with it, and all others with that
                process.wait()

    def output(self, command: str) -> str:
        arguments = [ENTER, str(self.path), "root", "bash", "-c", f"cd /srv/agentkernel && {command}"]
        return subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=120).stdout
