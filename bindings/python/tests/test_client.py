"""The sync client against a server that really runs commands, and what it refuses before sending a request."""

from __future__ import annotations

import inspect
import math
import pickle
import subprocess
import sys
import textwrap
from typing import Any

import pytest

import agentkernel
from agentkernel import (
    AgentKernel,
    AgentKernelError,
    CallTimeoutError,
    CommandError,
    ConflictError,
    NetworkError,
    NotFoundError,
    RunOutput,
    SandboxInfo,
    ServerError,
    ValidationError,
)
from conftest import SANDBOX, Fault, moment, ok, program


def test_health(client: AgentKernel) -> None:
    assert client.health() == "ok"


def test_run_passes_arguments_on_exactly(client: AgentKernel) -> None:
    result = client.run(["printf", "%s|", "a b", "", "c'd", "$(id)", "new\nline", "ümlaut"])
    assert result == RunOutput("a b||c'd|$(id)|new\nline|ümlaut|", "a b||c'd|$(id)|new\nline|ümlaut|".encode())
    assert result.exit_code == 0


def test_run_keeps_bytes_that_are_no_text(client: AgentKernel) -> None:
    result = client.run(["printf", r"a\000\377z"])
    assert result.output_bytes == b"a\0\xffz"
    assert result.output == "a\0\N{REPLACEMENT CHARACTER}z"


def test_a_failing_command_is_an_error_with_its_output(client: AgentKernel) -> None:
    with pytest.raises(CommandError) as caught:
        client.run(["sh", "-c", "echo out; exit 3"])
    error = caught.value
    assert (error.status, error.exit_code, error.output, error.output_bytes) == (409, 3, "out\n", b"out\n")
    assert error.code == "AK_E_COMMAND"
    assert error.message == str(error)
    assert error.message.startswith("Command exited with code 3")


def test_check_false_makes_it_a_result(client: AgentKernel) -> None:
    result = client.run(["sh", "-c", "echo out; exit 3"], check=False)
    assert (result.output, result.exit_code) == ("out\n", 3)


def test_sandboxes(client: AgentKernel) -> None:
    created = client.create_sandbox("py-box", image="python:3.12-alpine", vcpus=1, memory_mb=256)
    try:
        assert created.name == "py-box"
        assert created.memory_mb == 256
        assert client.get_sandbox("py-box").uuid == created.uuid
        assert "py-box" in [sandbox.name for sandbox in client.list_sandboxes()]
        client.exec_in_sandbox("py-box", ["sh", "-c", "echo kept > file"])
        assert client.exec_in_sandbox("py-box", ["cat", "file"]).output == "kept\n"
        run: Any = client.exec_in_sandbox
        assert run("py-box", ["sh", "-c", "echo $A-$B"], env=["A=1", "B=x=y"]).output == "1-x=y\n"
        assert run("py-box", ["sh", "-c", "echo $A-$B"], env={"A": "1", "B": "x=y"}).output == "1-x=y\n"
        assert run("py-box", ["pwd"], workdir="/tmp").output == "/tmp\n"
        assert run("py-box", ["false"], check=False).exit_code == 1
        with pytest.raises(ConflictError):
            client.create_sandbox("py-box")
    finally:
        client.remove_sandbox("py-box")
    with pytest.raises(NotFoundError) as caught:
        client.get_sandbox("py-box")
    assert caught.value.status == 404


def test_timeout_of_one_call(client: AgentKernel) -> None:
    with pytest.raises(CallTimeoutError) as caught:
        client.run(["sleep", "3000"], timeout=moment())
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, NetworkError)
    assert caught.value.status is None
    assert caught.value.sent == "some"
    assert client.run(["echo", "on"], timeout=math.inf).output == "on\n"


def test_no_time_at_all(fault: Fault) -> None:
    server = fault.replies(ok("ok"))
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError) as caught:
        client.health(timeout=0)
    assert caught.value.sent == "nothing"
    assert server.counts()["connections"] == 0


def test_nobody_is_there(fault: Fault) -> None:
    server = fault.script(listen="refuse")
    with AgentKernel(server.url) as client, pytest.raises(NetworkError) as caught:
        client.health()
    assert caught.value.status is None
    assert caught.value.code == "AK_E_CONNECT"
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"command": []}, ValidationError),
        ({"command": ["a\0b"]}, ValidationError),
        ({"command": ["\ud800"]}, ValidationError),
        ({"command": ["x"], "image": "no spaces"}, ValidationError),
        ({"command": ["x"], "profile": "unknown"}, ValidationError),
        ({"command": ["x"], "timeout": -1}, ValidationError),
        ({"command": ["x"], "timeout": -0.001}, ValidationError),
        ({"command": ["x"], "timeout": math.nan}, ValidationError),
        ({"command": "echo hello"}, TypeError),
        ({"command": b"echo"}, TypeError),
        ({"command": None}, AgentKernelError),
        ({"command": 5}, TypeError),
        ({"command": ["x", 5]}, TypeError),
        ({"command": ["x"], "image": 5}, TypeError),
        ({"command": ["x"], "fast": 1}, TypeError),
        ({"command": ["x"], "timeout": "5"}, TypeError),
        ({"command": ["x"], "imagee": "alpine"}, TypeError),
    ],
)
def test_what_cannot_be_right_is_never_sent(fault: Fault, arguments: dict[str, Any], error: type[Exception]) -> None:
    server = fault.replies(ok({"output": ""}))
    with AgentKernel(server.url) as client, pytest.raises(error):
        client.run(**arguments)
    assert server.counts()["connections"] == 0


@pytest.mark.parametrize("value", [True, 2**70, "1", 1.0, -1])
def test_numbers_are_numbers(fault: Fault, value: Any) -> None:
    server = fault.replies(ok(SANDBOX))
    with AgentKernel(server.url) as client, pytest.raises((TypeError, ValidationError)):
        client.create_sandbox("sb", vcpus=value)
    assert server.counts()["connections"] == 0


def test_names_are_checked_and_never_leave_their_place_in_the_path(fault: Fault) -> None:
    server = fault.replies(ok(SANDBOX))
    with AgentKernel(server.url) as client:
        for name in ("../secrets", "..", "a/b", "a?b", "", "x" * 64):
            with pytest.raises(ValidationError):
                client.get_sandbox(name)
    assert server.counts()["connections"] == 0


def test_settings_that_cannot_be_right() -> None:
    for settings in (
        {"base_url": "ftp://x"},
        {"base_url": "http://u:p@h"},
        {"ca_file": "/nonexistent"},
        {"timeout": -1},
    ):
        with pytest.raises(ValidationError):
            AgentKernel(**settings)
    with pytest.raises(TypeError):
        AgentKernel(base_url=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        AgentKernel(no_such_setting=5)  # type: ignore[call-arg]


def test_argument_over_environment_over_default(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    server = fault.replies(ok("ok"), ok("ok"), ok("ok"))
    with AgentKernel() as client:
        assert client.base_url == "http://localhost:18888"
    monkeypatch.setenv("AGENTKERNEL_BASE_URL", server.url)
    monkeypatch.setenv("AGENTKERNEL_API_KEY", "from-environment")
    with AgentKernel() as client:
        client.health()
    with AgentKernel(api_key="from-argument") as client:
        client.health()
    monkeypatch.setenv("AGENTKERNEL_API_KEY", "")
    with AgentKernel() as client:
        client.health()
    sent = [dict(request["headers"]).get("Authorization") for request in server.log()["requests"]]
    assert sent == ["Bearer from-environment", "Bearer from-argument", None]


def test_the_key_is_never_shown(fault: Fault) -> None:
    server = fault.replies({"success": False, "error": "no"}, status=401)
    with AgentKernel(server.url, api_key="s3cr3t") as client:
        with pytest.raises(agentkernel.AuthError) as caught:
            client.run(["x"])
        assert "s3cr3t" not in repr(client) + repr(client.__dict__) + repr(caught.value.__dict__)


def test_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKERNEL_LOCAL", program("AK_LOCAL_SERVER", "agentkernel-local"))
    monkeypatch.setenv("AGENTKERNEL_BASE_URL", "local:")
    with AgentKernel() as client, client.sandbox("mine") as sb:
        assert client.base_url == "local:"
        assert sb.run(["echo", "hello"]).output == "hello\n"
        assert [sandbox.name for sandbox in client.list_sandboxes()] == ["mine"]


def test_a_closed_client_says_so(local_url: str) -> None:
    client = AgentKernel(local_url)
    client.close()
    client.close()
    with pytest.raises(AgentKernelError, match="closed"):
        client.health()
    assert repr(client) == "<AgentKernel closed>"


def test_a_forgotten_client_is_warned_about_and_a_closed_one_is_not(local_url: str) -> None:
    client = AgentKernel(local_url)
    client.health()
    with pytest.warns(ResourceWarning, match="unclosed <AgentKernel 'http://127"):
        del client


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503])
def test_status_is_the_real_one(fault: Fault, status: int) -> None:
    server = fault.replies({"success": False, "error": "because"}, status=status, headers={"Retry-After": "7"})
    with AgentKernel(server.url) as client, pytest.raises(AgentKernelError) as caught:
        client.run(["x"])
    error = caught.value
    assert error.status == status
    assert "because" in error.message
    assert error.server_text == "because"
    assert error.exit_code is None
    assert error.output is None
    assert error.retry_after == (7.0 if status in (429, 503) else error.retry_after)
    assert type(error) is {
        400: ValidationError,
        401: agentkernel.AuthError,
        403: agentkernel.ForbiddenError,
        404: NotFoundError,
        409: ConflictError,
        413: agentkernel.TooLargeError,
        422: agentkernel.UnprocessableError,
        429: agentkernel.QuotaError,
    }.get(status, ServerError)


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "<html>", "", '{"success": true}'])
def test_odd_answers_are_our_own_errors(fault: Fault, body: str) -> None:
    for status in (200, 500):
        server = fault.rules({"times": "always", "steps": [{"reply": {"status": status, "text": body}}]})
        with AgentKernel(server.url) as client:
            with pytest.raises(AgentKernelError) as caught:
                client.run(["x"])
            assert caught.value.status == status


def test_unknown_members_are_kept_and_unknown_values_are_fine(fault: Fault) -> None:
    sandbox = {**SANDBOX, "status": "hibernating", "color": "blue", "nested": {"deep": [1, 2**60 + 1]}}
    server = fault.replies(ok(sandbox))
    with AgentKernel(server.url) as client:
        info = client.get_sandbox("sb")
    assert info.status == "hibernating"
    assert info.extra == {"color": "blue", "nested": {"deep": [1, 2**60 + 1]}}
    assert info.ip is None


def test_every_member_of_a_sandbox(fault: Fault) -> None:
    sandbox = {
        **SANDBOX,
        "memory_mb": 2**53 + 1,
        "ports": ["8080:80", "53:53/udp"],
        "endpoints": [{"container_port": 80, "protocol": "tcp", "url": "http://x"}],
        "secret_mappings": {"TOKEN": "example.org"},
        "labels": {"ä": "ö", "empty": ""},
        "lifecycle": {"auto_stop_after_seconds": 60},
    }
    server = fault.replies(ok(sandbox))
    with AgentKernel(server.url) as client:
        info = client.get_sandbox("sb")
    assert info == SandboxInfo(
        **{**sandbox, "ports": ("8080:80", "53:53/udp")}  # type: ignore[arg-type]
    )
    assert info.memory_mb == 2**53 + 1
    assert info.extra == {}


def test_records_are_frozen_and_have_slots() -> None:
    result = RunOutput("x")
    with pytest.raises(AttributeError):
        result.output = "y"  # type: ignore[misc]
    assert not hasattr(result, "__dict__")
    assert not hasattr(SandboxInfo("a", "running"), "__dict__")


def test_errors_and_records_survive_pickling(client: AgentKernel) -> None:
    with pytest.raises(CommandError) as caught:
        client.run(["false"])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is CommandError
    assert copy.__dict__ == caught.value.__dict__
    with pytest.raises(CallTimeoutError) as timed_out:
        client.health(timeout=0)
    assert pickle.loads(pickle.dumps(timed_out.value)).message == timed_out.value.message
    result = client.run(["echo", "x"])
    assert pickle.loads(pickle.dumps(result)) == result
    event = next(client.run_stream(["true"]))
    assert pickle.loads(pickle.dumps(event)) == event


def test_everything_public_has_a_docstring() -> None:
    for name in agentkernel.__all__:
        value = getattr(agentkernel, name)
        if not inspect.isclass(value):
            continue
        assert inspect.getdoc(value), name
        for member, function in inspect.getmembers(value):
            if not member.startswith("_") and callable(function):
                assert inspect.getdoc(function), f"{name}.{member}"


def test_names_that_load_later() -> None:
    assert set(agentkernel.__all__) <= set(dir(agentkernel))
    with pytest.raises(AttributeError):
        agentkernel.NoSuchName  # noqa: B018
    code = textwrap.dedent("""
        import sys
        import agentkernel
        assert not [name for name in sys.modules if name.startswith("agentkernel.")]
        assert agentkernel.types.Reply is agentkernel.Reply and agentkernel.errors.AuthError is agentkernel.AuthError
        assert agentkernel.AgentKernel and agentkernel.AgentKernelError.__module__ == "agentkernel.errors"
        assert "asyncio" not in sys.modules and "agentkernel.async_client" not in sys.modules
        from agentkernel import *
        assert AsyncAgentKernel and SandboxSession
    """)
    subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", code], check=True)


def test_output_of_many_megabytes(client: AgentKernel) -> None:
    result = client.run(["head", "-c", "8000000", "/dev/zero"])
    assert result.output_bytes == bytes(8000000)
