"""Detached commands: their true results, their two outputs, and that nothing is left over."""
import base64
import contextlib
import os
import time

from harness import (IDLE_THREADS, SHORT_SERVER, Background, Markers, Server, ServerTest, main, new_folder, processes,
                     wait_until)

NOT_RUNNING = "Sandbox '%s' is not running. Start it with: agentkernel start %s"


class Detached(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.post("/sandboxes", {"name": "box"})

    def create(self, name, **members):
        self.assertEqual(self.server.post("/sandboxes", dict(name=name, **members))[0], 201)

    def start(self, *command, sandbox="box", **members):
        status, body = self.server.post("/sandboxes/%s/exec/detach" % sandbox, dict(command=command, **members))
        self.assertEqual((status, body["success"]), (200, True), body)
        return body["data"]

    def path(self, id, sandbox="box"):
        return "/sandboxes/%s/exec/detached/%s" % (sandbox, id)

    def status(self, id, sandbox="box"):
        status, body = self.server.call("GET", self.path(id, sandbox))
        self.assertEqual(status, 200, body)
        return body["data"]

    def end_of(self, id, sandbox="box"):
        wait_until(lambda: self.status(id, sandbox)["status"] != "running")
        return self.status(id, sandbox)

    def outcome(self, *command, **members):
        info = self.end_of(self.start(*command, **members)["id"], members.get("sandbox", "box"))
        return info["status"], info["exit_code"]

    def logs(self, id, stream=None, sandbox="box"):
        status, body = self.server.call("GET", self.path(id, sandbox) + "/logs" + ("?stream=" + stream if stream else ""))
        self.assertEqual(status, 200, body)
        return body["data"]

    def kill(self, id, sandbox="box"):
        return self.server.call("DELETE", self.path(id, sandbox))


class Life(Detached):
    def test_what_is_known(self):
        script = "until [ -e go-known ]; do sleep 0.02; done; exit 5"
        info = self.start("sh", "-c", script, "é")
        self.assertRegex(info["id"], "^[0-9a-f]{8}$")
        self.assertRegex(info["started_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$")
        self.assertEqual({key: info[key] for key in sorted(info) if key not in ("id", "started_at")},
                         {"command": ["sh", "-c", script, "é"], "exit_code": None, "pid": 2, "sandbox": "box",
                          "status": "running"})
        self.server.exec("box", "touch", "go-known")
        self.assertEqual(self.end_of(info["id"]), dict(info, status="failed", exit_code=5))
        self.assertIn(self.status(info["id"]), self.server.call("GET", "/sandboxes/box/exec/detached")[1]["data"])

    def test_exit_codes_are_the_true_ones(self):
        self.assertEqual(self.outcome("true"), ("completed", 0))
        self.assertEqual(self.outcome("false"), ("failed", 1))
        self.assertEqual(self.outcome("sh", "-c", "exit 255"), ("failed", 255))
        self.assertEqual(self.outcome("sh", "-c", "kill -TERM $$"), ("failed", 143))
        self.assertEqual(self.outcome("no-such-program"), ("failed", 127))
        self.assertEqual(self.outcome("true", workdir="/none"), ("failed", 126))

    def test_the_pid_is_the_one_inside(self):
        info = self.start("sh", "-c", "echo $$")
        self.end_of(info["id"])
        self.assertEqual(self.logs(info["id"]), {"stdout": "%d\n" % info["pid"]})

    def test_argv_and_surroundings(self):
        id = self.start("sh", "-c", 'printf "%s|" "$@" "$A"; pwd', "0", "a b", "'", "$(id)", "\\", "\n",
                        env=["A=1 2"], workdir="/usr")["id"]
        self.end_of(id)
        self.assertEqual(self.logs(id), {"stdout": "a b|'|$(id)|\\|\n|1 2|/usr\n"})

    def test_outputs_are_apart(self):
        id = self.start("sh", "-c", "echo out; echo err >&2; printf '\\377' >&2; echo more")["id"]
        self.end_of(id)
        self.assertEqual(self.logs(id), {"stdout": "out\nmore\n"})
        self.assertEqual(self.logs(id, "stdout"), {"stdout": "out\nmore\n"})
        self.assertEqual(self.logs(id, "stderr"), {"stderr": "err\n\ufffd",
                                                   "stderr_base64": base64.b64encode(b"err\n\xff").decode()})

    def test_why_a_command_did_not_start(self):
        id = self.start("no-such-program")["id"]
        self.end_of(id)
        self.assertEqual(self.logs(id, "stderr"), {"stderr": "no-such-program: not found"})

    def test_logs_while_it_runs(self):
        id = self.start("sh", "-c", "echo first; until [ -e go-on ]; do sleep 0.02; done; echo second")["id"]
        wait_until(lambda: self.logs(id) == {"stdout": "first\n"})
        self.assertEqual(self.status(id)["status"], "running")
        self.server.exec("box", "touch", "go-on")
        self.end_of(id)
        self.assertEqual(self.logs(id), {"stdout": "first\nsecond\n"})

    def test_files_are_the_sandboxes_own(self):
        id = self.start("sh", "-c", "echo made > made-detached")["id"]
        self.end_of(id)
        self.assertEqual(self.server.exec("box", "cat", "made-detached")[1]["data"]["output"], "made\n")


class Kill(Detached):
    def test_kill(self):
        marker = Markers.new()
        id = self.start("sh", "-c", "setsid sleep %s & sleep %s" % (marker, marker))["id"]
        wait_until(lambda: len(processes(marker)) == 2)
        self.assertEqual(self.kill(id), (200, {"success": True, "data": "Command killed"}))
        self.assertEqual(processes(marker), [])
        info = self.status(id)
        self.assertEqual((info["status"], info["exit_code"]), ("failed", 137))
        self.assertEqual(self.kill(id)[0], 200)

    def test_the_command_may_clean_up(self):
        # The loop starts no process: dash loses signals that arrive meanwhile.
        id = self.start("sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do :; done")["id"]
        wait_until(lambda: self.logs(id) == {"stdout": "ready\n"})
        self.assertEqual(self.kill(id)[0], 200)
        self.assertEqual(self.logs(id), {"stdout": "ready\nbye\n"})
        self.assertEqual(self.status(id)["exit_code"], 137)

    def test_a_command_that_ignores_it(self):
        id = self.start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.02; done")["id"]
        wait_until(lambda: self.logs(id) == {"stdout": "ready\n"})
        self.assertEqual(self.kill(id)[0], 200)
        self.assertEqual((self.status(id)["status"], self.status(id)["exit_code"]), ("failed", 137))

    def test_at_once(self):
        """A kill that arrives before the command runs ends it, too."""
        for _ in range(10):
            id = self.start("sleep", "600")["id"]
            self.assertEqual(self.kill(id)[0], 200)
            self.assertEqual(self.status(id)["status"], "failed")

    def test_what_has_ended_stays_what_it_is(self):
        id = self.start("true")["id"]
        self.end_of(id)
        self.assertEqual(self.kill(id)[0], 200)
        self.assertEqual((self.status(id)["status"], self.status(id)["exit_code"]), ("completed", 0))

    def test_killers_and_readers_at_once(self):
        for _ in range(5):
            id = self.start("sh", "-c", "while :; do echo x; done")["id"]
            calls = [Background(self.kill, id) for _ in range(4)] + [Background(self.logs, id) for _ in range(4)]
            for call in calls:
                call.get()
            self.assertEqual(self.status(id)["status"], "failed")


class Refusals(Detached):
    def test_as_exec(self):
        for body, status, message in (
                ({"command": []}, 400, "command is required"), ({}, 400, "Invalid JSON: missing field `command`"),
                ({"command": ["id"], "sudo": True}, 403, "sudo execution is disabled"),
                ({"command": ["id"], "workdir": "x"}, 400, "Working directory must be an absolute path")):
            self.assert_error_starts(self.server.post("/sandboxes/box/exec/detach", body), status, message)
        self.assert_error(self.server.post("/sandboxes/none/exec/detach", {"command": ["true"]}), 500,
                          NOT_RUNNING % ("none", "none"))

    def test_unknown(self):
        for method, rest in (("GET", ""), ("GET", "/logs"), ("DELETE", "")):
            self.assert_error(self.server.call(method, self.path("00000000") + rest), 404,
                              "Detached command '00000000' not found")
            self.assert_error(self.server.call(method, self.path("00000000", "none") + rest), 404,
                              NOT_RUNNING % ("none", "none"))
        self.assertEqual(self.server.call("GET", "/sandboxes/none/exec/detached")[1]["data"], [])

    def test_ids_of_another_sandbox(self):
        self.create("other")
        id = self.start("sleep", "600")["id"]
        for method, rest in (("GET", ""), ("GET", "/logs"), ("DELETE", "")):
            self.assert_error(self.server.call(method, self.path(id, "other") + rest), 404,
                              "Detached command '%s' not found" % id)
        self.assertEqual(self.status(id)["status"], "running")
        self.kill(id)

    def test_too_many(self):
        self.create("full")
        for _ in range(64):
            first = self.start("sleep", "600", sandbox="full")["id"]
        self.assert_error_starts(self.server.post("/sandboxes/full/exec/detach", {"command": ["true"]}), 429,
                                 "Resource quota denied: ")
        # One that has ended is dropped to make room.
        self.kill(first, "full")
        self.end_of(first, "full")  # when the machine is that busy
        self.assertEqual(self.kill(first, "full")[0], 200)
        second = self.start("true", sandbox="full")["id"]
        self.end_of(second, "full")
        self.assertEqual(self.server.call("GET", self.path(first, "full"))[0], 404)
        self.assertEqual(len(self.server.call("GET", "/sandboxes/full/exec/detached")[1]["data"]), 64)
        self.server.call("DELETE", "/sandboxes/full")


class Ends(Detached):
    """Nothing outlives its sandbox, a stop, or the server."""

    def linger(self, sandbox, marker, server=None):
        id = (server or self.server).post("/sandboxes/%s/exec/detach" % sandbox, {"command": [
            "sh", "-c", "setsid sleep %s & trap '' TERM; sleep %s; true" % (marker, marker)]})[1]["data"]["id"]
        wait_until(lambda: len(processes(marker)) >= 2)
        return id

    def test_with_the_sandbox(self):
        marker = Markers.new()
        self.create("short")
        id = self.linger("short", marker)
        self.assertEqual(self.server.call("DELETE", "/sandboxes/short")[0], 200)
        self.assertEqual(processes(marker), [])
        self.create("short")
        self.assert_error(self.server.call("GET", self.path(id, "short")), 404, "Detached command '%s' not found" % id)

    def test_with_a_stop(self):
        marker = Markers.new()
        self.create("halt")
        id = self.linger("halt", marker)
        self.assertEqual(self.server.call("POST", "/sandboxes/halt/stop")[0], 200)
        self.assertEqual(processes(marker), [])
        info = self.end_of(id, "halt")
        self.assertEqual((info["status"], info["exit_code"]), ("failed", 137))
        self.assert_error(self.server.post("/sandboxes/halt/exec/detach", {"command": ["true"]}), 500,
                          NOT_RUNNING % ("halt", "halt"))

    def test_with_the_server(self):
        """After a restart they are unknown, so none is reported as running."""
        state = new_folder(self) + "/state"
        for how in ("terminate", "kill"):
            marker = Markers.new()
            server = Server(state=state)
            with contextlib.closing(server):
                server.post("/sandboxes", {"name": how})
                id = self.linger(how, marker, server)
                if how == "kill":
                    server.process.kill()
                    server.process.wait()
            wait_until(lambda: not processes(marker))
            with contextlib.closing(Server(state=state)) as again:
                self.assertEqual(again.call("GET", "/sandboxes/%s/exec/detached" % how)[1]["data"], [])
                self.assertEqual(again.call("GET", self.path(id, how))[0], 404)
                if os.access(state, os.R_OK | os.X_OK):
                    self.assertEqual(os.listdir(state + "/work"), [])

    def test_descriptors_and_threads_go_back(self):
        def count(what):
            return len(os.listdir("/proc/%d/%s" % (self.server.process.pid, what)))
        self.create("warm")
        self.outcome("true", sandbox="warm")
        self.server.call("DELETE", "/sandboxes/warm")
        try:
            wait_until(lambda: count("task") <= IDLE_THREADS)
            before = count("fd")
        except PermissionError:
            self.skipTest("this user may not look into the server")
        self.create("many")
        ids = [self.start("sh", "-c", "echo x; sleep 0.1", sandbox="many")["id"] for _ in range(30)]
        for id in ids:
            self.end_of(id, "many")
        self.server.call("DELETE", "/sandboxes/many")
        wait_until(lambda: count("task") <= IDLE_THREADS and count("fd") <= before)


class KilledEarly(Detached):
    """A command that ignores SIGTERM has a minute here, which reveals it if another is treated like that."""

    server_options = {"program": SHORT_SERVER}

    def test_as_soon_as_it_is_listed(self):
        """A listed command can be killed, and one that does not resist ends without delay."""
        self.create("listed")
        starts = [Background(lambda: [self.start("sleep", "600", sandbox="listed") for _ in range(30)]) for _ in range(2)]
        took = {}

        def kill_all():
            for info in self.server.call("GET", "/sandboxes/listed/exec/detached")[1]["data"]:
                if info["id"] not in took:
                    begin = time.monotonic()
                    self.assertEqual(self.kill(info["id"], "listed")[0], 200)
                    took[info["id"]] = time.monotonic() - begin
            return len(took) == 60
        wait_until(kill_all)
        for start in starts:
            start.get()
        self.assertLess(max(took.values()), 50)


class Controls(Detached):
    """What applies to attached commands applies to these."""

    def test_x18_detached_memory(self):
        self.create("little", memory_mb=64)
        info = self.end_of(self.start("python3", "-c", "a = bytearray(120 << 20); import time; time.sleep(60)",
                                      sandbox="little")["id"], "little")
        self.assertIn(info["exit_code"], (1, 137))  # its own limit may end it first
        hungry = "import time; a = bytearray(30 << 20); time.sleep(60)"
        info = self.end_of(self.start("sh", "-c", "for i in 1 2 3 4; do python3 -c '%s' & done; wait" % hungry,
                                      sandbox="little")["id"], "little")
        self.assertEqual((info["status"], info["exit_code"], info.get("oom")), ("failed", 137, True))

    def test_x11_detached_system_calls(self):
        id = self.start("sh", "-c", "grep -E '^(Seccomp|NoNewPrivs|CapEff):' /proc/self/status; unshare -U true")["id"]
        self.assertEqual(self.end_of(id)["status"], "failed")
        self.assertEqual(self.logs(id)["stdout"].split(),
                         ["CapEff:", "0000000000000000", "NoNewPrivs:", "1", "Seccomp:", "2"])

    def test_x14_detached_descriptors(self):
        id = self.start("sh", "-c", "ls /proc/$$/fd; for i in 0 1 2; do readlink /proc/$$/fd/$i; done")["id"]
        self.end_of(id)
        lines = self.logs(id)["stdout"].split("\n")
        self.assertEqual(lines[:4], ["0", "1", "2", "/dev/null"], lines)
        for line in lines[4:6]:
            self.assertRegex(line, r"^pipe:")
        self.assertNotEqual(lines[4], lines[5])

    def test_x16_detached_processes(self):
        self.create("bomb", profile="restrictive")
        id = self.start("sh", "-c", "i=0; while [ $i -lt 400 ]; do sleep 600 & i=$((i+1)); done; wait", sandbox="bomb")["id"]
        self.assertNotEqual(self.end_of(id, "bomb")["exit_code"], 0)
        self.server.call("DELETE", "/sandboxes/bomb")


if __name__ == "__main__":
    main()
