"""The packages build, install in clean environments, and work there. Slow, and needs a package index."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from agentkernel._native import ffi, lib
from conftest import TREE

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("AK_TEST_LONG"), reason="AK_TEST_LONG is not set"),
]

ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
VERSION = f"cp{sys.version_info.major}{sys.version_info.minor}"
SHOW = "import agentkernel; print(agentkernel.__file__); agentkernel.AgentKernel().close()"


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment(folder: Path) -> Path:
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / "bin"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("packages")
    run(sys.executable, "-m", "build", "--outdir", folder, TREE / "bindings/python", cwd=folder)
    return folder


def test_the_source_distribution_stands_alone(packages: Path, tmp_path: Path) -> None:
    (sdist,) = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    wanted = {
        "native/abi/include/agentkernel.h",
        "native/core/net/client.c",
        "native/abi/abi.c",
        "header.py",
        "LICENSE",
    }
    assert wanted <= names
    binaries = clean_environment(tmp_path / "venv")
    run(binaries / "pip", "install", sdist, cwd=tmp_path)
    assert str(tmp_path) in run(binaries / "python", "-c", SHOW, cwd=tmp_path)


def test_the_wheel_is_for_all_versions(packages: Path, tmp_path: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    assert ("-cp310-abi3-linux_" if ABI3 else f"-{VERSION}-{VERSION}t-linux_") in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    suffix = ".abi3.so" if ABI3 else sysconfig.get_config_var("EXT_SUFFIX")
    assert {f"agentkernel/_native{suffix}", "agentkernel/_native.pyi", "agentkernel/py.typed"} <= names
    assert not [name for name in names if name.endswith((".c", ".h"))]
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    binaries = clean_environment(tmp_path / "venv")
    run(binaries / "pip", "install", wheel, cwd=tmp_path)
    assert str(tmp_path) in run(binaries / "python", "-c", SHOW, cwd=tmp_path)
    # Users' type checkers see the types, and only cffi was installed with it.
    installed = run(binaries / "pip", "list", "--format=freeze", cwd=tmp_path)
    assert {line.split("==")[0] for line in installed.split()} <= {
        "agentkernel",
        "cffi",
        "pycparser",
        "pip",
        "setuptools",
    }


def test_the_tree_installs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = run("git", "status", "--porcelain", "--ignored=no", cwd=TREE)
    binaries = clean_environment(tmp_path / "venv")
    run(binaries / "pip", "install", TREE / "bindings/python", cwd=tmp_path)
    assert str(tmp_path) in run(binaries / "python", "-c", SHOW, cwd=tmp_path)
    assert run("git", "status", "--porcelain", "--ignored=no", cwd=TREE) == before


def test_nothing_of_the_core_is_exported() -> None:
    import agentkernel._native as native

    symbols = run("nm", "-D", "--defined-only", native.__file__, cwd=TREE)
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__native"]
    assert b"libagentkernel/" in ffi.string(lib.ak_version_text())
