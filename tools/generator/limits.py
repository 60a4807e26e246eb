"""core/common/value_limits.h: what is in abi/schema/limits.json."""

from __future__ import annotations

import textwrap

from .c_header import WIDTH, block
from .schema import Schema

INT_MAX = 2**31 - 1
HEAD = """\
/*
 * value_limits.h: limits and fixed words that the library and the local server share. tools/generate writes it from
 * abi/schema/limits.json.
 */
#ifndef AK_VALUE_LIMITS_H
#define AK_VALUE_LIMITS_H

#include <stdint.h>
"""


def _words(name: str, values: list[str]) -> str:
    """A list for the initializer of an array."""
    lines = textwrap.wrap(", ".join(f'"{value}"' for value in values), WIDTH - 8, break_long_words=False)
    head = f"#define AK_{name.upper()} "
    if len(lines) == 1 and len(head) + len(lines[0]) <= WIDTH:
        return head + lines[0]
    body = [f"    {line}" for line in lines]
    return "\n".join(line.ljust(WIDTH - 1) + "\\" for line in [head.rstrip(), *body[:-1]]) + "\n" + body[-1]


def generate(schema: Schema) -> str:
    """The text of the header."""
    document = schema.limits
    parts = [HEAD]
    for limit in document["limits"]:
        value = limit["value"] if limit["value"] <= INT_MAX else f"INT64_C({limit['value']})"
        parts.append("\n".join([*block(limit["about"]), f"#define AK_{limit['name'].upper()} {value}\n"]))
    for words in document["words"]:
        parts.append("\n".join([*block(words["about"]), _words(words["name"], words["values"]) + "\n"]))
    return "\n".join([*parts, "#endif\n"])
