"""The part of the sync client that is about snapshots."""

from __future__ import annotations

from ._sandboxes import Sandboxes
from .raw.operations import DELETE_SNAPSHOT, GET_SNAPSHOT, LIST_SNAPSHOTS, RESTORE_SNAPSHOT, TAKE_SNAPSHOT
from .types import SandboxInfo, SnapshotMeta


class Snapshots(Sandboxes):
    """States of sandboxes that were kept under a name."""

    def take_snapshot(
        self, sandbox: str, snapshot_name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SnapshotMeta:
        """Keeps the state of a sandbox under a name. A snapshot that has it already is replaced.

        Args:
            sandbox: the sandbox.
            snapshot_name: 1 to 63 letters, digits, hyphens and underscores.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        return self._one(
            TAKE_SNAPSHOT, sandbox=sandbox, name=snapshot_name, timeout=timeout, connect_timeout=connect_timeout
        )

    def list_snapshots(
        self, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> list[SnapshotMeta]:
        """All snapshots, oldest first."""
        return self._records(LIST_SNAPSHOTS, {"timeout": timeout, "connect_timeout": connect_timeout})

    def get_snapshot(
        self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None
    ) -> SnapshotMeta:
        """The snapshot of that name."""
        return self._one(GET_SNAPSHOT, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def delete_snapshot(self, name: str, *, timeout: float | None = None, connect_timeout: float | None = None) -> None:
        """Removes a snapshot; sandboxes that were made of it stay."""
        self._none(DELETE_SNAPSHOT, name=name, timeout=timeout, connect_timeout=connect_timeout)

    def restore_snapshot(
        self,
        name: str,
        *,
        as_name: str | None = None,
        start: bool | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> SandboxInfo:
        """Makes a sandbox of a snapshot.

        Args:
            name: the snapshot.
            as_name: the sandbox's name; else that of the one it was taken of, with ``-restored`` after it.
            start: have it running at once; else it is stopped, and `start_sandbox` starts it. A server that does not
                know this is asked a second time, and the timeouts are those of each call.
            timeout: seconds for the whole call.
            connect_timeout: seconds for connecting.

        """
        restored = self._one(
            RESTORE_SNAPSHOT,
            name=name,
            as_name=as_name,
            start=start,
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
        if start and restored.status == "stopped":
            self.start_sandbox(restored.name, timeout=timeout, connect_timeout=connect_timeout)
            return self.get_sandbox(restored.name, timeout=timeout, connect_timeout=connect_timeout)
        return restored
