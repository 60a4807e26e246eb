"""docs/reference.md: everything that the schema has, for readers."""

from __future__ import annotations

from .c_ops import function_name
from .schema import Field, Operation, Parameter, Record, Schema

HEAD = """\
# Reference

Made by `tools/generate` from `abi/schema`. Operations, parameters and fields have these names in every language, in its
own spelling.

Besides what is listed, every call takes `timeout_ms` and `connect_timeout_ms`, and a stream `connect_timeout_ms`,
`idle_timeout_ms` and `total_timeout_ms`: seconds in Python, Ruby and Lua, a duration in Go.
"""
YIELDS = {
    "nothing": "nothing",
    "text": "a text: {0}",
    "one": "one record, {0}",
    "list": "records, {0}",
    "events": "events, {0}, as they arrive",
    "written": "one record, {0}",
    "reply": "one record, {0}",
}
PLACES = {"body": "body", "path": "path", "query": "query", "library": "not sent"}


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _sentences(*texts: str) -> str:
    return " ".join(filter(None, texts))


def _described(each: Field | Parameter) -> str:
    return _sentences(each.about, each.details)


def _parameters(operation: Operation) -> list[str]:
    rows = [
        [f"**{each.name}**" if each.required else each.name, each.type, PLACES[each.place], _described(each)]
        for each in sorted(operation.parameters, key=lambda each: not each.required)
        if not each.is_timeout
    ]
    return ["", *_table(["parameter", "type", "in", "what it is"], rows)] if rows else []


def _operation(operation: Operation) -> list[str]:
    record = operation.record
    yields = YIELDS[operation.yields].format(f"[{record.name}](#{record.name})" if record else "")
    facts = [
        f"`{operation.route}`",
        f"in C `{function_name(operation)}`",
        f"yields {yields}",
        f"since {operation.since}",
    ]
    if operation.idempotent:
        facts.append("may be repeated")
    lines = [
        "",
        f"### {operation.name}",
        "",
        _sentences(operation.about, operation.details),
        "",
        "; ".join(facts) + ".",
    ]
    return lines + _parameters(operation)


def _record(record: Record) -> list[str]:
    rows = [[f"**{each.name}**" if each.required else each.name, each.type, _described(each)] for each in record.fields]
    names = ", ".join(f"{language} `{name}`" for language, name in record.names.items())
    return [
        "",
        f"### {record.name}",
        "",
        f"{record.about} Its type: {names}.",
        "",
        *_table(["field", "type", "what it is"], rows),
    ]


def generate(schema: Schema) -> str:
    """The page."""
    settings = [
        [each.name.removeprefix("CLIENT_").lower(), each.about, each.environment or "", each.default or ""]
        for each in schema.group("settings").constants
    ]
    errors = [
        [f"AK_{each.name}", str(each.value), each.about]
        for name in ("usage_errors", "transport_errors", "server_errors")
        for each in schema.group(name).constants
    ]
    limits = [[each["name"], str(each["value"]), each["about"]] for each in schema.limits["limits"]]
    words = [[each["name"], ", ".join(each["values"]), each["about"]] for each in schema.limits["words"]]
    lines = [HEAD, "## Operations", "", "What is required is in bold."]
    for operation in schema.operations:
        lines += _operation(operation)
    lines += ["", "## Records", "", "Fields in bold are in every record of the kind."]
    for record in schema.records:
        lines += _record(record)
    lines += ["", "## Settings of a client", "", *_table(["setting", "what it is", "environment", "default"], settings)]
    lines += ["", "## Errors", "", *_table(["code", "number", "what it means"], errors)]
    lines += ["", "## Limits", "", *_table(["limit", "value", "what it is"], [*limits, *words]), ""]
    return "\n".join(lines)
