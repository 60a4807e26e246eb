"""How Python's source is laid out, as ruff does it: what is generated needs no formatter, and passes its check."""

from __future__ import annotations

import ast
import re
import textwrap

WIDTH = 120


def fit(start: str, items: list[str], end: str, indent: str = "") -> list[str]:
    """start, the items by comma, end: on one line, else the items on one line of their own, else on one each."""
    line = indent + start + ", ".join(items) + end
    if len(line) <= WIDTH:
        return [line]
    inner = indent + "    "
    together = inner + ", ".join(items)
    if len(together) <= WIDTH:
        return [indent + start, together, indent + end]
    return [indent + start, *(f"{inner}{item}," for item in items), indent + end]


def docstring(text: str, indent: str, sections: list[str] | None = None) -> list[str]:
    """A docstring of paragraphs: the first sentence is by itself when not all of it fits on its line."""
    quotes = '"""'
    if not sections and len(indent + quotes + text + quotes) <= WIDTH:
        return [indent + quotes + text + quotes]
    summary, _, rest = text, "", ""
    if len(indent + quotes + text) > WIDTH:
        summary, _, rest = text.partition(". ")
        summary += "."
    lines = [indent + quotes + summary]
    if rest:
        lines += ["", *textwrap.wrap(rest, WIDTH, initial_indent=indent, subsequent_indent=indent)]
    if sections:
        lines += ["", *((indent + line).rstrip() for line in sections)]
    return [*lines, indent + quotes]


def member_key(name: str) -> tuple[int, str]:
    """The order of imported names: constants, classes, the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def imports(wanted: dict[str, set[str]], indent: str = "") -> list[str]:
    """from-imports in order: the standard library, a blank line, the package from afar to near."""

    def key(module: str) -> tuple[int, str]:
        return -(len(module) - len(module.lstrip("."))), module

    blocks = []
    for inside in (False, True):
        modules = sorted((module for module in wanted if module.startswith(".") == inside), key=key)
        blocks.append(
            [line for module in modules for line in fit_import(module, sorted(wanted[module], key=member_key), indent)]
        )
    first, second = blocks
    return [*first, *([""] if first and second else []), *second]


def fit_import(module: str, names: list[str], indent: str = "") -> list[str]:
    """One import: on one line, else a name on each."""
    line = f"{indent}from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}from {module} import (", *(f"{indent}    {name}," for name in names), f"{indent})"]


def sort_imports(text: str) -> str:
    """The text with each run of from-imports in order; runs end at other lines."""
    lines = text.split("\n")
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    runs: list[list[ast.ImportFrom]] = []
    for node in sorted(nodes, key=lambda node: node.lineno):
        if runs and runs[-1][-1].end_lineno == node.lineno - 1 and runs[-1][-1].col_offset == node.col_offset:
            runs[-1].append(node)
        else:
            runs.append([node])
    for run in reversed(runs):
        wanted: dict[str, set[str]] = {}
        for node in run:
            module = "." * node.level + (node.module or "")
            wanted.setdefault(module, set()).update(alias.name for alias in node.names)
        lines[run[0].lineno - 1 : run[-1].end_lineno] = imports(wanted, " " * run[0].col_offset)
    return "\n".join(lines)


def join(text: str) -> str:
    """The text with what fits on one line on one: brackets that hold a single line without a comma at its end."""
    lines = text.split("\n")
    index = 0
    while index < len(lines) - 2:
        first, middle, last = lines[index : index + 3]
        together = first + middle.strip() + last.strip()
        inner = re.match(" *", first)[0] + "    "
        closes = re.match(r" *[)\]}]", last)
        if (
            first.endswith(("(", "[", "{"))
            and closes
            and middle.startswith(inner)
            and not middle.startswith(inner + " ")
            and not middle.endswith((",", "(", "[", "{"))
            and len(together) <= WIDTH
        ):
            lines[index : index + 3] = [together]
            index = max(index - 2, 0)
        else:
            index += 1
    return "\n".join(lines)
