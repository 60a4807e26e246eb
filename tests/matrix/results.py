"""What each row said when it was last run, a file each in docs/platforms, and their table in docs/platforms.md."""

from __future__ import annotations

import json
from typing import Any

from .root import TREE
from .rows import ROWS

FOLDER = TREE / "docs/platforms"
PAGE = TREE / "docs/platforms.md"
_BEGIN = "<!-- rows: written by ./dev matrix --table -->\n"
_END = "<!-- end of rows -->"

Result = dict[str, Any]


def read(row: str) -> Result | None:
    path = FOLDER / f"{row}.json"
    result: Result | None = json.loads(path.read_text()) if path.exists() else None
    return result


def write(row: str, result: Result) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{row}.json").write_text(json.dumps(result, indent=4) + "\n")


def _line(name: str, title: str) -> str:
    result = read(name)
    if result is None:
        return f"| {name} | {title} | not run | | | | |"
    told = result["result"]
    if result.get("failed"):
        told += ": " + ", ".join(result["failed"])
    versions = ", ".join(f"{key} {value}" for key, value in result["versions"].items())
    cells = (name, title, told, result["date"], result["revision"][:10], f"{result['seconds'] / 60:.0f}", versions)
    return "| " + " | ".join(cells) + " |"


def _full_line() -> str:
    """The full server, of which tests/full keeps what it said in the same form, with the counts of its cases."""
    line = _line("full", "the full server (`./dev full`)")
    result = read("full")
    if result is not None:
        counts = ", ".join(f"{count} {name}" for name, count in result["counts"].items())
        line = line.replace(f"| {result['result']} |", f"| {result['result']}: {counts} |")
    return line


def table() -> str:
    lines = [
        "| row | what | result | date | revision | minutes | versions |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_line(row.name, row.title) for row in ROWS.values()]
    lines.append(_full_line())
    return "\n".join(lines) + "\n"


def page_with_table() -> str:
    """docs/platforms.md as it should be."""
    before, rest = PAGE.read_text().split(_BEGIN)
    _, after = rest.split(_END)
    return before + _BEGIN + table() + _END + after
