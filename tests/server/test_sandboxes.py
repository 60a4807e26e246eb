"""Kept sandboxes: create, list, get, exec, remove, and their state after a restart."""
import datetime
import http.client
import json
import os
import re
import time

from harness import Background, Markers, Server, ServerTest, main, processes, slowness, wait_until

INVALID = "Only letters, numbers, hyphens, and underscores are allowed"


class Create(ServerTest):
    def create(self, name, **members):
        return self.server.post("/sandboxes", dict(name=name, **members))

    def test_info(self):
        status, body = self.create("t1")
        self.assertEqual((status, body["success"]), (201, True))
        info = dict(body["data"])
        self.assertRegex(info.pop("uuid"), r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        for name in ("created_at", "last_activity_at"):
            self.assertRegex(info.pop(name), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$")
        self.assertEqual(info, {"name": "t1", "status": "running", "backend": "bubblewrap", "image": "alpine:3.24",
                                "vcpus": 1, "memory_mb": 512, "placeholder_secrets": False})
        self.assertEqual(self.server.call("GET", "/sandboxes/t1")[1], body)
        self.assertIn(body["data"], self.server.call("GET", "/sandboxes")[1]["data"])

    def test_members_that_are_kept(self):
        info = self.create("kept", image="python:3.12", vcpus=2, memory_mb=100, profile="Permissive", backend="auto",
                           labels={"a": "1", "ü\"": "€\n"}, description="what for")[1]["data"]
        self.assertEqual((info["image"], info["vcpus"], info["memory_mb"], info["labels"], info["description"]),
                         ("python:3.12", 2, 100, {"a": "1", "ü\"": "€\n"}, "what for"))
        self.assertEqual(self.create("small", profile="restrictive")[1]["data"]["memory_mb"], 256)

    def test_names(self):
        for name, message in (
                ("", "Sandbox name cannot be empty"), ("a" * 64, "Sandbox name too long (max 63 characters)"),
                ("-a", "Sandbox name must start with a letter or number"),
                ("_a", "Sandbox name must start with a letter or number"),
                ("..", "Sandbox name must start with a letter or number"),
                ("a-", "Sandbox name must end with a letter or number"),
                ("a/b", "Sandbox name contains invalid character '/'. " + INVALID),
                ("a b", "Sandbox name contains invalid character ' '. " + INVALID),
                ("aéb", "Sandbox name contains invalid character 'é'. " + INVALID),
                ("a--b", "Sandbox name cannot contain consecutive hyphens or underscores"),
                ("a_-b", "Sandbox name cannot contain consecutive hyphens or underscores")):
            with self.subTest(name=name):
                self.assert_error(self.create(name), 400, message)
        for name in ("a" * 63, "A_b-9", "0"):
            self.assertEqual(self.create(name)[0], 201, name)

    def test_names_in_paths(self):
        for path, message in (("a--b", "Sandbox name cannot contain consecutive hyphens or underscores"),
                              ("a%2Fb", "Sandbox name contains invalid character '/'. " + INVALID),
                              ("%2e%2e", "Sandbox name must start with a letter or number"),
                              ("a%zzb", "Sandbox name contains invalid character '%'. " + INVALID)):
            for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/exec")):
                with self.subTest(path=path, method=method):
                    self.assert_error(self.server.call(method, "/sandboxes/" + path + rest), 400, message)
        self.create("plain")
        self.assertEqual(self.server.call("GET", "/sandboxes/%70lain")[0], 200)

    def test_duplicate(self):
        self.create("twice")
        self.assert_error(self.create("twice"), 409, "Sandbox 'twice' already exists")

    def test_bad_members(self):
        for members, message in (
                ({"image": "a b"}, "Docker image name contains invalid character ' '"),
                ({"profile": "none"}, "Invalid profile 'none'. Use: permissive, moderate, restrictive"),
                ({"backend": "nope"}, "Unknown backend 'nope'. Valid options: "),
                ({"vcpus": 0}, "vcpus must be at least 1"), ({"memory_mb": 0}, "memory_mb must be at least 1"),
                ({"vcpus": -1}, "Invalid JSON: invalid value"), ({"vcpus": 1.5}, "Invalid JSON: invalid value"),
                ({"memory_mb": "1"}, "Invalid JSON: invalid type: string"),
                ({"memory_mb": 1 << 60}, "Invalid JSON: invalid value"),
                ({"labels": None}, "Invalid JSON: invalid type: null, expected a map"),
                ({"labels": {"a": 1}}, "Invalid JSON: invalid type: number, expected a string"),
                ({"labels": {str(i): "" for i in range(1001)}}, "labels has too many entries"),
                *(({member: None}, "Invalid JSON: invalid type: null") for member in (
                    "volumes", "secrets", "secret_files", "secret_mappings", "ports", "placeholder_secrets")),
                *(({member: 1}, "Invalid JSON: invalid type: number") for member in (
                    "volumes", "ports", "network", "init_script", "agent", "created_from_template", "template_help_text")),
                ({"ports": [80]}, "Invalid JSON: invalid type: number, expected a string"),
                ({"description": "a\0"}, "description must not contain NUL")):
            with self.subTest(members=str(members)[:60]):
                self.assert_error_starts(self.create("bad", **members), 400, message)
        self.assert_error_starts(self.server.post("/sandboxes", {}), 400, "Invalid JSON: missing field `name`")
        self.assertEqual(self.server.call("GET", "/sandboxes/bad")[0], 404)

    def test_what_is_not_supported_is_refused(self):
        for member, value in (("volumes", ["a:/b"]), ("secrets", ["A=b:c"]),
                              ("secret_files", ["A"]), ("secret_mappings", {"A": "b"}), ("network", {"name": "n"})):
            self.assert_error(self.create("no", **{member: value}), 422,
                              member + " is not supported by agentkernel-local")
        self.assert_error(self.create("no", ports=["80"]), 422, "ports is not supported by agentkernel-local: what listens in a "
                          "sandbox, unless its profile is restrictive, listens on this machine")
        self.assert_error(self.create("no", placeholder_secrets=True), 422,
                          "placeholder_secrets is not supported by agentkernel-local")
        for backend in ("docker", "firecracker", "k8s"):
            self.assert_error(self.create("no", backend=backend), 422,
                              "Backend '%s' is unavailable. Use GET /backends to see ready backends" % backend)
        self.assertEqual(self.create("yes", source_url=None, volumes=[], secrets=[], secret_files=[], ports=[], network=None,
                                     secret_mappings={}, init_script="", agent="claude", placeholder_secrets=False, backend="", profile=None, description=None)[0], 201)

    def test_label_filters(self):
        self.create("la", labels={"x": "1", "y": "a b"})
        self.create("lb", labels={"x": "1"})
        self.create("lc", labels={"x": "2"})

        def names(query):
            return sorted(s["name"] for s in self.server.call("GET", "/sandboxes?" + query)[1]["data"])
        self.assertEqual(names("label=x:1"), ["la", "lb"])
        self.assertEqual(names("label=x:1&label=y:a%20b"), ["la"])
        self.assertEqual(names("label=y:a+b"), [])
        self.assertEqual(names("label=x:1&label=y:z"), [])
        self.assertEqual(names("label=x&label=x:2"), ["lc"])
        self.assertEqual(names("&".join(["label=x:2"] * 32)), ["lc"])
        self.assert_error(self.server.call("GET", "/sandboxes?" + "&".join(["label=x:2"] * 32 + ["label=x:1"])), 400,
                          "too many label filters (max 32)")


class Exec(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.post("/sandboxes", {"name": "box"})

    def test_files_stay(self):
        self.assertEqual(self.server.exec("box", "sh", "-c", "echo kept > file")[0], 200)
        self.assertEqual(self.server.exec("box", "cat", "file")[1]["data"], {"output": "kept\n"})

    def test_env(self):
        status, body = self.server.exec("box", "sh", "-c", 'printf %s "$A|$B"', env=["A=1 2", "B=x=y"])
        self.assertEqual(body["data"]["output"], "1 2|x=y")
        for env in (["A"], ["=x"], [""]):
            self.assert_error_starts(self.server.exec("box", "true", env=env), 400, "Invalid env entry")
        self.assert_error_starts(self.server.exec("box", "true", env=None), 400, "Invalid JSON: invalid type: null")
        self.assert_error_starts(self.server.exec("box", "true", env=["A=\0"]), 400, "env must not contain NUL")

    def test_the_server_environment_is_not_seen(self):
        self.assertNotIn("AKL_SERVER", self.server.exec("box", "env")[1]["data"]["output"])

    def test_workdir(self):
        self.assertEqual(self.server.exec("box", "pwd", workdir="/usr")[1]["data"]["output"], "/usr\n")
        self.assertEqual(self.server.exec("box", "pwd", workdir=None)[0], 200)
        for workdir, message in (("", "Working directory cannot be empty"),
                                 ("usr", "Working directory must be an absolute path"),
                                 ("/" + "a" * 1024, "Working directory too long (max 1024 characters)"),
                                 ("/a\nb", "Working directory contains invalid characters"),
                                 ("/usr/../etc", "Working directory cannot contain '..'"),
                                 ("/..", "Working directory cannot contain '..'"),
                                 ("/a\0b", "workdir must not contain NUL characters")):
            self.assert_error(self.server.exec("box", "true", workdir=workdir), 400, message)
        self.assertEqual(self.server.exec("box", "true", workdir="/usr/..a")[0], 409)

    def test_sudo(self):
        self.assert_error(self.server.exec("box", "id", sudo=True), 403, "sudo execution is disabled for HTTP API. "
                          "Set [api].allow_sudo_exec = true to enable it")
        self.assertEqual(self.server.exec("box", "id", sudo=False)[0], 200)
        self.assertEqual(self.server.exec("box", "id", sudo=None)[0], 200)

    def test_failure(self):
        self.assertEqual(self.server.exec("box", "sh", "-c", "echo x; exit 4"),
                         (409, {"success": False, "error": "Command exited with code 4: x\n", "exit_code": 4,
                                "output": "x\n"}))
        self.assert_error(self.server.exec("box"), 400, "command is required")

    def test_missing_sandbox(self):
        self.assert_error(self.server.exec("none", "true"), 500,
                          "Sandbox 'none' is not running. Start it with: agentkernel start none")
        self.assert_error(self.server.call("GET", "/sandboxes/none"), 404, "Sandbox not found")
        self.assert_error(self.server.call("DELETE", "/sandboxes/none"), 404, "Sandbox not found")

    def test_last_activity(self):
        def last():
            return self.server.call("GET", "/sandboxes/box")[1]["data"]["last_activity_at"]
        before = last()
        self.server.exec("box", "true")
        self.assertGreater(last(), before)

    def test_commands_run_side_by_side(self):
        first = Background(self.server.exec, "box", "sh", "-c", "until [ -e go ]; do sleep 0.05; done; echo first")
        self.assertEqual(self.server.exec("box", "touch", "go")[0], 200)
        self.assertEqual(first.get()[1]["data"]["output"], "first\n")

    def test_out_of_memory(self):
        self.server.post("/sandboxes", {"name": "little", "memory_mb": 100})
        hungry = "import time; a = bytearray(60 << 20); time.sleep(60)"
        status, body = self.server.exec("little", "sh", "-c", "for i in 1 2 3 4; do python3 -c '%s' & done; wait" % hungry)
        self.assertEqual((status, body["exit_code"], body.get("oom")), (409, 137, True), body)
        self.assertIn("out of memory", body["error"])
        self.assertEqual(self.server.exec("little", "echo", "alive")[1]["data"]["output"], "alive\n")


class Remove(ServerTest):
    def create(self, name):
        self.assertEqual(self.server.post("/sandboxes", {"name": name})[0], 201)

    def remove(self, name):
        return self.server.call("DELETE", "/sandboxes/" + name)

    def leftovers(self):
        found = []
        for folder in ("sandboxes", "work"):
            found += os.listdir(os.path.join(self.server.state, folder))
        return found

    def assert_nothing_left(self):
        if os.access(self.server.state, os.R_OK | os.X_OK):
            self.assertEqual(self.leftovers(), [])

    def test_twice(self):
        self.create("once")
        self.assertEqual(self.remove("once"), (200, {"success": True, "data": "Sandbox removed"}))
        self.assert_error(self.remove("once"), 404, "Sandbox not found")
        self.assert_nothing_left()

    def test_the_name_is_free_at_once(self):
        for _ in range(20):
            self.create("again")
            self.assertEqual(self.remove("again")[0], 200)

    def test_a_command_in_flight_ends_with_the_sandbox(self):
        """RS6: the caller gets an error about the removed sandbox, not a broken connection."""
        marker = Markers.new()
        self.create("busy")
        call = Background(self.server.exec, "busy", "sh", "-c", "setsid sleep %s & trap '' TERM; sleep 600; echo" % marker)
        wait_until(lambda: processes(marker))
        self.assertEqual(self.remove("busy")[0], 200)
        self.assertEqual(processes(marker), [])
        self.assert_error(call.get(), 404, "Sandbox 'busy' was removed")
        self.assert_nothing_left()

    def test_many_commands_in_flight(self):
        self.create("crowd")
        marker = Markers.new()
        calls = [Background(self.server.exec, "crowd", "sh", "-c", "touch %d; sleep %s; true" % (i, marker))
                 for i in range(10)]
        wait_until(lambda: self.server.exec("crowd", "sh", "-c", "ls | wc -l")[1]["data"]["output"] == "10\n")
        self.assertEqual(self.remove("crowd")[0], 200)
        self.assertEqual(processes(marker), [])
        for call in calls:
            self.assert_error(call.get(), 404, "Sandbox 'crowd' was removed")

    def test_two_removers(self):
        for i in range(5):
            self.create("race")
            replies = [call.get()[0] for call in [Background(self.remove, "race") for _ in range(4)]]
            self.assertEqual(sorted(replies), [200, 404, 404, 404])

    def test_removal_while_commands_start(self):
        for i in range(5):
            self.create("start")
            calls = [Background(self.server.exec, "start", "true") for _ in range(8)]
            self.assertEqual(self.remove("start")[0], 200)
            for call in calls:
                self.assertIn(call.get()[0], (200, 404, 500))
        self.assert_nothing_left()

    def test_removal_while_clients_go_away(self):
        """A command that is being killed, because its client disconnected, writes nothing after the tree is removed."""
        writer = "i=0; while :; do mkdir -p $0/$i/a/b; i=$((i+1)); done"
        for round_number in range(10):
            self.create("dying")
            connections = []
            for i in range(4):
                connections.append(self.server.connection())
                connections[i].request("POST", "/sandboxes/dying/exec",
                                       json.dumps({"command": ["sh", "-c", writer, str(i)]}))
            wait_until(lambda: self.server.exec("dying", "sh", "-c", "ls | wc -l")[1]["data"]["output"] == "4\n")
            for connection in connections:
                connection.close()
            time.sleep(0.001 * round_number)
            self.assertEqual(self.remove("dying")[0], 200)
            self.assert_nothing_left()

    def test_trees_that_resist(self):
        self.create("nasty")
        status, body = self.server.exec(
            "nasty", "sh", "-c",
            "mkdir -p a/b/c d/e; touch a/b/f d/e/f; ln -s /etc out; ln -s . self; mkfifo fifo; touch a/.moved-0; mkdir .moved-1;"
            "chmod 400 a/b/f; chmod 0 d/e; chmod 500 a/b; chmod 0 a; chmod 555 .")
        self.assertEqual(status, 200, body)
        self.assertEqual(self.remove("nasty")[0], 200)
        self.assertTrue(os.path.exists("/etc/passwd"))
        self.assert_nothing_left()

    def test_very_deep_trees(self):
        self.create("deep")
        status, body = self.server.exec("deep", "python3", "-c",
                                        "import os\nfor _ in range(5000): os.mkdir('d'); os.chdir('d')")
        self.assertEqual(status, 200, body)
        self.assertEqual(self.remove("deep")[0], 200)
        self.assert_nothing_left()


class Restart(ServerTest):
    """The state outlives the server."""

    @classmethod
    def setUpClass(cls):
        cls.servers = []

    @classmethod
    def tearDownClass(cls):
        for server in reversed(cls.servers):
            server.close()

    def start(self, state=None):
        server = Server(state=state)
        self.servers.append(server)
        return server

    def test_restart(self):
        first = self.start()
        info = first.post("/sandboxes", {"name": "keep", "labels": {"a": "b"}, "description": "d", "vcpus": 3,
                                         "memory_mb": 99, "profile": "restrictive", "image": "x:1"})[1]["data"]
        first.exec("keep", "sh", "-c", "echo data > file")
        info["last_activity_at"] = first.call("GET", "/sandboxes/keep")[1]["data"]["last_activity_at"]
        self.assertEqual(first.terminate(), 0)
        second = self.start(first.state)
        again = second.call("GET", "/sandboxes/keep")[1]["data"]
        # It is stored as the mtime of a file, which is set a little later.
        self.assertLess(abs(seconds(again.pop("last_activity_at")) - seconds(info.pop("last_activity_at"))), 1 * slowness())
        self.assertEqual(again, info)
        self.assertEqual(second.exec("keep", "cat", "file")[1]["data"]["output"], "data\n")
        self.assertEqual(second.call("DELETE", "/sandboxes/keep")[0], 200)
        self.assertEqual(second.terminate(), 0)
        third = self.start(first.state)
        self.assertEqual(third.call("GET", "/sandboxes")[1]["data"], [])

    def test_kill_9_at_any_moment(self):
        """X4: no process survives, acknowledged sandboxes exist, incomplete ones do not."""
        state = None
        known = []
        for round_number in range(6):
            server = self.start(state)
            state = server.state
            names = {s["name"] for s in server.call("GET", "/sandboxes")[1]["data"]}
            self.assertLessEqual(set(known), names)
            for name in known:
                self.assertEqual(server.exec(name, "cat", "mark")[1]["data"]["output"], name)
            marker = Markers.new()
            Background(server.run, "sh", "-c", "setsid sleep %s & sleep 600" % marker)
            wait_until(lambda: processes(marker))
            made = self.make_until_killed(server, round_number, 0.05 * round_number)
            known = made or known
            wait_until(lambda: not processes(marker))

    def make_until_killed(self, server, round_number, seconds_left):
        """Creates and removes sandboxes, and kills the server in the middle of it."""
        killer = Background(lambda: (time.sleep(seconds_left), server.process.kill()))
        last = None
        for i in range(1000):
            name = "s%d-%d" % (round_number, i)
            try:
                if server.post("/sandboxes", {"name": name})[0] == 201 and \
                        server.exec(name, "sh", "-c", "printf %s > mark" % name)[0] == 200:
                    previous, last = last, name
                    if previous and i % 2:
                        server.call("DELETE", "/sandboxes/" + previous)
            except (OSError, ValueError, http.client.HTTPException):
                break
        killer.get()
        server.process.wait()
        return [last] if last else []

    def test_what_lies_in_the_state_folder(self):
        first = self.start()
        self.assertEqual(first.terminate(), 0)
        if not os.access(first.state, os.R_OK | os.W_OK | os.X_OK):
            self.skipTest("the state folder is not ours")
        os.makedirs(first.state + "/work/half/tree/x", 0o700)
        os.mkdir(first.state + "/sandboxes/nometa", 0o700)
        os.mkdir(first.state + "/sandboxes/damaged", 0o700)
        with open(first.state + "/sandboxes/damaged/meta.json", "w") as file:
            file.write('{"name":"damaged"')
        owner = os.stat(first.state)
        for folder, folders, files in os.walk(first.state):
            for name in folders + files:
                os.chown(os.path.join(folder, name), owner.st_uid, owner.st_gid)
        second = self.start(first.state)
        self.assertEqual(second.call("GET", "/sandboxes")[1]["data"], [])
        self.assertEqual(os.listdir(first.state + "/work"), [])
        self.assertEqual(os.listdir(first.state + "/sandboxes"), ["damaged"])
        self.assertIn("damaged: sandbox left out", second.errors())
        self.assert_error(second.post("/sandboxes", {"name": "damaged"}), 409, "Sandbox 'damaged' already exists")


def seconds(text):
    """An RFC 3339 time as seconds since 1970."""
    whole, fraction, zone = re.fullmatch(r"(.*T\d\d:\d\d:\d\d)(\.\d+)(.*)", text).groups()
    return datetime.datetime.fromisoformat(whole + zone).timestamp() + float(fraction)


if __name__ == "__main__":
    main()
