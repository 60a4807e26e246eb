"""TypeScript as prettier writes it."""

from __future__ import annotations

import re
import textwrap

WIDTH = 120
HEAD = "// Generated from abi/schema by tools/generate: do not edit."


def camel(name: str) -> str:
    """exec_in_sandbox: execInSandbox."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def pascal(name: str) -> str:
    """exec_in_sandbox: ExecInSandbox."""
    return camel(f"_{name}")


def doc(text: str, indent: str = "") -> list[str]:
    """A doc comment, on one line if it fits."""
    line = f"{indent}/** {text} */"
    if len(line) <= WIDTH:
        return [line]
    start = f"{indent} * "
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)
    return [f"{indent}/**", *wrapped, f"{indent} */"]


def enclosed(start: str, items: list[str], end: str, indent: str) -> list[str]:
    """start, items by comma, end: on one line if they fit, else each item on its own."""
    line = indent + start + ", ".join(items) + end
    return [line] if len(line) <= WIDTH else [indent + start, *(f"{indent}    {each}," for each in items), indent + end]


def union(kind: str, absent: str) -> str:
    """A type, or what stands for a value that is absent."""
    return f"{kind} | {absent}" if absent and kind != "unknown" else kind


def imports(kind: str, names: set[str], source: str) -> list[str]:
    """An import of names, if there are any; kind is "type " or nothing."""
    lines = enclosed(f"import {kind}{{", sorted(names, key=str.lower), f'}} from "{source}";', "")
    return lines if names else []


def module(*parts: list[str]) -> str:
    """A file of its imports and other parts."""
    return "\n".join([HEAD, *("\n".join(part) + "\n" for part in parts if part)])
