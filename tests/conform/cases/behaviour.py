"""What holds whatever is called: deadlines, callers that go, calls at the same time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from agentkernel import AgentKernel, CallTimeoutError, CommandError, RunOutput

from ..area import Area, needs
from ..quirks import Quirk


class Behaviour(Area):
    """Deadlines, cancellation, parallel calls."""

    def test_deadline(self) -> None:
        """A call ends with its deadline, and says that it may have run."""
        started = time.monotonic()
        moment = self.world.moment()
        error = self.refused(lambda: self.sandbox().run(["sleep", f"{8 + moment:.1f}"], timeout=moment))
        self.assertIsInstance(error, CallTimeoutError)
        self.assertEqual(error.sent, "some")
        self.assertLess(time.monotonic() - started, self.world.patience)

    def beats(self, sandbox_name: str) -> str:
        """How often the command of the next case has beaten."""
        return self.client.exec_in_sandbox(sandbox_name, ["sh", "-c", "cat /tmp/beats 2>/dev/null | wc -l"]).output

    def test_abandoned_command(self) -> None:
        """A command whose caller has gone ends."""
        sandbox = self.sandbox()
        moment = self.world.moment()
        loop = "for i in $(seq 1 2400); do echo beat >> /tmp/beats; sleep 0.05; done"
        wait = moment / 2
        while self.beats(sandbox.name) == "0\n":  # one that never began cannot show how it ends
            wait *= 2
            self.assertLess(wait, self.world.patience)
            error = self.refused(lambda: sandbox.run(["sh", "-c", loop], timeout=wait))  # noqa: B023
            self.assertIsInstance(error, CallTimeoutError)

        def has_ended() -> bool:
            before = self.beats(sandbox.name)
            time.sleep(moment)
            return self.beats(sandbox.name) == before

        self.expect(self.eventually(has_ended, 14 * moment), True, Quirk.ABANDONED_COMMAND_RUNS_ON, False)

    def test_closing_client(self) -> None:
        """Closing a client lets its calls end well, and takes no others."""
        sandbox = self.sandbox()
        with AgentKernel(self.world.url, timeout=self.world.patience) as other, ThreadPoolExecutor(1) as pool:
            moment = self.world.moment()
            script = f"sleep {2 * moment:.1f}; echo well"
            waiting = pool.submit(other.exec_in_sandbox, sandbox.name, ["sh", "-c", script])
            time.sleep(moment)
            other.close()
            self.assertEqual(waiting.result(self.world.patience).output, "well\n")
            self.assertEqual(self.refused(other.health).code, "AK_E_STATE")

    def test_side_by_side(self) -> None:
        """Two commands run at the same time: each waits for what the other one writes."""
        sandbox = self.sandbox()
        meet = 'touch "/tmp/$1"; for i in $(seq 1 $3); do [ -e "/tmp/$2" ] && exit 0; sleep 0.05; done; exit 1'
        times = f"{200 * self.world.moment():.0f}"

        def run(mine: str, other: str) -> RunOutput:
            return sandbox.run(["sh", "-c", meet, "sh", mine, other, times], check=False)

        with ThreadPoolExecutor(2) as pool:
            codes = sorted(result.exit_code for result in pool.map(run, ["one", "two"], ["two", "one"]))
        self.expect(codes, [0, 0], Quirk.SANDBOX_CALLS_QUEUE, [0, 1])

    def test_many_threads(self) -> None:
        """Answers go to whom they belong, however many ask."""
        sandbox = self.shared

        def ask(number: int) -> tuple[int, str]:
            try:
                sandbox.run(["sh", "-c", f"echo {number}; exit {number}"])
            except CommandError as error:
                return error.exit_code or 0, error.output or ""
            return 0, ""

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(ask, range(1, 33)))
        self.assertEqual(found, [(number, f"{number}\n") for number in range(1, 33)])

    @needs("files")
    def test_files_at_the_same_time(self) -> None:
        """Each file has what was written to it."""
        sandbox = self.shared

        def write_and_read(number: int) -> bool:
            content = bytes([number]) * 10_000 * number
            sandbox.write_file(self.path(str(number)), content)
            return sandbox.read_bytes(self.path(str(number))) == content

        with ThreadPoolExecutor(6) as pool:
            self.assertEqual(list(pool.map(write_and_read, range(1, 19))), [True] * 18)

    def test_many_sandboxes(self) -> None:
        """Several are made, used and removed at the same time."""
        names = [self.sandbox_name() for _ in range(6)]

        def use(name: str) -> str:
            self.client.create_sandbox(name)
            output = self.client.exec_in_sandbox(name, ["echo", name]).output
            self.client.remove_sandbox(name)  # not by a block's end, which is not as patient as this suite
            return output

        with ThreadPoolExecutor(6) as pool:
            self.assertEqual(list(pool.map(use, names)), [f"{name}\n" for name in names])
        there = {info.name for info in self.client.list_sandboxes()}
        self.assertFalse(there & set(names))

    def test_one_name_for_many(self) -> None:
        """Of several that make a sandbox of one name at the same time one does."""
        name = self.sandbox_name()
        together = threading.Barrier(4)

        def make(_: int) -> bool:
            together.wait(self.world.patience)
            reply = self.client.request("POST", "/sandboxes", json={"name": name}, check=False)
            self.assertIn(reply.http_status, (201, 409, 500))
            return reply.http_status == 201

        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(make, range(4))).count(True), 1)
        self.assertEqual(self.client.get_sandbox(name).name, name)
