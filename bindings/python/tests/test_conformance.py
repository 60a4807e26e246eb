"""The shared conformance cases, through the public interface, sync and async."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentkernel import AgentKernel, AgentKernelError, AsyncAgentKernel, RunOutput, StreamEvent
from conftest import TREE, FaultProgram, FaultServer

CASES = TREE / "tests/conformance/cases"
KNOWN = {
    "file": {"version", "cases"},
    "case": {"id", "about", "shows", "client", "server", "client_error", "calls", "requests", "connections"},
    "call": {"operation", "arguments", "records", "error"},
    "request": {"method", "target", "headers", "json", "body"},
    "error": {
        "code", "http_status", "exit_code", "retry_after_ms", "server_text", "output", "sent", "phase", "operation",
        "message_has", "message_lacks",
    },
}  # fmt: skip


def check_members(kind: str, value: dict[str, Any]) -> None:
    assert set(value) <= KNOWN[kind], f"unknown member of a {kind}: {set(value) - KNOWN[kind]}"


def load() -> list[Any]:
    cases = []
    for path in sorted(CASES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        check_members("file", content)
        assert content["version"] == 1, f"{path}: version {content['version']}"
        for case in content["cases"]:
            check_members("case", case)
            expanded = {name: value if name == "server" else expand(value) for name, value in case.items()}
            cases.append(pytest.param(expanded, id=case["id"]))
    return cases


def expand(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: expand(entry) for name, entry in value.items()}
    return [expand(entry) for entry in value] if isinstance(value, list) else value


# ---- what goes in ----------------------------------------------------------------------------------------------------


def argument(name: str, value: Any, places: dict[str, str]) -> Any:
    """A value of a case as this binding takes it."""
    if name.endswith("timeout_ms"):
        if value in ("none", "default"):
            return math.inf if value == "none" else None
        return int(value) / 1000
    if isinstance(value, dict) and set(value) == {"base64"}:
        return base64.b64decode(value["base64"]).decode()
    if isinstance(value, list):
        return [argument(name, entry, places) for entry in value]
    if isinstance(value, str):
        for place, text in places.items():
            value = value.replace(place, text)
        integers = ("vcpus", "memory_mb", "max_reply_bytes", "max_event_bytes", "max_idle")
        return int(value) if name in integers else value
    return value


def keyword(operation: str | None, name: str) -> str:
    """The name of a parameter or setting in Python."""
    if operation == "run_stream" and name == "total_timeout_ms":
        return "timeout"
    return name.removesuffix("_ms") if name.endswith("timeout_ms") else name


def keywords(operation: str | None, values: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    return {keyword(operation, name): argument(name, value, places) for name, value in values.items()}


# ---- what comes out --------------------------------------------------------------------------------------------------


def field(record: Any, name: str) -> Any:
    """A field of a record, by its name in the cases."""
    if isinstance(record, str):
        return {"status": record}[name]
    if isinstance(record, RunOutput) and name == "output":
        return record.output_bytes
    if isinstance(record, StreamEvent) and name in ("data", "output"):
        return record.data_bytes if name == "data" else record.output_bytes
    return getattr(record, name)


def octets(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def entry_matches(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict):  # no text: the library hands out its JSON
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
    if call["operation"] == "list_sandboxes" and error is not None:
        return  # a list or an exception: the records before it are not handed out
    assert len(records) == len(call["records"]), records
    for record, wanted in zip(records, call["records"], strict=True):
        for name, value in wanted.items():
            if isinstance(record, str) and name == "raw":
                continue  # health is a plain text here
            assert matches(value, field(record, name)), f"{name}: {field(record, name)!r}, wanted {value!r}"


def check_request(wanted: dict[str, Any], got: dict[str, Any]) -> None:
    check_members("request", wanted)
    for name in ("method", "target"):
        assert got[name] == wanted.get(name, got[name])
    for name, value in wanted.get("headers", {}).items():
        found = [text for key, text in got["headers"] if key.lower() == name.lower()]
        if value is None:
            assert not found, name
        else:
            assert len(found) == 1, name
            assert value["contains"] in found[0] if isinstance(value, dict) else value == found[0], (name, found)
    body = base64.b64decode(got["body"])
    if "json" in wanted:
        assert json.loads(body) == wanted["json"]
    if "body" in wanted:
        assert body == octets(wanted["body"])


# ---- the ways of calling ---------------------------------------------------------------------------------------------

Outcome = tuple[list[Any], AgentKernelError | None]


def as_records(result: Any) -> list[Any]:
    if result is None:
        return []
    return result if isinstance(result, list) else [result]


def call_sync(client: AgentKernel, operation: str, arguments: dict[str, Any]) -> Outcome:
    records: list[Any] = []
    try:
        result = getattr(client, operation)(**arguments)
        if operation == "run_stream":
            for event in result:
                records.append(event)
        else:
            records = as_records(result)
    except AgentKernelError as error:
        return records, error
    return records, None


async def call_async(client: AsyncAgentKernel, operation: str, arguments: dict[str, Any]) -> Outcome:
    records: list[Any] = []
    try:
        result = getattr(client, operation)(**arguments)
        if operation == "run_stream":
            async for event in result:
                records.append(event)
        else:
            records = as_records(await result)
    except AgentKernelError as error:
        return records, error
    return records, None


def run_sync(settings: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    with AgentKernel(**settings) as client:
        return [call_sync(client, operation, arguments) for operation, arguments in calls]


def run_async(settings: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with AsyncAgentKernel(**settings) as client:
            return [await call_async(client, operation, arguments) for operation, arguments in calls]

    return asyncio.run(run())


@pytest.mark.parametrize("run", [run_sync, run_async], ids=["sync", "async"])
@pytest.mark.parametrize("case", load())
def test_case(case: dict[str, Any], run: Any, fault_program: FaultProgram) -> None:
    server = FaultServer(fault_program, case["server"])
    try:
        places = {f"${name.upper()}": str(value) for name, value in server.answer.items()}
        settings = keywords(None, {"base_url": "$URL", **case.get("client", {})}, places)
        for call in case["calls"]:
            check_members("call", call)
        calls = [
            (call["operation"], keywords(call["operation"], call.get("arguments", {}), places))
            for call in case["calls"]
        ]
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


def test_cases_are_there() -> None:
    assert len(list(Path(CASES).glob("*.json"))) >= 2
