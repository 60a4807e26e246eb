"""How much longer than one that does nothing a program takes that imports the package, and one that uses it."""

import subprocess
import sys
import time

LIMIT_MS = 40
ROUNDS = 21


def seconds(program: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.argv[1], "-c", program], check=True)
    return time.perf_counter() - begin


PROGRAMS = ("pass", "import agentkernel", "from agentkernel import AgentKernel")
# The least of each, because others may use the machine.
nothing, module, client = (
    min(times) for times in zip(*([seconds(each) for each in PROGRAMS] for _ in range(ROUNDS)), strict=True)
)
for program, taken in zip(PROGRAMS[1:], (module, client), strict=True):
    more = (taken - nothing) * 1000
    print(f"{program}: {more:.1f} ms more than nothing")
    if program == PROGRAMS[1] and more > LIMIT_MS:
        sys.exit(f"more than {LIMIT_MS} ms")
