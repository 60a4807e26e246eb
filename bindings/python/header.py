"""Reads agentkernel.h: its declarations become the raw layer, so no list of signatures is kept by hand.

Only the syntax that the header uses is supported; anything else is an error, and never skipped.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_FUNCTION = re.compile(r"AK_API\s+(?P<result>[\w ]+?[\s*]+)(?P<name>ak_\w+)\s*\((?P<parameters>[^()]*)\)\s*;")
_STRUCT = re.compile(r"typedef struct (?P<name>\w+)(?:\s*\{[^}]*\})?\s*\w+\s*;")
_ALIAS = re.compile(r"typedef \w+ \w+\s*;")


class Function(NamedTuple):
    """One exported function."""

    name: str
    result: str
    parameters: list[tuple[str, str]]  # type, name


class Header:
    """The declarations of a header."""

    def __init__(self, path: Path) -> None:
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL).replace("\\\n", " ")
        text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
        self.constants: dict[str, int] = {
            name: int(value) for name, value in re.findall(r"^#define (AK_\w+)\s+\(?(-?\d+)\)?\s*$", text, re.MULTILINE)
        }
        text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
        self.typedefs = [match[0] for match in re.finditer(f"{_STRUCT.pattern}|{_ALIAS.pattern}", text)]
        for typedef in self.typedefs:
            text = text.replace(typedef, "", 1)
        self.functions = [
            Function(match["name"], _spaces(match["result"]), _parameters(match["parameters"]))
            for match in _FUNCTION.finditer(text)
        ]
        left = _FUNCTION.sub("", text).strip()
        if left or not self.functions or not self.constants:
            raise SystemExit(f"{path}: not understood: {left[:200]!r}")

    @property
    def version(self) -> str:
        """The library's version."""
        number = self.constants["AK_VERSION"]
        return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"

    def cdef(self) -> str:
        """The declarations for cffi; the compiler fills in the values of the constants."""
        lines = [f"#define {name} ..." for name in self.constants]
        lines += self.typedefs
        for function in self.functions:
            parameters = ", ".join(f"{kind} {name}" for kind, name in function.parameters) or "void"
            lines.append(f"{function.result} {function.name}({parameters});")
        return "\n".join(lines)

    def stub(self) -> str:
        """The types of the compiled module, for type checkers."""
        lines = [_STUB_HEAD]
        lines += [f"    {name}: int" for name in self.constants]
        for function in self.functions:
            parameters = "".join(f", {name}: {_python_type(kind)}" for kind, name in function.parameters)
            lines.append(
                f"    def {function.name}(self{parameters}, /) -> {_python_type(function.result, result=True)}: ..."
            )
        lines += ["", "ffi: _FFI", "lib: _Lib", ""]
        return "\n".join(lines)


def _spaces(text: str) -> str:
    return " ".join(text.split())


def _parameters(text: str) -> list[tuple[str, str]]:
    found = []
    for parameter in _spaces(text).split(","):
        match = re.fullmatch(r"\s*(.+?[\s*])(\w+)\s*", parameter)
        if match:
            found.append((_spaces(match[1]), match[2]))
        elif parameter.strip() != "void":
            raise SystemExit(f"not understood: parameter {parameter!r}")
    return found


def _python_type(kind: str, *, result: bool = False) -> str:
    if kind == "void":
        return "None"
    if not kind.endswith("*"):
        return "int"
    return "CData | bytes" if kind == "const char *" and not result else "CData"


_STUB_HEAD = """\
# Generated from agentkernel.h.
from typing import Any, TypeAlias

CData: TypeAlias = Any

class _FFI:
    NULL: CData
    def new(self, cdecl: str, init: object = ...) -> CData: ...
    def gc(self, cdata: CData, destructor: object) -> CData: ...
    def from_buffer(self, cdecl: str, python_buffer: object, require_writable: bool = ...) -> CData: ...
    def cast(self, cdecl: str, source: object) -> CData: ...
    def addressof(self, cdata: object, name: str) -> CData: ...
    def memmove(self, dest: CData, src: object, n: int) -> None: ...
    def string(self, cdata: CData) -> bytes: ...
    def unpack(self, cdata: CData, length: int) -> bytes: ...

class _Lib:"""
