"""What operations answer."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ._discovery import BackendCapabilities, BackendDescriptor, BackendDiscovery, ServerStats, ServerStatus

__all__ = [
    "BackendCapabilities",
    "BackendDescriptor",
    "BackendDiscovery",
    "BatchFileWriteResponse",
    "BatchResult",
    "BatchRunResponse",
    "DetachedCommand",
    "DetachedLogsResponse",
    "FileReadResponse",
    "LogEntry",
    "Reply",
    "RunOutput",
    "SandboxInfo",
    "SecurityProfile",
    "ServerStats",
    "ServerStatus",
    "SnapshotMeta",
    "StreamEvent",
]

SecurityProfile = Literal["permissive", "moderate", "restrictive"]
"""What a sandbox may do. Servers may know more; any text is passed on."""

_LATER = {"BackendCapabilities", "BackendDescriptor", "BackendDiscovery", "ServerStats", "ServerStatus"}
"""Loaded when they are used: every class costs time when it is made, and few programs need these."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _discovery

    globals()[name] = value = getattr(_discovery, name)
    return value


def _members(raw: bytes) -> dict[str, Any]:
    """The members of a record; none when it is no object."""
    members = json.loads(raw or b"{}")
    return members if isinstance(members, dict) else {}


def unknown_members(record: Any) -> dict[str, Any]:
    """Members of a record that its class does not know."""
    known = {each.name for each in fields(record)}
    return {name: value for name, value in _members(record.raw).items() if name not in known}


@dataclass(frozen=True, slots=True)
class RunOutput:
    """What a command wrote, and how it ended."""

    output: str
    """The output as text; bytes that are not UTF-8 are replaced."""
    output_bytes: bytes = field(default=b"", repr=False)
    """The output exactly."""
    exit_code: int = 0
    """Not 0 only with ``check=False``."""
    truncated: bool | None = None
    """Whether the output was longer than what the server keeps."""
    total_bytes: int | None = None
    """How long it was, when it was truncated."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox. What the server did not tell is None."""

    name: str
    status: str
    """running, stopped, paused, ...: an open set."""
    uuid: str | None = None
    backend: str | None = None
    ip: str | None = None
    image: str | None = None
    vcpus: int | None = None
    memory_mb: int | None = None
    created_at: str | None = None
    created_from_template: str | None = None
    template_help_text: str | None = None
    ports: tuple[str | None, ...] | None = None
    endpoints: list[dict[str, Any]] | None = None
    secret_files: tuple[str | None, ...] | None = None
    placeholder_secrets: bool | None = None
    proxy_port: int | None = None
    secret_mappings: dict[str, str | None] | None = None
    labels: dict[str, str | None] | None = None
    description: str | None = None
    last_activity_at: str | None = None
    workspace_revision: str | None = None
    archived_at: str | None = None
    archived_reason: str | None = None
    lifecycle: dict[str, Any] | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a running command."""

    type: str
    """started, progress, output, done, error: an open set."""
    data: dict[str, Any]
    """The event's payload. When it was no JSON object, it is the text under the name ``raw``."""
    data_bytes: bytes | None = field(default=None, repr=False)
    """The payload's member ``data``, exactly: output of the command (output)."""
    output_bytes: bytes | None = field(default=None, repr=False)
    """The payload's member ``output``, exactly: some servers send what a failed command wrote with its end (done)."""
    id: str = ""
    """The stream's last event id."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The payload as the server sent it."""
    parsed: bool = field(default=True, repr=False, compare=False)
    """Whether the payload was a JSON object."""

    @property
    def output(self) -> bytes | None:
        """The bytes of output that came with this event, exactly; None when it carries none."""
        return self.output_bytes if self.data_bytes is None else self.data_bytes

    @property
    def text(self) -> str | None:
        """`output` as text; bytes that are not UTF-8 are replaced."""
        return None if self.output is None else self.output.decode("utf-8", "replace")

    @property
    def exit_code(self) -> int | None:
        """The command's exit code (done)."""
        value = self.data.get("exit_code")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def success(self) -> bool | None:
        """Whether the command exited with 0 (done)."""
        return self._bool("success")

    @property
    def oom(self) -> bool | None:
        """Whether the command was killed for passing its memory limit (done)."""
        return self._bool("oom")

    @property
    def fast(self) -> bool | None:
        """Whether a warm sandbox was used (started)."""
        return self._bool("fast")

    @property
    def message(self) -> str | None:
        """What went wrong (error)."""
        return self._text("message")

    @property
    def stream(self) -> str | None:
        """Where the output came from, such as stdout (output)."""
        return self._text("stream")

    @property
    def timestamp(self) -> str | None:
        """When the command started, RFC 3339 (started)."""
        return self._text("timestamp")

    @property
    def stage(self) -> str | None:
        """How far the sandbox is (progress)."""
        return self._text("stage")

    @property
    def sandbox(self) -> str | None:
        """The sandbox's name (progress)."""
        return self._text("sandbox")

    @property
    def command(self) -> list[Any] | None:
        """The command (started)."""
        value = self.data.get("command")
        return value if isinstance(value, list) else None

    @property
    def is_final(self) -> bool:
        """Whether this is how the stream ends: done or error."""
        return self.type in ("done", "error")

    def _bool(self, name: str) -> bool | None:
        value = self.data.get(name)
        return value if isinstance(value, bool) else None

    def _text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class FileReadResponse:
    """A file of a sandbox."""

    data: bytes = field(repr=False)
    """What is in it, exactly."""
    encoding: str | None = None
    """How the server sent it: utf8, or base64 when it is no text."""
    size: int | None = None
    """How many bytes it has, as the server said."""

    @property
    def content(self) -> str:
        """The text of the file; of one that is no text (`encoding` base64) its base64, as the official SDK has it."""
        return b2a_base64(self.data, newline=False).decode() if self.encoding == "base64" else self.text

    @property
    def text(self) -> str:
        """What is in it as text; bytes that are not UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class BatchFileWriteResponse:
    """How several files were written."""

    written: int
    """How many."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""


@dataclass(frozen=True, slots=True)
class LogEntry(Mapping[str, Any]):
    """Something that happened to a sandbox. What the server did not tell is None.

    It is also a mapping of all the members that the server sent: ``entry["type"]``, ``entry.get("policy")``.
    """

    type: str
    """sandbox_created, command_executed, file_written, ...: an open set."""
    timestamp: str | None = None
    pid: int | None = None
    user: str | None = None
    name: str | None = None
    sandbox: str | None = None
    image: str | None = None
    backend: str | None = None
    labels: dict[str, str | None] | None = None
    profile: str | None = None
    command: tuple[str | None, ...] | None = None
    exit_code: int | None = None
    path: str | None = None
    error: str | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)

    def __getitem__(self, name: str) -> Any:
        return _members(self.raw)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_members(self.raw))

    def __len__(self) -> int:
        return len(_members(self.raw))


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one command of a batch wrote, or why it failed."""

    output: str | None = None
    """The output as text; bytes that are not UTF-8 are replaced. None when it failed."""
    error: str | None = None
    """Why it failed; None when it did not."""
    output_bytes: bytes | None = field(default=None, repr=False)
    """The output exactly."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class BatchRunResponse:
    """What the commands of a batch did, in their order."""

    results: list[BatchResult]

    def __iter__(self) -> Iterator[BatchResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> BatchResult:
        return self.results[index]


@dataclass(frozen=True, slots=True)
class DetachedCommand:
    """A command that runs in a sandbox by itself, as it was when the server was asked."""

    id: str
    status: str
    """running, completed, failed: an open set."""
    sandbox: str | None = None
    command: tuple[str | None, ...] | None = None
    pid: int | None = None
    exit_code: int | None = None
    """None while it runs."""
    started_at: str | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def running(self) -> bool:
        """Whether it had not ended."""
        return self.status == "running"

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class DetachedLogsResponse:
    """What a detached command wrote until now: the stream that was asked for, the other is None."""

    stdout: str | None = None
    """Its standard output as text; bytes that are not UTF-8 are replaced."""
    stderr: str | None = None
    """Its standard error, likewise."""
    stdout_bytes: bytes | None = field(default=None, repr=False)
    """Its standard output exactly."""
    stderr_bytes: bytes | None = field(default=None, repr=False)
    """Its standard error exactly."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class SnapshotMeta:
    """A snapshot. What the server did not tell is None."""

    name: str
    sandbox: str | None = None
    """The sandbox that it was taken of."""
    image_tag: str | None = None
    backend: str | None = None
    base_image: str | None = None
    vcpus: int | None = None
    memory_mb: int | None = None
    created_at: str | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it (JSON)."""

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        return unknown_members(self)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to any request."""

    http_status: int
    content_type: str | None = None
    content: bytes = field(default=b"", repr=False)
    """Its body, exactly."""
    raw: bytes | None = field(default=None, repr=False, compare=False)
    """The JSON in the body; None when it is no JSON."""

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.content)

    @property
    def data(self) -> Any:
        """The member ``data`` of the envelope that most routes answer with; None when there is none."""
        members = None if self.raw is None else json.loads(self.raw)
        return members.get("data") if isinstance(members, dict) else None

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8", "replace")
