"""The plain part of bindings/node: settings, options, records and methods, each with its documentation.

An operation that yields nothing, a text, one record or a list of records becomes a method of the class Operations,
which AgentKernel extends. What needs more is written by hand in bindings/node/src; the tables below name it.
"""

from __future__ import annotations

import re
from pathlib import Path

from . import error_classes, node_abi
from .node_text import WIDTH, camel, doc, enclosed, imports, module, pascal, union
from .schema import TREE, Constant, Field, Operation, Parameter, Record, Schema

# Operations that client.ts has with another signature.
BY_HAND = ("batch_run",)
# Operations whose required parameters are options, too, as in the official SDK.
ALL_IN_OPTIONS = ("take_snapshot",)
# Operations that do nothing without an option: it is not optional.
NEED_OPTIONS = ("resize_sandbox", "update_sandbox", *ALL_IN_OPTIONS)
OPTION_NAMES = {"exec_in_sandbox": "ExecOptions"}

# What makes records of fields in records.ts, instead of what is generated.
MAKERS = {
    "run_output": "new RunOutput",
    "file_content": "new FileReadResponse",
    "reply": "new Reply",
    "detached_command": "detachedCommand",
    "log_entry": "logEntry",
}
# Records that have all members that the server sent, also those that are null.
OPEN = ("log_entry",)
# What stands for a missing field, if that is not undefined for an optional one.
ABSENT = {
    "run_output.exit_code": "undefined",
    "batch_result.output": "null",
    "batch_result.error": "null",
    "detached_command.exit_code": "null",
}

TEXTS = "readonly string[]"
PARAMETER_TYPES = {"text": "string", "json": "unknown", "int": "number | bigint", "bool": "boolean", "list": TEXTS,
                   "lists": f"readonly ({TEXTS})[]", "map": "Readonly<Record<string, string>>",
                   "bytes": "string | Uint8Array"}  # fmt: skip
FIELD_TYPES = {"text": "string", "json": "unknown", "int": "number", "bool": "boolean", "bytes": "Buffer",
               "list": "readonly (string | null)[]", "map": "Readonly<Record<string, string | null>>"}  # fmt: skip
# Types of parameters, and of fields (RECORD.FIELD), that say more than the schema's.
KEY_TYPES = {
    "profile": "SecurityProfile",
    "network": "Network",
    "lifecycle": "Lifecycle",
    "env": f"{TEXTS} | {PARAMETER_TYPES['map']}",
    "stream": '"stdout" | "stderr"',
    "sandbox_info.status": "SandboxStatus",
    "detached_command.status": "DetachedStatus",
    "file_content.encoding": '"utf8" | "base64" | (string & {})',
    "run_output.total_bytes": "number | bigint",
    "file_content.size": "number | bigint",
}
HAND_TYPES = {"CallOptions", "Lifecycle", "Network", "SecurityProfile", "SandboxStatus", "DetachedStatus"}
TIMEOUTS = {"timeout_ms": "timeout", "connect_timeout_ms": "connectTimeout", "idle_timeout_ms": "idleTimeout",
            "total_timeout_ms": "timeout"}  # fmt: skip

# What only concerns this binding, by operation, OPERATION.PARAMETER or RECORD.FIELD: further sentences,
NOTES = {
    "read_file": "It is held as a whole; createReadStream returns it in pieces.",
    "exec_in_sandbox.env": "An object of names and values will do.",
    "exec_detached.env": "An object of names and values will do.",
    "restore_snapshot.start": "A server that ignores this gets a request of its own for it.",
    "run_output.total_bytes": "A bigint beyond 2^53.",
    "detached_command.exit_code": "It is null while the command runs.",
}
# or, where a key means something else, other ones.
INSTEAD = {}


def _doc(place: str, described: Operation | Parameter | Field) -> list[str]:
    about = re.sub(r" As a parameter: [^.]*\.", "", described.about)
    sentences = [INSTEAD.get(place, about), described.details, NOTES.get(place)]
    return doc(" ".join(filter(None, sentences)), "    ")


def _hand_types(*parts: list[str]) -> list[str]:
    """Imports the types of types.ts that occur in code, beside its comments."""
    code = " ".join(line for part in parts for line in part if not line.lstrip().startswith(("/*", "*")))
    return imports("type ", HAND_TYPES & set(re.findall(r"\w+", code)), "../types.js")


# ---- settings --------------------------------------------------------------------------------------------------------


def _setting(constant: Constant) -> tuple[str, str]:
    """Its option, and the type that the library has of it."""
    name = constant.name.removeprefix("CLIENT_").lower()
    return camel(name.removesuffix("_ms")), "timeout" if name.endswith("timeout_ms") else str(constant.type)


def settings(schema: Schema) -> str:
    """settings.ts: the settings of a client."""
    group = schema.group("settings")
    members, table = [], []
    for constant in group.constants:
        name, kind = _setting(constant)
        default = ", else ".join(each for each in (constant.environment, constant.default) if each)
        members += doc(f"{constant.about} Default: {default}.", "    ")
        members.append(f"    {name}?: {'number' if kind == 'timeout' else PARAMETER_TYPES[kind]} | undefined;")
        table.append(f'    ["{name}", [abi.AK_{constant.name}, "{kind}"]],')
    about = doc(f"{group.about} Timeouts are in milliseconds: Infinity is none, and 0 leaves no time at all.")
    declared = 'export const SETTINGS: ReadonlyMap<string, readonly [number, "text" | "int" | "timeout"]> = new Map(['
    return module(
        ['import * as abi from "../raw/abi.js";'],
        [*about, "export interface AgentKernelOptions {", *members, "}"],
        [*doc("By option: the library's setting, and its type. @internal"), declared, *table, "]);"],
    )


# ---- options ---------------------------------------------------------------------------------------------------------


def _positional(operation: Operation) -> list[Parameter]:
    return [each for each in operation.parameters if each.required and operation.name not in ALL_IN_OPTIONS]


def _own_options(operation: Operation) -> list[Parameter]:
    """The options of an operation, without those of every call."""
    there = _positional(operation)
    common = ("timeout", "connectTimeout")
    return [each for each in operation.parameters if each not in there and TIMEOUTS.get(each.name) not in common]


def _options_name(operation: Operation) -> str:
    own = OPTION_NAMES.get(operation.name, pascal(operation.name) + "Options")
    return own if _own_options(operation) else "CallOptions"


def _parameter_type(parameter: Parameter) -> str:
    return "number" if parameter.is_timeout else KEY_TYPES.get(parameter.name, PARAMETER_TYPES[parameter.type])


def _interface_of_options(operation: Operation) -> list[str]:
    lines = doc(f"Options of `{camel(operation.name)}`.")
    lines.append(f"export interface {_options_name(operation)} extends CallOptions {{")
    for each in _own_options(operation):
        name, kind = TIMEOUTS.get(each.name, each.name), _parameter_type(each)
        lines += _doc(f"{operation.name}.{each.name}", each)
        lines.append(f"    {name}: {kind};" if each.required else f"    {name}?: {union(kind, 'undefined')};")
    return [*lines, "}"]


def options(schema: Schema) -> str:
    """options.ts: what operations take besides their arguments."""
    parts = [_interface_of_options(each) for each in schema.operations if _own_options(each) and not each.writable]
    return module(_hand_types(*parts), *parts)


# ---- records ---------------------------------------------------------------------------------------------------------


def _record_name(record: Record) -> str:
    return record.names.get("node", pascal(record.name))


def _has_bytes(record: Record) -> bool:
    return any(field.type == "bytes" for field in record.fields)


def _members(record: Record) -> list[tuple[Field, str, str, list[str]]]:
    """Of each field its type, what stands for it when it did not come, and its documentation."""
    members = []
    for field in record.fields:
        place = f"{record.name}.{field.name}"
        absent = ABSENT.get(place, "" if field.required else "undefined")
        members.append((field, KEY_TYPES.get(place, FIELD_TYPES[field.type]), absent, _doc(place, field)))
    return [member for member in members if member[0].name != "raw"]


def _interface(record: Record) -> list[str]:
    """A record without bytes: an object of the fields that came."""
    base = " extends Readonly<Record<string, unknown>>" if record.name in OPEN else ""
    lines = [*doc(record.about), f"export interface {_record_name(record)}{base} {{"]
    for field, kind, absent, text in _members(record):
        null = "null" if absent == "null" or (absent and record.name in OPEN) else ""
        lines += [*text, f"    readonly {field.name}{'?' if absent == 'undefined' else ''}: {union(kind, null)};"]
    raw = next(field for field in record.fields if field.name == "raw")
    return [*lines, *doc(f"{raw.key.about} Not enumerable.", "    "), "    readonly raw: string;", "}"]


def _text(name: str, absent: str) -> list[str]:
    """The bytes of a member as text."""
    return [
        f"    /** `{name}Bytes` as text; bytes that are not UTF-8 are replaced. */",
        f"    readonly {name}!: {union('string', absent)};",
    ]


def _value(field: Field, kind: str, absent: str) -> str:
    """What a constructor assigns to a member."""
    if field.type == "bytes":
        return f'bytesOf(fields, "{field.name}")' + {"": " ?? Buffer.alloc(0)", "null": " ?? null"}.get(absent, "")
    value = f'fields["{field.name}"]'
    if kind == "unknown":
        return value
    if absent == "null":
        return f"({value} as {kind} | undefined) ?? null"
    return f"{value} as {union(kind, absent)}"


def _class(record: Record) -> list[str]:
    """A record with bytes, which it shows as text, too."""
    lines = [*doc(record.about), f"export class {_record_name(record)} extends ByteRecord {{"]
    constructor = ["", "    /** @internal */", "    constructor(fields: Fields) {", "        super(fields);"]
    for field, kind, absent, text in _members(record):
        has_bytes = field.type == "bytes"
        name = field.name + ("Bytes" if has_bytes else "")
        lines += [*(_text(field.name, absent) if has_bytes else []), *text]
        lines.append(f"    readonly {name}: {union(kind, absent)};")
        constructor.append(f"        this.{name} = {_value(field, kind, absent)};")
        constructor += [f'        show(this, "{field.name}", this.{name});'] if has_bytes else []
    return [*lines, *constructor, "    }", "}"]


def records(schema: Schema) -> str:
    """records.ts: what operations return."""
    returned = [each.record for each in schema.operations if each.yields not in ("text", "events")]
    shown = [each for each in schema.records if each in returned]
    parts = [_class(each) if _has_bytes(each) else _interface(each) for each in shown]
    return module(
        [
            "// What did not come is undefined, or null where the official SDK has it so.",
            'import {ByteRecord, bytesOf, show} from "../record.js";',
            'import type {Fields} from "../record.js";',
            *_hand_types(*parts),
        ],
        *parts,
    )


def event(schema: Schema) -> str:
    """event.ts: the members that not every event has. StreamEvent has the others."""
    record = next(each.record for each in schema.operations if each.record and each.streams)
    lines = [*doc(record.about), "export abstract class EventMembers {"]
    lines += ["    /** @internal */", "    protected abstract [MEMBER](name: string): unknown;"]
    for field, kind, absent, text in _members(record):
        if absent and field.type != "bytes":
            lines += ["", *text, f"    get {field.name}(): {union(kind, absent)} {{"]
            lines += [f'        return this[MEMBER]("{field.name}") as {union(kind, absent)};', "    }"]
    about = doc("Reads one of the members that are not in every event. @internal")
    return module([*about, 'export const MEMBER = Symbol("member");'], [*lines, "}"])


# ---- operations ------------------------------------------------------------------------------------------------------


def _body(operation: Operation) -> tuple[str, str, str, str]:
    """What the method returns, what calls, and what stands before and behind that."""
    record = operation.record
    if record is None:
        return "void", "one", "", ""
    if operation.yields == "text":
        return "string", "one", "(", f')["{record.fields[0].name}"] as string'
    name = _record_name(record)
    make = MAKERS.get(record.name, f"new {name}" if _has_bytes(record) else "natural")
    if operation.yields_many:
        return f"{name}[]", "all", "(", f").map((fields) => {make}(fields))"
    return name, "one", f"{make}(", ")"


def _method(operation: Operation) -> list[str]:
    arguments = _positional(operation)
    returned, call, before, behind = _body(operation)
    parameters = [f"{camel(each.name)}: {_parameter_type(each)}" for each in arguments]
    parameters.append(f"options: {_options_name(operation)}" + ("" if operation.name in NEED_OPTIONS else " = {}"))
    values = [each.name if each.name == camel(each.name) else f"{each.name}: {camel(each.name)}" for each in arguments]
    passed = "{" + ", ".join(["...options", *values]) + "}" if values else "options"
    called = f'await this.#caller.{call}("{operation.name}", '
    body = [f"        {'return ' if before else ''}{before}{called}{passed}){behind};"]
    if len(body[0]) > WIDTH:
        body = enclosed(f"{'const found = ' if before else ''}{called}{{", ["...options", *values], "});", "        ")
        result = f"{before}found{behind}" if before != "(" else f"found{behind[1:]}"
        body += [f"        return {result};"] if before else []
    signature = enclosed(f"async {camel(operation.name)}(", parameters, f"): Promise<{returned}> {{", "    ")
    return ["", *_doc(operation.name, operation), *signature, *body, "    }"]


def operations(schema: Schema) -> str:
    """operations.ts: a method for each operation that is no more than a call."""
    plain = [each for each in schema.operations if not (each.streams or each.writable or each.name in BY_HAND)]
    methods = [line for operation in plain for line in _method(operation)]
    shown = [each.record for each in plain if each.record and each.yields != "text"]
    classes = {_record_name(each) for each in shown if _has_bytes(each)}
    by_hand = {MAKERS[each.name].removeprefix("new ") for each in shown if each.name in MAKERS}
    return module(
        [
            'import type {Caller} from "../caller.js";',
            'import {natural} from "../record.js";',
            *imports("", by_hand, "../records.js"),
            *_hand_types(methods),
            *imports("type ", {_options_name(each) for each in plain} - {"CallOptions"}, "./options.js"),
            *imports("", classes - by_hand, "./records.js"),
            *imports("type ", {_record_name(each) for each in shown} - classes, "./records.js"),
        ],
        [
            *doc("A method for each operation that is no more than a call."),
            "export abstract class Operations {",
            "    readonly #caller: Caller;",
            "",
            "    /** @internal */",
            "    protected constructor(caller: Caller) {",
            "        this.#caller = caller;",
            "    }",
            *methods,
            "}",
        ],
    )


def generate(schema: Schema, tree: Path = TREE) -> dict[Path, str]:
    """The files of a tree that are generated, with their texts."""
    source = tree / "bindings/node/src"
    texts = {"settings": settings, "options": options, "records": records, "event": event, "operations": operations,
             "errors": error_classes.node, "error_codes": error_classes.node_codes}  # fmt: skip
    header = (tree / "abi/include/agentkernel.h").read_text()
    return {
        source / "raw/abi.ts": node_abi.generate(schema, header),
        **{source / f"generated/{name}.ts": make(schema) for name, make in texts.items()},
    }
