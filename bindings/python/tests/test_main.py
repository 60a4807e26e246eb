"""``python -m agentkernel``, and the version."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import agentkernel
from agentkernel._native import ffi, lib
from conftest import PATIENCE, program


def main(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "agentkernel", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )


@pytest.fixture
def server() -> str:
    return program("AK_LOCAL_SERVER", "agentkernel-local")


def test_the_version_is_everywhere_the_same() -> None:
    assert agentkernel.__version__ == importlib.metadata.version("agentkernel")
    assert ffi.string(lib.ak_version_text()).decode().startswith(f"libagentkernel/{agentkernel.__version__} ")


def test_the_report(server: str) -> None:
    done = main(AGENTKERNEL_LOCAL=server)
    assert (done.returncode, done.stderr) == (0, "")
    package, library, local, bubblewrap, verdict = done.stdout.splitlines()
    assert package == f"agentkernel {agentkernel.__version__}: {Path(agentkernel.__file__).parent}"
    name, _, path = library.rpartition(": ")
    assert name == ffi.string(lib.ak_version_text()).decode()
    assert Path(path).is_file()
    assert local == f"agentkernel-local {agentkernel.__version__}: {server}"
    assert bubblewrap.startswith("bubblewrap ")
    assert verdict == "local: works"


def test_the_report_without_a_server(tmp_path: Path) -> None:
    done = main(PATH=str(tmp_path), AGENTKERNEL_LOCAL="")
    assert (done.returncode, done.stderr) == (1, "")
    assert "agentkernel-local: not found\nlocal: does not work: local: the program agentkernel-local" in done.stdout


def test_serve_becomes_the_server_of_the_path(server: str, tmp_path: Path) -> None:
    (tmp_path / "agentkernel-local").symlink_to(server)
    for environment in ({"PATH": f"relative:{tmp_path}"}, {"AGENTKERNEL_LOCAL": server, "PATH": ""}):
        done = main("serve", "--version", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == subprocess.run([server, "--version"], capture_output=True, text=True).stdout
    assert main("serve", "--no-such-option", AGENTKERNEL_LOCAL=server).returncode not in (0, 1)


def test_serve_says_why_it_cannot(tmp_path: Path) -> None:
    done = main("serve", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "install it, or set AGENTKERNEL_LOCAL" in done.stderr
    done = main("serve", AGENTKERNEL_LOCAL=str(tmp_path / "missing"))
    assert done.returncode == 1
    assert f"{tmp_path}/missing: No such file" in done.stderr


def test_usage() -> None:
    assert main("--help").stdout.startswith("usage: python -m agentkernel ")
    done = main("start")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
