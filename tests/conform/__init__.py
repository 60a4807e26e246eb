"""One behaviour suite for every agentkernel server that runs: see README.md."""
