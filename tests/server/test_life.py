"""The life of kept sandboxes: start, stop, resize, what is refused, and what survives a restart."""
import contextlib

from harness import Background, Markers, Server, ServerTest, main, new_folder, processes, wait_until

NOT_RUNNING = "Sandbox '%s' is not running. Start it with: agentkernel start %s"
NO_FULL_STATE = "Backend 'bubblewrap' does not support full-state pause, resume, or fork; use the Firecracker backend"


class Life(ServerTest):
    def create(self, name, **members):
        self.assertEqual(self.server.post("/sandboxes", dict(name=name, **members))[0], 201)

    def act(self, name, action, body=None):
        return self.server.call("POST", "/sandboxes/%s/%s" % (name, action), body)

    def info(self, name):
        return self.server.call("GET", "/sandboxes/" + name)[1]["data"]


class StartStop(Life):
    def test_stop_and_start(self):
        self.create("turn")
        self.assertEqual(self.server.exec("turn", "sh", "-c", "echo kept > file")[0], 200)
        self.assertEqual(self.act("turn", "stop"), (200, {"success": True, "data": "Sandbox stopped"}))
        self.assertEqual(self.info("turn")["status"], "stopped")
        self.assert_error(self.server.exec("turn", "true"), 500, NOT_RUNNING % ("turn", "turn"))
        self.assertEqual(self.act("turn", "stop")[0], 200)
        self.assertEqual(self.act("turn", "start", {}), (200, {"success": True, "data": "Sandbox started"}))
        self.assertEqual(self.info("turn")["status"], "running")
        self.assertEqual(self.server.exec("turn", "cat", "file")[1]["data"]["output"], "kept\n")

    def test_stop_is_idempotent_even_for_what_is_not_there(self):
        self.assertEqual(self.act("nobody", "stop")[0], 200)
        self.assert_error(self.act("a--b", "stop"), 400, "Sandbox name cannot contain consecutive hyphens or underscores")

    def test_start_refusals(self):
        self.create("up")
        self.assert_error(self.act("nobody", "start"), 404, "Sandbox not found")
        self.assert_error(self.act("up", "start"), 409, "Failed to start sandbox: Sandbox 'up' is already running")
        self.assert_error(self.act("up", "start", {"x": 1}), 400, 'invalid start request JSON: unknown field "x"')
        for body in ("{", "[]", "1"):
            self.assert_error_starts(self.act("up", "start", body), 400, "invalid start request JSON: ")

    def test_stop_ends_every_process(self):
        marker = Markers.new()
        self.create("busy")
        call = Background(self.server.exec, "busy", "sh", "-c", "setsid sleep %s & trap '' TERM; sleep 600; echo" % marker)
        wait_until(lambda: processes(marker))
        self.assertEqual(self.act("busy", "stop")[0], 200)
        self.assertEqual(processes(marker), [])
        self.assert_error(call.get(), 409, "Sandbox 'busy' was stopped")

    def test_stop_start_and_commands_at_once(self):
        """A command completes, reports the stop, or does not start; nothing else, and nothing hangs."""
        self.create("race")
        calls = [Background(self.server.exec, "race", "sleep", "0.05") for _ in range(20)]
        for _ in range(5):
            self.assertEqual(self.act("race", "stop")[0], 200)
            self.assertEqual(self.act("race", "start")[0], 200)
        for call in calls:
            status, body = call.get()
            self.assertTrue(status == 200 or body["error"] in
                            ("Sandbox 'race' was stopped", NOT_RUNNING % ("race", "race")), body)
        self.assertEqual(self.server.exec("race", "true")[0], 200)

    def test_two_starters(self):
        for _ in range(5):
            self.create("two")
            self.act("two", "stop")
            replies = [call.get()[0] for call in [Background(self.act, "two", "start") for _ in range(4)]]
            self.assertEqual(sorted(replies), [200, 409, 409, 409])
            self.server.call("DELETE", "/sandboxes/two")

    def test_a_stopped_one_can_be_removed(self):
        self.create("gone")
        self.act("gone", "stop")
        self.assertEqual(self.server.call("DELETE", "/sandboxes/gone")[0], 200)
        self.assert_error(self.act("gone", "start"), 404, "Sandbox not found")


class Rest(Life):
    def test_full_state(self):
        self.create("still")
        for action in ("pause", "resume", "fork"):
            self.assert_error(self.act("still", action, {"as_name": "x"}), 422, NO_FULL_STATE)
            self.assert_error(self.act("nobody", action), 404, "Sandbox not found")

    def test_recover(self):
        self.create("whole")
        self.assertEqual(self.act("whole", "recover"), (200, {"success": True, "data": self.info("whole")}))
        self.assert_error(self.act("nobody", "recover"), 404, "Sandbox not found")

    def test_resize(self):
        self.create("size")
        status, body = self.act("size", "resize", {"memory_mb": 64})
        self.assertEqual((status, body["data"]["memory_mb"], body["data"]["vcpus"]), (200, 64, 1))
        hungry = ["python3", "-c", "a = bytearray(100 << 20); import sys, time; time.sleep(int(sys.argv[1])); print('fits')"]
        self.assertEqual(self.server.exec("size", *hungry, "60")[0], 409)
        status, body = self.act("size", "resize", {"memory_mb": 400, "vcpus": 2})
        self.assertEqual((status, body["data"]["memory_mb"], body["data"]["vcpus"]), (200, 400, 2))
        self.assertEqual(self.server.exec("size", *hungry, "1")[0], 200)
        self.assertEqual(self.act("size", "resize", {"memory_mb": None})[1]["data"]["memory_mb"], 400)
        for body, message in (({"vcpus": 0}, "vcpus must be at least 1"), ({"memory_mb": 0}, "memory_mb must be at least 1"),
                              ({"vcpus": "2"}, "Invalid JSON: invalid type"), ("", "Invalid JSON: EOF")):
            self.assert_error_starts(self.act("size", "resize", body), 400, message)
        self.assert_error(self.act("nobody", "resize", {}), 404, "Sandbox not found")

    def test_restart(self):
        """Stopped stays stopped, a size stays, and so does the time of the last activity."""
        state = new_folder(self) + "/state"
        with contextlib.closing(Server(state=state)) as server:
            for name in ("down", "up"):
                server.post("/sandboxes", {"name": name, "labels": {"a": "b"}, "description": "d"})
            server.post("/sandboxes/down/resize", {"vcpus": 3, "memory_mb": 77})
            server.post("/sandboxes/down/stop", None)
            server.post("/sandboxes/up/stop", None)
            server.post("/sandboxes/up/start", None)
            before = {name: server.call("GET", "/sandboxes/" + name)[1]["data"] for name in ("down", "up")}
        with contextlib.closing(Server(state=state)) as server:
            for name in ("down", "up"):
                self.assertEqual(server.call("GET", "/sandboxes/" + name)[1]["data"], before[name])
            self.assertEqual((before["down"]["status"], before["down"]["vcpus"], before["down"]["memory_mb"]),
                             ("stopped", 3, 77))
            self.assertEqual(server.exec("down", "true")[0], 500)
            self.assertEqual(server.exec("up", "true")[0], 200)


if __name__ == "__main__":
    main()
