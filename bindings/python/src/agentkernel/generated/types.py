# Generated from abi/schema by tools/generate: do not edit.
"""Records of operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._records import DetachedMembers, LogMembers, Members, Payload, json_fields


class EventMembers(Payload):
    """The members that events may have."""

    __slots__ = ()

    @property
    def stream(self) -> str | None:
        """The output stream: stdout or stderr."""
        return self._member("stream", str)

    @property
    def exit_code(self) -> int | None:
        """The exit code of the command."""
        return self._member("exit_code", int)

    @property
    def success(self) -> bool | None:
        """Whether the exit code is 0, in a done event."""
        return self._member("success", bool)

    @property
    def message(self) -> str | None:
        """What went wrong, in an error event."""
        return self._member("message", str)

    @property
    def command(self) -> list[Any] | None:
        """The program and its arguments, passed on byte for byte."""
        return self._member("command", list)

    @property
    def fast(self) -> bool | None:
        """Whether a warm sandbox is used, in a started event."""
        return self._member("fast", bool)

    @property
    def timestamp(self) -> str | None:
        """The time, in RFC 3339 format."""
        return self._member("timestamp", str)

    @property
    def stage(self) -> str | None:
        """How far the sandbox is, such as sandbox_created, in a progress event."""
        return self._member("stage", str)

    @property
    def sandbox(self) -> str | None:
        """The name of the sandbox."""
        return self._member("sandbox", str)

    @property
    def oom(self) -> bool | None:
        """Whether the command was killed for exceeding its memory limit."""
        return self._member("oom", bool)


@json_fields()
@dataclass(frozen=True, slots=True)
class RunOutput:
    """What a command wrote and how it ended. What the server did not send is None."""

    output: str
    """What the command wrote. As text; bytes that are not UTF-8 are replaced."""
    output_bytes: bytes = field(default=b"", repr=False)
    """`output` exactly."""
    exit_code: int = 0
    """The exit code of the command. Not 0 only if check is false."""
    truncated: bool | None = None
    """Whether the output was longer than the server keeps."""
    total_bytes: int | None = None
    """The length of the whole output in bytes. Set when it was truncated."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class SandboxInfo(Members):
    """A sandbox. Which fields are set depends on the server and its backend. What the server did not send is None."""

    name: str
    """The name: 1 to 63 letters, digits, hyphens and underscores."""
    status: str
    """The state, such as running, stopped or paused; an open set."""
    uuid: str | None = None
    """The unique identifier; all zeros when unknown."""
    backend: str | None = None
    """The backend that isolates the sandbox."""
    ip: str | None = None
    """The IP address, if there is one."""
    image: str | None = None
    """The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -."""
    vcpus: int | None = None
    """The number of virtual processors."""
    memory_mb: int | None = None
    """The memory in MiB."""
    created_at: str | None = None
    """When it was created, in RFC 3339 format."""
    created_from_template: str | None = None
    """The name of the template it was created from."""
    template_help_text: str | None = None
    """What that template says about its use."""
    ports: tuple[str | None, ...] | None = None
    """Published ports, each such as "8080:80", "3000" or "53:53/udp"."""
    endpoints: list[dict[str, Any]] | None = None
    """A list of {container_port, protocol, url}."""
    secret_files: tuple[str | None, ...] | None = None
    """Keys of secrets that the sandbox gets as files."""
    placeholder_secrets: bool | None = None
    """Whether the sandbox sees placeholders, which a proxy replaces by the secrets."""
    proxy_port: int | None = None
    """The port that proxy listens on."""
    secret_mappings: dict[str, str | None] | None = None
    """Environment variables mapped to hosts. Values of secrets are never shown."""
    labels: dict[str, str | None] | None = None
    """User-defined labels."""
    description: str | None = None
    """A user-defined description."""
    last_activity_at: str | None = None
    """When it was last used, in RFC 3339 format."""
    workspace_revision: str | None = None
    """The revision of /workspace."""
    archived_at: str | None = None
    """When it was archived, in RFC 3339 format."""
    archived_reason: str | None = None
    """Why it was archived."""
    lifecycle: dict[str, Any] | None = None
    """Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class BatchFileWriteResponse:
    """The result of writing several files."""

    written: int
    """The number of files written."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class BatchResult(Members):
    """The result of one command of a batch: its output, or why it failed. What the server did not send is None."""

    output: str | None = None
    """What the command wrote. Not set when the command failed. As text; bytes that are not UTF-8 are replaced."""
    error: str | None = None
    """Why the command or step failed. Not set when it did not."""
    output_bytes: bytes | None = field(default=None, repr=False)
    """`output` exactly."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class LogEntry(LogMembers):
    """An entry of a sandbox's audit log.

    Which fields are set depends on its type. What the server did not send is None. It is also a mapping of all members
    that the server sent.
    """

    type: str
    """The kind of event or log entry; an open set. Such as sandbox_created, command_executed or file_written."""
    timestamp: str | None = None
    """The time, in RFC 3339 format."""
    pid: int | None = None
    """The process id of the server."""
    user: str | None = None
    """Who did it."""
    name: str | None = None
    """The name: 1 to 63 letters, digits, hyphens and underscores. It is in entries about the creation, start, stop and
    removal of the sandbox; others have sandbox.
    """
    sandbox: str | None = None
    """The name of the sandbox. It is in entries about something in the sandbox."""
    image: str | None = None
    """The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -."""
    backend: str | None = None
    """The backend that isolates the sandbox."""
    labels: dict[str, str | None] | None = None
    """User-defined labels."""
    profile: str | None = None
    """The security profile: permissive, moderate or restrictive."""
    command: tuple[str | None, ...] | None = None
    """The program and its arguments, passed on byte for byte."""
    exit_code: int | None = None
    """The exit code of the command."""
    path: str | None = None
    """The absolute path of a file in the sandbox."""
    error: str | None = None
    """Why the command or step failed."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class DetachedCommand(DetachedMembers):
    """A command that runs in the background. What the server did not send is None."""

    id: str
    """The identifier."""
    status: str
    """The state, such as running, stopped or paused; an open set. One that ended is completed or failed."""
    sandbox: str | None = None
    """The name of the sandbox."""
    command: tuple[str | None, ...] | None = None
    """The program and its arguments, passed on byte for byte."""
    pid: int | None = None
    """The process id, as the server counts it."""
    exit_code: int | None = None
    """The exit code of the command. Not set while it runs. Full servers of version 0.21 always report 127."""
    started_at: str | None = None
    """When it was started, in RFC 3339 format."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class DetachedLogsResponse(Members):
    """What a detached command has written so far. What the server did not send is None."""

    stdout: str | None = None
    """What the command wrote to its standard output. Not set when the other stream was requested. As text; bytes that
    are not UTF-8 are replaced.
    """
    stderr: str | None = None
    """What the command wrote to its standard error. Set when this stream was requested. As text; bytes that are not
    UTF-8 are replaced.
    """
    stdout_bytes: bytes | None = field(default=None, repr=False)
    """`stdout` exactly."""
    stderr_bytes: bytes | None = field(default=None, repr=False)
    """`stderr` exactly."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""


@json_fields()
@dataclass(frozen=True, slots=True)
class SnapshotMeta(Members):
    """A snapshot, with properties of the sandbox it was taken of. What the server did not send is None."""

    name: str
    """The name: 1 to 63 letters, digits, hyphens and underscores."""
    sandbox: str | None = None
    """The name of the sandbox. The snapshot was taken of it."""
    image_tag: str | None = None
    """The backend's name for the snapshot."""
    backend: str | None = None
    """The backend that isolates the sandbox."""
    base_image: str | None = None
    """The image of the sandbox the snapshot was taken of."""
    vcpus: int | None = None
    """The number of virtual processors."""
    memory_mb: int | None = None
    """The memory in MiB."""
    created_at: str | None = None
    """When it was created, in RFC 3339 format."""
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The record as the server sent it, with members that this version does not know."""
