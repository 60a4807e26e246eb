"""The operations: what each takes is asked from the library, and what it yields becomes a type of this package.

A new operation is one line here, its type in types.py, and its method in each client.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from .. import _events
from .._native import ffi, lib
from ..errors import CLASSES, AgentKernelError
from ..types import (
    BatchFileWriteResponse,
    BatchResult,
    DetachedCommand,
    DetachedLogsResponse,
    FileReadResponse,
    LogEntry,
    Reply,
    RunOutput,
    SandboxInfo,
    SnapshotMeta,
    StreamEvent,
)

if TYPE_CHECKING:
    from .._discovery import BackendDescriptor, BackendDiscovery, ServerStats, ServerStatus

T_co = TypeVar("T_co", covariant=True)
NULL = ffi.NULL
NULL_TYPE = lib.AK_TYPE_NULL  # absent and null come first, and have no data
unpack = ffi.unpack

_ERROR_TEXTS = {
    "message": lib.AK_ERROR_MESSAGE,
    "server_text": lib.AK_ERROR_SERVER_TEXT,
    "operation": lib.AK_ERROR_OPERATION,
    "phase": lib.AK_ERROR_PHASE,
}
_SENT: dict[int, Literal["nothing", "some", "answered"]] = {
    lib.AK_SENT_NOTHING: "nothing",
    lib.AK_SENT_SOME: "some",
    lib.AK_SENT_ANSWERED: "answered",
}


def error_of(status: int, err: Any) -> AgentKernelError:
    """The exception for a failure; err is the ak_error that tells about it, or NULL."""
    view = ffi.new("const char **")
    size = ffi.new("size_t *")
    number = ffi.new("int64_t *")

    def bytes_of(field: int) -> bytes | None:
        found = lib.ak_error_view(err, field, view, size) == lib.AK_OK
        return ffi.unpack(view[0], size[0]) if found else None

    def int_of(field: int) -> int | None:
        return int(number[0]) if lib.ak_error_int(err, field, number) == lib.AK_OK else None

    name = lib.ak_status_name(status)
    code = ffi.string(name).decode() if name else f"AK_E_{status}"
    fields: dict[str, Any] = {
        key: None if text is None else text.decode("utf-8", "replace")
        for key, text in ((key, bytes_of(field)) for key, field in _ERROR_TEXTS.items())
    }
    retry_after = int_of(lib.AK_ERROR_RETRY_AFTER_MS)
    sent = int_of(lib.AK_ERROR_SENT)
    return CLASSES.get(code, AgentKernelError)(
        fields.pop("message") or code,
        code=code,
        status=int_of(lib.AK_ERROR_HTTP_STATUS),
        exit_code=int_of(lib.AK_ERROR_EXIT_CODE),
        output_bytes=bytes_of(lib.AK_ERROR_OUTPUT),
        retry_after=None if retry_after is None else retry_after / 1000,
        sent=None if sent is None else _SENT.get(sent),
        **fields,
    )


def own(pointer: Any, free: object) -> Any:
    """A handle of the library, freed when nothing refers to it any more, and not before.

    That holds in the middle of a collection, and while the interpreter ends: a finalizer may use what it still has.
    """
    return _events.untrack(ffi.gc(pointer, free))


def new_error() -> Any:
    """An ak_error, freed when it is forgotten."""
    return own(lib.ak_error_new(), lib.ak_error_free)


def milliseconds(seconds: float) -> int:
    """A timeout for the library. Infinity is none; what is negative stays so, for the library to refuse."""
    if seconds == math.inf:
        return lib.AK_TIMEOUT_NONE
    if not seconds >= 0:
        return lib.AK_TIMEOUT_NONE - 1
    return min(math.ceil(seconds * 1000), 2**62)


def text_of(name: str, value: object) -> bytes:
    """A text for the library, which checks it: half a surrogate pair is its to refuse."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return value.encode("utf-8", "surrogatepass")


def int_of(name: str, value: object) -> int:
    """An integer for the library."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    # Beyond 64 bits is as wrong as the largest that they hold, and the library says why.
    return max(-(2**63), min(value, 2**63 - 1))


class _Parameter:
    """One parameter of an operation: its name here, its key and its type there."""

    def __init__(self, operation: int, key: int) -> None:
        self.key = key
        self.type = lib.ak_parameter_type(operation, key)
        name = ffi.string(lib.ak_key_name(key)).decode()
        self.is_timeout = name.endswith("timeout_ms")
        self.name = name[: -len("_ms")] if self.is_timeout else name
        if name == "total_timeout_ms":  # what bounds a whole stream, as timeout bounds any other call
            self.name = "timeout"

    def bind(self, call: Any, value: object, err: Any) -> int:
        """Gives the value to a call."""
        if self.is_timeout:
            if not isinstance(value, int | float):
                raise TypeError(f"{self.name} must be seconds, not {type(value).__name__}")
            return lib.ak_call_set_int(call, self.key, milliseconds(value), err)
        if self.type == lib.AK_TYPE_TEXT:
            text = text_of(self.name, value)
            return lib.ak_call_set_text(call, self.key, text, len(text), err)
        if self.type == lib.AK_TYPE_INT:
            return lib.ak_call_set_int(call, self.key, int_of(self.name, value), err)
        if self.type == lib.AK_TYPE_BOOL:
            if not isinstance(value, bool):
                raise TypeError(f"{self.name} must be a bool, not {type(value).__name__}")
            return lib.ak_call_set_int(call, self.key, value, err)
        if self.type == lib.AK_TYPE_BYTES:
            with ffi.from_buffer("char[]", value) as octets:
                return lib.ak_call_set_text(call, self.key, octets, len(octets), err)
        if self.type == lib.AK_TYPE_JSON:
            text = json.dumps(value, allow_nan=False).encode()
            return lib.ak_call_set_text(call, self.key, text, len(text), err)
        if self.type == lib.AK_TYPE_MAP:
            return self._bind_map(call, value, err)
        if self.type == lib.AK_TYPE_LISTS:
            return self._bind_lists(call, value, err)
        return self._bind_entries(call, value, err)

    def _bind_entries(self, call: Any, value: object, err: Any) -> int:
        status = lib.AK_OK
        if isinstance(value, Mapping):  # NAME=VALUE by another way
            return self._put_entries(call, value, err)
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise TypeError(f"{self.name} must be a list of str, not {type(value).__name__}")
        for entry in value:
            text = text_of(f"each entry of {self.name}", entry)
            status = lib.ak_call_add_text(call, self.key, text, len(text), err)
            if status < 0:
                break
        return status

    def _bind_map(self, call: Any, value: object, err: Any) -> int:
        if not isinstance(value, Mapping):
            raise TypeError(f"{self.name} must be a mapping of str to str, not {type(value).__name__}")
        # Empty, and there: no labels are another thing than the labels that are there.
        status = lib.ak_call_set_text(call, self.key, b"", 0, err)
        return self._put_entries(call, value, err) if value else status

    def _put_entries(self, call: Any, value: Mapping[object, object], err: Any) -> int:
        status = lib.AK_OK
        for name, entry in value.items():
            first, second = text_of(self.name, name), text_of(self.name, entry)
            status = lib.ak_call_put_text(call, self.key, first, len(first), second, len(second), err)
            if status < 0:
                break
        return status

    def _bind_lists(self, call: Any, value: object, err: Any) -> int:
        status = lib.AK_OK
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError(f"{self.name} must be a list of lists of str, not {type(value).__name__}")
        for entries in value:
            status = lib.ak_call_add_list(call, self.key, err)
            if status >= 0:
                status = self._bind_entries(call, entries, err)
            if status < 0:
                break
        return status


class _Field:
    """One field of a record, as ak_call_values fills it."""

    def __init__(self, operation: int, key: int) -> None:
        self.key = key
        self.name = ffi.string(lib.ak_key_name(key)).decode()
        self.type = lib.ak_field_type(operation, key)


class Operation(Generic[T_co]):
    """An operation, and what makes its records. The library is asked about it when it is first used."""

    def __init__(self, name: str, make: Callable[[Record], T_co]) -> None:
        self.name = name
        self.make = make

    @cached_property
    def id(self) -> int:
        """Its number."""
        number = ffi.new("int64_t *")
        constant = f"AK_OP_{self.name.upper()}".encode()
        if lib.ak_constant(constant, len(constant), number) != lib.AK_OK:
            raise NotImplementedError(f"the library has no operation {self.name}")
        return int(number[0])

    @cached_property
    def parameters(self) -> dict[str, _Parameter]:
        """What it takes, by name."""
        found = (_Parameter(self.id, key) for key in _keys(lib.ak_parameter_at, self.id))
        return {parameter.name: parameter for parameter in found}

    @cached_property
    def fields(self) -> list[_Field]:
        """What its records have, in the order of ak_call_values."""
        return [_Field(self.id, key) for key in _keys(lib.ak_field_at, self.id)]

    def bind(self, call: Any, arguments: Mapping[str, object]) -> None:
        """Gives the arguments that are there to a call."""
        for name, value in arguments.items():
            if value is None:
                continue
            status = self.parameters[name].bind(call, value, NULL)
            if status < 0:  # it is latched: the first step says it again, with the words
                err = new_error()
                raise error_of(lib.ak_call_step(call, err), err)


def _keys(at: Callable[[int, int], int], operation: int) -> Iterable[int]:
    index = 0
    while key := at(operation, index):
        yield key
        index += 1


class Record:
    """The current record of a call. Everything is copied out, because views end with the next step."""

    __slots__ = ("call", "fields", "operation", "values")

    def __init__(self, operation: Operation[Any], call: Any, values: Any) -> None:
        self.operation = operation
        self.call = call
        self.values = values  # the fields lie in it
        # Every record of the call is filled into the same values, so these stay.
        self.fields: dict[str, Any] = {field.name: values[i] for i, field in enumerate(operation.fields)}

    def data(self, name: str) -> bytes | None:
        """A field that is text, bytes or raw JSON."""
        value = self.fields[name]
        return None if value.type <= NULL_TYPE else unpack(value.data, value.size)

    def text(self, name: str) -> str | None:
        """The same as text."""
        value = self.data(name)
        return None if value is None else value.decode("utf-8", "replace")

    def number(self, name: str) -> int | None:
        """A field that is an integer."""
        value = self.fields[name]
        return None if value.type <= NULL_TYPE else value.integer

    def flag(self, name: str) -> bool | None:
        """A field that is a bool."""
        value = self.number(name)
        return None if value is None else bool(value)

    def open_json(self, name: str) -> Any:
        """A field whose JSON is open, read by Python's own parser."""
        value = self.text(name)
        try:
            return None if value is None else parse_json(value)
        except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python takes; raw still shows it
            return None

    def texts(self, name: str) -> tuple[str | None, ...] | None:
        """A field that is a list of text."""
        entries = self._entries(name, lib.ak_call_view_at)
        return None if entries is None else tuple(entries)

    def mapping(self, name: str) -> dict[str, str | None] | None:
        """A field that is a map of text to text."""
        names = self._entries(name, lib.ak_call_key_at)
        values = self._entries(name, lib.ak_call_view_at)
        return None if names is None or values is None else dict(zip(map(str, names), values, strict=True))

    def _entries(self, name: str, door: Callable[..., int]) -> list[str | None] | None:
        value = self.fields[name]
        if value.type <= NULL_TYPE:
            return None
        key = value.key
        view = ffi.new("const char **")
        size = ffi.new("size_t *")
        entries: list[str | None] = []
        for index in range(value.integer):
            status = door(self.call, key, index, view, size, NULL)
            if status < 0:
                raise error_of(status, NULL)
            found = status == lib.AK_OK
            entries.append(ffi.unpack(view[0], size[0]).decode("utf-8", "replace") if found else None)
        return entries

    def all(self) -> dict[str, Any]:
        """All fields by name, as the types of this package take them."""
        found = {
            field.name: _READ[field.type](self, field.name) for field in self.operation.fields if field.name != "raw"
        }
        return {**found, "raw": self.data("raw") or b""}


_READ: dict[int, Callable[[Record, str], Any]] = {
    lib.AK_TYPE_TEXT: Record.text,
    lib.AK_TYPE_BYTES: Record.data,
    lib.AK_TYPE_INT: Record.number,
    lib.AK_TYPE_BOOL: Record.flag,
    lib.AK_TYPE_LIST: Record.texts,
    lib.AK_TYPE_MAP: Record.mapping,
    lib.AK_TYPE_JSON: Record.open_json,
}


_decode = json.JSONDecoder().raw_decode


def parse_json(text: str) -> Any:
    """JSON that is the server's or the user's own, which the library has checked.

    Half a surrogate pair becomes U+FFFD, so that it can be printed.
    """
    value = _decode(text if text[0] in "{[" else text.lstrip(" \t\r\n"))[0]
    return _whole(value) if "\\u" in text else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(entry) for name, entry in value.items()}
    return value


# ---- what records become -------------------------------------------------------------------------------------------


def _health(record: Record) -> str:
    return record.text("status") or ""


def _run_output(record: Record) -> RunOutput:
    output = record.data("output") or b""
    return RunOutput(
        output.decode("utf-8", "replace"),
        output,
        record.number("exit_code") or 0,
        record.flag("truncated"),
        record.number("total_bytes"),
        record.data("raw") or b"",
    )


def _typed(kind: Callable[..., T_co]) -> Callable[[Record], T_co]:
    """What makes a type of this package out of a record with the same fields."""
    return lambda record: kind(**record.all())


def _file(record: Record) -> FileReadResponse:
    return FileReadResponse(record.data("content") or b"", record.text("encoding"), record.number("size"))


def _batch_result(record: Record) -> BatchResult:
    output = record.data("output")
    text = None if output is None else output.decode("utf-8", "replace")
    return BatchResult(text, record.text("error"), output, record.data("raw") or b"")


def _detached_logs(record: Record) -> DetachedLogsResponse:
    return DetachedLogsResponse(
        record.text("stdout"),
        record.text("stderr"),
        record.data("stdout"),
        record.data("stderr"),
        record.data("raw") or b"",
    )


def _expiry(record: Record) -> str | None:
    return record.text("expires_at")


def _known(kind: Callable[..., T_co], value: object) -> T_co:
    """A type of this package out of a part of open JSON: what it does not know becomes its extra."""
    members = value if isinstance(value, dict) else {}
    names = {name for name in getattr(kind, "__dataclass_fields__", {}) if name != "extra"}
    known = {name: entry for name, entry in members.items() if name in names}
    return kind(**known, extra={name: entry for name, entry in members.items() if name not in names})


def _backend(value: object) -> BackendDescriptor:
    from .._discovery import BackendCapabilities, BackendDescriptor

    members = value if isinstance(value, dict) else {}
    capabilities = _known(BackendCapabilities, members.get("capabilities"))
    return _known(BackendDescriptor, {**members, "capabilities": capabilities})


def _backends(record: Record) -> BackendDiscovery:
    from .._discovery import BackendDiscovery

    entries = record.open_json("backends")
    found = [_backend(entry) for entry in entries] if isinstance(entries, list) else []
    return BackendDiscovery(record.text("default_backend"), found, record.data("raw") or b"")


def _status(record: Record) -> ServerStatus:
    from .._discovery import ServerStatus

    return ServerStatus(**record.all())


def _stats(record: Record) -> ServerStats:
    from .._discovery import ServerStats

    return ServerStats(**record.all())


def _reply(record: Record) -> Reply:
    content, raw = record.data("content") or b"", record.data("raw")
    # The two are one text, but for white space around it.
    shared = content if raw is not None and len(raw) == len(content) else raw
    return Reply(record.number("http_status") or 0, record.text("content_type"), content, shared)


def _nothing(record: Record) -> None:
    raise AssertionError(f"{record.operation.name} yields no record")


def _payload(raw: bytes, parsed: bool, kind: str, data: bytes | None) -> dict[str, Any]:
    """An event's payload, where events.c leaves it to Python's own parser."""
    text = raw.decode("utf-8", "replace")
    try:
        payload: dict[str, Any] = parse_json(text) if parsed else {"raw": text}
    except (ValueError, RecursionError):  # deeper, or with longer numbers, than Python takes
        return {"raw": text}
    if data is not None and kind == "output" and "data" not in payload:  # some servers have another name for it
        payload["data"] = data.decode("utf-8", "replace")
    return payload


def address_of(pointer: Any) -> int:
    """Where a pointer points, for events.c."""
    return int(ffi.cast("uintptr_t", pointer))


def set_up_events() -> None:
    """Tells events.c what events are made of; once, before the first."""
    _events.set_up(
        StreamEvent,
        _payload,
        tuple(field.key for field in RUN_STREAM.fields),
        address_of(ffi.addressof(lib, "ak_call_step")),
        address_of(ffi.addressof(lib, "ak_call_values")),
    )


def _event(record: Record) -> StreamEvent:
    return _events.current_event(address_of(record.call))


HEALTH = Operation("health", _health)
RUN = Operation("run", _run_output)
RUN_STREAM = Operation("run_stream", _event)
LIST_SANDBOXES = Operation("list_sandboxes", _typed(SandboxInfo))
CREATE_SANDBOX = Operation("create_sandbox", _typed(SandboxInfo))
GET_SANDBOX = Operation("get_sandbox", _typed(SandboxInfo))
REMOVE_SANDBOX = Operation("remove_sandbox", _nothing)
EXEC_IN_SANDBOX = Operation("exec_in_sandbox", _run_output)
GET_SANDBOX_BY_UUID = Operation("get_sandbox_by_uuid", _typed(SandboxInfo))
START_SANDBOX = Operation("start_sandbox", _nothing)
STOP_SANDBOX = Operation("stop_sandbox", _nothing)
PAUSE_SANDBOX = Operation("pause_sandbox", _nothing)
RESUME_SANDBOX = Operation("resume_sandbox", _nothing)
FORK_SANDBOX = Operation("fork_sandbox", _typed(SandboxInfo))
RESIZE_SANDBOX = Operation("resize_sandbox", _typed(SandboxInfo))
RECOVER_SANDBOX = Operation("recover_sandbox", _typed(SandboxInfo))
UPDATE_SANDBOX = Operation("update_sandbox", _typed(SandboxInfo))
READ_FILE = Operation("read_file", _file)
WRITE_FILE = Operation("write_file", _nothing)
DELETE_FILE = Operation("delete_file", _nothing)
WRITE_FILES = Operation("write_files", _typed(BatchFileWriteResponse))
GET_SANDBOX_LOGS = Operation("get_sandbox_logs", _typed(LogEntry))
BATCH_RUN = Operation("batch_run", _batch_result)
EXEC_DETACHED = Operation("exec_detached", _typed(DetachedCommand))
DETACHED_STATUS = Operation("detached_status", _typed(DetachedCommand))
DETACHED_LOGS = Operation("detached_logs", _detached_logs)
DETACHED_KILL = Operation("detached_kill", _nothing)
DETACHED_LIST = Operation("detached_list", _typed(DetachedCommand))
EXTEND_TTL = Operation("extend_ttl", _expiry)
TAKE_SNAPSHOT = Operation("take_snapshot", _typed(SnapshotMeta))
LIST_SNAPSHOTS = Operation("list_snapshots", _typed(SnapshotMeta))
GET_SNAPSHOT = Operation("get_snapshot", _typed(SnapshotMeta))
DELETE_SNAPSHOT = Operation("delete_snapshot", _nothing)
RESTORE_SNAPSHOT = Operation("restore_snapshot", _typed(SandboxInfo))
GET_BACKENDS = Operation("get_backends", _backends)
GET_STATUS = Operation("get_status", _status)
GET_STATS = Operation("get_stats", _stats)
REQUEST = Operation("request", _reply)
set_up_events()
