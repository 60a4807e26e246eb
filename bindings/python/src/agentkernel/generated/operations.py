# Generated from abi/schema by tools/generate: do not edit.
"""The operations, and what reads their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._readers import read_backends, read_file_content, read_reply, read_stream_event
from ..raw.operation import Operation, read_nothing
from ..raw.records import data, decoded, flag, mapping, number, parsed, text, texts
from .types import (
    BatchFileWriteResponse,
    BatchResult,
    DetachedCommand,
    DetachedLogsResponse,
    LogEntry,
    RunOutput,
    SandboxInfo,
    SnapshotMeta,
)

if TYPE_CHECKING:
    from .server_types import ServerStats, ServerStatus


def read_health(values: Any, _call: Any) -> str:
    """Reads a record health."""
    return text(values[0]) or ""


def read_run_output(values: Any, _call: Any) -> RunOutput:
    """Reads a record run_output."""
    output_bytes = data(values[0]) or b""
    return RunOutput(
        output=decoded(output_bytes),
        output_bytes=output_bytes,
        exit_code=number(values[1]) or 0,
        truncated=flag(values[2]),
        total_bytes=number(values[3]),
        raw=data(values[4]) or b"",
    )


def read_sandbox_info(values: Any, call: Any) -> SandboxInfo:
    """Reads a record sandbox_info."""
    return SandboxInfo(
        name=text(values[0]) or "",
        status=text(values[1]) or "",
        uuid=text(values[2]),
        backend=text(values[3]),
        ip=text(values[4]),
        image=text(values[5]),
        vcpus=number(values[6]),
        memory_mb=number(values[7]),
        created_at=text(values[8]),
        created_from_template=text(values[9]),
        template_help_text=text(values[10]),
        ports=texts(values[11], call),
        endpoints=parsed(values[12]),
        secret_files=texts(values[13], call),
        placeholder_secrets=flag(values[14]),
        proxy_port=number(values[15]),
        secret_mappings=mapping(values[16], call),
        labels=mapping(values[17], call),
        description=text(values[18]),
        last_activity_at=text(values[19]),
        workspace_revision=text(values[20]),
        archived_at=text(values[21]),
        archived_reason=text(values[22]),
        lifecycle=parsed(values[23]),
        raw=data(values[24]) or b"",
    )


def read_files_written(values: Any, _call: Any) -> BatchFileWriteResponse:
    """Reads a record files_written."""
    return BatchFileWriteResponse(written=number(values[0]) or 0, raw=data(values[1]) or b"")


def read_batch_result(values: Any, _call: Any) -> BatchResult:
    """Reads a record batch_result."""
    output_bytes = data(values[0])
    return BatchResult(
        output=None if output_bytes is None else decoded(output_bytes),
        output_bytes=output_bytes,
        error=text(values[1]),
        raw=data(values[2]) or b"",
    )


def read_log_entry(values: Any, call: Any) -> LogEntry:
    """Reads a record log_entry."""
    return LogEntry(
        type=text(values[0]) or "",
        timestamp=text(values[1]),
        pid=number(values[2]),
        user=text(values[3]),
        name=text(values[4]),
        sandbox=text(values[5]),
        image=text(values[6]),
        backend=text(values[7]),
        labels=mapping(values[8], call),
        profile=text(values[9]),
        command=texts(values[10], call),
        exit_code=number(values[11]),
        path=text(values[12]),
        error=text(values[13]),
        raw=data(values[14]) or b"",
    )


def read_detached_command(values: Any, call: Any) -> DetachedCommand:
    """Reads a record detached_command."""
    return DetachedCommand(
        id=text(values[0]) or "",
        status=text(values[1]) or "",
        sandbox=text(values[2]),
        command=texts(values[3], call),
        pid=number(values[4]),
        exit_code=number(values[5]),
        started_at=text(values[6]),
        raw=data(values[7]) or b"",
    )


def read_detached_logs(values: Any, _call: Any) -> DetachedLogsResponse:
    """Reads a record detached_logs."""
    stdout_bytes = data(values[0])
    stderr_bytes = data(values[1])
    return DetachedLogsResponse(
        stdout=None if stdout_bytes is None else decoded(stdout_bytes),
        stdout_bytes=stdout_bytes,
        stderr=None if stderr_bytes is None else decoded(stderr_bytes),
        stderr_bytes=stderr_bytes,
        raw=data(values[2]) or b"",
    )


def read_expiry(values: Any, _call: Any) -> str | None:
    """Reads a record expiry."""
    return text(values[0])


def read_snapshot(values: Any, _call: Any) -> SnapshotMeta:
    """Reads a record snapshot."""
    return SnapshotMeta(
        name=text(values[0]) or "",
        sandbox=text(values[1]),
        image_tag=text(values[2]),
        backend=text(values[3]),
        base_image=text(values[4]),
        vcpus=number(values[5]),
        memory_mb=number(values[6]),
        created_at=text(values[7]),
        raw=data(values[8]) or b"",
    )


def read_server_status(values: Any, _call: Any) -> ServerStatus:
    """Reads a record server_status."""
    from .server_types import ServerStatus

    return ServerStatus(
        version=text(values[0]) or "",
        backend=text(values[1]),
        api_key_configured=flag(values[2]),
        raw=data(values[3]) or b"",
    )


def read_server_stats(values: Any, _call: Any) -> ServerStats:
    """Reads a record server_stats."""
    from .server_types import ServerStats

    return ServerStats(
        sandbox_count=number(values[0]) or 0,
        sandbox_limit=number(values[1]),
        backend=text(values[2]),
        uptime_seconds=number(values[3]),
        version=text(values[4]),
        resource_usage=parsed(values[5]),
        raw=data(values[6]) or b"",
    )


HEALTH = Operation("health", read_health)
RUN = Operation("run", read_run_output)
RUN_STREAM = Operation("run_stream", read_stream_event)
LIST_SANDBOXES = Operation("list_sandboxes", read_sandbox_info)
CREATE_SANDBOX = Operation("create_sandbox", read_sandbox_info)
GET_SANDBOX = Operation("get_sandbox", read_sandbox_info)
REMOVE_SANDBOX = Operation("remove_sandbox", read_nothing)
EXEC_IN_SANDBOX = Operation("exec_in_sandbox", read_run_output)
GET_SANDBOX_BY_UUID = Operation("get_sandbox_by_uuid", read_sandbox_info)
START_SANDBOX = Operation("start_sandbox", read_nothing)
STOP_SANDBOX = Operation("stop_sandbox", read_nothing)
PAUSE_SANDBOX = Operation("pause_sandbox", read_nothing)
RESUME_SANDBOX = Operation("resume_sandbox", read_nothing)
FORK_SANDBOX = Operation("fork_sandbox", read_sandbox_info)
RESIZE_SANDBOX = Operation("resize_sandbox", read_sandbox_info)
RECOVER_SANDBOX = Operation("recover_sandbox", read_sandbox_info)
UPDATE_SANDBOX = Operation("update_sandbox", read_sandbox_info)
READ_FILE = Operation("read_file", read_file_content)
WRITE_FILE = Operation("write_file", read_nothing)
DELETE_FILE = Operation("delete_file", read_nothing)
WRITE_FILES = Operation("write_files", read_files_written)
GET_SANDBOX_LOGS = Operation("get_sandbox_logs", read_log_entry)
BATCH_RUN = Operation("batch_run", read_batch_result)
EXEC_DETACHED = Operation("exec_detached", read_detached_command)
DETACHED_STATUS = Operation("detached_status", read_detached_command)
DETACHED_LOGS = Operation("detached_logs", read_detached_logs)
DETACHED_KILL = Operation("detached_kill", read_nothing)
DETACHED_LIST = Operation("detached_list", read_detached_command)
EXTEND_TTL = Operation("extend_ttl", read_expiry)
TAKE_SNAPSHOT = Operation("take_snapshot", read_snapshot)
LIST_SNAPSHOTS = Operation("list_snapshots", read_snapshot)
GET_SNAPSHOT = Operation("get_snapshot", read_snapshot)
DELETE_SNAPSHOT = Operation("delete_snapshot", read_nothing)
RESTORE_SNAPSHOT = Operation("restore_snapshot", read_sandbox_info)
GET_BACKENDS = Operation("get_backends", read_backends)
GET_STATUS = Operation("get_status", read_server_status)
GET_STATS = Operation("get_stats", read_server_stats)
REQUEST = Operation("request", read_reply)
