"""./dev release X.Y.Z: sets the version wherever a file has to have it, checks the changelog, and tags.

--check says whether all those files have the version of packages.json.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from .settings import TREE, VERSION, StepError

ROCKSPEC = "bindings/lua/agentkernel-{}-1.rockspec"

# What surrounds the version in each file that cannot read packages.json.
PLACES = {
    "tools/dist/packages.json": r'("version": ")[^"]+(")',
    "CMakeLists.txt": r"(project\(agentkernel VERSION )\S+( )",
    "bindings/go/internal/bundled/version.h": r'(AK_VERSION_TEXT ")[^"]+(")',
    "bindings/node/package.json": r'("version": ")[^"]+(")',
    "bindings/ruby/lib/agentkernel/version.rb": r'(VERSION = ")[^"]+(")',
    "bindings/ruby/ext/agentkernel/extconf.rb": r'(found\?\("agentkernel", ")[^"]+(")',
    "examples/go/go.mod": r"(^require \S+ v)\S+()",
    ROCKSPEC: r'(^version = "|tag = "v)[^"-]+([-"])',
}
HEADER = "abi/include/agentkernel.h"


def _numbers(version: str) -> tuple[int, ...]:
    if not re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})", version):
        raise StepError(f"{version} is no version: it has three numbers, the last two below 1000")
    return tuple(map(int, version.split(".")))


def _number(version: str) -> int:
    major, minor, patch = _numbers(version)
    return major * 1000000 + minor * 1000 + patch


def _texts(version: str, current: str) -> dict[Path, str]:
    """Every file with this version in it."""
    texts = {}
    for name, pattern in PLACES.items():
        path = TREE / name.format(current)
        text, count = re.subn(pattern, rf"\g<1>{version}\g<2>", path.read_text(), flags=re.MULTILINE)
        if not count:
            raise StepError(f"{path} has no place for the version")
        texts[path] = text
    header = TREE / HEADER
    texts[header] = re.sub(r"(#define AK_VERSION )\d+", rf"\g<1>{_number(version)}", header.read_text())
    return texts


def differing() -> list[str]:
    """The files that have another version than packages.json."""
    return [str(path.relative_to(TREE)) for path, text in _texts(VERSION, VERSION).items() if path.read_text() != text]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", TREE, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def _check_changelog(version: str) -> None:
    heading = re.search(rf"^## {re.escape(version)} \((.*)\)$", (TREE / "CHANGELOG.md").read_text(), re.MULTILINE)
    if not heading or not re.fullmatch(r"\d{4}-\d\d-\d\d", heading.group(1)):
        raise StepError(f"CHANGELOG.md needs a section `## {version} (YYYY-MM-DD)`, with the day of the release")


def release(version: str) -> None:
    """Sets the version, and commits and tags it."""
    if _numbers(version) < _numbers(VERSION):
        raise StepError(f"{version} is older than {VERSION}")
    if _git("status", "--porcelain", "--untracked-files=no"):
        raise StepError("there are changes that are not committed")
    if _git("tag", "--list", f"v{version}"):
        raise StepError(f"the tag v{version} exists")
    _check_changelog(version)
    if version != VERSION:
        for path, text in _texts(version, VERSION).items():
            path.write_text(text)
        _git("mv", ROCKSPEC.format(VERSION), ROCKSPEC.format(version))
    for generate in (["tools/generate"], ["swig/generate", "--setup"], ["swig/generate"]):
        subprocess.run([str(TREE / generate[0]), *generate[1:]], cwd=TREE, check=True)
    if _git("status", "--porcelain", "--untracked-files=no"):
        _git("commit", "-aqm", f"Version {version}")
    _git("tag", "-a", f"v{version}", "-m", f"Version {version}")
    print(f"tagged v{version} in this clone; `./dev dist` makes its packages")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev release", description=__doc__.splitlines()[0])
    parser.add_argument("version", nargs="?", metavar="X.Y.Z")
    parser.add_argument(
        "--check", action="store_true", help="only say whether all files have the version of packages.json"
    )
    options = parser.parse_args()
    if bool(options.version) == options.check:
        parser.error("a version, or --check")
    try:
        if options.check:
            wrong = differing()
            if wrong:
                raise StepError(f"not version {VERSION}: {', '.join(wrong)}")
        else:
            release(options.version)
    except StepError as error:
        print(f"./dev release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
