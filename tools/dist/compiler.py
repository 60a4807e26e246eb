"""The compiler of a platform: zig's clang, which has the headers and the libc of each, behind two small programs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from .settings import CACHE, PLATFORMS
from .sources import zig

# What everything is compiled with. Zig turns on a sanitizer by itself where nothing is said.
FLAGS = "-O2 -g0 -fPIC -fstack-protector-strong -fno-sanitize=undefined -ffunction-sections -fdata-sections"


@dataclass(frozen=True)
class Compiler:
    """cc and ar of one platform; cmake and configure scripts take them by their paths."""

    platform: str
    cc: Path
    ar: Path
    ranlib: Path

    @property
    def arch(self) -> str:
        return PLATFORMS[self.platform]["arch"]

    @property
    def musl(self) -> bool:
        return PLATFORMS[self.platform]["libc"] == "musl"

    def cmake(self) -> list[str]:
        """The options by which cmake compiles for the platform."""
        return [
            "-G",
            "Ninja",
            "-DCMAKE_BUILD_TYPE=None",
            "-DCMAKE_SYSTEM_NAME=Linux",
            f"-DCMAKE_SYSTEM_PROCESSOR={self.arch}",
            f"-DCMAKE_C_COMPILER={self.cc}",
            f"-DCMAKE_AR={self.ar}",
            f"-DCMAKE_RANLIB={self.ranlib}",
            f"-DCMAKE_C_FLAGS={FLAGS}",
            "-DCMAKE_POSITION_INDEPENDENT_CODE=ON",
        ]


def _program(path: Path, words: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cache = CACHE / "zig-cache"
    path.write_text(
        f'#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR="${{ZIG_GLOBAL_CACHE_DIR:-{cache}}}"\n'
        f'export ZIG_LOCAL_CACHE_DIR="${{ZIG_LOCAL_CACHE_DIR:-{cache}}}"\nexec {shlex.join(words)} "$@"\n'
    )
    path.chmod(0o755)
    return path


def compiler(platform: str, folder: Path) -> Compiler:
    """Writes the two programs into the folder."""
    command = zig()
    target = PLATFORMS[platform]["zig"]
    return Compiler(
        platform,
        _program(folder / "cc", [*command, "cc", "-target", target, "-fno-sanitize=undefined"]),
        _program(folder / "ar", [*command, "ar"]),
        _program(folder / "ranlib", [*command, "ranlib"]),
    )
