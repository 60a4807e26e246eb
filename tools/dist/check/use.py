"""From packages alone: a command, a stream, a sandbox and its files by local:, and a command over TLS."""

import os

import agentkernel

with agentkernel.AgentKernel(base_url="local:") as client:
    print(client.run(["echo", "hello"]).output, end="", flush=True)
    text = "".join(event.text or "" for event in client.run_stream(["sh", "-c", "echo one; echo two"]))
    assert text == "one\ntwo\n", text
    with client.sandbox("check-python") as sb:
        sb.write_file("/tmp/data", b"\x00\xff")
        assert sb.read_bytes("/tmp/data") == b"\x00\xff"
        assert sb.run(["sh", "-c", "wc -c </tmp/data"]).output.strip() == "2"
with agentkernel.AgentKernel(base_url=os.environ["CHECK_URL"], ca_file=os.environ["CHECK_CA"]) as client:
    assert client.run(["echo", "safe"]).output == "safe\n"
with open("/proc/self/maps") as maps:
    foreign = [line for line in maps if "libcurl" in line or "libcjson" in line]
assert not foreign, foreign
