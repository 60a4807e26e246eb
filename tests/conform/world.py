"""What all cases share: the client, names of this run, what was made under them, and what the server can do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from agentkernel import AgentKernel, AgentKernelError, NotFoundError, SandboxSession

from .abilities import Ability

SWEEP_SECONDS = 60.0


class World:
    """One run of the suite against one server."""

    def __init__(self, url: str, patience: float) -> None:
        self.url = url
        self.patience = patience
        self.client = AgentKernel(url, timeout=patience, idle_timeout=patience)
        self.prefix = f"conform-{secrets.token_hex(4)}-"
        self.secret_prefix = self.prefix.upper().replace("-", "_")  # secrets are named as variables are
        self.abilities: dict[str, Ability] = {}
        self.memory: dict[str, bool] = {}
        self._count = 0
        self._names: set[str] = set()
        self._shared: SandboxSession | None = None

    def name(self) -> str:
        """A name for a sandbox or a snapshot that nobody else has; what gets it is removed at the end."""
        self._count += 1
        made = f"{self.prefix}{self._count}"
        self._names.add(made)
        return made

    def forget(self, name: str) -> None:
        """What has this name is gone, as the server says; the lists still tell when that was wrong."""
        self._names.discard(name)

    def remembers(self, fact: str, find_out: Callable[[], bool]) -> bool:
        """Something about the server that more than one case has to know and that takes time to find out."""
        if fact not in self.memory:
            self.memory[fact] = find_out()
        return self.memory[fact]

    def moment(self) -> float:
        """Seconds that are few, and yet enough for a request to be under way with this server, as busy as it is now."""
        slowest = 0.0
        for _ in range(5):
            began = time.monotonic()
            self.client.health()
            slowest = max(slowest, time.monotonic() - began)
        return max(0.3, 8 * slowest)

    def shared(self) -> SandboxSession:
        """A running sandbox for all cases that leave nothing in it which another one could meet."""
        if self._shared is None:
            session = self.client.sandbox(self.name())
            session.__enter__()
            self._shared = session
        return self._shared

    def drop_shared(self) -> None:
        """Removes it; the next use makes another."""
        session, self._shared = self._shared, None
        if session is not None:
            session.remove()

    def leftovers(self) -> list[str]:
        """What the server still has of this run."""
        found = {sandbox.name for sandbox in self.client.list_sandboxes()}
        for name in self._names - found:
            try:
                found.add(self.client.get_sandbox(name).name)
            except NotFoundError:
                continue
        left = [f"sandbox {name}" for name in sorted(found) if name.startswith(self.prefix)]
        if self.can("snapshots"):
            names = sorted(snapshot.name for snapshot in self.client.list_snapshots())
            left += [f"snapshot {name}" for name in names if name.startswith(self.prefix)]
        if self.can("secrets"):
            names = sorted(entry["name"] for entry in self.client.request("GET", "/secrets").data)
            left += [f"secret {name}" for name in names if name.startswith(self.secret_prefix)]
        return left

    def can(self, ability: str) -> bool:
        """Whether the server has a route."""
        return self.abilities[ability].there if ability in self.abilities else False

    def sweep(self) -> list[str]:
        """Removes what is left of this run, however it went, and tells what cannot be removed."""
        self._shared = None
        if self._count == 0:
            self.client.close()
            return []
        until = time.monotonic() + SWEEP_SECONDS
        try:
            left = self.leftovers()
            while left and time.monotonic() < until:
                for entry in left:
                    self._remove(entry)
                left = self.leftovers()
                time.sleep(0.2 if left else 0)
        except AgentKernelError as error:
            return [f"perhaps something named {self.prefix}*: {error}"]
        finally:
            self.client.close()
        return left

    def _remove(self, entry: str) -> None:
        kind, name = entry.split(" ", 1)
        try:
            if kind == "snapshot":
                self.client.delete_snapshot(name)
            elif kind == "secret":
                self.client.request("DELETE", f"/secrets/{name}")
            else:
                self.client.remove_sandbox(name)
        except AgentKernelError:
            return  # it is looked for again, and told of when it stays
