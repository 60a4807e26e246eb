# Generated from abi/schema by tools/generate: do not edit.
"""What makes sessions of both clients, above the operations that sessions use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._async_files import AsyncFiles
from ..types import SecurityProfile, SequenceNotStr

if TYPE_CHECKING:
    from ..async_sessions import AsyncSandboxSession


class AsyncSandboxes(AsyncFiles):
    """Has sessions."""

    def sandbox(
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
    ) -> AsyncSandboxSession:
        """A sandbox for the length of an ``async with`` block: created when it is entered, removed however it is left.

        The arguments are those of `create_sandbox`; the timeouts are those of creating it.

        Example::

            async with client.sandbox("test", image="python:3.12-alpine") as sb:
                await sb.run(["pip", "install", "numpy"])
        """
        from ..async_sessions import AsyncSandboxSession

        return AsyncSandboxSession(
            self,
            name,
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
