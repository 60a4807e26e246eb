"""What the server can do, found out by asking each route for something harmless before the first case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from agentkernel import AgentKernel, Reply

LACKING = (405, 501, 422)


@dataclass(frozen=True)
class Ability:
    """Whether a route is there, and what it answered."""

    route: str
    status: int
    text: str

    @property
    def there(self) -> bool:
        """Whether it can be used: a complaint about what was asked is as good as an answer."""
        unknown = self.status == 404 and self.text == "Not found"
        return not unknown and self.status not in LACKING and not says_unsupported(self.text)

    def __str__(self) -> str:
        return f"{self.route}: {self.status} {self.text}".rstrip()


def says_unsupported(text: str) -> bool:
    """Whether these are a server's words for what it does not do."""
    return "not support" in text.lower() or "unsupported" in text.lower()


@dataclass(frozen=True)
class Probe:
    """A question whose answer tells whether a route is there."""

    ability: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    body: Any = None


OF_SERVER = [
    Probe("status", "GET", "/status"),
    Probe("stats", "GET", "/stats"),
    Probe("backends", "GET", "/backends"),
    Probe("run", "POST", "/run", {"command": []}),
    Probe("run_stream", "POST", "/run/stream", {"command": []}),
    Probe("batch_run", "POST", "/batch/run", {"commands": []}),
    Probe("snapshots", "GET", "/snapshots"),
    Probe("secrets", "GET", "/secrets"),
]

# Of a sandbox that is there: of another one many servers answer 404 before they look at the route.
OF_SANDBOX = [
    Probe("by_uuid", "GET", "/sandboxes/by-uuid/{uuid}"),
    Probe("update", "PATCH", "/sandboxes/{name}", {}),
    Probe("files", "PUT", "/sandboxes/{name}/files/tmp/probe", {"content": ""}),
    Probe("write_files", "POST", "/sandboxes/{name}/files", {"files": {}}),
    Probe("logs", "GET", "/sandboxes/{name}/logs"),
    Probe("detached", "GET", "/sandboxes/{name}/exec/detached"),
    Probe("extend", "POST", "/sandboxes/{name}/extend", {"by": "never"}),
    Probe("recover", "POST", "/sandboxes/{name}/recover"),
    Probe("resize", "POST", "/sandboxes/{name}/resize", {}),
    Probe("pause", "POST", "/sandboxes/{name}/pause"),
    Probe("resume", "POST", "/sandboxes/{name}/resume"),
    Probe("stop", "POST", "/sandboxes/{name}/stop"),
    Probe("start", "POST", "/sandboxes/{name}/start"),
]


def discover(client: AgentKernel, sandbox_name: str) -> dict[str, Ability]:
    """All abilities by name. The sandbox is made for this, and removed."""
    found = {probe.ability: ask(client, probe) for probe in OF_SERVER}
    with client.sandbox(sandbox_name) as sandbox:
        uuid = sandbox.info().uuid
        for probe in OF_SANDBOX:
            found[probe.ability] = ask(client, probe, name=sandbox_name, uuid=uuid or "")
    return found


def ask(client: AgentKernel, probe: Probe, **names: str) -> Ability:
    """Asks one question."""
    reply = client.request(probe.method, probe.path.format(**names), json=probe.body, check=False)
    return Ability(f"{probe.method} {probe.path}", reply.http_status, complaint(reply))


def complaint(reply: Reply) -> str:
    """What a reply says is wrong."""
    try:
        members = reply.json()
    except ValueError:
        return ""
    text = members.get("error") if isinstance(members, dict) else None
    return text if isinstance(text, str) else ""
