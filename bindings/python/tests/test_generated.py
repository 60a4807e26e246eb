"""What tools/generate writes for operations and records that do not exist is complete: it needs no code by hand."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import TREE

PACKAGE = "bindings/python/src/agentkernel"
RECORD = {
    "name": "widget",
    "about": "A widget.",
    "names": {"c": "ak_widget", "python": "Widget"},
    "fields": [
        {"key": "name", "required": True, "details": "It is unique."},
        {"key": "labels"},
        {"key": "ports", "required": True},
        {"key": "output", "required": True},
        {"key": "secret_mappings", "required": True},
        {"key": "vcpus", "required": True},
        {"key": "fast"},
        {"key": "stderr"},
        {"key": "lifecycle"},
        {"key": "network"},
        {"key": "raw", "type": "json", "required": True},
    ],
}
TEXT = {
    "name": "ticket",
    "about": "A ticket.",
    "names": {"c": "ak_ticket"},
    "fields": [{"key": "id", "required": True}, {"key": "raw", "type": "json", "required": True}],
}
NAME = {"key": "name", "in": "path", "required": True, "rule": "name"}
ABOUT = {"since": "9.9.9", "about": "Does something.", "timeouts": "unary"}
OPERATIONS: list[dict[str, Any]] = [
    {
        "id": 901,
        "name": "archive_widget",
        "route": "POST /widgets/{name}/archive",
        **ABOUT,
        "details": "It is done once, however often it is asked for, by whoever asks. " * 3 + "That is all.",
        "yields": "one",
        "record": "widget",
        "parameters": [
            NAME,
            *({"key": key, "in": "body", "required": True} for key in ("vcpus", "commands", "ports", "labels", "sudo")),
            *({"key": key, "in": "body"} for key in ("env", "memory_mb", "fast", "image", "files", "body", "content")),
            {"key": "network", "in": "body", "rule": "object", "details": "Without it there is none."},
        ],
    },
    {"id": 902, "name": "list_widgets", "route": "GET /widgets", **ABOUT, "yields": "list", "record": "widget"},
    {
        "id": 903,
        "name": "follow_widgets",
        "route": "GET /widgets/events",
        **ABOUT,
        "timeouts": "stream",
        "yields": "events",
        "record": "stream_event",
    },
    {"id": 904, "name": "drop_widgets", "route": "DELETE /widgets", **ABOUT, "yields": "nothing"},
    {"id": 905, "name": "take_ticket", "route": "POST /tickets", **ABOUT, "yields": "text", "record": "ticket"},
]
USE = """
import inspect
import agentkernel
from agentkernel import AgentKernel, AsyncAgentKernel, Widget
from agentkernel.generated import operations
from agentkernel.types import __all__ as exported

assert "Widget" in exported and "Widget" in agentkernel.__all__ and Widget.__doc__.startswith("A widget.")
widget = Widget("w", ports=(), vcpus=2)
assert (widget.output, widget.output_bytes, widget.secret_mappings, widget.stderr_bytes) == ("", b"", {}, None)
for client in (AgentKernel, AsyncAgentKernel):
    assert str(inspect.signature(client.list_widgets).return_annotation) == "list[Widget]"
    assert inspect.signature(client.take_ticket).return_annotation == "str"
    assert inspect.signature(client.drop_widgets).return_annotation == "None"
    parameters = inspect.signature(client.archive_widget).parameters
    assert parameters["commands"].annotation == "SequenceNotStr[SequenceNotStr[str]]"
    assert parameters["network"].annotation == "Mapping[str, Any] | None"
    assert "Without it there is none." in client.archive_widget.__doc__
assert inspect.signature(AgentKernel.follow_widgets).return_annotation == "RunStream"
assert inspect.iscoroutinefunction(AsyncAgentKernel.archive_widget)
assert not inspect.iscoroutinefunction(AgentKernel.archive_widget)
assert operations.ARCHIVE_WIDGET.name == "archive_widget"
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with more in its schema."""
    tree = tmp_path_factory.mktemp("grown")
    for folder in ("abi", PACKAGE, "bindings/python/tests"):
        shutil.copytree(TREE / folder, tree / folder)
    shutil.copy(TREE / "bindings/python/pyproject.toml", tree / "bindings/python")
    path = tree / "abi/schema/operations.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["records"] += [RECORD, TEXT]
    document["operations"] += [{"parameters": [], **operation} for operation in OPERATIONS]
    path.write_text(json.dumps(document), encoding="utf-8")
    for path, text in made(tree).items():
        path.write_text(text, encoding="utf-8")
    return tree


def generator(name: str) -> Any:
    """A module of the generator."""
    sys.path.insert(0, str(TREE / "tools"))
    try:
        return importlib.import_module(f"generator.{name}")
    finally:
        sys.path.pop(0)


def made(tree: Path) -> dict[Path, str]:
    """The generator's files for a tree."""
    files: dict[Path, str] = generator("python").generate(generator("schema").load(tree), tree)
    return files


def run(*arguments: str | Path, **more: Any) -> None:
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=600, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_what_is_committed() -> None:
    run(TREE / "tools/generate", "--check")


def test_everything_generated_is_made_again() -> None:
    assert set((TREE / PACKAGE / "generated").glob("*.py")) <= set(made(TREE))


ASYNC = """\
\"\"\"An ``async with`` block.\"\"\"

from collections.abc import AsyncGenerator, AsyncIterator

from ._host import advance, wait
from .types import SandboxInfo


async def work(client: AsyncAgentKernel) -> AsyncGenerator[bytes, None]:
    # See an ``async for`` over AsyncFileReader; awaiting is waiting.
    async with aclosing(client.pieces(f"{await client.name()}")) as pieces:
        async for piece in pieces:
            yield (await piece.read(1)).data
    found = await client.get(
        first=await client.first_of_all_that_there_are("of", "a", "line", "that", "is", "just", "so"), more=1
    )
    kept = await client.get(
        found,
    )
    raise StopAsyncIteration(kept)
"""
SYNC = """\
# Generated from sample.py by tools/generate: do not edit.
\"\"\"A ``with`` block.\"\"\"

from collections.abc import Generator, Iterator

from .._sync_base import advance, wait
from ..types import SandboxInfo


def work(client: AgentKernel) -> Generator[bytes, None, None]:
    # See a ``for`` over FileReader; awaiting is waiting.
    with closing(client.pieces(f"{client.name()}")) as pieces:
        for piece in pieces:
            yield piece.read(1).data
    found = client.get(first=client.first_of_all_that_there_are("of", "a", "line", "that", "is", "just", "so"), more=1)
    kept = client.get(
        found,
    )
    raise StopIteration(kept)
"""


def test_async_becomes_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    python_sync = generator("python_sync")
    monkeypatch.setitem(python_sync.SOURCES, "sample.py", "sample.py")
    assert python_sync.translate("sample.py", ASYNC) == SYNC
    with pytest.raises(ValueError, match=r"_async_stream\.py has no longer"):
        python_sync.translate("_async_stream.py", ASYNC)


def test_it_can_be_used(grown: Path) -> None:
    run("-W", "error", "-c", USE, env={"PYTHONPATH": str(grown / "bindings/python/src")})


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
def test_it_is_laid_out_and_linted(grown: Path) -> None:
    for command in (["format", "--check"], ["check"]):
        run("-m", "ruff", *command, "--no-cache", *(grown / PACKAGE).rglob("*.py"), cwd=grown / "bindings/python")


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_its_types_are_right(grown: Path) -> None:
    run("-m", "mypy", "--cache-dir", grown / "cache", "src", cwd=grown / "bindings/python")
