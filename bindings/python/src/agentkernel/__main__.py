"""``python -m agentkernel``: what is installed, and whether ``local:`` works. ``serve`` runs agentkernel-local."""

from __future__ import annotations

import os
import shutil
import sys

from . import AgentKernel, AgentKernelError, __version__
from ._native import ffi, lib
from .raw.handles import address_of

USAGE = """\
usage: python -m agentkernel            print the versions, and whether commands can be run with base_url "local:"
       python -m agentkernel serve ...  run agentkernel-local, with these options (--help lists them)"""


def library() -> str:
    """The file that the library was loaded from; it is a part of the extension when that was made from source."""
    address = address_of(lib.ak_version_text())
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            bounds, *_, path = line.rstrip("\n").split(maxsplit=5)
            first, end = (int(bound, 16) for bound in bounds.split("-"))
            if first <= address < end:
                return path
    return "unknown"


def server() -> str | None:
    """The program that ``local:`` starts, from where the library looks for it; None when there is none."""
    chosen = os.environ.get("AGENTKERNEL_LOCAL")
    if chosen:
        return chosen
    folder = os.path.dirname(os.path.realpath(library()))
    folders = [folder, os.path.join(os.path.dirname(folder), "bin")]
    folders += filter(os.path.isabs, os.environ.get("PATH", "").split(os.pathsep))
    return shutil.which("agentkernel-local", path=os.pathsep.join(folders))


def report() -> int:
    """Prints what is installed: 0 when commands can be run with ``local:``, else 1."""
    print(f"agentkernel {__version__}: {os.path.dirname(__file__)}")
    print(f"{ffi.string(lib.ak_version_text()).decode()}: {library()}")
    try:
        with AgentKernel("local:") as client:
            status = client.get_status()
    except AgentKernelError as error:
        print(f"agentkernel-local: {server() or 'not found'}\nlocal: does not work: {error}")
        return 1
    sandbox = status.extra["sandbox"]
    print(f"agentkernel-local {status.version}: {server()}")
    print(f"bubblewrap {sandbox.get('bubblewrap', '')}: {sandbox['message']}")
    print("local: works" if sandbox["usable"] else "local: cannot isolate commands")
    return 0 if sandbox["usable"] else 1


def serve(options: list[str]) -> str:
    """Becomes agentkernel-local; returns only why it cannot."""
    path = server()
    if path is None:
        return "agentkernel-local was not found beside the library, nor in PATH: install it, or set AGENTKERNEL_LOCAL"
    try:
        os.execv(path, ["agentkernel-local", *options])  # noqa: S606 (as with local:)
    except OSError as error:
        return f"agentkernel: {path}: {error.strerror}"


def main(arguments: list[str]) -> int | str:
    """The exit status, or the message to end with."""
    if not arguments:
        return report()
    if arguments[0] == "serve":
        return serve(arguments[1:])
    if arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
