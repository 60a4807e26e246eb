"""The classes of errors by kind in Python, Node and Ruby. Go has values by code instead, and Lua tells codes apart."""

from __future__ import annotations

from . import node_text, python_text
from .schema import ErrorClass, Schema

# Names that are not the schema's, because the language or the official SDK has another one; "": none.
PYTHON = {"timeout": "CallTimeoutError", "cancelled": "CallCancelledError"}
NODE = {"cancelled": "AbortError", "forked": ""}
BUILTIN = {"ValidationError": "ValueError", "CallTimeoutError": "TimeoutError"}  # what Python's are, too


def _named(schema: Schema, names: dict[str, str]) -> list[tuple[str, str, ErrorClass]]:
    """Each class: its name, that of its parent ("": the base class), and what it is."""
    found = {each.name: names.get(each.name, node_text.pascal(each.name) + "Error") for each in schema.error_classes}
    return [(name, found.get(each.parent, ""), each) for each in schema.error_classes if (name := found[each.name])]


def _codes(named: list[tuple[str, str, ErrorClass]], line: str) -> list[str]:
    return [line.format(code=f"AK_{code}", name=name) for name, _, each in named for code in each.codes]


def python_names(schema: Schema) -> list[str]:
    """The classes of generated/errors.py, in the order of the alphabet."""
    return sorted(name for name, _, _ in _named(schema, PYTHON))


def python(schema: Schema, head: str) -> str:
    """generated/errors.py."""
    named = _named(schema, PYTHON)
    lines = [head, '"""Errors by kind."""', "", "from .._error import AgentKernelError", "", "__all__ = ["]
    lines += [*(f'    "{name}",' for name in python_names(schema)), "]"]
    for name, parent, each in named:
        bases = ", ".join(filter(None, [parent or "AgentKernelError", BUILTIN.get(name)]))
        lines += ["", "", f"class {name}({bases}):", *python_text.docstring(each.about, "    ")]
    lines += ["", "", "# By the name of the status; what is not here is a plain AgentKernelError."]
    lines += ["CLASSES: dict[str, type[AgentKernelError]] = {", *_codes(named, '    "{code}": {name},'), "}", ""]
    return "\n".join(lines)


def node(schema: Schema) -> str:
    """generated/errors.ts."""
    named = _named(schema, NODE)
    lines: list[str] = []
    for name, parent, each in named:
        lines += [*node_text.doc(each.about), f"export class {name} extends {parent or 'AgentKernelError'} {{}}"]
    return node_text.module(['import {AgentKernelError} from "../error.js";'], lines)


def node_codes(schema: Schema) -> str:
    """generated/error_codes.ts, which is not exported."""
    lines = ["// By the name of the status; what is not here is a plain AgentKernelError."]
    lines += ["export const CLASSES: Readonly<Record<string, typeof AgentKernelError>> = {"]
    lines += [*_codes(_named(schema, NODE), "    {code}: errors.{name},"), "};"]
    return node_text.module(
        ['import type {AgentKernelError} from "../error.js";', 'import * as errors from "./errors.js";'], lines
    )


def ruby(schema: Schema) -> list[str]:
    """What generated/errors.rb has in its module."""
    named = _named(schema, {})
    classes = [[f"  # {each.about}", f"  class {name} < {parent or 'Error'}; end", ""] for name, parent, each in named]
    lines = [line for each in classes for line in each]
    lines += ["  # By the name of the status; what is not here is a plain Error.", "  CLASSES = {"]
    codes = _codes(named, '    "{code}" => {name},')
    return [*lines, *codes[:-1], codes[-1].rstrip(","), "  }.freeze", "  private_constant :CLASSES"]


def ruby_signatures(schema: Schema) -> list[list[str]]:
    """Their signatures."""
    return [[f"  class {name} < {parent or 'Error'}", "  end"] for name, parent, _ in _named(schema, {})]
