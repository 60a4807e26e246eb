"""What a row takes of tools/dist in place of its system's packages: sources to compile, libraries for another libc."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools"))

from dist.compiler import compiler  # noqa: E402
from dist.dependencies import CLIENT, SERVER, dependencies  # noqa: E402
from dist.settings import SOURCES, StepError  # noqa: E402
from dist.sources import source  # noqa: E402

__all__ = ["StepError", "libcurl_versions", "take_libraries", "take_sources"]


def libcurl_versions() -> dict[str, str]:
    """Each version of libcurl that there is a source of, and the name of that source. One is that of the packages."""
    facts = {**SOURCES["tried"], **SOURCES["crates"]}
    found = {fact["version"]: name for name, fact in facts.items() if name.startswith("curl")}
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def take_sources(names: tuple[str, ...], place: Path) -> None:
    """Copies these sources there, a folder each."""
    for name in names:
        shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(source(name), place / name, symlinks=True)


def take_libraries(platform: str, place: Path) -> None:
    """Copies there what the packages of a platform have inside, compiled once for them and the rows."""
    shutil.rmtree(place, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        tool = compiler(platform, Path(folder))
        for steps in (CLIENT, SERVER):
            shutil.copytree(dependencies(tool, steps), place, symlinks=True, dirs_exist_ok=True)
    for path in place.glob("lib/pkgconfig/*.pc"):  # OpenSSL's name the folder where they were made
        lines = path.read_text().splitlines(keepends=True)
        path.write_text(
            "".join("prefix=${pcfiledir}/../..\n" if line.startswith("prefix=") else line for line in lines)
        )
