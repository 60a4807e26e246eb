"""The part of the async client that is about sandboxes: making, finding and changing them, commands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._async_base import AsyncBase
from .raw.operations import (
    CREATE_SANDBOX,
    EXEC_IN_SANDBOX,
    EXTEND_TTL,
    FORK_SANDBOX,
    GET_SANDBOX,
    GET_SANDBOX_BY_UUID,
    GET_SANDBOX_LOGS,
    LIST_SANDBOXES,
    PAUSE_SANDBOX,
    RECOVER_SANDBOX,
    REMOVE_SANDBOX,
    RESIZE_SANDBOX,
    RESUME_SANDBOX,
    START_SANDBOX,
    STOP_SANDBOX,
    UPDATE_SANDBOX,
)
from .types import LogEntry, RunOutput, SandboxInfo, SecurityProfile


class AsyncSandboxes(AsyncBase):
    """AsyncSandboxes that stay until they are removed."""

    async def list_sandboxes(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> list[SandboxInfo]:
        """All sandboxes, or those that have all of these labels."""
        arguments: dict[str, object] = {"labels": labels, "timeout": timeout, "connect_timeout": connect_timeout}
        return await self._records(LIST_SANDBOXES, arguments)

    async def create_sandbox(
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
        volumes: Sequence[str] | None = None,
        secrets: Sequence[str] | None = None,
        secret_files: Sequence[str] | None = None,
        ports: Sequence[str] | None = None,
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
        """Creates and starts a sandbox that stays until it is removed.

        Args:
            name: 1 to 63 letters, digits, hyphens and underscores.
            image: what it is made of.
            vcpus: processors.
            memory_mb: memory in MiB.
            profile: what it may do.
            backend: what isolates it.
            source_url: git repository to clone into /workspace.
            source_ref: branch, tag or commit of it.
            volumes: ``"slug:/path"`` or ``"slug:/path:ro"`` each.
            secrets: ``"KEY=value:host"``, ``"KEY:host"`` or ``"KEY:host:Header"`` each.
            secret_files: keys of secrets that become files.
            ports: ``"8080:80"``, ``"3000"`` or ``"53:53/udp"`` each.
            network: name, subnet, gateway, dns, static_ip.
            agent: the agent to prepare it for.
            placeholder_secrets: give it placeholders for secrets, which a proxy replaces.
            secret_mappings: environment variable to host.
            init_script: shell script to run once it is made.
            created_from_template: name of the template that it is made from.
            template_help_text: what that template says about its use.
            labels: your own names and values, to find it by.
            description: your own words.
            lifecycle: auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return await self._one(
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

    async def get_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """The sandbox of that name."""
        return await self._one(GET_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def get_sandbox_by_uuid(
        self, uuid: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """The sandbox of that unique id, whatever its name."""
        return await self._one(GET_SANDBOX_BY_UUID, uuid=uuid, timeout=timeout, connect_timeout=connect_timeout)

    async def remove_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Ends what runs in a sandbox, and removes it."""
        await self._none(REMOVE_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def start_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Starts a stopped sandbox; `ConflictError` when it runs already."""
        await self._none(START_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def stop_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Ends every process of a sandbox, which stays. One that is stopped already is fine.

        AsyncFiles stay with agentkernel-local. The full server's containers lose those outside of volumes.
        """
        await self._none(STOP_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def pause_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Freezes a sandbox with its memory. Few backends can; the others raise `UnprocessableError`."""
        await self._none(PAUSE_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def resume_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> None:
        """Goes on with a paused sandbox."""
        await self._none(RESUME_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def fork_sandbox(
        self, name: str, as_name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Makes a second sandbox of a paused one, memory and all."""
        return await self._one(
            FORK_SANDBOX, name=name, as_name=as_name, timeout=timeout, connect_timeout=connect_timeout
        )

    async def resize_sandbox(
        self,
        name: str,
        *,
        vcpus: int | None = None,
        memory_mb: int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Gives a sandbox other processors or memory (MiB). Servers may stop it for that."""
        return await self._one(
            RESIZE_SANDBOX,
            name=name,
            vcpus=vcpus,
            memory_mb=memory_mb,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    async def recover_sandbox(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SandboxInfo:
        """Brings an archived or dormant sandbox back."""
        return await self._one(RECOVER_SANDBOX, name=name, timeout=timeout, connect_timeout=connect_timeout)

    async def update_sandbox(
        self,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        description: str | None = None,
        lifecycle: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Changes what is known about a sandbox. What is None stays; labels are replaced as a whole.

        Args:
            name: the sandbox.
            labels: your own names and values; an empty mapping takes them all away.
            description: your own words.
            lifecycle: auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return await self._one(
            UPDATE_SANDBOX,
            name=name,
            labels=labels,
            description=description,
            lifecycle=lifecycle,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )

    async def extend_ttl(
        self,
        name: str,
        *,
        by: str | int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> str | None:
        """Lets a sandbox live for longer, and returns until when (RFC 3339).

        Args:
            name: the sandbox.
            by: seconds, or such as ``"90m"`` or ``"1h30m"``; else one hour.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        more = str(by) if isinstance(by, int) else by
        return await self._one(EXTEND_TTL, name=name, by=more, timeout=timeout, connect_timeout=connect_timeout)

    async def get_sandbox_logs(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[LogEntry]:
        """What happened to a sandbox, oldest first."""
        arguments: dict[str, object] = {"name": name, "timeout": timeout, "connect_timeout": connect_timeout}
        return await self._records(GET_SANDBOX_LOGS, arguments)

    async def exec_in_sandbox(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Sequence[str] | Mapping[str, str] | None = None,
        workdir: str | None = None,
        sudo: bool | None = None,
        check: bool = True,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> RunOutput:
        """Runs a command in a sandbox that is there, and returns what it wrote.

        Args:
            name: the sandbox.
            command: program and arguments, passed on exactly.
            env: environment variables, as ``"NAME=VALUE"`` each or as a mapping.
            workdir: absolute path inside the sandbox.
            sudo: run it as root.
            check: raise `CommandError` when the command exits with another code than 0; else it is in the result.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return await self._one(
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
