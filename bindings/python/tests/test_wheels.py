"""`dev dist` packs wheels that work where nothing else is installed. AK_NATIVE is the folder of compiled libraries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

import agentkernel
from conftest import TREE
from test_packaging import clean_environment, run

NATIVE = Path(os.environ.get("AK_NATIVE", "/nonexistent"))
TARGETS = sorted(path.parents[1].name for path in NATIVE.glob("*/lib/libagentkernel.so.0"))
HERE = f"{os.uname().machine}-linux-gnu"
RELEASE = json.loads((TREE / "tools/dist/packages.json").read_text(encoding="utf-8"))
NAME = f"{RELEASE['names']['python']}-{RELEASE['version']}"
LARGEST = 3_500_000
"""The number of bytes that a wheel may have."""

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not TARGETS, reason="AK_NATIVE is not set"),
]

USE = """
from agentkernel import AgentKernel
with AgentKernel("local:") as client:
    assert client.run(["echo", "hello"]).output == "hello\\n"
with open("/proc/self/maps") as maps:
    print("\\n".join({line.split()[-1] for line in maps if ".so" in line}))
"""


def dist(folder: Path, *targets: str) -> Path:
    run(TREE / "bindings/python/dev", "dist", NATIVE, folder, *targets, cwd=folder.parent)
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before = run("git", "status", "--porcelain", "--ignored=no", cwd=TREE)
    folder = dist(tmp_path_factory.mktemp("packed") / "out", *TARGETS)
    assert run("git", "status", "--porcelain", "--ignored=no", cwd=TREE) == before
    return folder


def wheel_of(folder: Path, target: str) -> Path:
    return folder / f"{NAME}-cp310-abi3-{RELEASE['platforms'][target]['wheel']}.whl"


def test_what_is_packed(packed: Path) -> None:
    assert set(packed.iterdir()) == {packed / f"{NAME}.tar.gz", *(wheel_of(packed, target) for target in TARGETS)}
    assert agentkernel.__version__ == RELEASE["version"]


def test_the_same_again(packed: Path, tmp_path: Path) -> None:
    again = dist(tmp_path / "out", TARGETS[0])
    for path in again.iterdir():
        assert path.read_bytes() == (packed / path.name).read_bytes(), path.name


def test_the_source_distribution_has_no_owner(packed: Path) -> None:
    with tarfile.open(packed / f"{NAME}.tar.gz") as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert f"{NAME}/LICENSE" in {member.name for member in members}


@pytest.mark.parametrize("target", TARGETS)
def test_a_wheel_needs_only_libc(packed: Path, target: str, tmp_path: Path) -> None:
    assert wheel_of(packed, target).stat().st_size <= LARGEST
    with zipfile.ZipFile(wheel_of(packed, target)) as archive:
        archive.extractall(tmp_path)
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes["agentkernel/agentkernel-local"] == modes["agentkernel/bwrap"] == 0o755
    licenses = {path.name for path in tmp_path.glob("*.dist-info/licenses/*")}
    assert {"LICENSE", "LICENSE-curl.txt", "LICENSE-openssl.txt"} <= licenses
    needed = {}
    for path in tmp_path.glob("agentkernel/*.so*"):
        about = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True).stdout
        needed[path.name] = set(re.findall(r"NEEDED.*\[(.*)\]", about))
        exported = run("nm", "-D", "--defined-only", path, cwd=tmp_path).splitlines()
        if path.name.startswith("_"):
            assert [line.split()[-1] for line in exported] == [f"PyInit_{path.name.split('.')[0]}"]
    libc = {"libc.so.6", "libpthread.so.0", "libdl.so.2", "libc.so", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
    assert needed.keys() == {"_native.abi3.so", "_events.abi3.so", "libagentkernel.so.0"}
    assert "libagentkernel.so.0" in needed["_native.abi3.so"]
    assert set().union(*needed.values()) <= libc | {"libagentkernel.so.0"}


@pytest.mark.skipif(HERE not in TARGETS, reason=f"AK_NATIVE has no {HERE}")
def test_it_works_at_once(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = clean_environment(tmp_path / "venv")
    run(binaries / "pip", "install", wheel_of(packed, HERE), cwd=tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    loaded = run(binaries / "python", "-c", USE, cwd=tmp_path).split()
    assert not [path for path in loaded if re.search(r"/lib(curl|cjson|ssl|crypto)\b", path)]
    (library,) = (path for path in loaded if "libagentkernel" in path)
    package = tmp_path / "venv/lib"
    assert library.startswith(str(package))
    report = run(binaries / "python", "-m", "agentkernel", cwd=tmp_path).splitlines()
    assert report[1].endswith(library)
    assert report[2] == f"agentkernel-local {RELEASE['version']}: {Path(library).parent}/agentkernel-local"
    assert report[-1] == "local: works"
