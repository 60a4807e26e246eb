"""The binding of Lua: agentkernel/generated, and the table of methods in its README.md.

generated/operations.lua has the methods of a client, generated/session.lua those of a session, and
generated/settings.lua what agentkernel.new takes, generated/records.lua what tostring shows of records.
generated/types.lua and generated/options.lua annotate records and options for editors.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from .readme import BEGIN, END
from .schema import TIMEOUTS, TREE, Field, Operation, Parameter, Record, Schema

WIDTH = 120
FIRST = "-- Generated from abi/schema by tools/generate: do not edit.\n"
FOR_EDITORS = 'error("this file is for editors: nothing requires it")\n'

PARAMETER_TYPES = {"text": "string", "bytes": "string", "int": "integer", "bool": "boolean", "json": "agentkernel.Json",
                   "list": "string[]", "lists": "string[][]", "map": "table<string, string>"}  # fmt: skip
NAMED_TYPES = {"env": "string[]|table<string, string>", "profile": "agentkernel.Profile",
               "stream": '"stdout"|"stderr"'}  # fmt: skip
FIELD_TYPES = {"text": "string", "bytes": "string", "int": "integer", "bool": "boolean", "json": "string",
               "list": "(string|false)[]", "map": "table<string, string|false>"}  # fmt: skip

# Where a sentence of the schema speaks of C.
WORDS = {"Milliseconds": "Seconds", "ak_call_write": "write_file_from"}

# Parameters that a method takes by place though they can be left out. agentkernel/arguments.lua has the same.
PLACED = ("content", "by", "body")
# Parameters that are the list of the options' table itself.
LISTED = ("command", "commands")

# What makes a method, by what its operation yields: functions of agentkernel/methods.lua. The others yield one record.
MAKERS = {"nothing": "nothing", "text": "text", "list": "many", "events": "events"}
# Methods that do more than their operation, and what they return.
EXCEPTIONS = {
    "restore_snapshot": ("restored", "agentkernel.Sandbox?, agentkernel.Error?, agentkernel.Sandbox[]?"),
}

# Operations with a sandbox's name that a session has as methods, and how they are called there.
SESSION = {
    "exec_in_sandbox": "run", "get_sandbox": "info", "update_sandbox": "update", "exec_detached": "exec_detached",
    "detached_logs": "detached_logs", "detached_kill": "detached_kill", "read_file": "read_file",
    "write_file": "write_file", "write_files": "write_files", "delete_file": "delete_file",
}  # fmt: skip

# Types of options that have another name than their operation.
OPTIONS = {
    "run_stream": "Stream", "list_sandboxes": "List", "create_sandbox": "Sandbox", "exec_in_sandbox": "Exec",
    "get_sandbox_by_uuid": "Uuid", "fork_sandbox": "Fork", "resize_sandbox": "Resize", "update_sandbox": "Update",
    "read_file": "File", "delete_file": "File", "write_file": "Write", "batch_run": "Batch",
    "exec_detached": "Detached", "detached_status": "DetachedId", "detached_kill": "DetachedId", "extend_ttl": "Extend",
    "take_snapshot": "Take", "restore_snapshot": "Restore",
}  # fmt: skip

# The fields that tostring shows, where those that a record always has say too little.
SHOWN = {
    "stream_event": ("type", "data", "exit_code", "message", "stage"), "batch_result": ("output", "error"),
    "log_entry": ("type", "timestamp", "sandbox", "name"), "detached_command": ("id", "status", "exit_code"),
    "detached_logs": ("stdout", "stderr"), "expiry": ("expires_at",), "snapshot": ("name", "sandbox"),
    "backends": ("default_backend",),
}  # fmt: skip

# What users of Lua have to know beside what the schema says of an operation.
NOTES = {
    "run_stream": "The command starts with the first event that is asked for; a failure is returned in place of it.",
    "read_file": "See open_file for large ones.",
    "restore_snapshot": "It is stopped unless start is true. Where the server ignores start, as full servers do, a "
    "second request starts it; if that fails, the third value is a list that holds the sandbox.",
}
EXAMPLES = {
    "run": 'client:run{"echo", "hello", image = "alpine"}',
    "run_stream": 'for event, err in client:run_stream{"make"} do',
    "exec_in_sandbox": 'client:exec_in_sandbox("box", {"ls", workdir = "/"})',
    "update_sandbox": 'client:update_sandbox("box", {labels = {team = "blue"}})',
    "write_files": 'client:write_files("box", {files = {["/tmp/a"] = "text"}})',
    "batch_run": 'client:batch_run{{"make"}, {"make", "test"}}',
    "take_snapshot": 'client:take_snapshot("box", "before")',
    "request": 'client:request("GET", "/stats")',
}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _about(*texts: str) -> str:
    text = " ".join(filter(None, texts))
    for word, of_lua in WORDS.items():
        text = text.replace(word, of_lua)
    return text


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="--- ", subsequent_indent="--- ", break_on_hyphens=False)


def _file(*parts: str | list[str]) -> str:
    """Parts, each text or lines, with an empty line between two of them."""
    return FIRST + "\n\n".join(part if isinstance(part, str) else "\n".join(part) for part in parts)


# ---- parameters ----


def _name(name: str) -> str:
    """Timeouts are seconds, and that of a whole stream is its timeout."""
    if name == "total_timeout_ms":
        return "timeout"
    return name.removesuffix("_ms") if name.endswith("timeout_ms") else name


def _is_placed(parameter: Parameter) -> bool:
    return parameter.name in PLACED or (parameter.required and parameter.type == "text")


def _places(operation: Operation) -> list[Parameter]:
    return [each for each in operation.parameters if _is_placed(each)]


def _own(operation: Operation) -> list[Parameter]:
    """What is not an option of every call."""
    common = {*TIMEOUTS["unary"], "total_timeout_ms"}
    return [each for each in operation.parameters if each.name not in common]


def _only_options(operation: Operation) -> list[Parameter]:
    return [each for each in _own(operation) if not _is_placed(each) and each.name not in LISTED]


def _options_type(operation: Operation) -> str:
    """One that takes nothing but a sandbox's or snapshot's name has no type of its own."""
    if all(each.name == "name" for each in _own(operation)):
        return "Options"
    return OPTIONS.get(operation.name, _camel(operation.name)) + "Options"


def _parameter_type(parameter: Parameter) -> str:
    if parameter.is_timeout:
        return "number"
    return NAMED_TYPES.get(parameter.name, PARAMETER_TYPES[parameter.type])


def _option(parameter: Parameter) -> list[str]:
    kind, about = _parameter_type(parameter), _about(parameter.about, parameter.details)
    if parameter.name in LISTED:
        by_name = f"---@field {parameter.name}? {kind} The same by name."
        return [f"---@field [integer] {kind.removesuffix('[]')} {about}", by_name]
    needed = parameter.required and not _is_placed(parameter)
    return [f"---@field {_name(parameter.name)}{'' if needed else '?'} {kind} {about}"]


def _options_class(operation: Operation) -> list[str]:
    own = _own(operation)
    takes_command = any(each.name == "command" for each in own)
    parent = "CommandOptions" if takes_command else "Options"
    lines = [f"---@class agentkernel.{_options_type(operation)}: agentkernel.{parent}"]
    return [*lines, *(line for each in own if each.name != "command" for line in _option(each))]


OPTIONS_HEAD = """\
---@meta agentkernel.options
--- The options of methods. Nothing requires this file: it is for editors, and for the test that compares it with the
--- library. What a method takes by its place may be given by its name instead, and is optional here for that reason.

---@alias agentkernel.Profile "permissive"|"moderate"|"restrictive"

--- The text of JSON, or a table where lua-cjson is installed.
---@alias agentkernel.Json string|table

--- Of every method. For a timeout math.huge is none, and 0 leaves no time.
---@class agentkernel.Options"""


def _options(schema: Schema) -> str:
    run = next(each for each in schema.operations if each.name == "run")
    parameters = {each.name: each for each in run.parameters}
    common = [line for name in TIMEOUTS["unary"] for line in _option(parameters[name])]
    command = ["---@class agentkernel.CommandOptions: agentkernel.Options", *_option(parameters["command"])]
    classes: dict[str, list[str]] = {}
    users: dict[str, list[str]] = {}
    for operation in schema.operations:
        name = _options_type(operation)
        lines = _options_class(operation)
        if name == "Options":
            continue
        if classes.setdefault(name, lines) != lines:
            raise SystemExit(f"{operation.name}: {users[name][0]} has other options of the name {name}")
        users.setdefault(name, []).append(operation.name)
    described = [[f"--- Of {' and '.join(users[name])}.", *lines] for name, lines in classes.items()]
    return _file("\n".join([OPTIONS_HEAD, *common]), command, *described, FOR_EDITORS)


# ---- records ----


def _record_type(record: Record) -> str:
    return record.names.get("lua", _camel(record.name))


def _records(schema: Schema) -> list[Record]:
    """Those that methods return. Of one whose operation yields text that is returned instead."""
    returned = {each.record.name for each in schema.operations if each.record and each.yields != "text"}
    return [each for each in schema.records if each.name in returned]


def _field(field: Field) -> str:
    about = _about(field.about)
    if field.type == "json" and field.name != "raw":
        about += " JSON."
    about = " ".join(filter(None, [about, _about(field.details)]))
    return f"---@field {field.name}{'' if field.required else '?'} {FIELD_TYPES[field.type]} {about}"


TYPES_HEAD = """\
---@meta agentkernel.types
--- The records that operations yield. Nothing requires this file: it is for editors, and for the test that compares it
--- with the library. In lists and maps false stands for null."""


def _types(schema: Schema) -> str:
    classes = []
    for record in _records(schema):
        head = [*_prose(record.about), f"---@class agentkernel.{_record_type(record)}"]
        classes.append([*head, *(_field(each) for each in record.fields)])
    return _file(TYPES_HEAD, *classes, FOR_EDITORS)


RECORDS_HEAD = """\
--- The type of each operation's records, and their main fields, which tostring shows."""


def _shown(record: Record) -> tuple[str, ...]:
    always = tuple(field.name for field in record.fields if field.required and field.type != "json")
    return SHOWN.get(record.name, always)


def _main_fields(schema: Schema) -> str:
    names = {record.name: _record_type(record) for record in _records(schema)}
    types = []
    for record in _records(schema):
        fields = "".join(f', "{name}"' for name in _shown(record))
        types.append(f'local {names[record.name]} = {{ name = "{names[record.name]}"{fields} }}')
    users = [each for each in schema.operations if each.record and each.record.name in names]
    rows = [f"\t{each.name} = {names[each.record.name]}," for each in users if each.record]
    return _file(RECORDS_HEAD, types, ["return {", *rows, "}\n"])


# ---- methods ----


def _returns(operation: Operation) -> str:
    if operation.name in EXCEPTIONS:
        return EXCEPTIONS[operation.name][1]
    if operation.streams:
        return "agentkernel.Stream"
    if operation.record is None:
        return "true?, agentkernel.Error?"
    kind = "string" if operation.yields == "text" else f"agentkernel.{_record_type(operation.record)}"
    if operation.yields == "list":
        return f"{kind}[]?, agentkernel.Error?, {kind}[]?"
    return f"{kind}?, agentkernel.Error?"


def _annotation(operation: Operation, owner: str, places: list[Parameter]) -> str:
    arguments = [f"self: agentkernel.{owner}"]
    for each in places:
        needed = each.required or operation.writable
        arguments.append(f"{each.name}{'' if needed else '?'}: string")
    kind = "agentkernel." + _options_type(operation)
    if any(each.name in LISTED for each in operation.parameters):
        arguments += [f"options: {kind}", f"more?: {kind}"]
    else:
        needed = any(each.required for each in _only_options(operation))
        arguments.append(f"options{'' if needed else '?'}: {kind}")
    return f"---@type fun({', '.join(arguments)}): {_returns(operation)}"


def _method(operation: Operation) -> list[str]:
    name = operation.name
    maker = EXCEPTIONS[name][0] if name in EXCEPTIONS else MAKERS.get(operation.yields, "one")
    member = f', "{operation.record.fields[0].name}"' if operation.record and operation.yields == "text" else ""
    return [
        *_prose(" ".join(filter(None, [_about(operation.about, operation.details), NOTES.get(name)]))),
        *([f"--- Example: `{EXAMPLES[name]}`"] if name in EXAMPLES else []),
        _annotation(operation, "Client", _places(operation)),
        f'Client.{name} = methods.{maker}("{name}"{member})',
    ]


OPERATIONS_HEAD = """\
--- The methods of a client that are operations of the library. One that returns a list returns nil, an Error and the
--- records before it when it fails.
local methods = require("agentkernel.methods")

---@class agentkernel.Client
local Client = {}"""

SESSION_HEAD = """\
--- The methods of a session that are operations on its sandbox.
local methods = require("agentkernel.methods")

---@class agentkernel.Session
local Session = {}"""


def _operations(schema: Schema) -> str:
    return _file(OPERATIONS_HEAD, *map(_method, schema.operations), "return Client\n")


def _session(schema: Schema) -> str:
    methods = []
    for operation in schema.operations:
        if operation.name not in SESSION:
            continue
        _, *places = _places(operation)
        methods.append([
            *_prose(f"{_about(operation.about)} See Client:{operation.name}."),
            _annotation(operation, "Session", places),
            f'Session.{SESSION[operation.name]} = methods.of_client("{operation.name}")',
        ])  # fmt: skip
    return _file(SESSION_HEAD, *methods, "return Session\n")


# ---- settings ----

SETTINGS_HEAD = """\
--- The settings of a client: the number that the library has for each, and its type.
local raw = require("agentkernel_raw")"""


def _settings(schema: Schema) -> str:
    fields, rows = [], []
    for each in schema.group("settings").constants:
        name = each.name.removeprefix("CLIENT_").lower()
        kind = "seconds" if name.endswith("timeout_ms") else {"int": "integer"}.get(each.type or "", "text")
        annotated = {"seconds": "number", "text": "string"}.get(kind, kind)
        option = name.removesuffix("_ms")
        fields.append(f"---@field {option}? {annotated} {_about(each.about)}")
        rows.append(f'\t{option} = {{ raw.{each.name}, "{kind}" }},')
    wait = "---@field wait? agentkernel.Waiter|fun(fd: integer): false? How to wait in coroutines."
    options = ["--- What agentkernel.new takes.", "---@class agentkernel.ClientOptions", *fields, wait]
    return _file(SETTINGS_HEAD, options, ["return {", *rows, "}\n"])


# ---- README.md ----


def _call(operation: Operation) -> str:
    """How a method is called, as users write it."""
    arguments = [each.name for each in _places(operation)]
    listed = [each.name for each in operation.parameters if each.name in LISTED]
    if listed or _only_options(operation):
        arguments.append({"command": "{command}", "commands": "{{command}, {command}}"}[listed[0]] if listed else "{}")
    text = ", ".join(arguments)
    return operation.name + (text if text.startswith("{") else f"({text})")


def _gives(operation: Operation) -> str:
    if operation.record is None:
        return "`true`"
    kind = f"`{_record_type(operation.record)}`"
    ways = {"text": "text", "list": f"a list of {kind}", "events": f"a stream of {kind}"}
    return ways.get(operation.yields, kind)


def _readme(schema: Schema, text: str) -> str:
    lines = ["| method | options | gives |", "| --- | --- | --- |"]
    for each in schema.operations:
        options = [f"**{option.name}**" if option.required else _name(option.name) for option in _only_options(each)]
        lines.append(f"| `{_call(each)}` | {', '.join(options)} | {_gives(each)} |")
    lines += ["", "| record | fields |", "| --- | --- |"]
    for record in _records(schema):
        lines.append(f"| `{_record_type(record)}` | {', '.join(field.name for field in record.fields)} |")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:start] + "\n".join(lines) + "\n" + text[end:]


def generate(schema: Schema, tree: Path = TREE) -> dict[Path, str]:
    """The text of each file, by its path in a tree."""
    folder, readme = tree / "bindings/lua/agentkernel/generated", tree / "bindings/lua/README.md"
    return {
        folder / "operations.lua": _operations(schema),
        folder / "session.lua": _session(schema),
        folder / "settings.lua": _settings(schema),
        folder / "options.lua": _options(schema),
        folder / "types.lua": _types(schema),
        folder / "records.lua": _main_fields(schema),
        readme: _readme(schema, readme.read_text()),
    }
