"""The full server's quirks as rules of the proxy: each makes agentkernel-local look as if it had one."""

from __future__ import annotations

import json
from typing import Any

from .proxy import Reply, Request, Rule, done, failed

SANDBOX = r"/sandboxes/[^/]+"
FILE = SANDBOX + r"/files/.+"
SPLIT_OUTPUT = """
out=$(mktemp) err=$(mktemp)
"$@" >"$out" 2>"$err"; code=$?
cat "$out"; [ -s "$out" ] && [ -s "$err" ] && echo; cat "$err"
rm "$out" "$err"; exit $code
"""
"""Runs a command and gives its stdout, an empty line, and its stderr."""


def shell(argv: list[str]) -> list[str]:
    """What is left of a command that a shell reads once more."""
    return ["sh", "-c", " ".join(argv)]


class FastRun(Rule):
    """A warm sandbox: the shell reads the arguments, the exit code is lost, the output trimmed."""

    path = "/run"

    def fits(self, request: Request) -> bool:
        """Only with fast."""
        return super().fits(request) and request.json.get("fast") is True

    def ask(self, request: Request) -> Request | Reply:
        """Through a shell."""
        return request.with_json({**request.json, "command": shell(request.json["command"])})

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Always well."""
        members = reply.json
        output = members["output"] if "exit_code" in members else members["data"]["output"]
        return done({"output": output.rstrip()})


class FastRunInWords(FastRun):
    """The other kind of warm sandbox: a failure is one of the server's."""

    def answer(self, request: Request, reply: Reply) -> Reply:
        """The exit code is in no member."""
        if reply.status != 409:
            return super().answer(request, reply)
        return failed(500, f"Command failed: {reply.json['output']}")


class Batch(Rule):
    """A batch, which always runs in warm sandboxes."""

    path = "/batch/run"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Errors are output, too."""
        if reply.status != 200:
            return reply
        texts = [entry["output"] or (entry["error"] or "").partition(": ")[2] for entry in reply.data["results"]]
        return reply.with_data({"results": [{"output": text.rstrip(), "error": None} for text in texts]})


class Output(Rule):
    """stdout first, then stderr, as text."""

    path = rf"/run|{SANDBOX}/exec"

    def ask(self, request: Request) -> Request | Reply:
        """Through a shell that keeps the two apart."""
        members = request.json
        command = members.get("command") if isinstance(members, dict) else None
        if not isinstance(command, list) or not command or members.get("fast"):
            return request
        return request.with_json({**members, "command": ["sh", "-c", SPLIT_OUTPUT, "sh", *command]})

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Without the exact bytes."""
        members = reply.json
        inner = members if "exit_code" in members else members.get("data", {})
        inner.pop("output_base64", None)
        if members.get("exit_code") == 137:
            members["exit_code"] = -1
        return reply.with_json(members)


class Stream(Rule):
    """All events at the end; what a failed command wrote comes with its end."""

    path = "/run/stream"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Events with one output at most."""
        found = events(reply)
        output = "".join(data["data"] for kind, data in found if kind == "output")
        kept = [entry for entry in found if entry[0] != "output"]
        if kept[-1][0] == "done" and kept[-1][1]["exit_code"] == 0:
            kept.insert(-1, ("output", {"data": output, "stream": "stdout"}))
        elif kept[-1][0] == "done":
            kept[-1][1]["output"] = output
        return with_events(reply, kept)


def events(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    """Names and data of a stream's events."""
    found = []
    for block in reply.body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def with_events(reply: Reply, found: list[tuple[str, dict[str, Any]]]) -> Reply:
    """A stream of these events."""
    body = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in found)
    return Reply(reply.status, body.encode(), reply.content_type)


class Duplicates(Rule):
    """A name that is taken is a failure of the server."""

    path = r"/sandboxes|/snapshots/[^/]+/restore"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Not a conflict."""
        return Reply(500, reply.body) if reply.status == 409 else reply


class Members(Rule):
    """Little is told in lists, and nothing has a uuid."""

    method = "GET|POST"
    path = rf"/sandboxes|{SANDBOX}"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """Less of it."""
        if reply.status not in (200, 201):
            return reply
        if isinstance(reply.data, dict):
            return reply.with_data({**reply.data, "uuid": "00000000-0000-0000-0000-000000000000"})
        unknown = ("image", "vcpus", "memory_mb", "created_at")
        return reply.with_data([{key: each[key] for key in each if key not in unknown} for each in reply.data])


class Template(Rule):
    """What is told of a template has no white space around it."""

    path = r"/sandboxes"

    def ask(self, request: Request) -> Request | Reply:
        """Trims it on the way in."""
        text = request.json.get("template_help_text")
        return request.with_json({**request.json, "template_help_text": text.strip()}) if text else request


class StopAndStart(Rule):
    """A sandbox that was stopped and started has lost its files."""

    path = rf"{SANDBOX}/(stop|start)"

    def __init__(self) -> None:
        self.stopped: set[str] = set()

    def answer(self, request: Request, reply: Reply) -> Reply:
        """Removes them."""
        name = request.segments[1]
        if request.segments[2] == "stop":
            self.stopped.add(name)
        elif reply.status == 200 and name in self.stopped:
            clean = ["sh", "-c", "rm -rf /tmp/* /workspace/*"]
            request.send("POST", f"/sandboxes/{name}/exec", {"command": clean})
        return reply


class Lifetime(Rule):
    """Nothing is removed when its time is over."""

    method = "POST|PATCH"
    path = rf"/sandboxes|{SANDBOX}|{SANDBOX}/extend"

    def ask(self, request: Request) -> Request | Reply:
        """A second is an hour."""
        members = request.json
        if members.get("by") == "1s":
            members["by"] = "1h"
        lifecycle = members.get("lifecycle") or {}
        lifecycle.update({name: 3600 for name, seconds in lifecycle.items() if seconds == 1})
        return request.with_json(members)


class ReadFile(Rule):
    """The encoding comes after the content."""

    method = "GET"
    path = FILE

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """In another order."""
        if reply.status != 200:
            return reply
        return reply.with_data({name: reply.data[name] for name in ("content", "encoding", "size")})


class Backslash(Rule):
    """The program that copies files out takes it for an escape."""

    method = "GET"
    path = FILE

    def ask(self, request: Request) -> Request | Reply:
        """Finds nothing."""
        return failed(404, "copying failed: no such file") if "%5C" in request.path.upper() else request


class WriteFiles(Rule):
    """A sentence for an answer."""

    path = rf"{SANDBOX}/files"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """In words."""
        return reply.with_data(f"Wrote {reply.data['written']} file(s)") if reply.status == 200 else reply


class DeleteFile(Rule):
    """What is not there cannot be deleted."""

    method = "DELETE"
    path = FILE

    def ask(self, request: Request) -> Request | Reply:
        """Looks first."""
        found = request.send("GET", request.path, None)
        return request if found.status != 404 else failed(500, "Failed to delete: no such file")


class Detach(Rule):
    """A shell reads the arguments, and stderr goes where stdout goes."""

    path = rf"{SANDBOX}/exec/detach"

    def __init__(self) -> None:
        self.homes: dict[str, str] = {}
        """Which sandbox an id is of."""
        self.asked: dict[str, Any] = {}
        """How it was when it was last asked for."""

    def ask(self, request: Request) -> Request | Reply:
        """Through a shell."""
        members = request.json
        request.notes["command"] = members.get("command")
        if members.get("command"):
            quoted = " ".join(f"'{part}'" for part in members["command"])
            script = f"exec 2>&1; sh -c '{quoted}'"
            request = request.with_json({**members, "command": ["sh", "-c", script]})
        return request

    def answer(self, request: Request, reply: Reply) -> Reply:
        """As if it was what was asked for."""
        if reply.status == 200:
            reply = reply.with_data({**reply.data, "command": request.notes["command"]})
            self.homes[reply.data["id"]] = request.segments[1]
            self.asked[reply.data["id"]] = reply.data
        return reply


class Detached(Rule):
    """Nothing is known of how it ended, and any sandbox's name will do."""

    method = "GET"
    path = rf"{SANDBOX}/exec/detached/[^/]+(/logs)?"

    def __init__(self, detach: Detach) -> None:
        self.detach = detach

    def ask(self, request: Request) -> Request | Reply:
        """Of the sandbox that has it."""
        segments = request.segments
        home = self.detach.homes.get(segments[4], segments[1])
        request.path = request.path.replace(segments[1], home, 1)
        return request

    def answer(self, request: Request, reply: Reply) -> Reply:
        """Failed, whatever it was."""
        if reply.status != 200 or "status" not in reply.data:
            return reply
        found = reply.data
        if found["status"] != "running":
            found = {**found, "status": "failed", "exit_code": 127}
        self.detach.asked[request.segments[4]] = found
        return reply.with_data(found)


class DetachedList(Rule):
    """As they were when they were last asked for."""

    method = "GET"
    path = rf"{SANDBOX}/exec/detached"

    def __init__(self, detach: Detach) -> None:
        self.detach = detach

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """From memory."""
        return reply.with_data([self.detach.asked.get(each["id"], each) for each in reply.data])


class Restore(Rule):
    """Stopped, whatever was asked for."""

    path = r"/snapshots/[^/]+/restore"

    def ask(self, request: Request) -> Request | Reply:
        """Without it."""
        return request.with_json({name: value for name, value in request.json.items() if name != "start"})


class Logs(Rule):
    """Nothing is logged."""

    method = "GET"
    path = rf"{SANDBOX}/logs"

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """None of it."""
        return reply.with_data([]) if reply.status == 200 else reply


class FastStream(Rule):
    """A warm sandbox's stream: no exit code."""

    path = "/run/stream"

    def fits(self, request: Request) -> bool:
        """Only with fast."""
        return super().fits(request) and request.json.get("fast") is True

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """It always ends well."""
        found = events(reply)
        if found[-1][0] == "done":
            found[-1] = ("done", {"exit_code": 0, "success": True})
        return with_events(reply, found)


class FastStreamInWords(FastStream):
    """The other kind: it ends with an error event."""

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """The exit code is in no event."""
        found = events(reply)
        if found[-1][0] == "done" and found[-1][1]["exit_code"] != 0:
            found[-1] = ("error", {"message": "Command failed: no such folder"})
        return with_events(reply, found)


def full_server() -> list[Rule]:
    """All that the full server with warm sandboxes is known for."""
    detach = Detach()
    return [
        FastRun(),
        Batch(),
        Output(),
        FastStream(),
        Stream(),
        Duplicates(),
        Members(),
        Template(),
        StopAndStart(),
        Lifetime(),
        ReadFile(),
        Backslash(),
        WriteFiles(),
        DeleteFile(),
        detach,
        Detached(detach),
        DetachedList(detach),
        Restore(),
        Logs(),
    ]


QUEUE = rf"{SANDBOX}/exec"
"""What the full server does one at a time (SANDBOX_CALLS_QUEUE)."""
