"""A certificate that only the system trusts: found by a library that no system's path was built into."""

import os

import agentkernel

with agentkernel.AgentKernel(base_url=os.environ["CHECK_URL"]) as client:
    assert client.run(["echo", "safe"]).output == "safe\n"
