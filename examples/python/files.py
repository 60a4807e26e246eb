"""Copies a file into a sandbox and back, and shows its progress.

    python3 examples/python/files.py FILE

The server is AGENTKERNEL_BASE_URL, or http://localhost:18888.
"""

import os
import sys
import tempfile
from collections.abc import Iterable

from agentkernel import AgentKernel, AgentKernelError


def progress(label: str, size: int, numbers: Iterable[int]) -> None:
    """A simple progress bar; with tqdm it is bar.update(done - bar.n) for each number."""
    for done in numbers:
        filled = 30 * done // max(size, 1)
        print(f"\r{label} [{'#' * filled:30}] {done} of {size} bytes", end="", flush=True)
    print()


def copy(client: AgentKernel, path: str) -> None:
    size = os.path.getsize(path)
    with client.sandbox("files-python") as sb, tempfile.TemporaryDirectory() as folder:
        progress("up  ", size, sb.iter_upload(path, "/tmp/copy"))
        print(sb.run(["wc", "-c", "/tmp/copy"]).output, end="")
        back = os.path.join(folder, "copy")
        progress("down", size, sb.iter_download("/tmp/copy", back))
        with open(path, "rb") as here, open(back, "rb") as there:
            print("the same" if here.read() == there.read() else "not the same")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        with AgentKernel() as shared:
            copy(shared, sys.argv[1])
    except (AgentKernelError, OSError) as error:
        sys.exit(f"files.py: {error}")
