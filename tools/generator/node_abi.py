"""bindings/node/src/raw/abi.ts: the constants of agentkernel.h, its functions and its struct, as Koffi declares them.

Only what the header really has is understood; anything else is an error rather than something left out.
"""

from __future__ import annotations

import re

from .node_text import doc, module
from .schema import Schema

SIZES = {"int32_t": 4, "uint32_t": 4, "int64_t": 8, "size_t": 8, "void *": 8}  # the loader accepts 64-bit machines only


def _type(declared: str) -> str:
    """Every pointer is an address or a buffer; only text that is returned is read to its NUL."""
    kind = {"ak_status": "int32_t"}.get(declared, "void *" if declared.endswith("*") else declared)
    if kind not in (*SIZES, "int", "void"):
        raise SystemExit(f"agentkernel.h: not understood: {declared}")
    return kind


def _variable_type(declared: str) -> str:
    return _type(re.sub(r"\w+$", "", declared.strip()).strip())


def _signature(result: str, name: str, parameters: str) -> str:
    returned = "const char *" if result.strip() == "const char *" else _type(result.strip())
    types = [_variable_type(each) for each in parameters.split(",") if each.strip() != "void"]
    return f'    {name}: ["{returned}", [' + ", ".join(f'"{each}"' for each in types) + "]],"


def _struct(name: str, body: str) -> list[str]:
    lines, at = [], 0
    for declared in body.strip(" \n;").split(";"):
        size = SIZES[_variable_type(declared)]
        at = -(-at // size) * size
        lines.append(f"    {declared.split()[-1].lstrip('*')}: {at},")
        at += size
    lines.append(f"    SIZE: {-(-at // 8) * 8},")
    return [*doc(f"Where the members of {name} are, in bytes."), f"export const {name} = {{", *lines, "} as const;"]


def generate(schema: Schema, header: str) -> str:
    """The text of the file."""
    text = re.sub(r"/\*.*?\*/|#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL).replace("\\\n", " ")
    constants = re.findall(r"^#define (AK_VERSION) (\d+)", text, re.MULTILINE)
    constants += [(name, value) for name, value, _ in schema.ledger()]
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    function = r"AK_API\s+([\w ]+?[\s*]+)(ak_\w+)\s*\(([^()]*)\)\s*;"
    struct = r"typedef struct (\w+) \{([^}]*)\} \w+;"
    rest = re.sub(rf"{function}|{struct}|typedef struct \w+ \w+;|typedef int32_t ak_status;", "", text).strip()
    if rest:
        raise SystemExit(f"agentkernel.h: not understood: {rest[:200]}")
    return module(
        [f"export const {name} = {value};" for name, value in constants],
        *(_struct(*each) for each in re.findall(struct, text)),
        [
            *doc("Of each function its result and its parameters, as Koffi declares them."),
            "export const SIGNATURES = {",
            *(_signature(*each) for each in re.findall(function, text)),
            "} as const;",
        ],
    )
