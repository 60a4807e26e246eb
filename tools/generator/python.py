"""The part of the Python binding that follows from the schema: records, the table of operations, the clients' methods.

It is written into bindings/python/src/agentkernel/generated, with the sync side of the whole client (python_sync.py).
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from pathlib import Path

from . import error_classes, python_sync, settings
from .python_text import WIDTH, docstring, fit, fit_import, imports, member_key
from .schema import TREE, Operation, Parameter, Record, Schema

PACKAGE = "bindings/python/src/agentkernel"
TESTS = "bindings/python/tests"
HEAD = "# Generated from abi/schema by tools/generate: do not edit."

# ---- what Python does in its own way ---------------------------------------------------------------------------------

BY_HAND = {"write_file", "write_files"}  # methods
RECORDS_BY_HAND = {"stream_event", "file_content", "backends", "reply"}  # types, and readers in _readers.py
# In types.py.
TYPES_BY_HAND = [
    "BackendCapabilities", "BackendDescriptor", "BackendDiscovery", "BatchRunResponse", "FileReadResponse", "Reply",
    "SecurityProfile", "StreamEvent",
]  # fmt: skip
LATER = {"server_status", "server_stats"}  # types that few programs need
BASES = {"run_output": "", "files_written": "", "log_entry": "LogMembers", "detached_command": "DetachedMembers"}
RENAMED = {
    ("take_snapshot", "name"): "snapshot_name",
    ("detached_status", "id"): "cmd_id",
    ("detached_logs", "id"): "cmd_id",
    ("detached_kill", "id"): "cmd_id",
    ("request", "body"): "json",
}
# By the rule and the type of a parameter: its type, how its value is passed on, and what its users should know.
RULES = {
    ("profile", "text"): ("SecurityProfile", "{}", ""),
    ("stream", "text"): ('Literal["stdout", "stderr"]', "{}", ""),
    ("method", "text"): ('Literal["GET", "POST", "PUT", "PATCH", "DELETE"]', "{}", ""),
    ("object", "json"): ("Mapping[str, Any]", "{}", ""),
    ("env", "list"): ("SequenceNotStr[str] | Mapping[str, str]", "{}", "Or a mapping of names to values."),
    ("ttl", "text"): ("str | int", "str({0}) if isinstance({0}, int) else {0}", "An int is seconds."),
    ("file", "text"): ("str", "absolute({})", "A relative one is relative to the root."),
}
# Results that are more than the record: the type, and what makes one of it.
RESULTS = {
    "batch_run": ("BatchRunResponse", "BatchRunResponse({})"),
    "exec_detached": ("AsyncDetachedHandle", "AsyncDetachedHandle._of(self, name, {})"),
    "detached_status": ("AsyncDetachedHandle", "AsyncDetachedHandle._of(self, name, {})"),
    "detached_list": ("list[AsyncDetachedHandle]", "[AsyncDetachedHandle._of(self, name, each) for each in {}]"),
    "restore_snapshot": (
        "SandboxInfo",
        "await started(self, {}, start=start, timeout=timeout, connect_timeout=connect_timeout)",
    ),
}
NOTES = {
    "extend_ttl": "Returns the time at which it then expires, in RFC 3339 format.",
    "log_entry": "It is also a mapping of all members that the server sent.",
    "read_file": "`read_bytes` and `read_text` return what is in it.",
    "run_stream": "The command starts when the first event is requested.",
    "restore_snapshot": "With `start`, a server that does not know it is sent more requests, each with these timeouts.",
}
EXAMPLES = {
    "request": ['(await client.request("GET", "/doctor")).data["healthy"]'],
    "exec_detached": [
        'command = await client.exec_detached("test", ["make"])',
        "done = await command.wait(timeout=600)",
        "print(done.exit_code, (await command.logs()).stdout)",
    ],
    "sandbox": [
        'async with client.sandbox("test", image="python:3.12-alpine") as sb:',
        '    await sb.run(["pip", "install", "numpy"])',
    ],
}

# ---- types -----------------------------------------------------------------------------------------------------------

PARAMETER_TYPES = {
    "text": "str", "bytes": "bytes", "int": "int", "bool": "bool", "map": "Mapping[str, str]", "json": "Any",
    "list": "SequenceNotStr[str]", "lists": "SequenceNotStr[SequenceNotStr[str]]",
}  # fmt: skip
FIELD_TYPES = {
    "text": "str", "bytes": "bytes", "int": "int", "bool": "bool", "list": "tuple[str | None, ...]",
    "map": "dict[str, str | None]", "json": "Any",
}  # fmt: skip
JSON_TYPES = {"endpoints": "list[dict[str, Any]]", "lifecycle": "dict[str, Any]", "resource_usage": "dict[str, Any]"}
ZEROS = {"text": '""', "bytes": 'b""', "int": "0", "bool": "False", "list": "()", "map": "{}", "json": "None"}
DEFAULTS = {**ZEROS, "map": "field(default_factory=dict)"}
READERS = {
    "text": "text({})", "bytes": "data({})", "int": "number({})", "bool": "flag({})", "list": "texts({}, call)",
    "map": "mapping({}, call)", "json": "parsed({})",
}  # fmt: skip
MEMBERS = {"text": "str", "bytes": "str", "int": "int", "bool": "bool", "list": "list"}
EVENT_FIELDS = {"type", "raw", "parsed", "id", "data", "output"}  # what StreamEvent itself has
RAW = 'field(default=b"", repr=False, compare=False)'

# Where the names that generated code uses come from.
NAMES = {
    "Mapping": "collections.abc", "dataclass": "dataclasses", "field": "dataclasses",
    "Any": "typing", "Literal": "typing", "AsyncBase": ".._async_base",
    "AsyncDetachedHandle": ".._async_detached", "started": ".._async_snapshots", "AsyncRunStream": ".._async_stream",
    "absolute": ".._files", "Members": ".._records", "LogMembers": ".._records", "DetachedMembers": ".._records",
    "Payload": ".._records", "json_fields": ".._records",
    "Operation": "..raw.operation", "read_nothing": "..raw.operation", "SecurityProfile": "..types",
    "SequenceNotStr": "..types",
    "BatchRunResponse": "..types", "AsyncSandboxSession": "..async_sessions", "AsyncFiles": ".._async_files",
    **dict.fromkeys(("data", "decoded", "flag", "mapping", "number", "parsed", "text", "texts"), "..raw.records"),
}  # fmt: skip
# Needed by type checkers alone.
TYPES_ONLY = {"AsyncSandboxSession"}


def type_name(record: Record) -> str | None:
    """The type of a record; None for one that is handed out as its first field."""
    return record.names.get("python")


def reader_name(record: Record) -> str:
    return f"read_{record.name}"


def record_type(record: Record) -> str:
    """Its type, or that of its first field."""
    first = record.fields[0]
    annotation = FIELD_TYPES[first.type]
    return type_name(record) or (annotation if first.required else optional(annotation))


def optional(annotation: str) -> str:
    return annotation if annotation == "Any" else f"{annotation} | None"


def sentences(*texts: str) -> str:
    return " ".join(text for text in texts if text)


class Module:
    """A generated module: what it holds, with the imports that this needs."""

    def __init__(self, about: str, names: dict[str, str], later: set[str] = frozenset()) -> None:
        self.about = about
        self.names = {**NAMES, **names}
        self.later = TYPES_ONLY | later
        self.blocks: list[list[str]] = []

    def text(self) -> str:
        body = "\n\n\n".join("\n".join(block) for block in self.blocks)
        nodes = (node for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name))
        used = {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
        wanted: dict[str, set[str]] = {}
        checked: dict[str, set[str]] = {}
        for name in used & self.names.keys():
            (checked if name in self.later else wanted).setdefault(self.names[name], set()).add(name)
        if checked:
            wanted.setdefault("typing", set()).add("TYPE_CHECKING")
        head = [HEAD, f'"""{self.about}"""', "", "from __future__ import annotations", "", *imports(wanted)]
        if checked:
            head += ["", "if TYPE_CHECKING:", *imports(checked, "    ")]
        return "\n".join(head) + "\n\n\n" + body + "\n"


# ---- records ---------------------------------------------------------------------------------------------------------


@dataclass
class Member:
    """A field of a dataclass; value is its default, if it has one."""

    name: str
    annotation: str
    value: str
    about: str


def members(record: Record) -> list[Member]:
    """What is bytes is text, too; the bytes themselves come after it where they are required, else at the end."""
    found: list[Member] = []
    last: list[Member] = []
    for each in record.fields:
        name, about = each.name, sentences(each.about, each.details)
        if name == "raw":
            last.append(Member("raw", "bytes", RAW, about))
            continue
        kind = "text" if each.type == "bytes" else each.type
        annotation = JSON_TYPES.get(name, FIELD_TYPES[kind])
        needed = each.required and not any(member.value for member in found)
        value = "" if needed else DEFAULTS[kind] if each.required else "None"
        if each.type == "bytes":
            about = sentences(about, "As text; bytes that are not UTF-8 are replaced.")
        found.append(Member(name, annotation if each.required else optional(annotation), value, about))
        if each.type == "bytes":
            octets, value = ("bytes", 'b""') if each.required else ("bytes | None", "None")
            exact = Member(f"{name}_bytes", octets, f"field(default={value}, repr=False)", f"`{name}` exactly.")
            (found if each.required else last).append(exact)
    return found + last


def attribute(member: Member) -> list[str]:
    value = f" = {member.value}" if member.value else ""
    return [f"    {member.name}: {member.annotation}{value}", *attribute_docs(member.about)]


def attribute_docs(text: str) -> list[str]:
    line = f'    """{text}"""'
    if len(line) <= WIDTH:
        return [line]
    wrapped = textwrap.wrap(text, WIDTH, initial_indent='    """', subsequent_indent="    ")
    return [*wrapped, '    """']


def record_class(record: Record) -> list[str]:
    base = BASES.get(record.name, "Members")
    may_lack = any(not field.required for field in record.fields)
    about = sentences(
        record.about, "What the server did not send is None." if may_lack else "", NOTES.get(record.name, "")
    )
    lines = [
        "@json_fields()",
        "@dataclass(frozen=True, slots=True)",
        f"class {type_name(record)}{f'({base})' if base else ''}:",
    ]
    lines += [*docstring(about, "    "), ""]
    for member in members(record):
        lines += attribute(member)
    return lines


def event_members(record: Record) -> list[str]:
    """The members of an event's payload as properties of a base of StreamEvent."""
    lines = ["class EventMembers(Payload):", '    """The members that events may have."""', "", "    __slots__ = ()"]
    for each in record.fields:
        if each.name not in EVENT_FIELDS:
            kind = MEMBERS[each.type]
            annotation = "list[Any]" if kind == "list" else kind
            lines += [
                *("", "    @property", f"    def {each.name}(self) -> {annotation} | None:"),
                *docstring(sentences(each.about, each.details), "        "),
                f'        return self._member("{each.name}", {kind})',
            ]
    return lines


def types_module(about: str, records: list[Record], *others: list[str]) -> str:
    module = Module(about, {})
    module.blocks = [*others, *(record_class(record) for record in records)]
    return module.text()


# ---- the table of operations -----------------------------------------------------------------------------------------


def reader(record: Record) -> list[str]:
    """The function that makes a record of its values; or its first field, where that is all there is."""
    name = type_name(record)
    lines, passed = [], []
    for index, each in enumerate(record.fields if name else record.fields[:1]):
        kind = "bytes" if each.name == "raw" else each.type
        value = READERS[kind].format(f"values[{index}]")
        if each.required and kind != "json":
            value += f" or {ZEROS[kind]}"
        if each.type == "bytes":
            octets = f"{each.name}_bytes"
            lines.append(f"    {octets} = {value}")
            decoded = f"decoded({octets})" if each.required else f"None if {octets} is None else decoded({octets})"
            passed += [f"{each.name}={decoded}", f"{octets}={octets}"]
        else:
            passed.append(f"{each.name}={value}")
    lines += fit(f"return {name}(", passed, ")", "    ") if name else [f"    return {passed[0].partition('=')[2]}"]
    call = "call" if any("call)" in line for line in lines) else "_call"
    if record.name in LATER:
        lines[:0] = [f"    from .server_types import {name}", ""]
    head = fit(f"def {reader_name(record)}(", ["values: Any", f"{call}: Any"], f") -> {record_type(record)}:")
    return [*head, f'    """Reads a record {record.name}."""', *lines]


def operations_module(schema: Schema) -> str:
    names = {}
    for record in schema.records:
        if record.name in RECORDS_BY_HAND:
            names[reader_name(record)] = ".._readers"
        elif type_name(record):
            names[type_name(record)] = ".server_types" if record.name in LATER else ".types"
    module = Module(
        "The operations, and what reads their records.",
        names,
        {type_name(record) for record in schema.records if record.name in LATER},
    )
    for record in schema.records:
        if record.name not in RECORDS_BY_HAND:
            module.blocks.append(reader(record))
    table = []
    for operation in schema.operations:
        read = reader_name(operation.record) if operation.record else "read_nothing"
        table.append(f'{operation.name.upper()} = Operation("{operation.name}", {read})')
    module.blocks.append(table)
    return module.text()


# ---- methods ---------------------------------------------------------------------------------------------------------


@dataclass
class Argument:
    """A parameter as a method takes it."""

    name: str
    annotation: str
    default: str
    about: str
    passed: str  # as a keyword argument of the call
    plain: bool  # whether its name says it all

    @property
    def declared(self) -> str:
        return f"{self.name}: {self.annotation}" + (f" = {self.default}" if self.default else "")


def argument(operation: Operation, parameter: Parameter) -> Argument:
    key, about = parameter.name, sentences(parameter.about, parameter.details)
    if parameter.is_timeout:
        name = "timeout" if key == "total_timeout_ms" else key.removesuffix("_ms")
        return Argument(name, "float | None", "None", about.replace("Milliseconds", "Seconds"), f"{name}={name}", True)
    name = RENAMED.get((operation.name, key), key)
    annotation, value, note = RULES.get((parameter.rule, parameter.type), (PARAMETER_TYPES[parameter.type], "{}", ""))
    default = ""
    if not parameter.required:
        default = "False" if parameter.send_false else "True" if parameter.place == "library" else "None"
    if default == "None":
        annotation = optional(annotation)
    plain = parameter.place == "path" and not parameter.details and not note
    return Argument(name, annotation, default, sentences(about, note), f"{key}={value.format(name)}", plain)


def arguments(operation: Operation) -> tuple[list[Argument], list[Argument]]:
    """Those that are needed, and the options; timeouts are the last."""
    last = ["timeout", "idle_timeout", "connect_timeout"]
    found = [argument(operation, parameter) for parameter in operation.parameters]
    options = sorted(
        (each for each in found if each.default), key=lambda each: last.index(each.name) + 1 if each.name in last else 0
    )
    return [each for each in found if not each.default], options


def result_type(operation: Operation) -> str:
    if operation.name in RESULTS:
        return RESULTS[operation.name][0]
    if operation.streams:
        return "AsyncRunStream"
    if not operation.record:
        return "None"
    found = record_type(operation.record)
    return f"list[{found}]" if operation.yields_many else found


def signature(name: str, needed: list[Argument], options: list[Argument], result: str, *, waits: bool) -> list[str]:
    declared = ["self", *(each.declared for each in needed), "*", *(each.declared for each in options)]
    start = f"{'async ' if waits else ''}def {name}("
    return fit(start, declared, f") -> {result}:", "    ")


def method_docs(operation: Operation, taken: list[Argument]) -> list[str]:
    """Arguments are explained where one needs it."""
    sections = example(operation.name)
    if not all(each.plain for each in taken):
        sections += ["", "Args:"] if sections else ["Args:"]
        for each in taken:
            text = f"    {each.name}: {each.about}"
            sections += textwrap.wrap(text, WIDTH - 8, subsequent_indent=" " * 8, break_on_hyphens=False)
        sections.append("")
    about = sentences(operation.about, operation.details, NOTES.get(operation.name, ""))
    return docstring(about, "        ", sections)


def example(name: str) -> list[str]:
    lines = EXAMPLES.get(name, [])
    return ["Example::", "", *(f"    {line}" for line in lines)] if lines else []


def method(operation: Operation) -> list[str]:
    needed, options = arguments(operation)
    taken = [*needed, *options]
    lines = signature(operation.name, needed, options, result_type(operation), waits=not operation.streams)
    lines += method_docs(operation, taken)
    passed = [operation.name.upper(), *(each.passed for each in taken)]
    indent = " " * 8
    if operation.streams:
        return [*lines, *fit("call = self._call(", passed, ")", indent), f"{indent}return AsyncRunStream(call)"]
    call = "await self._records(" if operation.yields_many or not operation.record else "await self._one("
    if operation.name in RESULTS:
        found = RESULTS[operation.name][1].format("found")
        return [*lines, *fit(f"found = {call}", passed, ")", indent), f"{indent}return {found}"]
    return [*lines, *fit(f"return {call}" if operation.record else call, passed, ")", indent)]


def session_method(create: Operation) -> list[str]:
    """What makes a session, with the arguments of creating a sandbox."""
    needed, options = arguments(create)
    about = (
        "A sandbox for the length of an ``async with`` block: created when it is entered, removed however it is left. "
        f"The arguments are those of `{create.name}`; the timeouts are those of creating it."
    )
    passed = ["self", *(each.name for each in needed), *(f"{each.name}={each.name}" for each in options)]
    return [
        *signature("sandbox", needed, options, "AsyncSandboxSession", waits=False),
        *docstring(about, "        ", example("sandbox")),
        "        from ..async_sessions import AsyncSandboxSession",
        "",
        *fit("return AsyncSandboxSession(", passed, ")", " " * 8),
    ]


def methods_module(schema: Schema) -> str:
    names = {operation.name.upper(): ".operations" for operation in schema.operations}
    names |= {name: "..types" for record in schema.records if (name := type_name(record))}
    later = {type_name(record) for record in schema.records if record.name in LATER | {"backends"}}
    module = Module("Methods of both clients, one for each operation.", names, later)
    lines = ["class AsyncMethods(AsyncBase):", '    """A method for each operation that takes one call."""']
    for operation in schema.operations:
        if operation.name not in BY_HAND:
            lines += ["", *method(operation)]
    module.blocks = [lines]
    return module.text()


def sandbox_module(schema: Schema) -> str:
    module = Module("What makes sessions of both clients, above the operations that sessions use.", {})
    lines = ["class AsyncSandboxes(AsyncFiles):", '    """Has sessions."""', ""]
    create = next(operation for operation in schema.operations if operation.name == "create_sandbox")
    module.blocks = [[*lines, *session_method(create)]]
    return module.text()


# ---- the package -----------------------------------------------------------------------------------------------------


def with_exports(path: Path, modules: dict[str, list[str]], *used: str, later: bool = False) -> str:
    """A module by hand, with what is generated between its marks: imported, now or later, and among what it exports."""
    text, names = path.read_text(), sorted(name for each in modules.values() for name in each)
    imported, indent = [], "    " if later else ""
    for module, found in modules.items():
        imported += fit_import(module, sorted([*found, *used], key=member_key), indent)
    exported = ["__all__ += [", *(f'    "{name}",' for name in names), "]"]
    if later:
        places = sorted((name, module.removeprefix(".")) for module, found in modules.items() for name in found)
        exported += ["_LATER |= {", *(f'    "{name}": "{module}",' for name, module in places), "}"]
    for what, lines, gap, margin in (("imports", imported, [""], indent), ("exports", exported, [], "")):
        begin = f"# ---- {what}: generated by tools/generate from abi/schema ----\n"
        end = f"# ---- end of the {what} ----\n"
        start, stop = text.index(begin) + len(begin), text.index(end)
        text = text[:start] + "\n".join([*lines, *gap]) + "\n" + margin + text[stop:]
    return text


def generate(schema: Schema, tree: Path = TREE) -> dict[Path, str]:
    """Every file that is generated, whole or in part, in a tree: its path and its text."""
    package = tree / PACKAGE
    generated = package / "generated"
    records = [each for each in schema.records if type_name(each) and each.name not in RECORDS_BY_HAND]
    eager = [each for each in records if each.name not in LATER]
    later = [each for each in records if each.name in LATER]
    names = sorted(type_name(each) for each in eager)
    event = next(each for each in schema.records if each.name == "stream_event")
    errors = error_classes.python_names(schema)
    methods, sandbox = methods_module(schema), sandbox_module(schema)
    return {
        generated / "__init__.py": f'{HEAD}\n"""Types, operations and methods, and the sync side. Internal."""\n',
        generated / "types.py": types_module("Records of operations.", eager, event_members(event)),
        generated / "server_types.py": types_module(
            "Records about the server itself, loaded when they are used.", later
        ),
        generated / "settings.py": settings.python(schema, HEAD),
        generated / "errors.py": error_classes.python(schema, HEAD),
        generated / "operations.py": operations_module(schema),
        generated / "async_methods.py": methods,
        generated / "methods.py": python_sync.translate("generated/async_methods.py", methods),
        generated / "async_sandbox.py": sandbox,
        generated / "sandbox.py": python_sync.translate("generated/async_sandbox.py", sandbox),
        **python_sync.generate(package, tree / TESTS),
        package / "types.py": with_exports(package / "types.py", {".generated.types": names}, "EventMembers"),
        package / "errors.py": with_exports(package / "errors.py", {".generated.errors": errors}, "CLASSES"),
        package / "__init__.py": with_exports(
            package / "__init__.py",
            {
                ".errors": errors,
                ".generated.detached": ["DetachedHandle"],
                ".generated.sessions": ["SandboxSession"],
                ".types": [*names, *TYPES_BY_HAND, *(type_name(each) for each in later)],
            },
            later=True,
        ),
    }
