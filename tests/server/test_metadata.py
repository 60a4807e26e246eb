"""Metadata of sandboxes and the server: uuid, labels, description, lifecycle, logs, backends, stats."""
import contextlib
import json
import os
import re
import signal
import unittest

from harness import Background, Server, ServerTest, main, wait_until


class Metadata(ServerTest):
    def create(self, name, **members):
        status, body = self.server.post("/sandboxes", dict(name=name, **members))
        self.assertEqual(status, 201, body)
        return body["data"]

    def patch(self, name, body):
        return self.server.call("PATCH", "/sandboxes/" + name, body)

    def test_by_uuid(self):
        info = self.create("known")
        self.create("other")
        for uuid in (info["uuid"], info["uuid"].upper()):
            self.assertEqual(self.server.call("GET", "/sandboxes/by-uuid/" + uuid), (200, {"success": True, "data": info}))
        self.assert_error(self.server.call("GET", "/sandboxes/by-uuid/00000000-0000-7000-8000-000000000000"), 404,
                          "Sandbox not found")
        for uuid in ("x", info["uuid"][:-1], info["uuid"] + "0", info["uuid"].replace("-", ""), "known", "-" * 36,
                     "g" + info["uuid"][1:], "%7B" + info["uuid"]):
            self.assert_error(self.server.call("GET", "/sandboxes/by-uuid/" + uuid), 400, "Invalid sandbox UUID")
        self.create("by-uuid")  # a name like any other
        self.assertEqual(self.server.call("GET", "/sandboxes/by-uuid")[1]["data"]["name"], "by-uuid")

    def test_templates(self):
        """The origin of a sandbox is reported again, also by the next server and for a restored one."""
        told = {"created_from_template": "python-ci", "template_help_text": "run \"pytest\"\nthen look"}
        with contextlib.closing(Server()) as first:
            info = first.post("/sandboxes", dict(name="made", **told))[1]["data"]
            self.assertEqual({key: info.get(key) for key in told}, told)
            self.assertEqual(first.post("/snapshots", {"sandbox": "made", "name": "s"})[0], 200)
            first.process.kill()
            first.process.wait()
            with contextlib.closing(Server(state=first.state)) as second:
                info = second.call("GET", "/sandboxes/made")[1]["data"]
                self.assertEqual({key: info.get(key) for key in told}, told)
                info = second.post("/snapshots/s/restore", {"as_name": "again"})[1]["data"]
                self.assertEqual({key: info.get(key) for key in told}, told)

    def test_lifecycle(self):
        lifecycle = {"auto_stop_after_seconds": 86400, "auto_delete_after_seconds": 1 << 40}
        self.assertEqual(self.create("cycle", lifecycle=lifecycle)["lifecycle"], lifecycle)
        self.assertEqual(self.create("half", lifecycle={"auto_stop_after_seconds": 86400,
                                                        "auto_delete_after_seconds": None})["lifecycle"],
                         {"auto_stop_after_seconds": 86400})
        for lifecycle in (None, {}, {"unknown": 1}):
            self.assertNotIn("lifecycle", self.create("none" + str(len(str(lifecycle))), lifecycle=lifecycle))
        for lifecycle, message in (([], "Invalid JSON: invalid type: sequence, expected a map"),
                                   ({"auto_stop_after_seconds": -1}, "Invalid JSON: invalid value"),
                                   ({"auto_stop_after_seconds": "1"}, "Invalid JSON: invalid type: string"),
                                   ({"auto_delete_after_seconds": 0}, "lifecycle: seconds must be at least 1")):
            for reply in (self.server.post("/sandboxes", {"name": "bad", "lifecycle": lifecycle}),
                          self.patch("cycle", {"lifecycle": lifecycle})):
                self.assert_error_starts(reply, 400, message)

    def test_patch(self):
        before = self.create("patched", labels={"a": "1", "b": "2"}, description="old")
        changes = {"labels": {"a": "3", "ü": "€"}, "description": "new", "lifecycle": {"auto_stop_after_seconds": 90000,
                                                                                            "auto_archive_after_seconds": 90001}}
        status, body = self.patch("patched", changes)
        self.assertEqual((status, body["data"]), (200, {**before, **changes}))
        for nothing in ({}, {"labels": None, "description": None, "lifecycle": None}, {"unknown": 1}):
            self.assertEqual(self.patch("patched", nothing)[1]["data"], {**before, **changes})
        self.assertEqual(self.server.call("GET", "/sandboxes?label=a:3")[1]["data"], [{**before, **changes}])
        self.assertEqual(self.server.call("GET", "/sandboxes?label=b:2")[1]["data"], [])
        info = self.patch("patched", {"labels": {}, "description": "", "lifecycle": {}})[1]["data"]
        self.assertNotIn("labels", info)
        self.assertNotIn("lifecycle", info)
        self.assertEqual(info["description"], "")

    def test_patches_that_are_refused(self):
        before = self.create("firm", labels={"a": "1"}, description="d")
        for body, message in (("x", "Invalid JSON: "), ("", "Invalid JSON: "), ({"labels": []}, "Invalid JSON: invalid type: sequence"),
                              ({"labels": {"a": 1}}, "Invalid JSON: invalid type: number"),
                              ({"description": 1}, "Invalid JSON: invalid type: number"),
                              ({"description": "a\0"}, "description must not contain NUL"),
                              ('{"labels":{},"labels":{}}', "Invalid JSON: duplicate field `labels`"),
                              ({"description": "new", "labels": 1}, "Invalid JSON: invalid type: number")):
            self.assert_error_starts(self.patch("firm", body), 400, message)
        self.assert_error(self.patch("firm", {"lifecycle": {"auto_archive_after_seconds": 0}, "description": "new"}), 400,
                          "lifecycle: seconds must be at least 1")
        self.assertEqual(self.server.call("GET", "/sandboxes/firm")[1]["data"], before)
        self.assert_error(self.patch("gone", {}), 404, "Sandbox not found")
        self.assert_error_starts(self.patch("a--b", {}), 400, "Sandbox name cannot contain consecutive")

    def test_patches_at_once(self):
        self.create("busy")

        def change(i):
            for k in range(10):
                self.assertEqual(self.patch("busy", {"labels": {str(i): str(k)}, "description": "%d %d" % (i, k)})[0], 200)
        for call in [Background(change, i) for i in range(4)]:
            call.get()
        info = self.server.call("GET", "/sandboxes/busy")[1]["data"]
        self.assertEqual(info["description"], "%s 9" % list(info["labels"])[0])

    def test_backends(self):
        data = self.server.call("GET", "/backends")[1]["data"]
        self.assertEqual(sorted(data), ["backends", "default_backend"])
        self.assertEqual([b["backend"] for b in data["backends"]],
                         ["bubblewrap", "docker", "podman", "firecracker", "apple", "hyperlight", "cloudhypervisor", "kubernetes",
                          "nomad", "daytona", "runloop", "e2b", "modal", "agentcomputer"])
        self.assertEqual([b["backend"] for b in data["backends"] if b["usable"]], [data["default_backend"]])
        for backend in data["backends"]:
            self.assertEqual(sorted(backend), ["backend", "capabilities", "configured", "readiness_reason", "usable"])
            self.assertEqual(len(backend["capabilities"]), 12)
            self.assertTrue(all(type(value) is bool for value in backend["capabilities"].values()))
            self.assertIs(type(backend["readiness_reason"]), str)
        self.assertTrue(data["backends"][0]["capabilities"]["snapshots"])

    def test_stats(self):
        data = self.server.call("GET", "/stats")[1]["data"]
        self.assertEqual(data["sandbox_count"], len(self.server.call("GET", "/sandboxes")[1]["data"]))
        self.assertEqual((data["sandbox_limit"], data["backend"]), (0, "bubblewrap"))
        self.assertEqual(data["version"], self.server.call("GET", "/status")[1]["data"]["version"])
        self.assertIs(type(data["uptime_seconds"]), int)
        usage = data["resource_usage"]
        self.assertGreater(usage["memory_total_mb"], usage["memory_used_mb"])
        self.assertGreater(usage["disk_used_mb"], 0)
        self.assertGreaterEqual(usage["cpu_percent"], 0)


class Logs(ServerTest):
    def logs(self, name, server=None):
        status, body = (server or self.server).call("GET", "/sandboxes/%s/logs" % name)
        self.assertEqual(status, 200, body)
        return body["data"]

    def brief(self, name, server=None):
        """The entries without their common members."""
        found = []
        for entry in self.logs(name, server):
            self.assertRegex(entry.pop("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
            self.assertEqual((type(entry.pop("pid")), entry.pop("user")), (int, None))
            found.append(entry)
        return found

    def test_everything_is_told_oldest_first(self):
        self.server.post("/sandboxes", {"name": "told", "labels": {"a": "b"}, "profile": "restrictive"})
        self.server.post("/sandboxes", {"name": "toldother"})
        self.server.exec("told", "sh", "-c", "exit 3", "told ü\n")
        self.server.exec("told", "no-such-program")
        files = "/sandboxes/told/files"
        self.server.call("PUT", files + "/tmp/a%20b", {"content": ""})
        self.server.post(files, {"files": {"/x": "", "/y": ""}})
        self.server.call("GET", files + "/tmp/a%20b")
        self.server.call("GET", files + "/tmp/none")
        self.server.call("DELETE", files + "/tmp/a%20b")
        for _ in range(2):
            self.server.post("/sandboxes/told/stop", None)
        self.server.post("/sandboxes/told/start", None)
        expected = [
            {"type": "sandbox_created", "name": "told", "image": "alpine:3.24", "backend": "bubblewrap", "labels": {"a": "b"}},
            {"type": "command_executed", "sandbox": "told", "command": ["sh", "-c", "exit 3", "told ü\n"], "exit_code": 3},
            {"type": "command_executed", "sandbox": "told", "command": ["no-such-program"], "exit_code": 127},
            {"type": "file_written", "sandbox": "told", "path": "/tmp/a b"},
            {"type": "file_written", "sandbox": "told", "path": "/x"}, {"type": "file_written", "sandbox": "told", "path": "/y"},
            {"type": "file_read", "sandbox": "told", "path": "/tmp/a b"},
            {"type": "file_deleted", "sandbox": "told", "path": "/tmp/a b"}, {"type": "sandbox_stopped", "name": "told"},
            {"type": "sandbox_started", "name": "told", "profile": "restrictive"}]
        self.assertEqual(self.brief("told"), expected)
        self.assertEqual(self.server.call("DELETE", "/sandboxes/told")[0], 200)
        self.assert_error(self.server.call("GET", "/sandboxes/told/logs"), 404, "Sandbox not found")
        self.server.post("/sandboxes", {"name": "told"})  # the name's entries, as with the full server
        self.assertEqual(self.brief("told")[:-1], expected + [{"type": "sandbox_removed", "name": "told"}])
        self.assert_error(self.server.call("GET", "/sandboxes/a--b/logs"), 400,
                          "Sandbox name cannot contain consecutive hyphens or underscores")

    def test_long_arguments_are_cut(self):
        self.server.post("/sandboxes", {"name": "long"})
        self.server.exec("long", "true", "é" * 5000, "more")
        self.server.exec("long", "true", *[""] * 10000)
        first, second = self.brief("long")[1:]
        self.assertEqual(first["command"], ["true", "é" * 2045])
        self.assertTrue(first["truncated"])
        self.assertLess(len(second["command"]), 4100)
        self.assertTrue(second["truncated"])

    def test_a_command_whose_client_leaves(self):
        self.server.post("/sandboxes", {"name": "left"})
        connection = self.server.connection()
        connection.request("POST", "/sandboxes/left/exec", json.dumps({"command": ["sh", "-c", "touch on; sleep 60"]}))
        wait_until(lambda: self.server.call("GET", "/sandboxes/left/files/workspace/on")[0] == 200)
        connection.close()

        def commands():
            return [e for e in self.brief("left") if e["type"] == "command_executed"]
        wait_until(commands)
        self.assertIsNone(commands()[0]["exit_code"])


    def test_a_detached_command(self):
        self.server.post("/sandboxes", {"name": "away"})
        self.assertEqual(self.server.post("/sandboxes/away/exec/detach", {"command": ["false"]})[0], 200)
        self.assertEqual(self.brief("away")[1],
                         {"type": "command_executed", "sandbox": "away", "command": ["false"], "exit_code": None})


class KeptLogs(unittest.TestCase):
    def test_they_outlive_the_server(self):
        first = Server()
        self.addCleanup(first.close)
        first.post("/sandboxes", {"name": "box"})
        for i in range(20):
            self.assertEqual(first.exec("box", "true", str(i))[0], 200)
        first.terminate(signal.SIGKILL)
        log = os.path.join(first.state, "audit.jsonl")
        if os.access(log, os.W_OK):
            with open(log, "a") as file:
                file.write('{"type":"half","sandbox":"box"')
        second = Server(state=first.state)
        self.addCleanup(second.close)
        second.exec("box", "true", "last")
        entries = second.call("GET", "/sandboxes/box/logs")[1]["data"]
        self.assertEqual([e["command"][1] for e in entries[1:]], [str(i) for i in range(20)] + ["last"])

    def test_they_are_bounded(self):
        server = Server()
        self.addCleanup(server.close)
        server.post("/sandboxes", {"name": "box"})
        path = "/tmp/" + "x" * 200 + "/" + "y" * 200
        files = {"%s%d" % (path, i): "" for i in range(10000)}
        for _ in range(3):
            self.assertEqual(server.post("/sandboxes/box/files", {"files": files})[0], 200)
        entries = server.call("GET", "/sandboxes/box/logs")[1]["data"]
        total = len(json.dumps(entries))
        self.assertLess(total, 10 << 20)
        self.assertGreater(total, 4 << 20)
        self.assertTrue(re.search(r"y9999$", entries[-1]["path"]))
        self.assertEqual([e["timestamp"] for e in entries], sorted(e["timestamp"] for e in entries))
        if os.access(server.state, os.R_OK | os.X_OK):
            self.assertEqual(sorted(n for n in os.listdir(server.state) if n.startswith("audit")), ["audit.1.jsonl", "audit.jsonl"])


if __name__ == "__main__":
    main()
