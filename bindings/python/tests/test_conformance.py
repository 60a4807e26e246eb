"""The shared conformance cases, through the public interface, sync and async, and through calls by name.

Where the natural result is less than the record (a str, a file without its JSON), the calls by name compare the rest.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentkernel import (
    AgentKernel,
    AgentKernelError,
    AsyncAgentKernel,
    BackendDiscovery,
    BatchResult,
    BatchRunResponse,
    DetachedLogsResponse,
    FileReadResponse,
    RunOutput,
    StreamEvent,
)
from agentkernel._call import ITEM
from agentkernel._native import ffi, lib
from agentkernel._sync_base import advance
from agentkernel.raw import records as raw
from agentkernel.raw.operation import Operation
from conftest import TREE, FaultProgram, FaultServer

CASES = TREE / "tests/conformance/cases"
MUST_FAIL = TREE / "tests/conformance/must_fail.json"
KNOWN = {
    "file": {"version", "cases"},
    "case": {"id", "about", "shows", "client", "server", "client_error", "calls", "requests", "connections"},
    "call": {"operation", "arguments", "records", "error"},
    "request": {"method", "target", "headers", "json", "body"},
    "error": {
        "code", "http_status", "exit_code", "retry_after_ms", "server_text", "output", "sent", "phase", "operation",
        "message_has", "message_lacks",
    },
    "contains": {"contains"},
}  # fmt: skip


REQUIRED = {"case": {"id", "about", "server", "calls", "requests"}, "error": {"code"}, "contains": {"contains"}}


def check_members(kind: str, value: dict[str, Any]) -> None:
    assert REQUIRED.get(kind, set()) <= set(value), f"a {kind} lacks members: {value}"
    assert set(value) <= KNOWN[kind], f"unknown member of a {kind}: {set(value) - KNOWN[kind]}"


def load(*paths: Path) -> list[Any]:
    cases = []
    for path in paths:
        content = json.loads(path.read_text(encoding="utf-8"))
        check_members("file", content)
        assert content["version"] == 1, f"{path}: version {content['version']}"
        for case in content["cases"]:
            expanded = {name: value if name == "server" else expand(value) for name, value in case.items()}
            cases.append(pytest.param(expanded, id=case["id"]))
    return cases


def expand(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: expand(entry) for name, entry in value.items()}
    return [expand(entry) for entry in value] if isinstance(value, list) else value


# ---- arguments -------------------------------------------------------------------------------------------------------


def argument(name: str, value: Any, places: dict[str, str]) -> Any:
    """A value of a case as an argument of this binding."""
    if name.endswith("timeout_ms"):
        if value in ("none", "default"):
            return math.inf if value == "none" else None
        return int(value) / 1000
    if isinstance(value, dict) and set(value) == {"base64"}:
        octets = base64.b64decode(value["base64"])
        return octets if name == "content" else octets.decode()
    if name in ("network", "lifecycle", "body"):
        assert set(value) == {"json"}, f"{name}: JSON stands within json"
        return value["json"]
    if isinstance(value, list):
        return [argument(name, entry, places) for entry in value]
    if isinstance(value, str):
        for place, text in places.items():
            value = value.replace(place, text)
        integers = ("vcpus", "memory_mb", "max_reply_bytes", "max_event_bytes", "max_idle", "size")
        return int(value) if name in integers else value
    return value


RENAMED: dict[tuple[str | None, str], str] = {
    ("run_stream", "total_timeout_ms"): "timeout",
    ("take_snapshot", "name"): "snapshot_name",
    ("detached_status", "id"): "cmd_id",
    ("detached_logs", "id"): "cmd_id",
    ("detached_kill", "id"): "cmd_id",
    ("request", "body"): "json",
}


def keyword(operation: str | None, name: str) -> str:
    """The name of a parameter or setting in Python."""
    if (operation, name) in RENAMED:
        return RENAMED[operation, name]
    return name.removesuffix("_ms") if name.endswith("timeout_ms") else name


def keywords(operation: str | None, values: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    return {keyword(operation, name): argument(name, value, places) for name, value in values.items()}


# ---- results ---------------------------------------------------------------------------------------------------------


def field(record: Any, name: str) -> Any:
    """A field of a record, by its name in the cases."""
    if isinstance(record, dict):
        return record[name]
    if record is None or isinstance(record, str):
        return {"status": record, "expires_at": record}[name]
    if isinstance(record, RunOutput | BatchResult) and name == "output":
        return record.output_bytes
    if isinstance(record, DetachedLogsResponse) and name in ("stdout", "stderr"):
        return record.stdout_bytes if name == "stdout" else record.stderr_bytes
    if isinstance(record, FileReadResponse) and name == "content":
        return record.data
    if isinstance(record, BackendDiscovery) and name == "backends":
        return json.loads(record.raw)["backends"]  # typed: has its own test
    if isinstance(record, StreamEvent) and name in ("data", "output"):
        return record.data_bytes if name == "data" else record.output_bytes
    return getattr(record, name)


def octets(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def entry_matches(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict):  # not text: the library returns its JSON
        return bool((json.loads(got) if isinstance(got, str) else got) == wanted["json"])
    return bool(wanted == got)


def matches(wanted: Any, got: Any) -> bool:
    if wanted in ("null", "absent"):
        return got is None
    ((kind, value),) = wanted.items()
    checks: dict[str, Callable[[], bool]] = {
        "text": lambda: (got.decode() if isinstance(got, bytes) else got) == value,
        "bytes": lambda: type(got) is bytes and got == octets(value),
        "int": lambda: type(got) is int and got == int(value),
        "bool": lambda: type(got) is bool and got == value,
        "list": lambda: len(got) == len(value) and all(map(entry_matches, value, got)),
        "map": lambda: set(got) == set(value) and all(entry_matches(value[name], got[name]) for name in value),
        "json": lambda: (json.loads(got) if isinstance(got, bytes) else got) == value,
        "json_text": lambda: got == octets(value),
    }
    return checks[kind]()


def check_error(wanted: dict[str, Any], got: AgentKernelError | None) -> None:
    check_members("error", wanted)
    assert got is not None, f"no error, wanted {wanted}"
    found = {
        "code": got.code,
        "http_status": got.status,
        "exit_code": got.exit_code,
        "retry_after_ms": None if got.retry_after is None else round(got.retry_after * 1000),
        "server_text": got.server_text,
        "output": got.output_bytes,
        "sent": got.sent,
        "phase": got.phase,
        "operation": got.operation,
    }
    for name, value in wanted.items():
        if name == "message_has":
            assert all(text in got.message for text in value), got.message
        elif name == "message_lacks":
            assert not any(text in got.message for text in value), got.message
        elif name in ("output", "server_text") and value is not None:
            text = found[name]
            assert (text.encode() if isinstance(text, str) else text) == octets(value), name
        else:
            assert found[name] == value, f"{name}: {found[name]!r}, wanted {value!r}; {got!r}"


def check_call(call: dict[str, Any], records: list[Any], error: AgentKernelError | None) -> None:
    if "error" in call:
        check_error(call["error"], error)
    else:
        assert error is None, f"{error!r} {error.__dict__}"
    if call["operation"] in LISTS and error is not None and records is NO_RECORDS:
        return  # a list or an exception: the records before it are not returned
    assert len(records) == len(call["records"]), records
    for record, wanted in zip(records, call["records"], strict=True):
        for name, value in wanted.items():
            if isinstance(record, str | FileReadResponse | None) and name == "raw":
                continue  # these have only the value itself
            assert matches(value, field(record, name)), f"{name}: {field(record, name)!r}, wanted {value!r}"


def escapes(target: str) -> str:
    """With escapes in upper case, as libcurl 8.21 and newer writes them."""
    return re.sub("%[0-9a-fA-F]{2}", lambda escape: escape[0].upper(), target)


def check_request(wanted: dict[str, Any], got: dict[str, Any]) -> None:
    check_members("request", wanted)
    assert got["method"] == wanted.get("method", got["method"])
    assert escapes(got["target"]) == escapes(wanted.get("target", got["target"]))
    for name, value in wanted.get("headers", {}).items():
        found = [text for key, text in got["headers"] if key.lower() == name.lower()]
        if value is None:
            assert not found, name
        else:
            assert len(found) == 1, name
            if isinstance(value, dict):
                check_members("contains", value)
            assert value["contains"] in found[0] if isinstance(value, dict) else value == found[0], (name, found)
    body = base64.b64decode(got["body"])
    if "json" in wanted:
        assert json.loads(body) == wanted["json"]
    if "body" in wanted:
        assert body == octets(wanted["body"])


# ---- ways to call ----------------------------------------------------------------------------------------------------

Outcome = tuple[list[Any], AgentKernelError | None]
LISTS = ("list_sandboxes", "get_sandbox_logs", "batch_run", "detached_list", "list_snapshots")
NO_RECORDS: list[Any] = []


def as_records(operation: str, result: Any) -> list[Any]:
    if result is None:
        return [None] if operation == "extend_ttl" else []
    if isinstance(result, BatchRunResponse):
        return result.results
    return result if isinstance(result, list) else [result]


def is_natural(call: dict[str, Any]) -> bool:
    """Whether a method can make the same call; what it cannot express is left to calls by name."""
    arguments = call.get("arguments", {})
    names = [keyword(call["operation"], name) for name in arguments]
    try:
        inspect.signature(getattr(AgentKernel, call["operation"])).bind(None, **dict.fromkeys(names))
    except TypeError:  # an argument is missing that Python itself requires
        return False
    path = arguments.get("path")
    relative = isinstance(path, str) and path != "" and not path.startswith("/")
    return not (relative and call["operation"].endswith("_file"))  # it is relative to the root, as in the official SDK


def call_sync(client: AgentKernel, operation: str, arguments: dict[str, Any]) -> Outcome:
    records = NO_RECORDS
    try:
        result = getattr(client, operation)(**arguments)
        if operation == "run_stream":
            records = []
            for event in result:
                records.append(event)
        else:
            records = as_records(operation, result)
    except AgentKernelError as error:
        return records, error
    return records, None


async def call_async(client: AsyncAgentKernel, operation: str, arguments: dict[str, Any]) -> Outcome:
    records = NO_RECORDS
    try:
        result = getattr(client, operation)(**arguments)
        if operation == "run_stream":
            records = []
            async for event in result:
                records.append(event)
        else:
            records = as_records(operation, await result)
    except AgentKernelError as error:
        return records, error
    return records, None


READ: dict[int, Callable[..., Any]] = {
    lib.AK_TYPE_TEXT: raw.text,
    lib.AK_TYPE_BYTES: raw.data,
    lib.AK_TYPE_INT: raw.number,
    lib.AK_TYPE_BOOL: raw.flag,
    lib.AK_TYPE_JSON: raw.parsed,
}
READ_ENTRIES: dict[int, Callable[..., Any]] = {lib.AK_TYPE_LIST: raw.texts, lib.AK_TYPE_MAP: raw.mapping}


def read_by_name(values: Any, call: Any) -> dict[str, Any]:
    """Every field of a record, by its type in the library."""
    record: dict[str, Any] = {}
    for value, key in zip(values, call.operation.fields, strict=False):
        name = ffi.string(lib.ak_key_name(key)).decode()
        kind = lib.ak_field_type(call.operation.id, key)
        if name == "raw":
            record[name] = raw.data(value)
        elif kind in READ_ENTRIES:
            record[name] = READ_ENTRIES[kind](value, call)
        else:
            record[name] = READ[kind](value)
    return record


def call_by_name(client: AgentKernel, operation: str, arguments: dict[str, Any]) -> Outcome:
    records: list[Any] = []
    call = None
    try:
        call = client._call(Operation(operation, read_by_name), **arguments)
        while advance(call) == ITEM:
            records.append(call.record())
    except AgentKernelError as error:
        return records, error
    finally:
        if call is not None:
            call.close()
    return records, None


def run_by_name(settings: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    with AgentKernel(**settings) as client:
        return [call_by_name(client, operation, arguments) for operation, arguments in calls]


def run_sync(settings: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    with AgentKernel(**settings) as client:
        return [call_sync(client, operation, arguments) for operation, arguments in calls]


def run_async(settings: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with AsyncAgentKernel(**settings) as client:
            return [await call_async(client, operation, arguments) for operation, arguments in calls]

    return asyncio.run(run())


def check_case(case: dict[str, Any], run: Any, fault_program: FaultProgram) -> None:
    check_members("case", case)
    server = FaultServer(fault_program, case["server"])
    try:
        places = {f"${name.upper()}": str(value) for name, value in server.answer.items()}
        settings = keywords(None, {"base_url": "$URL", **case.get("client", {})}, places)
        for call in case["calls"]:
            check_members("call", call)
        calls = []
        for call in case["calls"]:
            natural = keywords(call["operation"], call.get("arguments", {}), places)
            if run is run_by_name:
                others = {new: old for (operation, old), new in RENAMED.items() if operation == call["operation"]}
                others.pop("timeout", None)
                natural = {others.get(name, name): value for name, value in natural.items()}
                if isinstance(natural.get("content"), str):
                    natural["content"] = natural["content"].encode()
            calls.append((call["operation"], natural))
        try:
            outcomes = run(settings, calls)
        except AgentKernelError as error:
            check_error(case["client_error"], error)
            outcomes = []
        else:
            assert "client_error" not in case
        for call, outcome in zip(case["calls"], outcomes, strict=True):
            check_call(call, *outcome)
        if case["requests"]:
            server.wait_for("complete", len(case["requests"]))
        log = server.log()
        assert len(log["requests"]) == len(case["requests"]), log["requests"]
        for wanted, got in zip(case["requests"], log["requests"], strict=True):
            check_request(wanted, got)
        if "connections" in case:
            assert len(log["connections"]) == case["connections"]
    finally:
        server.stop()


@pytest.mark.parametrize("run", [run_sync, run_async, run_by_name], ids=["sync", "async", "by-name"])
@pytest.mark.parametrize("case", load(*sorted(CASES.glob("*.json"))))
def test_case(case: dict[str, Any], run: Any, fault_program: FaultProgram) -> None:
    if run is run_by_name or all(map(is_natural, case["calls"])):
        check_case(case, run, fault_program)


@pytest.mark.parametrize("case", load(MUST_FAIL))
def test_the_runner_fails(case: dict[str, Any], fault_program: FaultProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conftest.PATIENCE", 1.0)  # for requests that do not arrive
    with pytest.raises((AssertionError, AttributeError, KeyError, TypeError, ValueError, NotImplementedError)):
        check_case(case, run_by_name, fault_program)


def test_cases_are_there() -> None:
    assert len(list(CASES.glob("*.json"))) >= 2
