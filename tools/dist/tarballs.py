"""A tar archive for each platform: library, headers, server, ready to be unpacked anywhere; and one of the sources."""

from __future__ import annotations

import shutil
from pathlib import Path

from .settings import NATIVE, OUT, TREE, VERSION, commit_time, run


def _pack(folder: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    tar = [
        "tar",
        "--sort=name",
        f"--mtime=@{commit_time()}",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u+rw,go+r-w",
    ]
    run(f"packing {out.name}", [*tar, "-C", str(folder.parent), "-cJf", str(out), folder.name])


GUIDE = TREE / "tools/dist/PACKAGE.md"


def place_guide(folder: Path) -> None:
    """README.md for who has the package and not the tree, in the place of the tree's."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    shutil.copy(GUIDE, folder / "README.md")
    for name in ("docs/reference.md", "docs/security.md"):
        shutil.copy(TREE / name, folder / name)


def write_tarballs(platforms: list[str]) -> None:
    for platform in platforms:
        native = NATIVE / platform
        folder = native / f"libagentkernel-{VERSION}-{platform}"
        shutil.rmtree(folder, ignore_errors=True)
        build = str(native / "build")
        run("configuring for a tar archive", ["cmake", "-B", build, "-DCMAKE_INSTALL_LIBDIR=lib"])
        run("installing", ["cmake", "--install", build, "--prefix", str(folder)])
        shutil.copytree(native / "bin", folder / "bin", dirs_exist_ok=True)
        shutil.copy(native / "lib/libagentkernel.a", folder / "lib")
        shutil.copytree(native / "share/licenses", folder / "share/licenses/agentkernel")
        shutil.copy(TREE / "LICENSE", folder)
        place_guide(folder / "share/doc/agentkernel")
        shutil.copy(GUIDE, folder / "README.md")
        _pack(folder, OUT / f"{folder.name}.tar.xz")
        shutil.rmtree(folder)
    sources = OUT / f"libagentkernel-{VERSION}.tar.gz"
    archive = ["git", "-C", str(TREE), "archive", "--format=tar.gz", f"--prefix=libagentkernel-{VERSION}/"]
    run(f"packing {sources.name}", [*archive, "-o", str(sources), "HEAD"])
