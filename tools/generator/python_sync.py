"""The sync side of the Python binding, translated from the async side: await and async go, and names change.

What differs for a reason stays by hand, in _sync_base.py and _sync_session.py beside their async counterparts.
"""

from __future__ import annotations

import re
from pathlib import Path

from .python_text import join, sort_imports

# What is translated, and what it becomes in generated/.
SOURCES = {
    "_async_stream.py": "stream.py",
    "_async_files.py": "files.py",
    "_async_detached.py": "detached.py",
    "_async_snapshots.py": "snapshots.py",
    "async_client.py": "client.py",
    "async_sessions.py": "sessions.py",
}
TESTS = {"test_async_operations.py": "test_operations.py"}
MODULES = {
    **{f"..{source.removesuffix('.py')}": f".{target.removesuffix('.py')}" for source, target in SOURCES.items()},
    "..generated.async_methods": ".methods",
    "..generated.async_sandbox": ".sandbox",
    "..generated.operations": ".operations",
    ".._async_base": ".._sync_base",
    ".._async_session": ".._sync_session",
    ".._host": ".._sync_base",
}
# Words that do more than lose their "Async".
WORDS = {
    "_anext": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "StopAsyncIteration": "StopIteration",
    "aclose": "close",
    "aclosing": "closing",
    "pieces_async": "pieces",
    "AsyncBase": "SyncBase",
    "AsyncStreamBase": "SyncStreamBase",
    "AsyncSessionBase": "SyncSessionBase",
    "aclient": "client",
}
PATTERNS = {
    r"AsyncGenerator\[(\w+), None\]": r"Generator[\1, None, None]",
    r"\b([Aa])n (`*)async ": r"\1 \2",
    r"\basync (?=(?:def|with|for)\b)": "",
    r"(?<!\w)\(await ([\w.]+\([^()]*\)(?:\.\w+\([^()]*\))*)\)": r"\1",
    r"\bawait ": "",
}
# What holds for one side only: by source, the text there and what it becomes.
PHRASES = {
    "_async_stream.py": {
        "an async iterator, and a context manager that ends the command when left early": (
            "an iterator, and a context manager that ends the command when it is left early"
        ),
        "reference, and when the task that reads it is cancelled. Awaiting it starts the command.": (
            "reference. `close` may be called from any thread."
        ),
    },
    "_async_files.py": {
        "import os\n": "import io\nimport os\n",
        '-> AsyncFileReader:\n        """Returns a file': '-> io.BufferedReader:\n        """Returns a binary file',
        " | AsyncIterable[bytes | str]": "",
        ", which may be\n                async.": ".",
    },
    "async_client.py": {
        "The async client": "The sync client",
        " for asyncio (also uvloop and anyio) and Trio. It belongs to no loop and no thread.": (
            ". Any number of threads may share it."
        ),
        " A task that is cancelled cancels its call; the client remains usable.": "",
    },
    "test_async_operations.py": {
        "of the async client": "of the sync client",
        "\n\npytestmark = pytest.mark.anyio": "",
    },
    "async_sessions.py": {
        "It may be awaited, which creates it. Without either": "Without a block",
    },
}


def translate(path: str, text: str) -> str:
    """The sync module of an async one; path is that in the package, or the name of a test."""
    for phrase, other in PHRASES.get(path, {}).items():
        if phrase not in text:
            raise ValueError(f"{path} has no longer {phrase!r}: see tools/generator/python_sync.py")
        text = text.replace(phrase, other)
    for pattern, other in PATTERNS.items():
        text = re.sub(pattern, other, text)
    depth = "." if path in SOURCES else ""  # the result is in generated/
    text = re.sub(r"(?<=from )\.[\w.]*(?= import)", lambda found: _module(depth + found[0]), text)
    text = re.sub(r"\w+", lambda found: _word(found[0]), text)
    if not text.startswith("# Generated"):
        text = f"# Generated from {path} by tools/generate: do not edit.\n{text}"
    return join(sort_imports(text))


def generate(package: Path, tests: Path) -> dict[Path, str]:
    """Every sync module, and every sync test that is the same as the async one."""
    made = {
        **{package / path: package / "generated" / target for path, target in SOURCES.items()},
        **{tests / path: tests / target for path, target in TESTS.items()},
    }
    return {target: translate(path.name, path.read_text()) for path, target in made.items()}


def _module(name: str) -> str:
    return MODULES.get(name, name)


def _word(word: str) -> str:
    return WORDS.get(word) or re.sub("^Async(?=[A-Z])", "", word)
