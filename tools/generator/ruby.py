"""The Ruby binding: a class for each record, a method for each plain operation, and the signatures of both.

Streams, operations whose content may come piece by piece, and those in BY_HAND have methods that are written by hand;
their signatures are generated all the same.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from . import error_classes, settings
from .c_ops import wrap_list
from .schema import TREE, Field, Operation, Parameter, Record, Schema

WIDTH = 120
MARK = "# Generated from abi/schema by tools/generate: do not edit."
BY_HAND = ("restore_snapshot",)

# What a session has, without the name of its sandbox.
SESSION_ROUTES = ("/sandboxes/{name}/exec", "/sandboxes/{name}/files")
SESSION_NAMES = {"exec_in_sandbox": "run", "get_sandbox": "info"}

FIELD_TYPES = {"text": "String?", "bytes": "String?", "int": "Integer?", "bool": "bool?", "list": "Array[String?]?",
               "map": "Hash[String, String?]?", "json": "json"}  # fmt: skip
PARAMETER_TYPES = {"text": "String", "bytes": "String", "int": "Integer", "bool": "bool", "list": "Array[String]",
                   "lists": "Array[Array[String]]", "map": "texts", "json": "json"}  # fmt: skip
# By the rule that checks the value, where its type says less.
RULE_TYPES = {"env": "env", "object": "object", "timeout": "seconds",
              "profile": "(String | Symbol)", "method": "(String | Symbol)"}  # fmt: skip

# What is to be said beyond the schema: of an operation, OPERATION.PARAMETER or RECORD.FIELD.
NOTES = {
    "exec_detached.env": "A Hash is accepted, too.",
    "exec_in_sandbox.env": "A Hash is accepted, too.",
    "read_file": "See open_file for large files.",
    "request.body": "A Hash, an Array or anything else that JSON can represent.",
}


def _about(what: Operation | Field | Parameter, place: str) -> str:
    return " ".join(text for text in (what.about, what.details, NOTES.get(place)) if text)


def _comment(text: str, indent: str, hanging: int = 0) -> list[str]:
    start = indent + "# "
    rest = start + " " * hanging
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=rest, break_on_hyphens=False)


def _file(lines: list[str], magic: str = "# frozen_string_literal: true\n") -> str:
    return "\n".join([f"{MARK}\n{magic}\nmodule AgentKernel", *lines, "end"]) + "\n"


def _spaced(blocks: list[list[str]]) -> list[str]:
    """The lines of blocks with an empty one between each two."""
    return [line for block in blocks for line in ["", *block]][1:]


# ---- records ---------------------------------------------------------------------------------------------------------


def _class(record: Record | None) -> str:
    if not record:
        return "Record"
    return record.names.get("ruby") or record.name.title().replace("_", "")


def _fields(record: Record) -> list[Field]:
    """Those that not every record has."""
    return [field for field in record.fields if field.name != "raw"]


def _record(record: Record) -> list[str]:
    readers = [
        [*_comment(_about(each, f"{record.name}.{each.name}"), "    "),
         f"    def {each.name} = @fields[:{each.name}]"]
        for each in _fields(record)
    ]  # fmt: skip
    return [*_comment(record.about, "  "), f"  class {_class(record)} < Record", *_spaced(readers), "  end"]


def _types(schema: Schema) -> str:
    return _file(_spaced([_record(record) for record in schema.records]))


# ---- operations ------------------------------------------------------------------------------------------------------


def _keyword(parameter: Parameter) -> str:
    """Its name in Ruby: timeout bounds a whole stream as it does any other call."""
    name = parameter.name.removesuffix("_ms") if parameter.is_timeout else parameter.name
    return "timeout" if name == "total_timeout" else name


def _is_positional(operation: Operation, parameter: Parameter) -> bool:
    """A content that may come piece by piece is not required by the library, but it is by the method."""
    return parameter.required or (operation.writable and parameter.name == "content")


def _positionals(operation: Operation) -> list[Parameter]:
    return [each for each in operation.parameters if _is_positional(operation, each)]


def _is_plain(operation: Operation) -> bool:
    return not (operation.streams or operation.writable or operation.name in BY_HAND)


def _session_name(operation: Operation) -> str | None:
    """Its name in a session, or None."""
    path = operation.route.split()[1]
    name = SESSION_NAMES.get(operation.name)
    return name or (operation.name if path.startswith(SESSION_ROUTES) else None)


def _result(operation: Operation) -> str:
    """What its method returns, as a signature has it."""
    if operation.yields == "list":
        return f"Array[{_class(operation.record)}]"
    return {"nothing": "nil", "text": "String", "events": "RunStream"}.get(operation.yields) or _class(operation.record)


def _doc(operation: Operation) -> list[str]:
    about = _about(operation, operation.name)
    if operation.record:
        about += f" Result: {_result(operation)}."
    lines = _comment(about, "    ")
    described = [each for each in operation.parameters if each.place != "path" and not each.is_timeout]
    for i, each in enumerate(described):
        start = f"{each.name}:: "
        lines += ["    #"] * (i == 0)
        lines += _comment(start + _about(each, f"{operation.name}.{each.name}"), "    ", len(start))
    return lines


def _method(name: str, taken: list[str], start: str, given: list[str], end: str = ")") -> list[str]:
    """A method that passes on what it takes; on one line if that fits."""
    taken, given = [*taken, "**options"], [*given, "**options"]
    line = f"    def {name}({', '.join(taken)}) = {start}{', '.join(given)}{end}"
    if len(line) <= WIDTH:
        return [line]
    head, body = f"    def {name}(", f"      {start}"
    return [*wrap_list(head, taken, ")", len(head)), *wrap_list(body, given, end, len(body)), "    end"]


def _client_method(operation: Operation) -> list[str]:
    names = [each.name for each in _positionals(operation)]
    start = f"{'call' if operation.yields == 'list' else 'one'}(:{operation.name}, "
    end = f").{operation.record.fields[0].name}" if operation.yields == "text" and operation.record else ")"
    return [*_doc(operation), *_method(operation.name, names, start, [f"{name}:" for name in names], end)]


def _session_method(name: str, operation: Operation) -> list[str]:
    names = [each.name for each in _positionals(operation) if each.name != "name"]
    see = _comment(f"See Client#{operation.name}.", "    ")
    return [*see, *_method(name, names, f"created.{operation.name}(", ["@name", *names])]


def _operations(schema: Schema) -> str:
    plain = [each for each in schema.operations if _is_plain(each)]
    session = [(name, each) for each in plain if (name := _session_name(each))]
    return _file([
        "  # The class of the records of each operation.",
        "  OPERATIONS = {",
        ",\n".join(f"    {each.name}: {_class(each.record)}" for each in schema.operations),
        "  }.to_h { |name, record| [name, Operation.new(name, record)] }.freeze",
        "  private_constant :OPERATIONS",
        "",
        "  # One request and its reply each.",
        "  class Client",
        *_spaced([_client_method(each) for each in plain]),
        "  end",
        "",
        "  # The same for the sandbox of a session.",
        "  class SandboxSession",
        *_spaced([_session_method(name, each) for name, each in session]),
        "  end",
    ])  # fmt: skip


# ---- signatures ------------------------------------------------------------------------------------------------------


def _type(operation: Operation, parameter: Parameter) -> str:
    if operation.writable and parameter.name == "content":
        return "(String | _Readable)"
    return RULE_TYPES.get(parameter.rule or "", PARAMETER_TYPES[parameter.type])


def _takes(operation: Operation) -> list[str]:
    """Its parameters as a signature has them. (json is nil, too, as it is.)"""
    positionals = _positionals(operation)
    types = {each.name: _type(operation, each) for each in operation.parameters}
    return [
        *(f"{types[each.name]} {each.name}" for each in positionals),
        *(f"?{_keyword(each)}: {types[each.name]}{'' if types[each.name] == 'json' else '?'}"
          for each in operation.parameters if each not in positionals),
    ]  # fmt: skip


def _overload(start: str, takes: list[str], result: str) -> list[str]:
    return wrap_list(f"{start}(", takes, f") {result}", len(start) + 1)


def _signature(name: str, operation: Operation, takes: list[str]) -> list[str]:
    block = f"?{{ ({_class(operation.record)} event) -> void }} " if operation.streams else ""
    return _overload(f"    def {name}: ", takes, f"{block}-> {_result(operation)}")


def _sandbox(create: Operation) -> list[str]:
    """Client#sandbox takes what create_sandbox does."""
    takes = _takes(create)
    return [
        *_overload("    def sandbox: [T] ", takes, "{ (SandboxSession session) -> T } -> T"),
        *_overload("               | ", takes, "-> SandboxSession"),
    ]


def _signatures(schema: Schema) -> str:
    create = next(each for each in schema.operations if each.name == "create_sandbox")
    records = [
        [f"  class {_class(record)} < Record",
         *(f"    def {each.name}: () -> {FIELD_TYPES[each.type]}" for each in _fields(record)), "  end"]
        for record in schema.records
    ]  # fmt: skip
    client = [line for each in schema.operations for line in _signature(each.name, each, _takes(each))]
    session = [
        line for each in schema.operations if (name := _session_name(each))
        for line in _signature(name, each, _takes(each)[1:])
    ]  # fmt: skip
    classes = [
        ["  class Client", *settings.ruby_signatures(schema), "", *client, *_sandbox(create), "  end"],
        ["  class SandboxSession", *session, "  end"],
    ]
    return _file(_spaced([*error_classes.ruby_signatures(schema), *records, *classes]), magic="")


def generate(schema: Schema, tree: Path = TREE) -> dict[Path, str]:
    """Every file, by its place in a tree."""
    folder = tree / "bindings/ruby"
    return {
        folder / "lib/agentkernel/generated/errors.rb": _file(error_classes.ruby(schema)),
        folder / "lib/agentkernel/generated/settings.rb": _file(settings.ruby(schema)),
        folder / "lib/agentkernel/generated/types.rb": _types(schema),
        folder / "lib/agentkernel/generated/operations.rb": _operations(schema),
        folder / "sig/generated.rbs": _signatures(schema),
    }
