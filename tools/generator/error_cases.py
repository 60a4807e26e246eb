"""tests/conformance/cases/errors_*.json: the same replies of a server that failed, for each operation."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .schema import TREE, Schema

TEMPLATE = TREE / "tests/conformance/errors.json"
CASES = Path("tests/conformance/cases")
WIDTH = 120


def _filled(value: Any, name: str) -> Any:
    """The value with the operation's name in its place."""
    if isinstance(value, dict):
        return {key: _filled(entry, name) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, name) for entry in value]
    return name if value == "{operation}" else value


def _case(template: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    operation = entry["operation"]
    call = {"operation": operation} | {key: entry[key] for key in ("arguments",) if key in entry}
    call["records"] = template.get("records", [])
    if template["error"] is not None:
        call["error"] = template["error"]
    case = {"id": f"{operation}.{template['name']}", "about": template["about"]}
    case |= {key: template[key] for key in ("shows", "client") if template.get(key)}
    case |= {
        "server": {"rules": [{"steps": [{"reply": template["reply"]}]}]},
        "calls": [call],
        "requests": [entry["request"]],
    }
    case |= {key: template[key] for key in ("connections",) if key in template}
    return _filled(case, operation)


def _cases(document: dict[str, Any], schema: Schema, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    operation = next(each for each in schema.operations if each.name == entry["operation"])
    for template in document["cases"]:
        template = copy.deepcopy(template)
        for exception in document["exceptions"]:
            applies = operation.name in exception.get("operations", []) or operation.yields == exception.get("yields")
            if applies and template["name"] in exception["cases"]:
                template |= exception["instead"]
        yield _case(template, entry)


def _text(value: Any, indent: int) -> str:
    """JSON with a member or an element to a line where it does not fit into one."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + len(line) <= WIDTH or not value or not isinstance(value, dict | list):
        return line
    space = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{space}{json.dumps(key)}: {_text(entry, indent + 2)}" for key, entry in value.items()]
    else:
        lines = [space + _text(entry, indent + 2) for entry in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + "\n" + ",\n".join(lines) + "\n" + " " * indent + last


def generate(schema: Schema) -> dict[Path, str]:
    """Each file with its text."""
    document = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    texts = {}
    for entry in document["operations"]:
        cases = list(_cases(document, schema, entry))
        path = TREE / CASES / f"errors_{entry['operation']}.json"
        texts[path] = _text({"version": 1, "cases": cases}, 0) + "\n"
    return texts
