"""The server is killed (SIGKILL) at random moments under load, repeatedly on one state folder. Acknowledged changes
exist afterwards, others exist completely or not at all, and nothing is left over: no process, no folder.

20 times; 200 times with AK_TEST_LONG. AK_TEST_SEED repeats a run's choices.
"""
import contextlib
import http.client
import os
import random
import threading
import time
import unittest

from harness import Background, Markers, Server, main, new_folder, processes, wait_until

ROUNDS = 200 if os.environ.get("AK_TEST_LONG") else 20
WORKERS = 4
GONE = "gone"


class Cut(Exception):
    """The server did not reply: it was killed."""


class Known:
    """The possible states of each object, according to what was acknowledged."""

    def __init__(self):
        self.states = {}
        self.acknowledged = 0
        self.lock = threading.Lock()

    @contextlib.contextmanager
    def change(self, thing, state):
        """While a request is in flight both states are possible; once it is acknowledged, only the new one."""
        with self.lock:
            self.states[thing] = self.states.get(thing, {GONE}) | {state}
        yield
        with self.lock:
            self.states[thing] = {state}
            self.acknowledged += 1


class Worker:
    """Changes its own objects until the server is gone."""

    def __init__(self, server, known, number, marker, choices):
        self.server, self.known, self.prefix, self.marker, self.choices = server, known, number, marker, choices
        self.count = 0

    def call(self, method, path, body=None, expected=(200, 201)):
        try:
            status, reply = self.server.call(method, path, body)
        except (OSError, ValueError, http.client.HTTPException):
            raise Cut() from None
        if status not in expected:
            raise AssertionError((method, path, status, reply))
        return reply["data"]

    def run(self):
        with contextlib.suppress(Cut):
            while True:
                self.life_of_one()

    def life_of_one(self):
        self.count += 1
        name = "%s-%d" % (self.prefix, self.count)
        snap = name + "-s"
        state = ("", "", "", "running")  # of the files put and exec, the description, the status
        with self.known.change(name, state):
            self.call("POST", "/sandboxes", {"name": name})
        for step in range(self.choices.randrange(2, 6)):
            text = "%d" % self.choices.randrange(10) * self.choices.choice((1, 5000, 200000))
            kind = self.choices.choice(("put", "put", "erase", "exec", "describe", "detach", "snapshot", "stop"))
            if kind == "put":
                new = (text, *state[1:])
                with self.known.change(name, new):
                    self.call("PUT", "/sandboxes/%s/files/workspace/put" % name, {"content": text})
                state = new
            elif kind == "erase":
                new = ("", *state[1:])
                with self.known.change(name, new):
                    self.call("DELETE", "/sandboxes/%s/files/workspace/put" % name)
                state = new
            elif kind == "describe":
                new = (*state[:2], text[:20], state[3])
                with self.known.change(name, new):
                    self.call("PATCH", "/sandboxes/" + name, {"description": text[:20]})
                state = new
            elif kind == "exec":
                new = (state[0], text[:20], *state[2:])
                with self.known.change(name, new):
                    self.call("POST", "/sandboxes/%s/exec" % name,
                              {"command": ["sh", "-c", "printf %s \"$0\" > .new && mv .new exec", text[:20]]})
                state = new
            elif kind == "detach":
                self.call("POST", "/sandboxes/%s/exec/detach" % name, {"command": ["sleep", self.marker]})
            elif kind == "snapshot":
                with self.known.change(snap, state[:3]):
                    self.call("POST", "/snapshots", {"sandbox": name, "name": snap})
                if self.choices.random() < 0.5:
                    self.restore(snap, (*state[:3], "stopped"))
            else:
                with self.known.change(name, (*state[:3], "stopped")):
                    self.call("POST", "/sandboxes/%s/stop" % name)
                with self.known.change(name, state):
                    self.call("POST", "/sandboxes/%s/start" % name)
        if self.choices.random() < 0.7:
            with self.known.change(name, GONE):
                self.call("DELETE", "/sandboxes/" + name)
        elif self.choices.random() < 0.5:
            with self.known.change(name, (*state[:3], "stopped")):
                self.call("POST", "/sandboxes/%s/stop" % name)
        if snap in self.known.states and self.choices.random() < 0.5:
            with self.known.change(snap, GONE):
                self.call("DELETE", "/snapshots/" + snap)

    def restore(self, snap, state):
        with self.known.change(snap + "-restored", state):
            self.call("POST", "/snapshots/%s/restore" % snap, {"as_name": snap + "-restored"})
        with self.known.change(snap + "-restored", GONE):
            self.call("DELETE", "/sandboxes/%s-restored" % snap)


class Crash(unittest.TestCase):
    def setUp(self):
        self.state = new_folder(self) + "/state"
        self.known = Known()
        self.seed = os.environ.get("AK_TEST_SEED") or str(random.randrange(1 << 30))
        self.choices = random.Random(self.seed)

    def test_killed_at_any_moment(self):
        for number in range(ROUNDS):
            with self.subTest(seed=self.seed, round=number), contextlib.closing(Server(state=self.state)) as server:
                self.verify(server, clear=number % 5 == 0)
                marker = Markers.new()
                workers = [Worker(server, self.known, "r%dw%d" % (number, i), marker, random.Random(self.choices.random()))
                           for i in range(WORKERS)]
                calls = [Background(worker.run) for worker in workers]
                enough = self.known.acknowledged + self.choices.randint(6, 40)
                wait_until(lambda: self.known.acknowledged >= enough)
                time.sleep(self.choices.uniform(0, 0.03))
                server.process.kill()
                server.process.wait()
                for call in calls:
                    call.get()
                wait_until(lambda: not processes(marker))
        with contextlib.closing(Server(state=self.state)) as server:
            self.verify(server, clear=True)
            self.assertEqual(server.call("GET", "/sandboxes")[1]["data"], [])
        self.assertGreater(self.known.acknowledged, 5 * ROUNDS)  # else this shows little

    def verify(self, server, clear):
        sandboxes = {s["name"]: s for s in server.call("GET", "/sandboxes")[1]["data"]}
        snapshots = {s["name"]: s["sandbox"] for s in server.call("GET", "/snapshots")[1]["data"]}
        found = {**sandboxes, **snapshots}
        for thing, states in list(self.known.states.items()):
            if thing not in found:
                self.assertIn(GONE, states, thing)
            elif thing in sandboxes:
                state = self.look(server, thing, sandboxes[thing])
                self.assertIn(state, states, thing)
                self.known.states[thing] = {(*state[:3], "running")}  # checking starts it
            else:
                self.assertIn(self.look_at_snapshot(server, thing), states, thing)
        self.assertLessEqual(set(found), set(self.known.states))
        self.look_at_folder(sandboxes, snapshots)
        # The state that was found is the known one from now on.
        self.known.states = {thing: states for thing, states in self.known.states.items() if thing in found}
        if clear:
            for name in sandboxes:
                self.assertEqual(server.call("DELETE", "/sandboxes/" + name)[0], 200)
            for name in snapshots:
                self.assertEqual(server.call("DELETE", "/snapshots/" + name)[0], 200)
            self.known.states = {}
            self.look_at_folder({}, {})

    def look(self, server, name, info):
        if info["status"] == "stopped":
            self.assertEqual(server.call("POST", "/sandboxes/%s/start" % name)[0], 200)
        listed = server.exec(name, "sh", "-c", "ls -A | grep -v '^.new$'; cat put 2>/dev/null; echo; cat exec 2>/dev/null; true")
        names = listed[1]["data"]["output"].split("\n")
        texts = names[-2:]
        self.assertLessEqual(set(names[:-2]), {"put", "exec"}, name)
        return (*texts, info.get("description", ""), info["status"])

    def look_at_snapshot(self, server, name):
        status, body = server.call("POST", "/snapshots/%s/restore" % name, {"as_name": "looked-at", "start": True})
        self.assertEqual(status, 200, body)
        state = self.look(server, "looked-at", body["data"])
        self.assertEqual(server.call("DELETE", "/sandboxes/looked-at")[0], 200)
        return state[:3]

    def look_at_folder(self, sandboxes, snapshots):
        if not os.access(self.state, os.R_OK | os.X_OK):
            return
        self.assertEqual(os.listdir(self.state + "/work"), [])
        for folder, names in (("sandboxes", sandboxes), ("snapshots", snapshots)):
            self.assertEqual(sorted(os.listdir(self.state + "/" + folder)), sorted(names))
        for name in snapshots:
            self.assertEqual(sorted(os.listdir("%s/snapshots/%s" % (self.state, name))), ["meta.json", "snapshot.json", "tree"])


if __name__ == "__main__":
    main()
