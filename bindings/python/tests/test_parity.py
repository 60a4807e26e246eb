"""Both clients have all that the library has: each operation, each of its parameters and fields, each setting."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from agentkernel import (
    AgentKernel,
    AsyncAgentKernel,
    AsyncDetachedHandle,
    AsyncSandboxSession,
    BackendDiscovery,
    BatchFileWriteResponse,
    BatchResult,
    DetachedCommand,
    DetachedHandle,
    DetachedLogsResponse,
    FileReadResponse,
    LogEntry,
    Reply,
    RunOutput,
    SandboxInfo,
    SandboxSession,
    ServerStats,
    ServerStatus,
    SnapshotMeta,
    StreamEvent,
)
from agentkernel._native import ffi, lib
from agentkernel.generated import operations
from agentkernel.generated.errors import CLASSES
from agentkernel.raw.operation import Operation

TYPES = {
    "run": RunOutput,
    "exec_in_sandbox": RunOutput,
    "run_stream": StreamEvent,
    "create_sandbox": SandboxInfo,
    "get_sandbox": SandboxInfo,
    "list_sandboxes": SandboxInfo,
    "get_sandbox_by_uuid": SandboxInfo,
    "fork_sandbox": SandboxInfo,
    "resize_sandbox": SandboxInfo,
    "recover_sandbox": SandboxInfo,
    "update_sandbox": SandboxInfo,
    "restore_snapshot": SandboxInfo,
    "read_file": FileReadResponse,
    "write_files": BatchFileWriteResponse,
    "get_sandbox_logs": LogEntry,
    "batch_run": BatchResult,
    "exec_detached": DetachedCommand,
    "detached_status": DetachedCommand,
    "detached_list": DetachedCommand,
    "detached_logs": DetachedLogsResponse,
    "take_snapshot": SnapshotMeta,
    "list_snapshots": SnapshotMeta,
    "get_snapshot": SnapshotMeta,
    "get_backends": BackendDiscovery,
    "get_status": ServerStatus,
    "get_stats": ServerStats,
    "request": Reply,
}

# Names that differ in the official SDK, or are more precise here; and arguments that are not parameters.
NAMES = {
    ("take_snapshot", "name"): "snapshot_name",
    ("detached_status", "id"): "cmd_id",
    ("detached_logs", "id"): "cmd_id",
    ("detached_kill", "id"): "cmd_id",
    ("request", "body"): "json",
}
BESIDE = {"write_file": {"encoding"}}
NOT_KEPT = {"read_file": {"raw"}}  # a file's JSON would contain its content again


def text(pointer: Any) -> str:
    return ffi.string(pointer).decode()


def numbers(at: Any, *first: int) -> Iterator[int]:
    index = 0
    while number := at(*first, index):
        yield number
        index += 1


OPERATIONS = [(text(lib.ak_operation_name(number)), number) for number in numbers(lib.ak_operation_at)]


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return {name: value for name, value in inspect.signature(function).parameters.items() if name != "self"}


@pytest.mark.parametrize("client", [AgentKernel, AsyncAgentKernel])
@pytest.mark.parametrize(("name", "number"), OPERATIONS)
def test_operation(client: Any, name: str, number: int) -> None:
    known = [text(lib.ak_key_name(key)) for key in numbers(lib.ak_parameter_at, number)]
    wanted = {
        NAMES.get((name, key), "timeout" if key == "total_timeout_ms" else key.removesuffix("_ms")) for key in known
    }
    found = parameters(getattr(client, name))
    assert set(found) == wanted | BESIDE.get(name, set())
    for key in numbers(lib.ak_parameter_at, number):
        required = lib.ak_parameter_flags(number, key) & lib.AK_KEY_REQUIRED
        if required:
            key_name = text(lib.ak_key_name(key))
            assert found[NAMES.get((name, key_name), key_name)].default is inspect.Parameter.empty


@pytest.mark.parametrize(("name", "number"), OPERATIONS)
def test_fields(name: str, number: int) -> None:
    fields = {text(lib.ak_key_name(key)) for key in numbers(lib.ak_field_at, number)}
    if name in TYPES:
        assert fields - NOT_KEPT.get(name, set()) <= {
            member for member in dir(TYPES[name]) if not member.startswith("_")
        }
        assert dataclasses.is_dataclass(TYPES[name])
    else:
        assert fields <= {"status", "expires_at", "raw"}  # health returns a str, and so does extend_ttl


def test_every_operation_is_a_line_of_the_table() -> None:
    table = {value.name for value in vars(operations).values() if isinstance(value, Operation)}
    assert table == {name for name, _ in OPERATIONS}


@pytest.mark.parametrize("client", [AgentKernel, AsyncAgentKernel])
def test_settings(client: Any) -> None:
    settings = {
        name[len("AK_CLIENT_") :].lower().removesuffix("_ms") for name in dir(lib) if name.startswith("AK_CLIENT_")
    }
    assert set(parameters(client.__init__)) == settings


def test_every_code_of_an_error_has_been_thought_about() -> None:
    plain = {"AK_E_STATE", "AK_E_MEMORY", "AK_E_BUFFER"}
    codes = {name for name in dir(lib) if name.startswith("AK_E_")}
    assert codes == set(CLASSES) | plain


def test_sync_and_async_take_the_same() -> None:
    for sync, asynchronous in (
        (AgentKernel, AsyncAgentKernel),
        (SandboxSession, AsyncSandboxSession),
        (DetachedHandle, AsyncDetachedHandle),
    ):
        for name, function in inspect.getmembers(sync, inspect.isfunction):
            if name.startswith("_"):
                continue
            other = getattr(asynchronous, name)
            assert [str(value) for value in parameters(function).values()] == [
                str(value).replace(" | AsyncIterable[bytes | str]", "") for value in parameters(other).values()
            ], name
            assert inspect.getdoc(other)
    assert set(parameters(AgentKernel.sandbox)) == set(parameters(AgentKernel.create_sandbox))
