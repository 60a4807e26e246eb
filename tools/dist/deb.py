"""The packages of Debian and Ubuntu: runtime, -dev, and the server with its units. One fits every release."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from email.utils import formatdate
from pathlib import Path

from .settings import NATIVE, OUT, PACKAGES, PLATFORMS, TREE, VERSION, commit_time, run
from .tarballs import place_guide

NAMES = PACKAGES["names"]
REVISION = f"{VERSION}-1"

# What lintian finds and is meant: the point of these packages is that they fit every release.
OVERRIDES = {
    "deb_runtime": ["embedded-library *", "no-symbols-control-file *", "initial-upload-closes-no-bugs *"],
    "deb_dev": ["initial-upload-closes-no-bugs *"],
    "deb_server": [
        "statically-linked-binary *",
        "shared-library-lacks-prerequisites *",
        "initial-upload-closes-no-bugs *",
    ],
}


def _gzip(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text, 9, mtime=0))


def _documents(root: Path, package: str, key: str) -> None:
    folder = root / "usr/share/doc" / package
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "copyright").write_text(_copyright())
    date = formatdate(int(commit_time()))
    entry = f"{package} ({REVISION}) unstable; urgency=medium\n\n"
    entry += f"  * Release {VERSION}: see CHANGELOG.md in the sources.\n\n"
    _gzip(folder / "changelog.Debian.gz", f"{entry} -- {PACKAGES['maintainer']}  {date}\n".encode())
    overrides = root / "usr/share/lintian/overrides" / package
    overrides.parent.mkdir(parents=True)
    overrides.write_text("".join(f"{package}: {tag}\n" for tag in OVERRIDES[key]))


# Licenses whose text every Debian has.
_COMMON = {"openssl": "Apache-2.0", "libmicrohttpd": "LGPL-2.1", "bubblewrap": "LGPL-2"}


def _copyright() -> str:
    """What is compiled in, each with its license: the text, or where the system keeps it."""
    texts = [f"{NAMES['deb_runtime']} and its companions contain the following, compiled in.\n"]
    for path in sorted((next(NATIVE.glob("*-gnu")) / "share/licenses").glob("*.txt")):
        if path.stem in _COMMON:
            text = f"Its license is in /usr/share/common-licenses/{_COMMON[path.stem]}.\n"
        else:
            text = path.read_text(errors="replace").split("\n-------------------------\n")[0] + "\n"
        texts.append(f"== {path.stem} ==\n\n{text}")
    return "\n".join(texts)


def _close(root: Path, key: str, platform: str, control: dict[str, str], scripts: dict[str, str]) -> None:
    """Writes the control files and packs."""
    package = NAMES[key]
    architecture = PLATFORMS[platform]["deb"]
    _documents(root, package, key)
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.parent.name == "bin" else 0o644)
    packed = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in packed) // 1024 + 1
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n"
        for path in packed
    )
    debian = root / "DEBIAN"
    debian.mkdir()
    fields = {
        "Package": package,
        "Version": REVISION,
        "Architecture": architecture,
        "Maintainer": PACKAGES["maintainer"],
        "Installed-Size": str(size),
        "Multi-Arch": "same" if key != "deb_server" else "foreign",
        "Priority": "optional",
        "Homepage": PACKAGES["homepage"],
        **control,
    }
    (debian / "control").write_text("".join(f"{name}: {text}\n" for name, text in fields.items() if text))
    (debian / "md5sums").write_text(sums)
    for name, text in scripts.items():
        (debian / name).write_text(text)
        (debian / name).chmod(0o755 if text.startswith("#!") else 0o644)
    moment = int(commit_time())
    for path in root.rglob("*"):
        os.utime(path, (moment, moment), follow_symlinks=False)
    out = OUT / "deb" / f"{package}_{REVISION}_{architecture}.deb"
    out.parent.mkdir(parents=True, exist_ok=True)
    env = {"SOURCE_DATE_EPOCH": commit_time()}
    run(f"packing {out.name}", ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(out)], env=env)
    shutil.rmtree(root)


def _installed(platform: str) -> Path:
    """The tree's own `cmake --install` into a folder for this system's layout."""
    staged = NATIVE / platform / "deb"
    shutil.rmtree(staged, ignore_errors=True)
    build = NATIVE / platform / "build"
    libdir = f"lib/{PLATFORMS[platform]['arch']}-linux-gnu"
    run(
        "configuring for Debian",
        ["cmake", "-B", str(build), f"-DCMAKE_INSTALL_LIBDIR={libdir}", "-DCMAKE_INSTALL_PREFIX=/usr"],
    )
    run("installing", ["cmake", "--install", str(build)], env={"DESTDIR": str(staged)})
    return staged / "usr"


def _move(installed: Path, root: Path, patterns: list[str]) -> None:
    for pattern in patterns:
        # A link whose file went into another package is not seen by glob.
        for path in sorted(installed.glob(pattern)) or [installed / pattern]:
            target = root / "usr" / path.relative_to(installed)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def _library(platform: str) -> None:
    installed = _installed(platform)
    libdir = f"lib/{PLATFORMS[platform]['arch']}-linux-gnu"
    for key in ("deb_runtime", "deb_dev"):
        root = NATIVE / platform / key
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        if key == "deb_runtime":
            _move(installed, root, [f"{libdir}/libagentkernel.so.*"])
            control = {
                "Section": "libs",
                "Depends": "libc6 (>= 2.28)",
                "Recommends": f"{NAMES['deb_server']}, ca-certificates",
                "Description": "client of agentkernel, for sandboxed commands of AI agents\n"
                " Runs commands in isolated sandboxes through the HTTP and SSE API of\n"
                " agentkernel: a small C ABI that fits every event loop.",
            }
            scripts = {
                "triggers": "activate-noawait ldconfig\n",
                "shlibs": f"libagentkernel 0 {NAMES['deb_runtime']} (>= {VERSION})\n",
            }
        else:
            _move(
                installed, root, ["include/*", f"{libdir}/libagentkernel.so", f"{libdir}/pkgconfig", f"{libdir}/cmake"]
            )
            shutil.copy(NATIVE / platform / "lib/libagentkernel.a", root / f"usr/{libdir}/libagentkernel.a")
            place_guide(root / "usr/share/doc" / NAMES[key])
            control = {
                "Section": "libdevel",
                "Depends": f"{NAMES['deb_runtime']} (= {REVISION})",
                "Description": "client of agentkernel, for sandboxed commands (development files)\n"
                " Headers, pkg-config and CMake files, and the static library of libagentkernel.",
            }
            scripts = {}
        _close(root, key, platform, control, scripts)
    shutil.rmtree(NATIVE / platform / "deb")


_POSTINST = """#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
"""


def _server(platform: str) -> None:
    root = NATIVE / platform / "deb_server"
    shutil.rmtree(root, ignore_errors=True)
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy(NATIVE / platform / "bin/agentkernel-local", root / "usr/bin")
    units = root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for unit in sorted((TREE / "server/systemd").glob("*.s*")):
        shutil.copy(unit, units)
    page = TREE / "server/agentkernel-local.1"
    _gzip(root / "usr/share/man/man1/agentkernel-local.1.gz", page.read_bytes())
    control = {
        "Section": "utils",
        "Depends": "bubblewrap",
        "Description": "runs commands of AI agents in sandboxes on one machine\n"
        " A small server with the API of agentkernel that isolates commands with\n"
        " bubblewrap. libagentkernel starts it by itself for the URL local:.",
    }
    _close(root, "deb_server", platform, control, {"postinst": _POSTINST, "postrm": _POSTINST})


def write_debs(platforms: list[str]) -> None:
    for platform in platforms:
        if "deb" in PLATFORMS[platform]:
            _library(platform)
            _server(platform)
