"""Every Python snippet of the documentation and every example is run as it stands."""

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

from agentkernel import AgentKernel, AgentKernelError
from conftest import TREE

DOCUMENTS = [TREE / "README.md", TREE / "bindings/python/README.md", *sorted((TREE / "docs").glob("**/*.md"))]

# As users of the official SDK write it.
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
    "async": """
        from agentkernel import AsyncAgentKernel
        async with AsyncAgentKernel() as client:
            result = await client.run(["echo", "hello"])
            assert result.output == "hello\\n"
            async for event in client.run_stream(["python3", "script.py"]): ...
            async with client.sandbox("test", image="python:3.12-alpine") as sb: await sb.run(["python3", "--version"])
    """,
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
def test_snippet(code: str, local_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKERNEL_BASE_URL", local_url)
    compiled = compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, {"__name__": "snippet"})
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_the_readme_is_read() -> None:
    assert len(snippets()) >= len(SDK) + 6


@pytest.mark.parametrize("path", sorted((TREE / "examples/python").glob("*.py")), ids=lambda path: path.name)
def test_example(path: Path, local_url: str) -> None:
    arguments = ["sh", "-c", "echo to be seen; exit 3"] if path.name == "run.py" else []
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(path), *arguments],
        env={**os.environ, "AGENTKERNEL_BASE_URL": local_url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == (3 if arguments else 0), done.stderr
    assert done.stderr == ""
    assert "to be seen\n" in done.stdout if arguments else "kept" in done.stdout
    with AgentKernel(local_url) as client, pytest.raises(AgentKernelError):
        client.get_sandbox("demo-python")
