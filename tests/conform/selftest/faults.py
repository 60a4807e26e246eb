"""What a server may get wrong, made by the proxy, and the case that has to find it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .proxy import Reply, Request, Rule, done
from .quirky import FILE, SANDBOX, events, shell, with_events

EXEC = rf"{SANDBOX}/exec"
DETACHED = rf"{SANDBOX}/exec/detached/[^/]+"


@dataclass
class Fault(Rule):
    """A rule that is wrong on purpose."""

    name: str
    finds: str
    """The case that has to fail."""
    method: str
    path: str
    asks: Callable[[Request], Request | Reply] | None = None
    answers: Callable[[Request, Reply], Reply] | None = None

    def ask(self, request: Request) -> Request | Reply:
        """What is asked instead."""
        return self.asks(request) if self.asks else request

    def answer(self, request: Request, reply: Reply) -> Reply:
        """What is answered instead."""
        return self.answers(request, reply) if self.answers else reply

    @property
    def changes_answers(self) -> bool:
        """Whether answers have to be held until all is there."""
        return self.answers is not None


# ---- what is done to requests ---------------------------------------------------------------------------------------


def without(name: str) -> Callable[[Request], Request | Reply]:
    """A member of the request is not heard."""
    return lambda request: request.with_json({key: value for key, value in request.json.items() if key != name})


def with_member(name: str, value: object) -> Callable[[Request], Request | Reply]:
    """It is taken for another one."""
    return lambda request: request.with_json({**request.json, name: value})


def swallowed(data: object) -> Callable[[Request], Request | Reply]:
    """The request is answered well, and nothing is done."""
    return lambda _request: done(data)


def through_shell(request: Request) -> Request | Reply:
    """A shell reads the arguments once more."""
    command = request.json.get("command")
    return request.with_json({**request.json, "command": shell(command)}) if command else request


def without_query(request: Request) -> Request | Reply:
    """The query is not heard."""
    request.path = request.path.partition("?")[0]
    return request


def first_file_only(request: Request) -> Request | Reply:
    """Of several files one is written."""
    files = request.json["files"]
    return request.with_json({"files": dict(list(files.items())[:1])})


def plus_is_space(request: Request) -> Request | Reply:
    """A file's name is decoded as if it was a query."""
    request.path = request.path.replace("%2B", "%20").replace("+", "%20")
    return request


def backslash_is_slash(request: Request) -> Request | Reply:
    """A file's name is one of another system."""
    request.path = request.path.replace("%5C", "/")
    return request


def once(data: object) -> Callable[[Request], Request | Reply]:
    """The first request for each path is answered well and not done."""
    seen: set[str] = set()

    def ask(request: Request) -> Request | Reply:
        if request.path in seen:
            return request
        seen.add(request.path)
        return done(data)

    return ask


def in_one_sandbox(request: Request) -> Request | Reply:
    """Commands that are to have a sandbox of their own share one."""
    if not request.json.get("command"):
        return request
    request.send("POST", "/sandboxes", {"name": "warm"})
    request.path = "/sandboxes/warm/exec"
    return request


def of_the_first() -> Callable[[Request], Request | Reply]:
    """All files are those of the sandbox that was asked for first."""
    first: list[str] = []

    def ask(request: Request) -> Request | Reply:
        name = request.segments[1]
        first.append(name)
        request.path = request.path.replace(name, first[0], 1)
        return request

    return ask


def snapshot_of_now(request: Request) -> Request | Reply:
    """The snapshot is taken when it is restored."""
    name = request.segments[1]
    sandbox = request.send("GET", f"/snapshots/{name}", None).data["sandbox"]
    request.send("POST", "/snapshots", {"sandbox": sandbox, "name": name})
    return request


def never_replaced(request: Request) -> Request | Reply:
    """A snapshot that has the name already is kept."""
    found = request.send("GET", f"/snapshots/{request.json['name']}", None)
    return done(found.data) if found.status == 200 else request


def with_its_snapshots(request: Request) -> Request | Reply:
    """What is removed takes its snapshots with it."""
    for snapshot in request.send("GET", "/snapshots", None).data:
        if snapshot["sandbox"] == request.segments[1]:
            request.send("DELETE", f"/snapshots/{snapshot['name']}", None)
    return request


def with_the_right_key(request: Request) -> Request | Reply:
    """Any key will do."""
    request.headers["Authorization"] = f"Bearer {KEY}"
    return request


KEY = "the-key-of-the-tests"


# ---- what is done to answers ----------------------------------------------------------------------------------------


def exit_code(change: Callable[[int], int]) -> Callable[[Request, Reply], Reply]:
    """The exit code of a failed command is another one."""

    def answer(_request: Request, reply: Reply) -> Reply:
        if reply.status != 409 or "exit_code" not in reply.json:
            return reply
        return reply.with_json({**reply.json, "exit_code": change(reply.json["exit_code"])})

    return answer


def failure_is_success(_request: Request, reply: Reply) -> Reply:
    """A failed command has not failed."""
    return done({"output": reply.json["output"]}) if "exit_code" in reply.json else reply


def output(change: Callable[[str], str]) -> Callable[[Request, Reply], Reply]:
    """The output of a command is another one."""

    def answer(_request: Request, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        return reply.with_data({**reply.data, "output": change(reply.data["output"])})

    return answer


def no_exact_bytes(_request: Request, reply: Reply) -> Reply:
    """Where output is no text, other bytes come."""
    data = reply.data
    if not isinstance(data, dict) or "output_base64" not in data:
        return reply
    return reply.with_data({**data, "output_base64": base64.b64encode(b"\xfe\0\xffab").decode()})


def content(change: Callable[[bytes], bytes]) -> Callable[[Request, Reply], Reply]:
    """A file has another content."""

    def answer(_request: Request, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        data = reply.data
        text, is_text = data["content"], data["encoding"] == "utf8"
        found = change(text.encode() if is_text else base64.b64decode(text))
        value = {"encoding": "base64", "content": base64.b64encode(found).decode(), "size": len(found)}
        if is_text:
            value = {"encoding": "utf8", "content": found.decode("utf-8", "replace"), "size": len(found)}
        return reply.with_data(value)

    return answer


def flipped(data: bytes) -> bytes:
    """One bit in the middle of a large file."""
    middle = len(data) // 2
    return data if len(data) < 1 << 20 else data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def in_latin_1(data: bytes) -> bytes:
    """Text in an encoding of the last century."""
    return data.decode("utf-8", "replace").encode("latin-1", "replace")


def file_spoiled(request: Request, reply: Reply) -> Reply:
    """A file is there after a stop, and is another one."""
    spoil = ["sh", "-c", "echo spoiled > /tmp/kept"]
    request.send("POST", f"/sandboxes/{request.segments[1]}/exec", {"command": spoil})
    return reply


def other_bytes(found: list[Any]) -> list[Any]:
    """Where output is no text, other bytes come."""
    return [(kind, {**data, "data_base64": "/wD/"} if "data_base64" in data else data) for kind, data in found]


def member(name: str, value: object) -> Callable[[Request, Reply], Reply]:
    """A member of the answer is another one."""

    def answer(_request: Request, reply: Reply) -> Reply:
        if reply.status not in (200, 201) or name not in reply.data:
            return reply
        return reply.with_data({**reply.data, name: value})

    return answer


def records(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request, Reply], Reply]:
    """A list has other entries."""
    return lambda _request, reply: reply.with_data(change(reply.data)) if reply.status == 200 else reply


def batch_reversed(_request: Request, reply: Reply) -> Reply:
    """The results of a batch are in another order."""
    return reply.with_data({"results": reply.data["results"][::-1]}) if reply.status == 200 else reply


def batch_silent(_request: Request, reply: Reply) -> Reply:
    """Nothing in a batch fails, and what did says nothing."""
    if reply.status != 200:
        return reply
    found = [{"output": entry["output"] or "", "error": None} for entry in reply.data["results"]]
    return reply.with_data({"results": found})


def stderr_first(text: str) -> str:
    """Neither the order in which it was written, nor that of a known quirk."""
    return text.replace("one\ntwo\n", "two\none\n")


def with_the_others(found: list[Any]) -> list[Any]:
    """More than what was asked for."""
    other = {"type": "command_executed", "sandbox": "other", "command": ["echo", "of the other"], "exit_code": 0}
    return [*found, other]


def stream(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request, Reply], Reply]:
    """A stream has other events."""
    return lambda _request, reply: with_events(reply, change(events(reply)))


def ends_well(found: list[Any]) -> list[Any]:
    """Whatever the exit code."""
    return [*found[:-1], ("done", {"exit_code": 0, "success": True})]


def output_backwards(found: list[Any]) -> list[Any]:
    """What was written comes in another order."""
    wrote = [entry for entry in found if entry[0] == "output"]
    others = [entry for entry in found if entry[0] != "output"]
    return [*others[:-1], *wrote[::-1], others[-1]]


def other_status(before: int, after: int) -> Callable[[Request, Reply], Reply]:
    """A status is another one, and the words stay."""
    return lambda _request, reply: Reply(after, reply.body) if reply.status == before else reply


def stderr_swapped(request: Request, reply: Reply) -> Reply:
    """What is asked for as stderr is stdout, and the other way round."""
    wants = "stderr" if "stream=stderr" in request.path else "stdout"
    path = request.path.partition("?")[0] + ("" if wants == "stderr" else "?stream=stderr")
    other = request.send("GET", path, None)
    return reply.with_data({wants: next(iter(other.data.values()))}) if other.status == 200 else reply


def uuid_of_another(request: Request, reply: Reply) -> Reply:
    """Another sandbox is found by the uuid."""
    others = request.send("GET", "/sandboxes", None).data
    return reply.with_data({**reply.data, "name": "another", "uuid": others[0]["uuid"]}) if others else reply


def previous(memory: dict[str, Reply]) -> Callable[[Request, Reply], Reply]:
    """Who asks gets the answer of who asked before."""

    def answer(_request: Request, reply: Reply) -> Reply:
        before = memory.get("reply", reply)
        memory["reply"] = reply
        return before

    return answer


def status_of_get(status: str) -> Callable[[Request, Reply], Reply]:
    """A sandbox is said to be so, whatever it is."""
    return member("status", status)


# ---- the table ------------------------------------------------------------------------------------------------------

FAULTS = [
    Fault("health in other words", "discovery.health", "GET", "/health", answers=lambda *_: done("well")),
    Fault("no default backend", "discovery.backends", "GET", "/backends", answers=member("default_backend", "other")),
    Fault("backend of its own", "discovery.backend_of_sandboxes", "GET", SANDBOX, answers=member("backend", "other")),
    Fault("no version", "discovery.status", "GET", "/status", answers=member("version", "unknown")),
    Fault("counts nothing", "discovery.stats", "GET", "/stats", answers=member("sandbox_count", 0)),
    Fault("exit code of run is 1", "run.exit_code", "POST", "/run", answers=exit_code(lambda _: 1)),
    Fault("run never fails", "run.exit_code", "POST", "/run", answers=failure_is_success),
    Fault("run trims", "run.output", "POST", "/run", answers=output(str.rstrip)),
    Fault("run cuts", "run.long_output", "POST", "/run", answers=output(lambda text: text[: 1 << 19])),
    Fault("run splits arguments", "run.arguments", "POST", "/run", asks=through_shell),
    Fault("order of output", "run.order_of_output", "POST", "/run", answers=output(stderr_first)),
    Fault("run is not fresh", "run.sandboxes_are_fresh", "POST", "/run", asks=in_one_sandbox),
    Fault("stream without its end", "run_stream.events", "POST", "/run/stream", answers=stream(lambda e: e[:-1])),
    Fault("stream without its begin", "run_stream.events", "POST", "/run/stream", answers=stream(lambda e: e[1:])),
    Fault("stream of other bytes", "run_stream.binary", "POST", "/run/stream", answers=stream(other_bytes)),
    Fault("stream never fails", "run_stream.exit_code", "POST", "/run/stream", answers=stream(ends_well)),
    Fault("stream backwards", "run_stream.long", "POST", "/run/stream", answers=stream(output_backwards)),
    Fault("batch backwards", "batch.order", "POST", "/batch/run", answers=batch_reversed),
    Fault("batch hides failures", "batch.failure", "POST", "/batch/run", answers=batch_silent),
    Fault("batch of nothing", "batch.nothing", "POST", "/batch/run", answers=other_status(400, 200)),
    Fault("label lost", "sandboxes.every_member", "POST", "/sandboxes", asks=without("labels")),
    Fault("description lost", "sandboxes.every_member", "POST", "/sandboxes", asks=without("description")),
    Fault("memory not given", "sandboxes.every_member", "POST", "/sandboxes", asks=without("memory_mb")),
    Fault("lifecycle not told", "sandboxes.every_member", "GET", SANDBOX, answers=member("lifecycle", None)),
    Fault("filter not heard", "sandboxes.list_by_labels", "GET", "/sandboxes", asks=without_query),
    Fault("list is short", "sandboxes.list", "GET", "/sandboxes", answers=records(lambda _: [])),
    Fault("another's uuid", "sandboxes.by_uuid", "GET", "/sandboxes/by-uuid/.*", answers=uuid_of_another),
    Fault("duplicate is made", "sandboxes.duplicate", "POST", "/sandboxes", answers=other_status(409, 201)),
    Fault("update lost", "sandboxes.update", "PATCH", SANDBOX, asks=lambda request: request.with_json({})),
    Fault("labels merged", "sandboxes.update_no_labels", "PATCH", SANDBOX, asks=without("labels")),
    Fault("removed twice", "sandboxes.remove", "DELETE", SANDBOX, answers=other_status(404, 200)),
    Fault("removal lost", "last.nothing_is_left", "DELETE", SANDBOX, asks=once("Sandbox removed")),
    Fault("many get one name", "behaviour.one_name_for_many", "POST", "/sandboxes", answers=other_status(409, 201)),
    Fault("files of another", "sandboxes.kept_apart", "GET|PUT", FILE, asks=of_the_first()),
    Fault("any name will do", "sandboxes.refused_names", "POST", "/sandboxes", answers=other_status(400, 201)),
    Fault("any backend will do", "options.unknown_backend", "POST", "/sandboxes", asks=without("backend")),
    Fault("backend not heard", "options.unusable_backend", "POST", "/sandboxes", asks=without("backend")),
    Fault("any profile will do", "options.unknown_profile", "POST", "/sandboxes", asks=without("profile")),
    Fault("any source will do", "options.bad_source", "POST", "/sandboxes", asks=without("source_url")),
    Fault("template lost", "options.template", "POST", "/sandboxes", asks=without("template_help_text")),
    Fault("stop lost", "lifecycle.stop_and_start", "POST", rf"{SANDBOX}/stop", asks=swallowed("Sandbox stopped")),
    Fault("always running", "lifecycle.stop_and_start", "GET", SANDBOX, answers=status_of_get("running")),
    Fault("recovers nothing", "lifecycle.recover", "POST", rf"{SANDBOX}/recover", answers=other_status(404, 200)),
    Fault("files lost", "lifecycle.files_after_stop", "POST", rf"{SANDBOX}/start", answers=file_spoiled),
    Fault("resize lost", "lifecycle.resize", "POST", rf"{SANDBOX}/resize", asks=without("vcpus")),
    Fault("started twice", "lifecycle.start_twice", "POST", rf"{SANDBOX}/start", answers=other_status(409, 200)),
    Fault("exit code one too high", "exec.exit_codes", "POST", EXEC, answers=exit_code(lambda code: code + 1)),
    Fault("exec never fails", "exec.exit_codes", "POST", EXEC, answers=failure_is_success),
    Fault("exec cuts a byte", "exec.output", "POST", EXEC, answers=output(lambda text: text[:-1])),
    Fault("exec splits arguments", "exec.arguments", "POST", EXEC, asks=through_shell),
    Fault("environment lost", "exec.environment", "POST", EXEC, asks=without("env")),
    Fault("working folder lost", "exec.working_folder", "POST", EXEC, asks=without("workdir")),
    Fault("other bytes of output", "exec.binary_output", "POST", EXEC, answers=no_exact_bytes),
    Fault("signal lost", "exec.signal", "POST", EXEC, answers=exit_code(lambda code: code & 127)),
    Fault("stderr lost", "exec.errors_only", "POST", EXEC, answers=output(lambda text: text.replace("two\n", ""))),
    Fault("answers mixed up", "behaviour.many_threads", "POST", EXEC, answers=previous({})),
    Fault("file cut", "files.bytes", "GET", FILE, answers=content(lambda data: data[:-1])),
    Fault("bit flipped", "large_files.bytes", "GET", FILE, answers=content(flipped)),
    Fault("plus is a space", "files.odd_names", "PUT", FILE, asks=plus_is_space),
    Fault("backslash is a slash", "files.backslash", "GET|PUT", FILE, asks=backslash_is_slash),
    Fault("other encoding", "files.text", "GET", FILE, answers=content(in_latin_1)),
    Fault("ends at NUL", "files.nul", "GET", FILE, answers=content(lambda data: data.partition(b"\0")[0])),
    Fault("size of letters", "files.as_the_server_sends_it", "GET", FILE, answers=member("size", 5)),
    Fault("write lost", "files.overwrite", "PUT", FILE, asks=swallowed("Wrote 5 bytes to /tmp/x")),
    Fault("deletion lost", "files.delete", "DELETE", FILE, asks=swallowed("Deleted /tmp/x")),
    Fault("one of several files", "files.several", "POST", rf"{SANDBOX}/files", asks=first_file_only),
    Fault("missing file is 500", "files.missing", "GET", FILE, answers=other_status(404, 500)),
    Fault("detached streams swapped", "detached.streams", "GET", rf"{DETACHED}/logs", answers=stderr_swapped),
    Fault("detached exit code", "detached.exit_code", "GET", DETACHED, answers=member("exit_code", 6)),
    Fault("detached environment", "detached.environment", "POST", rf"{SANDBOX}/exec/detach", asks=without("env")),
    Fault("detached is 500", "detached.missing", "GET", rf"{DETACHED}(/logs)?", answers=other_status(404, 500)),
    Fault("kill lost", "detached.kill", "DELETE", DETACHED, asks=swallowed("Command killed")),
    Fault("detached list empty", "detached.list", "GET", rf"{SANDBOX}/exec/detached", answers=records(lambda _: [])),
    Fault("logs backwards", "logs.entries", "GET", rf"{SANDBOX}/logs", answers=records(lambda found: found[::-1])),
    Fault("logs of others", "logs.of_one_sandbox", "GET", rf"{SANDBOX}/logs", answers=records(with_the_others)),
    Fault("any time will do", "ttl.refused", "POST", rf"{SANDBOX}/extend", answers=other_status(400, 200)),
    Fault("time for nobody", "ttl.missing", "POST", rf"{SANDBOX}/extend", answers=other_status(404, 200)),
    Fault("time not added", "ttl.extend", "POST", rf"{SANDBOX}/extend", asks=with_member("by", "1m")),
    Fault("snapshot of now", "snapshots.restore", "POST", "/snapshots/[^/]+/restore", asks=snapshot_of_now),
    Fault("restored over", "snapshots.restore_to_taken_name", "POST", "/snapshots/.*", answers=other_status(409, 200)),
    Fault("snapshot stays", "snapshots.take_and_find", "DELETE", "/snapshots/[^/]+", asks=once("Snapshot deleted")),
    Fault("restored as another", "snapshots.restore", "POST", "/snapshots/[^/]+/restore", asks=without("as_name")),
    Fault("first snapshot stays", "snapshots.taken_again", "POST", "/snapshots", asks=never_replaced),
    Fault("snapshot is 500", "snapshots.missing", "GET", "/snapshots/[^/]+", answers=other_status(404, 500)),
    Fault("snapshots go, too", "snapshots.outlives_sandbox", "DELETE", SANDBOX, asks=with_its_snapshots),
    Fault("bad body is 500", "requests.bad_body", "POST", EXEC, answers=other_status(400, 500)),
    Fault("bad request is 500", "errors.bad_request", "POST", "/sandboxes", answers=other_status(400, 500)),
    Fault("any key will do", "errors.wrong_key", "GET", "/sandboxes", asks=with_the_right_key),
    Fault("missing is 500", "errors.not_found", "GET", SANDBOX, answers=other_status(404, 500)),
    Fault(
        "no envelope", "requests.envelope", "GET", "/health", answers=lambda *_: Reply(200, json.dumps("ok").encode())
    ),
    Fault("no route is 200", "requests.unknown_route", "GET", "/conform/.*", answers=other_status(404, 200)),
]
