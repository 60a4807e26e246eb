"""The schema of the ABI, abi/schema/*.json, with its references resolved."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .reserved import RESERVED

TREE = Path(__file__).resolve().parents[2]
TIMEOUTS = {
    "unary": ("timeout_ms", "connect_timeout_ms"),
    "stream": ("connect_timeout_ms", "idle_timeout_ms", "total_timeout_ms"),
}
SENTENCES = {"about", "details"}  # they may have {LIMIT}, the name of one of limits.json
MIB = 2**20
# The limits of arrays in the core.
MAX_PARAMETERS = MAX_FIELDS = 32


class SchemaError(Exception):
    """The schema contradicts itself or what was released."""


@dataclass(frozen=True)
class Key:
    """A parameter or field: the same name has the same number and meaning everywhere."""

    id: int
    name: str
    type: str
    about: str
    since: str

    def about_in(self, place: str) -> str:
        """What it means to an operation or record: a sentence "Of NAME: ..." is for that one, instead of the others."""
        general, *special = re.split(r" (?=Of \w+: )", self.about)
        start = f"Of {place}: "
        own = next((text.removeprefix(start) for text in special if text.startswith(start)), general)
        return own[0].upper() + own[1:]


@dataclass(frozen=True)
class Field:
    """A field of a record."""

    key: Key
    type: str
    required: bool
    alias: str | None  # another name that servers use
    exact: str | None  # the member that has the same bytes in base64, if text could not carry them
    about: str = ""  # what the key means in this record
    details: str = ""  # what its users should know besides

    @property
    def name(self) -> str:
        return self.key.name


@dataclass(frozen=True)
class Record:
    """What an operation yields."""

    name: str
    about: str
    names: dict[str, str]  # its type in each language
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation."""

    key: Key
    type: str
    place: str  # body, path, query or library
    required: bool
    rule: str | None
    send_false: bool
    about: str = ""  # what the key means to this operation
    details: str = ""

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def is_timeout(self) -> bool:
        return self.name.endswith("timeout_ms")


@dataclass(frozen=True)
class Operation:
    """An operation: a request, and what its reply yields."""

    id: int
    name: str
    route: str
    since: str
    about: str
    yields: str
    record: Record | None
    within: str | None
    output: str | None
    idempotent: bool
    writable: bool
    parameters: tuple[Parameter, ...] = field(repr=False)
    details: str = ""
    local: bool = False  # agentkernel-local has a handler for it
    public: bool = False  # it needs no API key

    @property
    def streams(self) -> bool:
        return self.yields == "events"

    @property
    def yields_many(self) -> bool:
        return self.yields in ("events", "list")

    @property
    def flags(self) -> list[str]:
        flags = {
            "STREAMS": self.streams,
            "IDEMPOTENT": self.idempotent,
            "READABLE": self.output is not None,
            "MANY": self.yields_many,
            "WRITABLE": self.writable,
        }
        return [f"AK_OP_{name}" for name, there in flags.items() if there]


@dataclass(frozen=True)
class Constant:
    """Any other number of the header."""

    name: str
    value: int
    about: str
    since: str
    type: str | None  # of a setting or an error's field
    environment: str | None
    default: str | None


@dataclass(frozen=True)
class Group:
    """Constants that belong together."""

    name: str
    about: str
    constants: tuple[Constant, ...]


@dataclass(frozen=True)
class ErrorClass:
    """A kind of error, which has a class of its own in some languages."""

    name: str
    codes: tuple[str, ...]
    about: str
    parent: str = ""


@dataclass(frozen=True)
class Schema:
    keys: tuple[Key, ...]
    records: tuple[Record, ...]
    operations: tuple[Operation, ...]
    groups: tuple[Group, ...]
    error_classes: tuple[ErrorClass, ...]
    limits: dict[str, Any]  # limits.json as it is

    def group(self, name: str) -> Group:
        return next(group for group in self.groups if group.name == name)

    def ledger(self) -> list[tuple[str, int, str]]:
        """Every constant of the ABI: name, number, and the version that first had it."""
        constants = [constant for group in self.groups for constant in group.constants]
        return [
            *((f"AK_{constant.name}", constant.value, constant.since) for constant in constants),
            *((f"AK_OP_{each.name.upper()}", each.id, each.since) for each in self.operations),
            *((f"AK_KEY_{each.name.upper()}", each.id, each.since) for each in self.keys),
        ]


def load(tree: Path = TREE) -> Schema:
    """Reads the schema and checks that it agrees with itself and with the ledger, abi/symbols.txt."""
    folder = tree / "abi/schema"
    limits = json.loads((folder / "limits.json").read_text(encoding="utf-8"))
    document = _filled(json.loads((folder / "operations.json").read_text(encoding="utf-8")), _placeholders(limits))
    constants = _filled(json.loads((folder / "constants.json").read_text(encoding="utf-8")), _placeholders(limits))
    keys = {each["name"]: Key(**each) for each in document["keys"]}
    records = {each["name"]: _record(keys, each) for each in document["records"]}
    operations = tuple(_operation(keys, records, each) for each in document["operations"])
    groups = tuple(_group(each) for each in constants["groups"])
    classes = tuple(ErrorClass(**each) for each in constants["error_classes"])
    schema = Schema(tuple(keys.values()), tuple(records.values()), operations, groups, classes, limits)
    _check(schema)
    _check_ledger(schema, tree / "abi/symbols.txt")
    return schema


def _placeholders(limits: dict[str, Any]) -> dict[str, str]:
    """How sentences spell each limit and list of words."""
    _unique("limit", [each["name"] for each in limits["limits"] + limits["words"]])
    numbers = {each["name"]: each["value"] for each in limits["limits"]}
    spelled = {name: str(value) if value % MIB else f"{value // MIB} MiB" for name, value in numbers.items()}
    words = {each["name"]: each["values"] for each in limits["words"]}
    return spelled | {name: " or ".join([", ".join(values[:-1]), values[-1]]) for name, values in words.items()}


def _filled(node: Any, placeholders: dict[str, str]) -> Any:
    """The document with {LIMIT} replaced wherever it is a sentence."""
    if isinstance(node, list):
        return [_filled(each, placeholders) for each in node]
    if not isinstance(node, dict):
        return node
    filled = {name: _filled(value, placeholders) for name, value in node.items()}
    for name in SENTENCES & filled.keys():
        try:
            filled[name] = re.sub(r"\{(\w+)\}", lambda match: placeholders[match[1]], filled[name])
        except KeyError as error:
            raise SchemaError(f"there is no limit {error} of which a sentence speaks: {filled[name]}") from None
    return filled


def _record(keys: dict[str, Key], each: dict[str, Any]) -> Record:
    fields = tuple(
        Field(
            keys[entry["key"]],
            entry.get("type", keys[entry["key"]].type),
            entry.get("required", False),
            entry.get("alias"),
            entry.get("exact"),
            keys[entry["key"]].about_in(each["name"]),
            entry.get("details", ""),
        )
        for entry in each["fields"]
    )
    return Record(each["name"], each["about"], each.get("names", {}), fields)


def _parameter(keys: dict[str, Key], operation: str, entry: dict[str, Any]) -> Parameter:
    key = keys[entry["key"]]
    return Parameter(
        key,
        entry.get("type", key.type),
        entry["in"],
        entry.get("required", False),
        entry.get("rule"),
        entry.get("send_false", False),
        key.about_in(operation),
        entry.get("details", ""),
    )


def _operation(keys: dict[str, Key], records: dict[str, Record], each: dict[str, Any]) -> Operation:
    timeouts = [{"key": name, "in": "library", "rule": "timeout"} for name in TIMEOUTS[each["timeouts"]]]
    return Operation(
        each["id"],
        each["name"],
        each["route"],
        each["since"],
        each["about"],
        each["yields"],
        records[each["record"]] if "record" in each else None,
        each.get("within"),
        each.get("output"),
        each.get("idempotent", False),
        each.get("writable", False),
        tuple(_parameter(keys, each["name"], entry) for entry in [*each["parameters"], *timeouts]),
        each.get("details", ""),
        each.get("local", False),
        each.get("public", False),
    )


def _group(each: dict[str, Any]) -> Group:
    constants = tuple(
        Constant(
            entry["name"],
            entry["value"],
            entry.get("about", ""),
            entry["since"],
            entry.get("type"),
            entry.get("environment"),
            entry.get("default"),
        )
        for entry in each["constants"]
    )
    return Group(each["name"], each["about"], constants)


def _unique(what: str, values: list[Any]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise SchemaError(f"{what} {value} is there more than once")


def _check(schema: Schema) -> None:
    _unique("key", [key.name for key in schema.keys])
    _unique("key number", [key.id for key in schema.keys])
    _unique("operation", [operation.name for operation in schema.operations])
    _unique("operation number", [operation.id for operation in schema.operations])
    for each in (*schema.keys, *schema.records, *schema.operations):
        if each.name in RESERVED:
            raise SchemaError(f"{each.name} is no name: it means something in one of the languages")
    places = {each.name for each in (*schema.records, *schema.operations)}
    for key in schema.keys:
        for place in re.findall(r" Of (\w+): ", key.about):
            if place not in places:
                raise SchemaError(f"key {key.name}: there is no {place} of which its about could be")
    codes = {each.name for group in schema.groups for each in group.constants}
    _unique("code of a class of errors", [code for each in schema.error_classes for code in each.codes])
    for each in schema.error_classes:
        if not codes.issuperset(each.codes):
            raise SchemaError(f"errors of class {each.name}: there is no {', '.join(set(each.codes) - codes)}")
    for record in schema.records:
        _unique(f"{record.name}: field", [each.name for each in record.fields])
        if len(record.fields) > MAX_FIELDS:
            raise SchemaError(f"{record.name} has more than {MAX_FIELDS} fields")
    for operation in schema.operations:
        names = [each.name for each in operation.parameters]
        _unique(f"{operation.name}: parameter", names)
        if len(names) > MAX_PARAMETERS:
            raise SchemaError(f"{operation.name} has more than {MAX_PARAMETERS} parameters")
        in_path = [each.name for each in operation.parameters if each.place == "path"]
        if re.findall(r"\{(\w+)\}", operation.route) != in_path:
            raise SchemaError(f"{operation.name}: the path's parameters are not those of its route, in order")


def _check_ledger(schema: Schema, path: Path) -> None:
    """What was released keeps its number for ever; what is new is added to the ledger."""
    current = {name: (value, since) for name, value, since in schema.ledger()}
    _unique("constant", [name for name, _, _ in schema.ledger()])
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, number, since = line.split()
        if number == "-":
            continue
        if name not in current:
            raise SchemaError(f"{name} was released in {since} and is missing: nothing is ever removed")
        if current[name][0] != int(number):
            raise SchemaError(f"{name} was released as {number} and is {current[name][0]}: nothing is ever renumbered")
