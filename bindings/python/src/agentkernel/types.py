"""What operations answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Literal

__all__ = ["RunOutput", "SandboxInfo", "SecurityProfile", "StreamEvent"]

SecurityProfile = Literal["permissive", "moderate", "restrictive"]
"""What a sandbox may do. Servers may know more; any text is passed on."""


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
        known = {each.name for each in fields(self)}
        return {name: value for name, value in json.loads(self.raw or b"{}").items() if name not in known}


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
