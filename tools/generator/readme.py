"""The table of operations in README.md."""

from __future__ import annotations

from .c_ops import function_name
from .schema import Operation, Schema

BEGIN = "<!-- operations: made by tools/generate -->\n"
END = "<!-- end of operations -->\n"
NAMED = 4  # fields of a record that are named; the rest is "..."


def _takes(operation: Operation) -> str:
    """What is required first, in bold. Timeouts are everywhere."""
    parameters = [each for each in operation.parameters if not each.is_timeout]
    required = [f"**{each.name}**" for each in parameters if each.required]
    return ", ".join([*required, *(each.name for each in parameters if not each.required)])


def _yields(operation: Operation) -> str:
    names = [field.name for field in operation.record.fields if field.name != "raw"] if operation.record else []
    if not names:
        return "nothing"
    named = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return {"list": "records of ", "events": "events of "}.get(operation.yields, "") + named


def generate(schema: Schema, readme: str) -> str:
    """README.md with a new table."""
    lines = ["| operation | in C | what it does | route | takes | yields |", "| --- | --- | --- | --- | --- | --- |"]
    for each in schema.operations:
        cells = [each.name, function_name(each), each.about, each.route, _takes(each), _yields(each)]
        lines.append("| " + " | ".join(cells) + " |")
    start, end = readme.index(BEGIN) + len(BEGIN), readme.index(END)
    return readme[:start] + "\n".join(lines) + "\n" + readme[end:]
