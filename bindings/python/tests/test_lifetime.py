"""Objects that are still used while they are garbage collected, or at interpreter shutdown."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import DONE, PATIENCE, SANDBOX, FaultProgram, FaultServer, ok
from lifetime import PROGRAMS

HERE = Path(__file__).parent
OUTPUT = {"event": "output", "data": {"data": "hi", "stream": "stdout"}}
HANG = {"wait": "close"}
# Freed memory is overwritten at once, so that a use after free fails.
OVERWRITE = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165"}


def always(method: str, target: str, *steps: object) -> dict[str, object]:
    return {"method": method, "target": target, "times": "always", "steps": list(steps)}


@pytest.fixture(scope="module")
def server(fault_program: FaultProgram) -> Iterator[FaultServer]:
    failing = {"success": False, "error": "no", "exit_code": 3, "output": "no"}
    file = ok({"encoding": "base64", "content": "AP8K" * 1000, "size": 3000})
    rules = [
        always("GET", "/health", {"reply": {"json": ok("ok")}}),
        always("GET", "/slow/health", HANG),
        always("POST", "/run/stream", {"sse": {"events": [OUTPUT, OUTPUT, {"event": DONE[0], "data": DONE[1]}]}}),
        always("POST", "/slow/run/stream", {"sse": {"events": [OUTPUT], "end": False}}, HANG),
        always("GET", "/sandboxes/sb/files/x", {"reply": {"json": file}}),
        always("POST", "/sandboxes", {"reply": {"json": ok(SANDBOX)}}),
        always("POST", "/sandboxes/failing/exec", {"reply": {"status": 409, "json": failing}}),
        {"times": "always", "steps": [{"reply": {"json": ok({"output": "ok", "id": "12", "status": "exited"})}}]},
    ]
    started = FaultServer(fault_program, {"rules": rules})
    yield started
    started.stop()


def run(name: str, url: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "lifetime", name, url],
        cwd=HERE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )
    print(done.stderr)
    assert (done.returncode, done.stderr, done.stdout.splitlines()) == (0, "", PROGRAMS[name][1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_in_overwritten_memory(name: str, server: FaultServer) -> None:
    run(name, server.url, OVERWRITE)


@pytest.mark.skipif("AK_SANITIZED" not in os.environ, reason="AK_SANITIZED is not set: the folder of a sanitized build")
@pytest.mark.parametrize("name", PROGRAMS)
def test_under_address_sanitizer(name: str, server: FaultServer) -> None:
    run(name, server.url, sanitizer(os.environ["AK_SANITIZED"]))


@functools.cache
def sanitizer(folder: str) -> dict[str, str]:
    """The environment for the build with AddressSanitizer; checks that it is used."""
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
    environment = {
        "LD_PRELOAD": library.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter does not free everything
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": folder,
    }
    show = "import agentkernel._native as native; print(native.__file__)"
    used = subprocess.run(
        [sys.executable, "-c", show], env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    assert used.stdout.startswith(folder)
    return environment
