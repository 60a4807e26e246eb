"""Runs a command in a fresh sandbox, prints its output as it arrives, and exits with its exit code.

    python3 examples/python/run.py COMMAND [ARGUMENT ...]

The server is AGENTKERNEL_BASE_URL, or http://localhost:18888.
"""

import sys

from agentkernel import AgentKernel, AgentKernelError

if len(sys.argv) < 2:
    sys.exit(__doc__)
try:
    with AgentKernel() as client, client.run_stream(sys.argv[1:]) as stream:
        for event in stream:
            if event.output:
                sys.stdout.buffer.write(event.output)
                sys.stdout.flush()
            if event.type == "error":
                sys.exit(f"run.py: {event.message}")
    sys.exit(stream.exit_code)
except AgentKernelError as error:
    print(f"run.py: {error.code}: {error.message}", file=sys.stderr)
    sys.exit(125)
