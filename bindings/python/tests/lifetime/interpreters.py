"""More than one interpreter in the process: those that share a GIL can use the package, others are refused."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from .programs import prints, say

OWN_GIL = sys.version_info >= (3, 12)
IMPORT = f"""
import os, sys
sys.path[:] = {sys.path!r}
"""
BEGIN = """
from lifetime.programs import Last, say
from agentkernel import AgentKernel
made = AgentKernel({url!r})
stream = made.run_stream(["x"])
say(next(stream).type)
last = Last(lambda: f"last {{made.health()}}")
"""
REFUSED = """
try:
    from agentkernel import AgentKernel
except ImportError as failure:
    os.write(1, f"{str(failure).split(maxsplit=2)[2]}\\n".encode())  # but for the module: any may be the first
"""


class Interpreter:
    """A second interpreter, by the API of the Python version."""

    def __init__(self, *, own_gil: bool) -> None:
        name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
        module: Any = importlib.import_module(name)
        if name == "_interpreters":
            self._id = module.create("isolated" if own_gil else "legacy")
            run: Callable[[Any, str], Any] = module.exec
        else:
            self._id = module.create(isolated=own_gil)
            run = module.run_string
        self._module, self._run = module, run
        self.run(IMPORT)

    def run(self, code: str) -> None:
        failure = self._run(self._id, code)
        if failure is not None:
            say(failure)

    def destroy(self) -> None:
        self._module.destroy(self._id)


@prints("output", "output", "last ok", "hi", "last ok", "output", "output", "last ok", "last ok")
def interpreters(url: str) -> None:
    """They are created and destroyed before and after the main one has imported the package."""
    code = BEGIN.format(url=url)
    first, second = Interpreter(own_gil=False), Interpreter(own_gil=False)
    first.run(code)
    second.run(code)
    first.destroy()
    second.run("say(next(stream).text)")
    second.destroy()
    exec(IMPORT + code, vars(sys.modules["__main__"]))
    third = Interpreter(own_gil=False)
    third.run(code)
    third.destroy()


@prints(*["does not support loading in subinterpreters"] * (2 * OWN_GIL), "output", "last ok")
def interpreters_with_a_gil_of_their_own(url: str) -> None:
    for _ in range(2 * OWN_GIL):
        refused = Interpreter(own_gil=True)
        refused.run(REFUSED)
        refused.destroy()
    exec(IMPORT + BEGIN.format(url=url), vars(sys.modules["__main__"]))
