# Generated from test_async_operations.py by tools/generate: do not edit.
"""The other operations of the sync client: metadata, life, logs, batches, detached commands, snapshots, requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from agentkernel import (
    AgentKernel,
    CallTimeoutError,
    ConflictError,
    DetachedCommand,
    DetachedHandle,
    NotFoundError,
    UnprocessableError,
    ValidationError,
)
from conftest import PATIENCE, SANDBOX, Fault, moment, ok


@pytest.fixture
def box(client: AgentKernel) -> Iterator[str]:
    client.create_sandbox("py-whole", labels={"team": "py", "kind": "a"}, description="ours")
    yield "py-whole"
    client.remove_sandbox("py-whole")


# ---- sandboxes -------------------------------------------------------------------------------------------------------


def test_metadata(client: AgentKernel, box: str) -> None:
    found = client.get_sandbox(box)
    assert (found.labels, found.description) == ({"team": "py", "kind": "a"}, "ours")
    assert found.uuid is not None
    for uuid in (found.uuid, found.uuid.upper()):
        assert client.get_sandbox_by_uuid(uuid).name == box
    assert [each.name for each in client.list_sandboxes(labels={"team": "py", "kind": "a"})] == [box]
    assert client.list_sandboxes(labels={"team": "py", "kind": "b"}) == []
    changed = client.update_sandbox(box, labels={"kind": "b"}, lifecycle={"auto_stop_after_seconds": 3600})
    assert (changed.labels, changed.description) == ({"kind": "b"}, "ours")
    assert changed.lifecycle is not None
    assert changed.lifecycle["auto_stop_after_seconds"] == 3600
    assert client.update_sandbox(box, description="new").description == "new"
    assert not client.update_sandbox(box, labels={}, description="").labels
    with pytest.raises(NotFoundError):
        client.update_sandbox("py-nowhere", description="x")


def test_stopping_and_starting(client: AgentKernel, box: str) -> None:
    client.write_file(box, "/tmp/kept", "kept")
    client.stop_sandbox(box)
    client.stop_sandbox(box)
    assert client.get_sandbox(box).status == "stopped"
    client.start_sandbox(box)
    with pytest.raises(ConflictError):
        client.start_sandbox(box)
    assert client.read_text(box, "/tmp/kept") == "kept"
    assert client.resize_sandbox(box, vcpus=2, memory_mb=300).memory_mb == 300
    assert client.recover_sandbox(box).name == box


def test_what_needs_another_backend(client: AgentKernel, box: str) -> None:
    for refused in (
        lambda: client.pause_sandbox(box),
        lambda: client.resume_sandbox(box),
        lambda: client.fork_sandbox(box, "py-fork"),
    ):
        with pytest.raises(UnprocessableError, match="full-state"):
            refused()


def test_create_sends_what_it_is_given(fault: Fault) -> None:
    server = fault.replies(ok(SANDBOX), ok(SANDBOX), ok(SANDBOX), status=201)
    everything: dict[str, Any] = {
        "image": "alpine",
        "ports": ["8080:80"],
        "network": {"name": "net", "dns": ["1.1.1.1"]},
        "agent": "claude",
        "placeholder_secrets": True,
        "secret_mappings": {"KEY": "example.org"},
        "init_script": "true",
        "created_from_template": "t",
        "template_help_text": "help",
        "labels": {"a": "b"},
        "description": "d",
        "lifecycle": {"auto_stop_after_seconds": 60},
    }
    with AgentKernel(server.url) as client:
        client.create_sandbox("sb", **everything)
        assert client.sandbox("sb", **everything).info().name == "sb"
    assert server.body(0) == server.body(1) == {"name": "sb", **everything}


def test_labels_must_be_a_mapping(client: AgentKernel) -> None:
    wrong: Any = ["a:b"]
    with pytest.raises(TypeError, match="mapping"):
        client.list_sandboxes(labels=wrong)
    with pytest.raises(ValueError, match="JSON"):
        client.update_sandbox("x", lifecycle={"a": float("nan")})


def test_logs(client: AgentKernel, box: str) -> None:
    client.exec_in_sandbox(box, ["true"])
    client.write_file(box, "/tmp/a", "x")
    entries = client.get_sandbox_logs(box)
    kinds = [entry.type for entry in entries]
    assert kinds[0] == "sandbox_created"
    assert {"command_executed", "file_written"} <= set(kinds)
    ran = next(entry for entry in entries if entry.type == "command_executed")
    assert (ran.command, ran.exit_code, ran.sandbox) == (("true",), 0, box)
    assert (ran["type"], ran.get("nothing"), "command" in ran) == ("command_executed", None, True)  # as a mapping
    assert dict(ran)["command"] == ["true"]


def test_members_that_nobody_knows(fault: Fault) -> None:
    server = fault.replies(
        ok([{"type": "brand_new", "policy": "p"}]),
        ok({"results": [{"output": "a", "error": None, "code": 7}]}),
        ok({"id": "1", "status": "thinking", "mood": "fine"}),
        ok({"backends": [{"backend": "x", "usable": True, "capabilities": {"fly": True}, "w": 1}, 7]}),
        ok({"version": "1", "codename": "z"}),
        ok({"sandbox_count": 2, "resource_usage": {"cpu_percent": 1.5}, "more": []}),
        ok({"name": "s", "remote_snapshot": "r"}),
    )
    with AgentKernel(server.url) as client:
        (entry,) = client.get_sandbox_logs("sb")
        assert (entry.extra, entry["policy"], list(entry)) == ({"policy": "p"}, "p", ["type", "policy"])
        (result,) = client.batch_run([["x"]])
        assert (result.output, result.error, result.extra) == ("a", None, {"code": 7})
        status = client.detached_status("sb", "1")
        assert (status.status, status.running, status.extra) == ("thinking", False, {"mood": "fine"})
        backends = client.get_backends()
        first, second = backends.backends
        assert (first.backend, first.usable, first.configured, first.extra) == ("x", True, None, {"w": 1})
        assert (first.capabilities.snapshots, first.capabilities.extra) == (None, {"fly": True})
        assert (second.backend, second.capabilities.ssh) == (None, None)
        assert client.get_status().extra == {"codename": "z"}
        stats = client.get_stats()
        assert (stats.resource_usage, stats.extra) == ({"cpu_percent": 1.5}, {"more": []})
        assert client.get_snapshot("s").extra == {"remote_snapshot": "r"}


def test_the_server_itself(client: AgentKernel, box: str) -> None:
    assert client.get_status().version
    assert client.get_stats().sandbox_count >= 1
    assert box in [each.name for each in client.list_sandboxes()]
    assert client.request("GET", "/health").data == "ok"
    backends = client.get_backends()
    assert backends.default_backend == "bubblewrap"
    (ours,) = [each for each in backends.backends if each.backend == "bubblewrap"]
    assert ours.usable
    assert ours.capabilities.full_state_fork is False


def test_batch(client: AgentKernel) -> None:
    done = client.batch_run([["echo", "one"], ["sh", "-c", "exit 3"], ["printf", "%s", "a b"]])
    assert [result.output for result in done.results] == ["one\n", None, "a b"]
    assert (done[1].error is not None, len(done)) == (True, 3)
    assert [result.output_bytes for result in done] == [b"one\n", None, b"a b"]
    wrong: Any = ["echo"]
    with pytest.raises(TypeError):
        client.batch_run(wrong)
    nothing: list[list[list[str]]] = [[], [[]]]
    for empty in nothing:
        with pytest.raises(ValidationError):
            client.batch_run(empty)


# ---- detached commands -----------------------------------------------------------------------------------------------


def test_detached(client: AgentKernel, box: str) -> None:
    script = "echo out; echo err >&2; echo $A; pwd; sleep 0.3; exit 7"
    command = client.exec_detached(box, ["sh", "-c", script], env={"A": "b c"}, workdir="/tmp")
    assert isinstance(command, DetachedCommand)
    assert isinstance(command, DetachedHandle)
    assert (command.running, command.exit_code, command.command) == (True, None, ("sh", "-c", script))
    done = command.wait(timeout=PATIENCE)
    assert (done.running, done.status, done.exit_code, done.id) == (False, "failed", 7, command.id)
    assert command.logs().stdout == "out\nb c\n/tmp\n"
    assert client.detached_logs(box, command.id, stream="stderr").stderr == "err\n"
    assert command.logs().stderr is None
    assert client.detached_status(box, command.id) == done
    assert command.refresh() == done
    assert command.id in [each.id for each in client.detached_list(box)]
    assert command.logs(stream="stderr").stderr_bytes == b"err\n"
    quick = client.exec_detached(box, ["true"])
    quick = quick.wait(timeout=PATIENCE)
    assert (quick.status, quick.exit_code) == ("completed", 0)
    assert len(client.detached_list(box)) == 2
    with pytest.raises(NotFoundError):
        client.detached_status(box, "00000000")


def test_killing(client: AgentKernel, box: str) -> None:
    command = client.exec_detached(box, ["sleep", "1000"])
    patience, started = moment(), time.monotonic()
    with pytest.raises(CallTimeoutError, match="still runs after"):
        command.wait(timeout=patience)
    assert time.monotonic() - started >= patience
    command.kill()
    done = client.detached_wait(box, command.id, timeout=PATIENCE)
    assert (done.status, done.exit_code) == ("failed", 137)
    command.kill()  # may be called again


def test_waiting_asks_less_and_less_often(fault: Fault) -> None:
    running = {"id": "12", "status": "running", "exit_code": None}
    server = fault.rules(
        {"times": 5, "steps": [{"reply": {"json": ok(running)}}]},
        {"times": "always", "steps": [{"reply": {"json": ok({**running, "status": "completed", "exit_code": 0})}}]},
    )
    with AgentKernel(server.url) as client:
        started = time.monotonic()
        done = client.detached_wait("sb", "12")
        assert 0.05 + 0.075 + 0.11 < time.monotonic() - started < PATIENCE
    assert (done.exit_code, done.raw != b"") == (0, True)
    assert len(server.requests()) == 6


def test_waiting_has_a_deadline_though_the_server_is_silent(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"wait": "close"}]})
    with AgentKernel(server.url) as client:
        started = time.monotonic()
        with pytest.raises(CallTimeoutError):
            client.detached_wait("sb", "12", timeout=0.1)
        assert time.monotonic() - started < PATIENCE
        with pytest.raises(ValueError, match="negative"):
            client.detached_wait("sb", "12", timeout=-1)


def test_a_handle_of_nobody() -> None:
    with pytest.raises(ValueError, match="client"):
        DetachedHandle("1", "running").kill()


# ---- snapshots, time to live -----------------------------------------------------------------------------------------


def test_snapshots(client: AgentKernel, box: str) -> None:
    data = bytes(range(256)) * 100
    client.write_file(box, "/tmp/data", data)
    taken = client.take_snapshot(box, "py-snap")
    assert (taken.name, taken.sandbox) == ("py-snap", box)
    try:
        assert (client.get_snapshot("py-snap"), client.list_snapshots()) == (taken, [taken])
        client.write_file(box, "/tmp/data", "changed")
        stopped = client.restore_snapshot("py-snap", as_name="py-restored")
        assert (stopped.name, stopped.status) == ("py-restored", "stopped")
        client.remove_sandbox("py-restored")
        running = client.restore_snapshot("py-snap", as_name="py-restored", start=True)
        try:
            assert running.status == "running"
            assert client.read_bytes("py-restored", "/tmp/data") == data
        finally:
            client.remove_sandbox("py-restored")
    finally:
        client.delete_snapshot("py-snap")
    assert client.list_snapshots() == []
    with pytest.raises(NotFoundError):
        client.get_snapshot("py-snap")


def test_a_server_that_does_not_start_what_it_restores(fault: Fault) -> None:
    stopped = {**SANDBOX, "status": "stopped"}
    server = fault.replies(ok(stopped), ok("Sandbox started"), ok(SANDBOX))
    with AgentKernel(server.url) as client:
        assert client.restore_snapshot("snap", start=True).status == "running"
    assert server.requests() == [
        ("POST", "/snapshots/snap/restore"),
        ("POST", "/sandboxes/sb/start"),
        ("GET", "/sandboxes/sb"),
    ]


def test_time_to_live(client: AgentKernel, box: str) -> None:
    first, second = client.extend_ttl(box, by=600), client.extend_ttl(box, by="1h")
    assert first is not None
    assert second is not None
    assert first < second


def test_time_to_live_as_it_is_sent(fault: Fault) -> None:
    server = fault.replies(*[ok({"expires_at": "2026-01-01T00:00:00Z"})] * 2, ok({"expires_at": None}))
    with AgentKernel(server.url) as client:
        assert client.extend_ttl("sb", by="1h30m") == "2026-01-01T00:00:00Z"
        assert client.extend_ttl("sb", by=90) == "2026-01-01T00:00:00Z"
        assert client.extend_ttl("sb") is None
        with pytest.raises(ValidationError, match="by"):
            client.extend_ttl("sb", by="2d")
    assert [server.body(index) for index in range(3)] == [{"by": "1h30m"}, {"by": "90"}, {}]


# ---- any request -----------------------------------------------------------------------------------------------------


def test_any_request(client: AgentKernel) -> None:
    reply = client.request("GET", "/health")
    assert (reply.http_status, reply.data, reply.json()) == (200, "ok", {"success": True, "data": "ok"})
    assert (reply.content, reply.text) == (b'{"success":true,"data":"ok"}', '{"success":true,"data":"ok"}')
    assert client.request("POST", "/run", json={"command": ["echo", "hi"]}).data["output"] == "hi\n"
    with pytest.raises(NotFoundError):
        client.request("GET", "/nowhere")
    missing = client.request("GET", "/nowhere", check=False)
    assert (missing.http_status, missing.data, missing.json()["success"]) == (404, None, False)


def test_a_reply_that_is_no_json(fault: Fault) -> None:
    headers = {"Content-Type": "text/plain"}
    server = fault.rules({"steps": [{"reply": {"bytes": "AP8K", "headers": headers}}]})
    with AgentKernel(server.url) as client:
        reply = client.request("DELETE", "/thing?x=%20")
    assert (reply.content, reply.content_type, reply.raw, reply.data) == (b"\0\xff\n", "text/plain", None, None)
    with pytest.raises(ValueError):
        reply.json()
    assert server.requests() == [("DELETE", "/thing?x=%20")]
