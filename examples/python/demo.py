"""A short tour against a running server: a stream, a sandbox that keeps its files, a command that fails, many at once."""

import asyncio
import time

from agentkernel import AgentKernel, AsyncAgentKernel, CommandError


def stream(client: AgentKernel) -> None:
    print("-- Python, run_stream: output as the command writes it")
    with client.run_stream(["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done"]) as events:
        for event in events:
            if event.type == "output":
                print(event.data["data"], end="", flush=True)
    print(f"(exit code {events.exit_code})")


def session(client: AgentKernel) -> None:
    print("-- Python, sandbox: files are kept between commands, the sandbox goes with the block")
    with client.sandbox("demo-python") as sb:
        sb.run(["sh", "-c", "echo kept > note.txt"])
        print(sb.run(["cat", "note.txt"]).output, end="")
        try:
            sb.run(["sh", "-c", "echo no luck; exit 3"])
        except CommandError as error:
            print(f"{error.output}({error.code}, exit code {error.exit_code})")


async def at_once() -> None:
    print("-- Python, asyncio: ten commands that sleep for half a second, in one thread")
    started = time.monotonic()
    async with AsyncAgentKernel() as client:
        results = await asyncio.gather(*(client.run(["sh", "-c", f"sleep 0.5; echo {i}"]) for i in range(10)))
    print(" ".join(result.output.strip() for result in results), f"({time.monotonic() - started:.1f} s)")


if __name__ == "__main__":
    with AgentKernel() as shared:
        stream(shared)
        session(shared)
    asyncio.run(at_once())
