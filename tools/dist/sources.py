"""Fetches the sources that the packages are made of, by the package managers of the system, and checks what came.

Crates carry OpenSSL and libcurl; Debian's sources are the others, with its patches.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
import venv
from pathlib import Path

from .settings import CACHE, SOURCES, StepError, run

ATTEMPTS = 3  # a registry's mirror fails now and then


def zig() -> list[str]:
    """The command of the compiler, which comes as a package of Python's."""
    pinned = SOURCES["zig"]
    folder = CACHE / f"zig-{pinned['version']}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        wanted = f"{pinned['package']}=={pinned['version']}"
        run(
            "the compiler",
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", wanted],
        )
        (folder / "complete").touch()
    return [str(python), "-m", "ziglang"]


def _kept(name: str, pinned: dict[str, str], make: object) -> Path:
    """The folder of a source, made once for each checksum."""
    folder = CACHE / "sources" / f"{name}-{pinned['sha256'][:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            made = make(pinned, Path(temporary))  # type: ignore[operator]
            made.rename(folder)
    return folder


def _crate(pinned: dict[str, str], work: Path) -> Path:
    (work / "src").mkdir()
    (work / "src/lib.rs").touch()
    (work / "Cargo.toml").write_text(
        '[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n[build-dependencies]\n'
        f'{pinned["crate"]} = "={pinned["crate_version"].split("+")[0]}"\n'
    )
    run(f"the crate {pinned['crate']}", ["cargo", "vendor", "--quiet", "--versioned-dirs", "vendor"], work)
    found = next((work / "vendor").glob(f"{pinned['crate']}-{pinned['crate_version'].split('+')[0]}*"))
    checksum = json.loads((found / ".cargo-checksum.json").read_text())["package"]
    if checksum != pinned["sha256"]:
        raise StepError(f"the crate {pinned['crate']} has the checksum {checksum}, not {pinned['sha256']}")
    return found / pinned["folder"]


def _archive_addresses() -> list[str]:
    """Where the system itself gets its packages from."""
    texts = [path.read_text() for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
    listed = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")]
    texts += [path.read_text() for path in listed if path.exists()]
    addresses = re.findall(r"^(?:URIs:|deb (?:\[[^]]*\] )?)\s*(\S+/debian)/?\s*$|^deb (?:\[[^]]*\] )?(\S+/debian)/? ",
                           "\n".join(texts), re.MULTILINE)  # fmt: skip
    return list(dict.fromkeys(a or b for a, b in addresses))


def _debian(pinned: dict[str, str], work: Path) -> Path:
    addresses = _archive_addresses()
    if not addresses:
        raise StepError(
            "the sources of Debian's packages are fetched by apt-get, from an archive that the system knows"
        )
    for folder in ("lists/partial", "cache/archives/partial", "parts"):
        (work / folder).mkdir(parents=True)
    (work / "parts/debian.sources").write_text(
        f"Types: deb-src\nURIs: {' '.join(addresses)}\nSuites: {pinned['suite']} {pinned['suite']}-updates\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    options = []
    for option in (
        "Dir::Etc::sourcelist=/dev/null",
        f"Dir::Etc::sourceparts={work}/parts",
        f"Dir::State::lists={work}/lists",
        f"Dir::Cache={work}/cache",
        "APT::Sandbox::User=root",
        "APT::Default-Release=",
    ):
        options += ["-o", option]
    run("the list of sources", ["apt-get", *options, "update", "-q"])
    name = f"{pinned['source']}={pinned['version']}"
    fetch = ["apt-get", *options, "source", "--download-only", "--only-source", name]
    run(f"the source {name}", [*fetch, "--tar-only"], work)
    unpacked = work / "unpacked"
    unpacked.mkdir()
    original = _checked(next(work.glob("*.orig.tar.?z")), pinned["sha256"])
    run(f"unpacking {original.name}", ["tar", "-x", "--strip-components=1", "-f", str(original), "-C", str(unpacked)])
    if "patches_sha256" in pinned:
        run(f"the patches of {name}", [*fetch, "--diff-only"], work)
        patches = _checked(next(work.glob("*.debian.tar.xz")), pinned["patches_sha256"])
        run(f"unpacking {patches.name}", ["tar", "-x", "-f", str(patches), "-C", str(unpacked)])
        for line in (unpacked / "debian/patches/series").read_text().splitlines():
            if line and not line.startswith("#"):
                run(line, ["patch", "-p1", "-i", f"debian/patches/{line.split()[0]}"], unpacked)
    return unpacked


def _checked(path: Path, wanted: str) -> Path:
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != wanted:
        raise StepError(f"{path.name} has the checksum {checksum}, not {wanted}")
    return path


def source(name: str) -> Path:
    """The folder with the source of a dependency, checked and patched."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            facts = pinned(name)
            return _kept(name, facts, _crate if "crate" in facts else _debian)
        except StepError as error:
            if attempt == ATTEMPTS:
                raise
            print(f"   again: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
    raise AssertionError


def pinned(name: str) -> dict[str, str]:
    """What sources.json says of a dependency."""
    found: dict[str, str] = {**SOURCES["crates"], **SOURCES["debian"], **SOURCES["tried"]}[name]
    return found
