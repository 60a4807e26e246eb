# Generated from abi/schema by tools/generate: do not edit.
"""Methods of both clients, one for each operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .._files import absolute
from .._sync_base import SyncBase
from ..types import (
    BatchRunResponse,
    DetachedLogsResponse,
    FileReadResponse,
    LogEntry,
    Reply,
    RunOutput,
    SandboxInfo,
    SecurityProfile,
    SequenceNotStr,
    SnapshotMeta,
)
from .detached import DetachedHandle
from .operations import (
    BATCH_RUN,
    CREATE_SANDBOX,
    DELETE_FILE,
    DELETE_SNAPSHOT,
    DETACHED_KILL,
    DETACHED_LIST,
    DETACHED_LOGS,
    DETACHED_STATUS,
    EXEC_DETACHED,
    EXEC_IN_SANDBOX,
    EXTEND_TTL,
    FORK_SANDBOX,
    GET_BACKENDS,
    GET_SANDBOX,
    GET_SANDBOX_BY_UUID,
    GET_SANDBOX_LOGS,
    GET_SNAPSHOT,
    GET_STATS,
    GET_STATUS,
    HEALTH,
    LIST_SANDBOXES,
    LIST_SNAPSHOTS,
    PAUSE_SANDBOX,
    READ_FILE,
    RECOVER_SANDBOX,
    REMOVE_SANDBOX,
    REQUEST,
    RESIZE_SANDBOX,
    RESTORE_SNAPSHOT,
    RESUME_SANDBOX,
    RUN,
    RUN_STREAM,
    START_SANDBOX,
    STOP_SANDBOX,
    TAKE_SNAPSHOT,
    UPDATE_SANDBOX,
)
from .snapshots import started
from .stream import RunStream

if TYPE_CHECKING:
    from ..types import BackendDiscovery, ServerStats, ServerStatus


class Methods(SyncBase):
    """A method for each operation that takes one call."""

    def health(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> str:
        """Checks that the server is reachable."""
        return self._one(HEALTH, timeout=timeout, connect_timeout=connect_timeout)

    def run(
        self,
        command: SequenceNotStr[str],
        *,
        image: str | None = None,
        profile: SecurityProfile | None = None,
        fast: bool = False,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in a fresh sandbox and returns its output.

        Args:
            command: The program and its arguments, passed on byte for byte.
            image: The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
            profile: The security profile: permissive, moderate or restrictive.
            fast: Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full
                server's pool re-parses arguments in a shell and loses exit codes.
            check: Whether a failing command is an error. Default: true. If it is not, the result has the exit code.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            RUN,
            command=command,
            image=image,
            profile=profile,
            fast=fast,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def run_stream(
        self,
        command: SequenceNotStr[str],
        *,
        image: str | None = None,
        profile: SecurityProfile | None = None,
        fast: bool = False,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunStream:
        """Runs a command in a fresh sandbox and streams events as they arrive.

        A failing command is not an error here: its done event has the exit code. A stream that breaks off is an error.
        The command starts when the first event is requested.

        Args:
            command: The program and its arguments, passed on byte for byte.
            image: The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
            profile: The security profile: permissive, moderate or restrictive.
            fast: Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full
                server's pool re-parses arguments in a shell and loses exit codes.
            timeout: Seconds for a whole stream.
            idle_timeout: Seconds that a stream may be silent after its first byte.
            connect_timeout: Seconds for connecting.

        """
        call = self._call(
            RUN_STREAM,
            command=command,
            image=image,
            profile=profile,
            fast=fast,
            timeout=timeout,
            idle_timeout=idle_timeout,
            connect_timeout=connect_timeout,
        )
        return RunStream(call)

    def list_sandboxes(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> list[SandboxInfo]:
        """Lists all sandboxes, or those that have all of the given labels.

        Args:
            labels: User-defined labels.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._records(LIST_SANDBOXES, labels=labels, timeout=timeout, connect_timeout=connect_timeout)

    def create_sandbox(
        self,
        name: str,
        *,
        image: str | None = None,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        profile: SecurityProfile | None = None,
        backend: str | None = None,
        source_url: str | None = None,
        source_ref: str | None = None,
        volumes: SequenceNotStr[str] | None = None,
        secrets: SequenceNotStr[str] | None = None,
        secret_files: SequenceNotStr[str] | None = None,
        ports: SequenceNotStr[str] | None = None,
        network: Mapping[str, Any] | None = None,
        agent: str | None = None,
        placeholder_secrets: bool | None = None,
        secret_mappings: Mapping[str, str] | None = None,
        init_script: str | None = None,
        created_from_template: str | None = None,
        template_help_text: str | None = None,
        labels: Mapping[str, str] | None = None,
        description: str | None = None,
        lifecycle: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Creates and starts a sandbox, which exists until it is removed.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            image: The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
            vcpus: The number of virtual processors.
            memory_mb: The memory in MiB.
            profile: The security profile: permissive, moderate or restrictive.
            backend: The backend that isolates the sandbox.
            source_url: The git repository to clone into /workspace.
            source_ref: The branch, tag or commit to check out.
            volumes: Volumes to mount, each "slug:/path" or "slug:/path:ro".
            secrets: Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header".
            secret_files: Keys of secrets that the sandbox gets as files.
            ports: Published ports, each such as "8080:80", "3000" or "53:53/udp".
            network: The network to join: {name, subnet, gateway, dns, static_ip}.
            agent: The agent to prepare the sandbox for.
            placeholder_secrets: Whether the sandbox sees placeholders, which a proxy replaces by the secrets.
            secret_mappings: Environment variables mapped to hosts. Values of secrets are never shown.
            init_script: A shell script to run after creation.
            created_from_template: The name of the template it was created from.
            template_help_text: What that template says about its use.
            labels: User-defined labels.
            description: A user-defined description.
            lifecycle: Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds,
                auto_delete_after_seconds}.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            CREATE_SANDBOX,
            name=name,
            image=image,
            vcpus=vcpus,
            memory_mb=memory_mb,
            profile=profile,
            backend=backend,
            source_url=source_url,
            source_ref=source_ref,
            volumes=volumes,
            secrets=secrets,
            secret_files=secret_files,
            ports=ports,
            network=network,
            agent=agent,
            placeholder_secrets=placeholder_secrets,
            secret_mappings=secret_mappings,
            init_script=init_script,
            created_from_template=created_from_template,
            template_help_text=template_help_text,
            labels=labels,
            description=description,
            lifecycle=lifecycle,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def get_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Returns one sandbox."""
        return self._one(GET_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def remove_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes a sandbox and everything in it."""
        self._records(REMOVE_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def exec_in_sandbox(
        self,
        name: str,
        command: SequenceNotStr[str],
        *,
        env: SequenceNotStr[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in an existing sandbox and returns its output.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            command: The program and its arguments, passed on byte for byte.
            env: Environment variables, each "NAME=VALUE". Or a mapping of names to values.
            workdir: The working directory, an absolute path in the sandbox.
            sudo: Whether to run the command as root in the sandbox. Servers may forbid it.
            check: Whether a failing command is an error. Default: true. If it is not, the result has the exit code.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            EXEC_IN_SANDBOX,
            name=name,
            command=command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            check=check,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def get_sandbox_by_uuid(
        self, uuid: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Returns the sandbox with a given UUID."""
        return self._one(GET_SANDBOX_BY_UUID, uuid=uuid, timeout=timeout, connect_timeout=connect_timeout)

    def start_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Starts a stopped sandbox. Starting one that is running is a conflict (409)."""
        self._records(START_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def stop_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Stops a sandbox: its processes end, the sandbox is kept.

        Stopping a stopped one does nothing. With agentkernel-local its files stay; the full server's containers lose
        those outside of volumes. Full servers also report success for a sandbox that does not exist.
        """
        self._records(STOP_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def pause_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Freezes a sandbox and its memory. Few backends support this. The others refuse it (422)."""
        self._records(PAUSE_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def resume_sandbox(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Resumes a paused sandbox."""
        self._records(RESUME_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def fork_sandbox(
        self, name: str, as_name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Creates a copy of a paused sandbox, including its memory.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            as_name: The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(FORK_SANDBOX, name=name, as_name=as_name, timeout=timeout, connect_timeout=connect_timeout)

    def resize_sandbox(
        self,
        name: str,
        *,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Changes the processors or memory of a sandbox. Some backends restart it and lose its state.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            vcpus: The number of virtual processors.
            memory_mb: The memory in MiB.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            RESIZE_SANDBOX,
            name=name,
            vcpus=vcpus,
            memory_mb=memory_mb,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def recover_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Restores an archived sandbox. A dormant one, too."""
        return self._one(RECOVER_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def update_sandbox(
        self,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        description: str | None = None,
        lifecycle: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Changes the labels, description or lifecycle of a sandbox.

        Labels are replaced as a whole. What is not set stays as it is.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            labels: User-defined labels. An empty map removes them all.
            description: A user-defined description.
            lifecycle: Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds,
                auto_delete_after_seconds}.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            UPDATE_SANDBOX,
            name=name,
            labels=labels,
            description=description,
            lifecycle=lifecycle,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def read_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> FileReadResponse:
        """Reads a file from a sandbox. `read_bytes` and `read_text` return what is in it.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            path: The absolute path of a file in the sandbox. A relative one is relative to the root.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(READ_FILE, name=name, path=absolute(path), timeout=timeout, connect_timeout=connect_timeout)

    def delete_file(
        self, name: str, path: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Deletes a file from a sandbox.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            path: The absolute path of a file in the sandbox. A relative one is relative to the root.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        self._records(DELETE_FILE, name=name, path=absolute(path), timeout=timeout, connect_timeout=connect_timeout)

    def get_sandbox_logs(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[LogEntry]:
        """Lists the audit log of a sandbox, oldest entry first."""
        return self._records(GET_SANDBOX_LOGS, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def batch_run(
        self,
        commands: SequenceNotStr[SequenceNotStr[str]],
        *,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> BatchRunResponse:
        """Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order.

        A failing command is not an error here: its result has an error in place of its output.

        Args:
            commands: The commands, each a program and its arguments.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        found = self._records(BATCH_RUN, commands=commands, timeout=timeout, connect_timeout=connect_timeout)
        return BatchRunResponse(found)

    def exec_detached(
        self,
        name: str,
        command: SequenceNotStr[str],
        *,
        env: SequenceNotStr[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedHandle:
        """Starts a command in a sandbox without waiting for it. The timeouts bound the call, not the command.

        Example::

            command = client.exec_detached("test", ["make"])
            done = command.wait(timeout=600)
            print(done.exit_code, command.logs().stdout)

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            command: The program and its arguments, passed on byte for byte.
            env: Environment variables, each "NAME=VALUE". Or a mapping of names to values.
            workdir: The working directory, an absolute path in the sandbox.
            sudo: Whether to run the command as root in the sandbox. Servers may forbid it.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        found = self._one(
            EXEC_DETACHED,
            name=name,
            command=command,
            env=env,
            workdir=workdir,
            sudo=sudo,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
        return DetachedHandle._of(self, name, found)

    def detached_status(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> DetachedHandle:
        """Returns the state of a detached command."""
        found = self._one(DETACHED_STATUS, name=name, id=cmd_id, timeout=timeout, connect_timeout=connect_timeout)
        return DetachedHandle._of(self, name, found)

    def detached_logs(
        self,
        name: str,
        cmd_id: str,
        *,
        stream: Literal["stdout", "stderr"] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> DetachedLogsResponse:
        """Returns what a detached command has written so far.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            cmd_id: The identifier.
            stream: The output stream: stdout or stderr. Default: stdout.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            DETACHED_LOGS, name=name, id=cmd_id, stream=stream, timeout=timeout, connect_timeout=connect_timeout
        )

    def detached_kill(
        self, name: str, cmd_id: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Kills a detached command. One that has ended is left as it is."""
        self._records(DETACHED_KILL, name=name, id=cmd_id, timeout=timeout, connect_timeout=connect_timeout)

    def detached_list(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[DetachedHandle]:
        """Lists the detached commands of a sandbox.

        The full server returns the states as they were when each was last requested.
        """
        found = self._records(DETACHED_LIST, name=name, timeout=timeout, connect_timeout=connect_timeout)
        return [DetachedHandle._of(self, name, each) for each in found]

    def extend_ttl(
        self,
        name: str,
        *,
        by: str | int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> str | None:
        """Extends the lifetime of a sandbox. Returns the time at which it then expires, in RFC 3339 format.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            by: How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour. An int
                is seconds.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            EXTEND_TTL,
            name=name,
            by=str(by) if isinstance(by, int) else by,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    def take_snapshot(
        self, sandbox: str, snapshot_name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SnapshotMeta:
        """Saves the state of a sandbox as a snapshot. A snapshot of the same name is replaced.

        Args:
            sandbox: The name of the sandbox.
            snapshot_name: The name: 1 to 63 letters, digits, hyphens and underscores.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            TAKE_SNAPSHOT, sandbox=sandbox, name=snapshot_name, timeout=timeout, connect_timeout=connect_timeout
        )

    def list_snapshots(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[SnapshotMeta]:
        """Lists all snapshots, oldest first."""
        return self._records(LIST_SNAPSHOTS, timeout=timeout, connect_timeout=connect_timeout)

    def get_snapshot(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SnapshotMeta:
        """Returns one snapshot."""
        return self._one(GET_SNAPSHOT, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def delete_snapshot(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Deletes a snapshot. Sandboxes restored from it stay."""
        self._records(DELETE_SNAPSHOT, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def restore_snapshot(
        self,
        name: str,
        *,
        as_name: str | None = None,
        start: bool | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Creates a sandbox from a snapshot.

        With `start`, a server that does not know it is sent more requests, each with these timeouts.

        Args:
            name: The name: 1 to 63 letters, digits, hyphens and underscores.
            as_name: The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores. Default: the name of
                the snapshot's sandbox, followed by -restored.
            start: Whether to start it at once. Otherwise it is stopped.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        found = self._one(
            RESTORE_SNAPSHOT, name=name, as_name=as_name, start=start, timeout=timeout, connect_timeout=connect_timeout
        )
        return started(self, found, start=start, timeout=timeout, connect_timeout=connect_timeout)

    def get_backends(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> BackendDiscovery:
        """Returns the backends that the server supports."""
        return self._one(GET_BACKENDS, timeout=timeout, connect_timeout=connect_timeout)

    def get_status(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> ServerStatus:
        """Returns the version and configuration of the server."""
        return self._one(GET_STATUS, timeout=timeout, connect_timeout=connect_timeout)

    def get_stats(self, *, timeout: float | None = None, connect_timeout: float | None = None) -> ServerStats:
        """Returns usage statistics of the server."""
        return self._one(GET_STATS, timeout=timeout, connect_timeout=connect_timeout)

    def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        json: Any = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Reply:
        """Sends an arbitrary request, for routes that have no operation.

        Example::

            client.request("GET", "/doctor").data["healthy"]

        Args:
            method: The HTTP method: GET, POST, PUT, PATCH or DELETE.
            path: The path with its query. Escaped as in a URL.
            json: The JSON to send. Without it there is no body.
            check: Whether a status other than 2xx is an error. Default: true. If it is not, the reply has the status.
            timeout: Seconds for the whole call.
            connect_timeout: Seconds for connecting.

        """
        return self._one(
            REQUEST, method=method, path=path, body=json, check=check, timeout=timeout, connect_timeout=connect_timeout
        )
