"""What agentkernel-local cannot do, as rules of the proxy: a server whose backend can freeze, and which has a vault."""

from __future__ import annotations

from typing import Any

from .proxy import Reply, Request, Rule, done, failed
from .quirky import SANDBOX


class Vault(Rule):
    """Secrets by name."""

    method = "GET|POST|DELETE"
    path = r"/secrets(/[^/]+)?"

    def __init__(self) -> None:
        self.names: set[str] = set()

    def ask(self, request: Request) -> Request | Reply:
        """All by itself."""
        if request.method == "GET":
            return done([{"name": name, "created_at": None} for name in sorted(self.names)])
        if request.method == "POST":
            self.names.add(request.json["name"])
            return done("Secret stored")
        if request.segments[1] not in self.names:
            return failed(404, "Failed to delete secret: not found")
        self.names.remove(request.segments[1])
        return done("Secret deleted")


class Options(Rule):
    """Members of a sandbox that are kept here, because the server refuses them."""

    method = "GET|POST"
    path = rf"/sandboxes|{SANDBOX}"
    told = ("ports", "placeholder_secrets")

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Any]] = {}

    def ask(self, request: Request) -> Request | Reply:
        """Without them; those that cannot be are refused."""
        if request.method == "GET":
            return request
        members = request.json
        if "volumes" in members or "network" in members:
            return failed(400, "Invalid volume mount or managed network")
        self.of[members.get("name", "")] = {name: members[name] for name in self.told if name in members}
        left_out = (*self.told, "secrets")
        return request.with_json({name: value for name, value in members.items() if name not in left_out})

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """With them."""
        if reply.status not in (200, 201) or not isinstance(reply.data, dict):
            return reply
        return reply.with_data({**reply.data, **self.of.get(reply.data["name"], {})})


class Backends(Rule):
    """Secrets are bound."""

    method = "GET"
    path = "/backends"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """By every backend."""
        able = {"proxy_secret_bindings": True}
        found = [{**each, "capabilities": {**each["capabilities"], **able}} for each in reply.data["backends"]]
        return reply.with_data({**reply.data, "backends": found})


class FullState(Rule):
    """Pausing, which here is only a word, and forking, which is done by a snapshot."""

    method = "GET|POST"
    path = rf"{SANDBOX}(/pause|/resume|/fork)?"

    def __init__(self) -> None:
        self.paused: set[str] = set()

    def ask(self, request: Request) -> Request | Reply:
        """All but looking at one by itself."""
        name, *what = request.segments[1:]
        if not what:
            return request
        if what == ["pause"]:
            self.paused.add(name)
            return done("Sandbox paused")
        if name not in self.paused:
            return failed(409, f"Failed to {what[0]} sandbox: Sandbox '{name}' is not paused")
        if what == ["resume"]:
            self.paused.remove(name)
            return done("Sandbox resumed")
        return self.fork(request, name)

    def fork(self, request: Request, name: str) -> Reply:
        """A second sandbox of the same files."""
        request.send("POST", "/snapshots", {"sandbox": name, "name": "fork"})
        body = {"as_name": request.json["as_name"], "start": True}
        made = request.send("POST", "/snapshots/fork/restore", body)
        request.send("DELETE", "/snapshots/fork", None)
        return done({"sandbox": made.data, "security_warning": "memory is copied, too"}, 201)

    def answer(self, request: Request, reply: Reply) -> Reply:
        """With the word."""
        if reply.status != 200 or request.segments[1] not in self.paused:
            return reply
        return reply.with_data({**reply.data, "status": "paused"})


class Sudo(Rule):
    """Everybody may be root."""

    path = rf"{SANDBOX}/exec"

    def ask(self, request: Request) -> Request | Reply:
        """Says so."""
        members = request.json
        return done({"output": "0\n"}) if isinstance(members, dict) and members.get("sudo") else request


def generous_server() -> list[Rule]:
    """All of it."""
    return [Vault(), Options(), Backends(), FullState(), Sudo()]
