"""Shared by the tests: agentkernel-local, the scripted fault server, and the event loops of the async tests."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkernel import AgentKernel, AsyncAgentKernel

# The parent may have set SIGINT to be ignored, as shells do for background jobs; the tests need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

TREE = Path(__file__).resolve().parents[3]
PATIENCE = 60.0
# The environment of `dev` has it, except for Pythons that it does not support yet.
NEEDS_UVLOOP = pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed")

for _name in [name for name in os.environ if name.startswith("AGENTKERNEL_")]:
    del os.environ[_name]


def program(variable: str, name: str) -> str:
    """A program of the tree's build; the environment variable may name another."""
    path = os.environ.get(variable, str(TREE / "build/bin" / name))
    if not os.access(path, os.X_OK):
        pytest.exit(f"{path} is missing: build the tree first, or set {variable}", returncode=2)
    return path


@pytest.fixture(scope="session")
def local_url() -> Iterator[str]:
    """A server that really runs commands."""
    state = tempfile.mkdtemp(prefix="ak-python-", dir="/var/tmp")  # files in a tmpfs count as memory
    command = [program("AK_LOCAL_SERVER", "agentkernel-local"), "--listen", "127.0.0.1:0", "--state", f"{state}/state"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[2]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    shutil.rmtree(state)


class FaultServer:
    """One script that ak-fault-server runs."""

    def __init__(self, program: FaultProgram, script: dict[str, Any]) -> None:
        self.program = program
        self.answer = program.ask(op="script", script=script)
        self.id = self.answer["id"]
        self.url: str = self.answer["url"]

    def log(self) -> dict[str, Any]:
        return self.program.ask(op="log", id=self.id)

    def requests(self) -> list[tuple[str, str]]:
        return [(request["method"], request["target"]) for request in self.log()["requests"]]

    def body(self, index: int) -> Any:
        return json.loads(base64.b64decode(self.log()["requests"][index]["body"]))

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.program.ask(op="counts", id=self.id)["counts"]
        return counts

    def release(self, count: int | str = 1) -> None:
        self.program.ask(op="release", id=self.id, count=count)

    def wait_for(self, counter: str, least: int = 1) -> None:
        answer = self.program.ask(op="await", id=self.id, counter=counter, least=least, timeout_ms=int(PATIENCE * 1000))
        assert answer["reached"], f"{counter} did not reach {least}: {answer}"

    def stop(self) -> None:
        self.program.ask(op="stop", id=self.id)


class FaultProgram:
    """The ak-fault-server: a line of JSON in, a line of JSON out."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [program("AK_FAULT_SERVER", "ak-fault-server")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["ok"], answer
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


@pytest.fixture(scope="session")
def fault_program() -> Iterator[FaultProgram]:
    started = FaultProgram()
    yield started
    started.close()


class Fault:
    """Starts scripts; they end with the test."""

    def __init__(self, program: FaultProgram) -> None:
        self._program = program
        self.servers: list[FaultServer] = []

    def script(self, **script: Any) -> FaultServer:
        server = FaultServer(self._program, script)
        self.servers.append(server)
        return server

    def rules(self, *rules: dict[str, Any]) -> FaultServer:
        return self.script(rules=list(rules))

    def replies(self, *bodies: Any, **reply: Any) -> FaultServer:
        """Replies to consecutive requests with these bodies."""
        headers = {"Content-Type": "application/json", **reply.pop("headers", {})}
        texts = (json.dumps(body) for body in bodies)
        return self.rules(*({"steps": [{"reply": {"text": text, "headers": headers, **reply}}]} for text in texts))

    def events(self, *events: tuple[str, Any], end: bool = True, steps: list[Any] | None = None) -> FaultServer:
        """Replies with a stream of events, and more steps."""
        sse = {"events": [{"event": kind, "data": data} for kind, data in events], "end": end}
        return self.rules({"times": "always", "steps": [{"sse": sse}, *(steps or [])]})


@pytest.fixture
def fault(fault_program: FaultProgram) -> Iterator[Fault]:
    started = Fault(fault_program)
    yield started
    for server in started.servers:
        server.stop()


@pytest.fixture
def client(local_url: str) -> Iterator[AgentKernel]:
    with AgentKernel(local_url, timeout=4 * PATIENCE) as made:
        yield made


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop", marks=NEEDS_UVLOOP),
        pytest.param(("trio", {}), id="trio"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Async tests run on each of these."""
    return request.param


@pytest.fixture
async def aclient(local_url: str) -> AsyncIterator[AsyncAgentKernel]:
    async with AsyncAgentKernel(local_url, timeout=4 * PATIENCE) as made:
        yield made


def ok(data: Any) -> dict[str, Any]:
    """The envelope of a successful reply."""
    return {"success": True, "data": data}


SANDBOX = {"name": "sb", "status": "running", "backend": "test", "placeholder_secrets": False}
DONE = ("done", {"exit_code": 0, "success": True})


def moment() -> float:
    """A short time in seconds that is enough for a request to arrive: more on a busy machine."""
    started = time.monotonic()
    for _ in range(20):
        thread = threading.Thread(target=time.monotonic)
        thread.start()
        thread.join()
    return 0.1 + 20 * (time.monotonic() - started)


def until(condition: Callable[[], object]) -> None:
    """Waits for a condition that no event signals."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def descriptors() -> int:
    """The number of open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))
