"""Runs an example against a server of its own, and compares what it prints; then without a server.

Usage: run_example.py SERVER LIBRARY_DIR EXPECTED PROGRAM [ARGUMENT ...]

The last line of EXPECTED says how the program exits: "exit 0". Where nobody answers it has to name AK_E_CONNECT.
"""

import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "server"))
from harness import on_disk

NOBODY = "http://127.0.0.1:1"
START_SECONDS, RUN_SECONDS, STOP_SECONDS = 120, 240, 120


def start_server(program, state):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AGENTKERNEL_")}
    server = subprocess.Popen(
        [program, "--listen", "127.0.0.1:0", "--state", os.path.join(state, "state")],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
    line = server.stdout.readline() if ready else ""
    if not line.startswith("listening on "):
        server.kill()
        sys.exit(f"the server did not start: {line!r}")
    return server, line.split()[-1]


def run(command, library, url):
    environment = {**os.environ, "AGENTKERNEL_BASE_URL": url, "LD_LIBRARY_PATH": library}
    environment.pop("AGENTKERNEL_API_KEY", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS)


def main():
    program, library, expected, *command = sys.argv[1:]
    if not shutil.which(command[0]):
        sys.exit(f"{command[0]} is not installed, and this example needs it")
    with tempfile.TemporaryDirectory(prefix="ak-example-", dir=on_disk()) as state:
        os.chmod(state, 0o755)
        server, url = start_server(program, state)
        try:
            result = run(command, library, url)
        finally:
            server.terminate()
            ended = server.wait(STOP_SECONDS)
    refused = run(command, library, NOBODY)

    problems = []
    wanted = pathlib.Path(expected).read_text()
    got = f"{result.stdout}exit {result.returncode}\n"
    if got != wanted:
        problems.append(f"it printed:\n{got}and not:\n{wanted}on stderr:\n{result.stderr}")
    said = refused.stdout + refused.stderr
    if "AK_E_CONNECT" not in said:
        problems.append(f"without a server it said:\n{said}")
    if refused.returncode == 0:
        problems.append("without a server it exited with 0")
    if ended != 0:
        problems.append(f"the server ended with {ended}")
    print("\n".join(problems) or got, end="")
    return 1 if problems else 0


sys.exit(main())
