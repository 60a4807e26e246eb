#!/usr/bin/env python3
"""readme.py [LANGUAGE...]: runs the programs in README.md as they stand, with the build of this tree.

A program is a block of code with the name of its language. It has to end well, and to print what each runs first:
hello.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
SECONDS = 600  # only to end what hangs
SUFFIXES = {"c": "c", "go": "go", "python": "py", "js": "mjs", "lua": "lua", "ruby": "rb"}


def environment() -> dict[str, str]:
    """What `./dev env` sets, and no server of the user's."""
    command = ["bash", "-c", 'eval "$(./dev env)" && env -0']
    lines = subprocess.run(command, cwd=TREE, check=True, capture_output=True, text=True).stdout.split("\0")
    return {
        name: value
        for name, _, value in (line.partition("=") for line in lines if line)
        if name not in ("AGENTKERNEL_BASE_URL", "AGENTKERNEL_API_KEY")
    }


def go_module(folder: Path) -> None:
    """The examples' module, in another folder."""
    text = (TREE / "examples/go/go.mod").read_text().replace("../../bindings/go", str(TREE / "bindings/go"))
    (folder / "go.mod").write_text(text)


def commands(language: str, file: Path) -> list[list[str]]:
    """How the program is compiled and run."""
    if language == "c":
        compile_it = 'exec cc -std=c11 -Wall -Wextra -Werror "$0" -o "$0.out" $(pkg-config --cflags --libs agentkernel)'
        return [["sh", "-c", compile_it, str(file)], [f"{file}.out"]]
    if language == "go":
        go_module(file.parent)
        return [[str(TREE / "bindings/go/dev"), "go", "run", str(file)]]
    if language == "python":
        return [[str(TREE / "bindings/python/dev"), "python", str(file)]]
    if language == "js":
        return [[str(TREE / "bindings/node/dev"), "run", str(file)]]
    return [[{"lua": "lua5.4", "ruby": "ruby"}[language], str(file)]]


def run(language: str, number: int, program: str, env: dict[str, str]) -> str:
    """What is wrong with it; nothing when it does what it should."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"readme{number}.{SUFFIXES[language]}"
        file.write_text(program)
        output = ""
        for command in commands(language, file):
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS)
            output += done.stdout
            if done.returncode:
                return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return "" if output.startswith("hello\n") else f"it printed {output!r}, which does not begin with hello"


def main() -> int:
    wanted = sys.argv[1:] or list(SUFFIXES)
    env = {**environment(), "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "local")}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (TREE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    failed = 0
    seen = set()
    for number, (language, program) in enumerate(blocks):
        if language not in wanted:
            continue
        seen.add(language)
        problem = run(language, number, program, env)
        failed += bool(problem)
        print(f"{'not ok' if problem else 'ok'} - README's program {number} ({language}){problem and ': ' + problem}")
    unseen = [language for language in wanted if language not in seen]
    if unseen:
        print(f"not ok - README has no program in {', '.join(unseen)}")
    return 1 if failed or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
