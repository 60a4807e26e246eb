"""Every Python snippet of the documentation and every example is run unchanged."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkernel import AgentKernel
from agentkernel._base import BaseClient
from conftest import PATIENCE, TREE, program

DOCUMENTS = [TREE / "README.md", TREE / "bindings/python/README.md", *sorted((TREE / "docs").glob("**/*.md"))]

# As with the official SDK.
SDK = {
    "run": """
        from agentkernel import AgentKernel, AsyncAgentKernel, AgentKernelError
        with AgentKernel() as client:
            result = client.run(["echo", "hello"]); print(result.output)
            assert result.output == "hello\\n"
    """,
    "options": """
        from agentkernel import AgentKernel, AgentKernelError
        with AgentKernel() as client:
            try:
                result = client.run(["npm", "test"], image="node:22-alpine", profile="restrictive", fast=False)
            except AgentKernelError as e:
                assert e.exit_code, e
    """,
    "stream": """
        from agentkernel import AgentKernel
        with AgentKernel() as client:
            for event in client.run_stream(["python3", "script.py"]):
                if event.type == "output": print(event.data["data"], end="")
                elif event.type == "done": print(f"Exit code: {event.data['exit_code']}")
                elif event.type == "error": print(f"Error: {event.data['message']}")
            assert event.type == "done" and event.exit_code
    """,
    "sandboxes": """
        from agentkernel import AgentKernel, AgentKernelError
        with AgentKernel() as client:
            sandbox = client.create_sandbox("my-project", image="python:3.12-alpine")
            result = client.exec_in_sandbox("my-project", ["python3", "-c", "print(1 + 1)"])
            assert (sandbox.name, result.output) == ("my-project", "2\\n")
            client.remove_sandbox("my-project")
            with client.sandbox("test", image="python:3.12-alpine") as sb:
                sb.run(["python3", "--version"])
            try: client.run(["bad-command"])
            except AgentKernelError as e: print(e.status, e.message)
    """,
    "files": """
        from agentkernel import AgentKernel
        with AgentKernel() as client:
            client.create_sandbox("my-sandbox")
            client.write_file("my-sandbox", "app/main.py", "print('hello')")
            file = client.read_file("my-sandbox", "app/main.py")
            print(file.content)
            assert (file.content, file.encoding, file.size) == ("print('hello')", "utf8", 14)
            client.delete_file("my-sandbox", "app/main.py")
            written = client.write_files("my-sandbox", {
                "/app/index.js": "console.log('hi')",
                "/app/package.json": '{"name":"app"}',
            })
            assert written.written == 2
            assert client.get_sandbox_logs("my-sandbox")[0]["type"] == "sandbox_created"
            client.remove_sandbox("my-sandbox")
    """,
    "detached": """
        from agentkernel import AgentKernel
        with AgentKernel() as client:
            client.create_sandbox("my-sandbox")
            cmd = client.exec_detached("my-sandbox", ["python3", "train.py"])
            print(f"Started: {cmd.id} (pid {cmd.pid})")
            status = client.detached_status("my-sandbox", cmd.id)
            print(status.status)
            logs = client.detached_logs("my-sandbox", cmd.id)
            print(logs.stdout)
            stderr = client.detached_logs("my-sandbox", cmd.id, stream="stderr")
            all_cmds = client.detached_list("my-sandbox")
            assert [each.id for each in all_cmds] == [cmd.id]
            client.detached_kill("my-sandbox", cmd.id)
            assert client.extend_ttl("my-sandbox", by="1h")
            client.take_snapshot("my-sandbox", snapshot_name="snap")
            assert client.restore_snapshot("snap").name == "my-sandbox-restored"
            client.remove_sandbox("my-sandbox-restored")
            client.delete_snapshot("snap")
            client.remove_sandbox("my-sandbox")
            for result in client.batch_run([["echo", "1"], ["echo", "2"]]).results: print(result.output, result.error)
            assert client.get_backends().backends[0].capabilities
    """,
    "async": """
        from agentkernel import AsyncAgentKernel
        async with AsyncAgentKernel() as client:
            result = await client.run(["echo", "hello"])
            assert result.output == "hello\\n"
            async for event in client.run_stream(["python3", "script.py"]): ...
            async with client.sandbox("test", image="python:3.12-alpine") as sb: await sb.run(["python3", "--version"])
    """,
}


# Arguments, exit code, and a part of the output.
EXAMPLES: dict[str, tuple[list[str], int, str]] = {
    "demo.py": ([], 0, "kept"),
    "files.py": ([__file__], 0, f"\n{Path(__file__).stat().st_size} /tmp/copy\n"),
    "run.py": (["sh", "-c", "echo to be seen; exit 3"], 3, "to be seen\n"),
}


def snippets() -> list[Any]:
    found = [pytest.param(inspect.cleandoc(code), id=f"sdk-{name}") for name, code in SDK.items()]
    for path in DOCUMENTS:
        blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        found += [
            pytest.param(code, id=f"{path.relative_to(TREE)}-{number}") for number, code in enumerate(blocks, start=1)
        ]
    return found


@pytest.mark.parametrize("code", snippets())
def test_snippet(code: str, local_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTKERNEL_BASE_URL", local_url)
    monkeypatch.setenv("AGENTKERNEL_LOCAL", program("AK_LOCAL_SERVER", "agentkernel-local"))
    monkeypatch.chdir(tmp_path)
    make = BaseClient.__init__

    def patient(self: BaseClient, *settings: Any, **others: Any) -> None:
        make(self, *settings, **({"timeout": 4 * PATIENCE, **others} if len(settings) < 3 else others))

    monkeypatch.setattr(BaseClient, "__init__", patient)
    compiled = compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, {"__name__": "snippet"})
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_the_readme_is_read() -> None:
    assert len(snippets()) >= len(SDK) + 6


@pytest.mark.parametrize("path", sorted((TREE / "examples/python").glob("*.py")), ids=lambda path: path.name)
def test_example(path: Path, local_url: str) -> None:
    arguments, code, wanted = EXAMPLES[path.name]
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(path), *arguments],
        env={**os.environ, "AGENTKERNEL_BASE_URL": local_url},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )
    assert done.returncode == code, done.stderr
    # A loop in debug mode reports iterations longer than 0.1 s, which occur on a busy machine.
    assert [line for line in done.stderr.splitlines() if not line.startswith("Executing <")] == []
    assert wanted in done.stdout
    with AgentKernel(local_url) as client:
        assert client.list_sandboxes() == []
