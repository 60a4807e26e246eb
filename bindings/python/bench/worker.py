"""One case of the benchmark, in a process of its own: prints a line of JSON. The same lines run on both SDKs.

worker.py CASE URL
"""

import asyncio
import base64
import json
import sys
import tempfile
import time
from typing import Any

RUNS = 1000
FILES = 5
DATA = bytes(range(256)) * 46_875  # 12 MB, the same as the server's


def status(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


class Measure:
    """CPU and wall time of a block, per unit, and how much memory it added at its peak."""

    def __enter__(self) -> "Measure":  # noqa: PYI034 (no typing_extensions here)
        with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
        self.memory = status("VmRSS")
        self.cpu, self.wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        self.cpu, self.wall = time.process_time() - self.cpu, time.perf_counter() - self.wall
        self.peak = status("VmHWM")

    def tell(self, units: float) -> None:
        row = {"cpu_us": self.cpu / units * 1e6, "wall_us": self.wall / units * 1e6, "peak_kb": self.peak}
        print(json.dumps({**row, "added_kb": self.peak - self.memory}))


def run(client: Any) -> None:
    for _ in range(50):
        client.run(["echo", "hello"])
    with Measure() as measure:
        for _ in range(RUNS):
            assert client.run(["echo", "hello"]).output == "hello\n"
    measure.tell(RUNS)


async def run_async(client: Any) -> None:
    for _ in range(50):
        await client.run(["echo", "hello"])
    with Measure() as measure:
        for _ in range(RUNS):
            assert (await client.run(["echo", "hello"])).output == "hello\n"
    measure.tell(RUNS)


def events(client: Any, size: str) -> tuple[int, int]:
    count = total = 0
    for event in client.run_stream([size]):
        if event.type == "output":
            total += len(event.data["data"])
            count += 1
    return count, total


def events_small(client: Any) -> None:
    with Measure() as measure:
        assert events(client, "small") == (100_000, 15_000_000)
    measure.tell(100_000)


def events_huge(client: Any) -> None:
    with Measure() as measure:
        assert events(client, "huge") == (65_536, 1 << 30)
    measure.tell(1024)


def read_huge(client: Any) -> None:
    buffer = bytearray(1 << 16)
    total = 0
    with Measure() as measure, client.run_stream(["huge"]) as stream:
        while size := stream.readinto(buffer):
            total += size
    assert total == 1 << 30
    measure.tell(1024)


def put(client: Any) -> None:
    """Writes the file as bytes, as with either SDK."""
    if hasattr(client, "read_bytes"):
        client.write_file("bench", "tmp/x", DATA)
    else:
        client.write_file("bench", "tmp/x", base64.b64encode(DATA).decode(), encoding="base64")


def get(client: Any) -> bytes:
    """Reads the file as bytes."""
    if hasattr(client, "read_bytes"):
        return bytes(client.read_bytes("bench", "tmp/x"))
    return base64.b64decode(client.read_file("bench", "tmp/x").content)


def read_file(client: Any) -> None:
    with Measure() as measure:
        for _ in range(FILES):
            data = get(client)
    assert data == DATA
    measure.tell(FILES)


def read_file_into(client: Any) -> None:
    buffer = bytearray(1 << 16)
    total = 0
    with Measure() as measure:
        for _ in range(FILES):
            with client.open_file("bench", "tmp/x") as file:
                while size := file.readinto1(buffer):
                    total += size
    assert total == FILES * len(DATA)
    measure.tell(FILES)


def write_file(client: Any) -> None:
    with Measure() as measure:
        for _ in range(FILES):
            put(client)
    measure.tell(FILES)


def write_from_file(client: Any) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(DATA)
        file.flush()
        with Measure() as measure:
            for _ in range(FILES):
                client.upload("bench", file.name, "tmp/x")
    measure.tell(FILES)


def main() -> None:
    case, url = sys.argv[1:]
    from agentkernel import AgentKernel, AsyncAgentKernel

    if case == "run_async":

        async def work() -> None:
            async with AsyncAgentKernel(base_url=url) as client:
                await run_async(client)

        asyncio.run(work())
    else:
        with AgentKernel(base_url=url) as client:
            globals()[case](client)


if __name__ == "__main__":
    main()
