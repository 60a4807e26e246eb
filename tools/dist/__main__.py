"""./dev dist: makes the packages of every language and system in dist/. README.md says how."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

from .deb import write_debs
from .documents import packed, write_documents
from .native import build, sizes
from .settings import NATIVE, OUT, PLATFORMS, TREE, StepError, commit_time
from .tarballs import write_tarballs

LANGUAGES = ("python", "node", "ruby", "lua", "go")


def pack_languages(languages: list[str], platforms: list[str]) -> None:
    for language in languages:
        print(f"== packages for {language}", flush=True)
        command = [str(TREE / "bindings" / language / "dev"), "dist", str(NATIVE), str(OUT), *platforms]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
        if subprocess.run(command, env=environment).returncode:
            raise StepError(f"the packages for {language}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev dist", description=__doc__)
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help=f"of {', '.join(PLATFORMS)} (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="install each, alone, on fresh systems, and use it (needs root)"
    )
    parser.add_argument("--only", action="append", metavar="PART", help="native, deb, tar or a language (default: all)")
    options = parser.parse_args()
    platforms = options.platforms or list(PLATFORMS)
    unknown = [name for name in platforms if name not in PLATFORMS]
    if unknown:
        parser.error(f"there is no platform {unknown[0]}")
    parts = options.only or ["native", "tar", "deb", *LANGUAGES]
    if options.check:
        rows = ["packages-debian12", "packages-debian13"]
        return subprocess.run([str(TREE / "dev"), "matrix", *rows], check=False).returncode
    try:
        if "native" in parts:
            build(platforms)
        if options.only is None:
            shutil.rmtree(OUT, ignore_errors=True)
        OUT.mkdir(exist_ok=True)
        if "tar" in parts:
            write_tarballs(platforms)
        if "deb" in parts:
            write_debs(platforms)
        pack_languages([language for language in LANGUAGES if language in parts], platforms)
        write_documents()
    except StepError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(sizes())
    for path in packed():
        print(f"{path.stat().st_size / 1e6:7.2f} MB  {path.relative_to(TREE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
