"""What records, clients and streams are to the rest of Python: JSON, copies, pickling, type checkers."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agentkernel
from agentkernel import (
    AgentKernel,
    AsyncAgentKernel,
    AsyncDetachedHandle,
    BatchResult,
    BatchRunResponse,
    DetachedCommand,
    DetachedHandle,
    FileReadResponse,
    LogEntry,
    Reply,
    RunOutput,
    SandboxInfo,
    StreamEvent,
)
from conftest import TREE, Fault

URL = "http://127.0.0.1:1"  # nobody is asked
PUBLIC = [getattr(agentkernel, name) for name in agentkernel.__all__]
RECORDS = [each for each in PUBLIC if dataclasses.is_dataclass(each)]


def as_json(record: Any) -> Any:
    return json.loads(json.dumps(dataclasses.asdict(record)))


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_no_record_shows_bytes_to_json(kind: Any) -> None:
    assert not [each.name for each in dataclasses.fields(kind) if str(each.type).startswith(("bytes", "Any"))]
    texts = ["x" for each in dataclasses.fields(kind) if each.init and each.default is dataclasses.MISSING]
    assert as_json(kind(*texts)).keys() == {each.name for each in dataclasses.fields(kind)}


def test_results_as_json(client: AgentKernel) -> None:
    result = client.run(["printf", r"a\377"])
    assert result.output_bytes == b"a\xff"
    assert as_json(result) == {
        "output": "a\ufffd",
        "exit_code": 0,
        "truncated": None,
        "total_bytes": None,
    }
    events = [as_json(event) for event in client.run_stream(["echo", "x"])]
    assert [event["type"] for event in events][-2:] == ["output", "done"]
    payload = {"data": "x\n", "stream": "stdout"}
    assert events[-2] == {"type": "output", "data": payload, "id": "", "parsed": True}
    assert as_json(client.batch_run([["echo", "1"]])) == {"results": [{"output": "1\n", "error": None}]}
    with client.sandbox("json", labels={"a": "b"}) as sb:
        assert as_json(sb.info())["labels"] == {"a": "b"}
        sb.write_file("/tmp/text", "x")
        sb.write_file("/tmp/bytes", b"\xff")
        assert as_json(sb.read_file("/tmp/text")) == {"content": "x", "encoding": "utf8", "size": 1}
        assert as_json(sb.read_file("/tmp/bytes")) == {"content": "/w==", "encoding": "base64", "size": 1}
        assert as_json(sb.exec_detached(["true"]))["command"] == ["true"]
        assert as_json(sb.logs()[0])["type"] == "sandbox_created"
    reply = as_json(client.request("GET", "/status"))
    assert json.loads(reply["text"])["success"]
    assert as_json(client.get_backends())["default_backend"] == "bubblewrap"


FULL = [
    RunOutput("x", b"x\xff", 3, raw=b"{}"),
    SandboxInfo("a", "running", labels={"a": "b"}, raw=b'{"new": 1}'),
    FileReadResponse(b"\xff", "base64", 1),
    Reply(200, "application/json", b"{}", b"{}"),
    LogEntry("started", raw=b'{"type": "started"}'),
    BatchRunResponse([BatchResult("x", output_bytes=b"x\xff")]),
    StreamEvent("output", {"data": "x"}, b"x", raw=b"{}"),
    DetachedHandle("1", "running", raw=b'{"new": 1}'),
    AsyncDetachedHandle("1", "running", raw=b'{"new": 1}'),
]


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, dataclasses.replace])
def test_copies_have_the_bytes(record: Any, copied: Callable[[Any], Any]) -> None:
    made = copied(record)
    assert type(made) is type(record)
    assert made == record
    for name in record.__match_args__:
        assert getattr(made, name) == getattr(record, name)
    assert getattr(made, "extra", None) == getattr(record, "extra", None)


def test_a_handle_is_itself_when_copied_and_has_no_client_when_unpickled() -> None:
    with AgentKernel(URL) as client:
        handle = DetachedHandle._of(client, "box", DetachedCommand("1", "running", pid=3, raw=b'{"new": 1}'))
        assert copy.copy(handle) is copy.deepcopy(handle) is handle
        with pytest.raises(dataclasses.FrozenInstanceError):
            handle.status = "failed"  # type: ignore[misc]
        loaded = pickle.loads(pickle.dumps(handle))
        assert (loaded, loaded.extra) == (handle, {"new": 1})
        with pytest.raises(ValueError, match="ask a client for it by its id"):
            loaded.kill()


@pytest.mark.parametrize("kind", [AgentKernel, AsyncAgentKernel])
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_what_belongs_to_its_process_says_so(kind: Any, way: Callable[[Any], Any]) -> None:
    client = kind(URL)
    for each, instead in (
        (client, "make a client in each process"),
        (client.run_stream(["true"]), "pass on its events"),
        (client.sandbox("box"), "pass on its name"),
        (client._reader("box", "/x", None, None), "make a client in each process"),
    ):
        with pytest.raises(TypeError, match=f"^{type(each).__name__} cannot be pickled or copied, .*: {instead}"):
            way(each)
    client._release()


CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("run", ("echo hi",)),
    ("run_stream", ("echo hi",)),
    ("exec_in_sandbox", ("box", "echo hi")),
    ("exec_detached", ("box", "echo hi")),
    ("batch_run", (["echo hi"],)),
    ("batch_run", ("echo hi",)),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS)
@pytest.mark.parametrize("command", ["echo hi", b"echo hi"])
def test_a_text_is_no_command(fault: Fault, name: str, arguments: tuple[Any, ...], command: Any) -> None:
    server = fault.rules()
    given = [command if each == "echo hi" else [command] if each == ["echo hi"] else each for each in arguments]
    with AgentKernel(server.url) as client:
        with pytest.raises(
            TypeError, match=r"^(each entry of )?commands? must be a list of (lists of )?str, not "
        ) as got:
            getattr(client, name)(*given)
        assert ('["sh", "-c", "..."]' in str(got.value)) == (given != [command] or name != "batch_run")
    assert server.counts()["connections"] == 0


# A line that ends with a mark is refused by type checkers, and no other is.
TYPED = """
from collections.abc import Sequence

from agentkernel import AgentKernel, AsyncAgentKernel

def use(client: AgentKernel, any_sequence: Sequence[str], strings: tuple[str, ...]) -> None:
    client.run(["echo", "hi"])
    client.run(("echo", "hi"))
    client.run(any_sequence)
    client.run(strings).output.upper()
    client.run("echo hi")  # refused
    client.run(b"echo hi")  # refused
    client.run({"echo": "hi"})  # refused
    client.run([1])  # refused
    client.run_stream("echo hi")  # refused
    client.batch_run([["echo", "hi"], strings])
    client.batch_run(["echo hi"])  # refused
    client.exec_in_sandbox("box", ["env"], env={"A": "b"})
    client.exec_in_sandbox("box", ["env"], env=["A=b"])
    client.exec_in_sandbox("box", ["env"], env="A=b")  # refused
    client.create_sandbox("box", ports="80")  # refused
    with client.sandbox("box") as sb:
        sb.run(["true"])
        sb.run("true")  # refused

async def use_async(client: AsyncAgentKernel) -> None:
    (await client.run(["echo", "hi"])).output.upper()
    await client.run("echo hi")  # refused
"""
CHECKERS = {
    "mypy": ["--strict", "--no-incremental", "--python-version", "3.10"],
    "pyright": [],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_refuse_a_text_as_command(checker: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    sources = str(TREE / "bindings/python/src")
    (tmp_path / "typed.py").write_text(TYPED)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [sources]}))
    done = subprocess.run(
        [sys.executable, "-m", checker, *CHECKERS[checker], "typed.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": sources},
        capture_output=True,
        text=True,
        timeout=240,
    )
    refused = {int(number) for number in re.findall(r"typed\.py:(\d+):.*error", done.stdout)}
    wanted = {number for number, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# refused")}
    assert refused == wanted, done.stdout + done.stderr
