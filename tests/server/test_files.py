"""The files of kept sandboxes over HTTP, and the same files as seen by commands."""
import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import time
import unittest
import urllib.parse

from harness import SANITIZED, Background, Server, ServerTest, main, wait_until

MB = 1 << 20
NOT_RUNNING = "Sandbox '%s' is not running. Start it with: agentkernel start %s"


class FilesTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert cls.server.post("/sandboxes", {"name": "box"})[0] == 201

    def url(self, path, name="box"):
        return "/sandboxes/%s/files%s" % (name, urllib.parse.quote(path, safe="/"))

    def put(self, path, content, **members):
        if isinstance(content, bytes):
            content = base64.b64encode(content).decode()
            members["encoding"] = "base64"
        return self.server.call("PUT", self.url(path), dict(content=content, **members))

    def read(self, path):
        status, body = self.server.call("GET", self.url(path))
        self.assertEqual(status, 200, body)
        data = body["data"]
        content = data["content"].encode() if data["encoding"] == "utf8" else base64.b64decode(data["content"], validate=True)
        self.assertEqual(len(content), data["size"])
        return content

    def get(self, path):
        return self.server.call("GET", self.url(path))

    def delete(self, path):
        return self.server.call("DELETE", self.url(path))

    def sh(self, script):
        status, body = self.server.exec("box", "sh", "-c", script)
        self.assertEqual(status, 200, body)
        return body["data"]["output"]

    def wrote(self, reply, size, path):
        self.assertEqual(reply, (200, {"success": True, "data": "Wrote %d bytes to %s" % (size, path)}))


class Files(FilesTest):
    def test_round_trips(self):
        everything = bytes(range(256))
        for name, content in (("text", b"hi\n"), ("empty", b""), ("binary", everything * 100), ("nul", b"\0"),
                              ("utf8", "é€\U0001f600\u2028\"\\\x01\x7f".encode()), ("cut", "é".encode()[:1]),
                              ("surrogate", b"\xed\xa0\x80"), ("overlong", b"\xc0\x80"), ("one", b"\xff"), ("two", b"\xff\xfe")):
            with self.subTest(name=name):
                self.wrote(self.put("/tmp/" + name, content), len(content), "/tmp/" + name)
                self.assertEqual(self.read("/tmp/" + name), content)
        self.wrote(self.put("/tmp/text", "é\0\n"), 4, "/tmp/text")
        self.assertEqual(self.read("/tmp/text"), "é\0\n".encode())

    def test_base64_only_where_it_is_no_text(self):
        for content, encoding in ((b"\0\x7f", "utf8"), ("é".encode(), "utf8"), (b"\x80", "base64")):
            self.put("/tmp/kind", content)
            self.assertEqual(self.get("/tmp/kind")[1]["data"]["encoding"], encoding)

    def test_encoding_comes_first(self):
        """The encoding precedes the first byte of content."""
        for size in (10, 3 * MB):
            self.put("/tmp/order", b"\xff" * size)
            connection = self.server.connection()
            with contextlib.closing(connection):
                connection.request("GET", self.url("/tmp/order"))
                response = connection.getresponse()
                self.assertEqual(response.getheader("Content-Type"), "application/json")
                self.assertIsNotNone(response.getheader("Content-Length"))
                text = response.read()
            self.assertTrue(text.startswith(b'{"success":true,"data":{"encoding":"base64","content":"////'), text[:80])
            self.assertTrue(text.endswith(b'","size":%d}}' % size), text[-40:])

    def test_commands_see_what_is_written(self):
        """Wherever a file is written, the next command finds it at that path, and vice versa."""
        for path in ("/tmp/a b", "/workspace/deep/er/file", "/app/main.py", "/home/user/x", "/root/x", "/notes.txt"):
            with self.subTest(path=path):
                self.wrote(self.put(path, "written"), 7, path)
                self.assertEqual(self.sh("cat '%s'; printf changed > '%s'; stat -c %%U:%%a '%s'" % (path, path, path)),
                                 "writtensandbox:644\n")
                self.assertEqual(self.read(path), b"changed")
                self.assertEqual(self.delete(path), (200, {"success": True, "data": "Deleted " + path}))
                self.assertEqual(self.sh("test -e '%s' || echo gone" % path), "gone\n")
        self.assertEqual(self.sh("stat -c %a /app /tmp /workspace /workspace/deep"), "755\n1777\n755\n755\n")
        self.sh("mkdir -p ~/made; echo by a command > ~/made/here; echo x > /var/tmp/y")
        self.assertEqual(self.read("/workspace/made/here"), b"by a command\n")
        self.assertEqual(self.read("/tmp/y"), b"x\n")

    def test_paths_without_a_first_slash(self):
        self.assertEqual(self.server.call("PUT", "/sandboxes/box/files/app/x", {"content": "1"})[1]["data"],
                         "Wrote 1 bytes to /app/x")
        for path in ("/app/x", "//app//x", "/app%2Fx", "/./app/./x", "/app/x/"):
            self.assertEqual(self.server.call("GET", "/sandboxes/box/files" + path)[0], 200, path)

    def test_names(self):
        """Any name that a request can contain."""
        for name in ("a b", "100%", "what?", "a#b", "a+b", "a%41", "ü€", "-n", "a\nb", "a\\b", "'\"", ".hidden", "a:b", "x" * 255,
                     "&=;,@!$()*[]{}|<>^`~"):
            with self.subTest(name=name):
                path = "/tmp/names/" + name
                self.wrote(self.put(path, name), len(name.encode()), path)
                self.assertEqual(self.read(path), name.encode())
                status, body = self.server.exec("box", "cat", path)
                self.assertEqual(body["data"]["output"], name)
                self.assertEqual(self.delete(path)[0], 200)
        self.assertEqual(self.sh("ls -A /tmp/names"), "")

    def test_paths_that_are_refused(self):
        for path, message in (
                ("", "file path is required"), ("/", "file path is required"), ("//", "file path is required"),
                ("/a..b", "Path traversal not allowed: /a..b"), ("/%2e%2e/x", "Path traversal not allowed: /../x"),
                ("/tmp/..%2f..%2fetc", "Path traversal not allowed: /tmp/../../etc"),
                ("/%", "invalid encoded file path"), ("/%4", "invalid encoded file path"), ("/%zz", "invalid encoded file path"),
                ("/%4/1", "invalid encoded file path"), ("/%ff", "invalid encoded file path: not UTF-8"),
                ("/a%00b", "invalid file path: NUL"), ("/proc/self/mem", "Cannot access system path: /proc/self/mem"),
                ("/development/x", "Cannot access system path: /development/x"), ("/sys", "Cannot access system path: /sys"),
                ("/etc/passwd", "Cannot access system path: /etc/passwd"), ("/etc/hosts", "Cannot access system path: /etc/hosts"),
                ("/usr/bin/x", "Cannot access system path: /usr/bin/x"), ("/bin", "Cannot access system path: /bin"),
                ("%2Fproc/x", "Cannot access system path: //proc/x"), ("/run/x", "Cannot access system path: /run/x"),
                ("/root/.ssh/id", "Cannot access system path: /root/.ssh/id"),
                ("/tmp/" + "a/" * 2050, "file path too long (max 4095 bytes)")):
            if not path.startswith("/"):
                path = "/" + path if path else path
            for method, body in (("GET", None), ("PUT", {"content": ""}), ("DELETE", None)):
                with self.subTest(path=path[:40], method=method):
                    self.assert_error(self.server.call(method, "/sandboxes/box/files" + path, body), 400, message)
        self.assert_error(self.server.call("GET", "/sandboxes/a--b/files/x"), 400,
                          "Sandbox name cannot contain consecutive hyphens or underscores")
        self.assert_error(self.server.call("PATCH", "/sandboxes/box/files/x", {}), 404, "Not found")

    def test_bad_bodies(self):
        for body, message in (
                ("x", "Invalid JSON: "), ("[]", "Invalid JSON: "), ({}, "Invalid JSON: missing field `content`"),
                ({"content": None}, "Invalid JSON: invalid type: null, expected a string"),
                ({"content": 1}, "Invalid JSON: invalid type: number, expected a string"),
                ({"content": "", "encoding": None}, "Invalid JSON: invalid type: null, expected a string"),
                ({"content": "", "encoding": 1}, "Invalid JSON: invalid type: number, expected a string"),
                ('{"content":"","content":""}', "Invalid JSON: duplicate field `content`"),
                ('{"content":"\\ud800"}', "Invalid JSON: lone surrogate"),
                *(({"content": bad, "encoding": "base64"}, "Invalid base64: ")
                  for bad in ("a", "YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y Q==", "YQ==YQ==", "Y-_=", "\0"))):
            with self.subTest(body=str(body)):
                self.assert_error_starts(self.server.call("PUT", self.url("/tmp/bad"), body), 400, message)
        self.assertEqual(self.get("/tmp/bad")[0], 404)
        for encoding in ("utf8", "BASE64", "other", ""):  # whatever is not base64 is text
            self.wrote(self.put("/tmp/good", "YQ==", encoding=encoding), 4, "/tmp/good")
        self.wrote(self.put("/tmp/good", "YQ==", encoding="base64", more=None), 1, "/tmp/good")

    def test_the_body_has_a_limit(self):
        self.assert_error(self.put("/tmp/large", "x" * (16 * MB)), 413,
                          "Request body exceeds the maximum size of 16777216 bytes")
        content = os.urandom(12 * MB - 64)
        self.wrote(self.put("/tmp/large", content), len(content), "/tmp/large")
        self.assertEqual(self.read("/tmp/large"), content)

    def test_failures(self):
        self.put("/tmp/dir/file", "")
        for path, why in (("/tmp/none", "No such file or directory"), ("/tmp/dir", "is a folder"), ("/tmp", "is a folder"),
                          ("/tmp/dir/file/x", "Not a directory"), ("/tmp/" + "x" * 256, "File name too long")):
            self.assert_error(self.get(path), 404, "Failed to read %s: %s" % (path, why))
        for path, why in (("/tmp/dir", "is a folder"), ("/workspace", "is a folder"), ("/tmp/dir/file/x", "Not a directory"),
                          ("/tmp/dir/file/x/y", "Not a directory")):
            self.assert_error(self.put(path, "x"), 500, "Failed to write %s: %s" % (path, why))
        self.assert_error(self.delete("/tmp/dir"), 500, "Failed to delete /tmp/dir: is a folder")
        for path in ("/tmp/none", "/tmp/none/none", "/tmp/dir/file/x"):
            self.assertEqual(self.delete(path), (200, {"success": True, "data": "Deleted " + path}))
        self.assertEqual(self.read("/tmp/dir/file"), b"")
        for sandbox in ("none", "halted"):
            if sandbox == "halted":
                self.server.post("/sandboxes", {"name": sandbox})
                self.assertEqual(self.server.post("/sandboxes/halted/stop", None)[0], 200)
            message = NOT_RUNNING % (sandbox, sandbox)
            self.assert_error(self.server.call("GET", self.url("/tmp/x", sandbox)), 404, message)
            self.assert_error(self.server.call("PUT", self.url("/tmp/x", sandbox), {"content": ""}), 500, message)
            self.assert_error(self.server.call("DELETE", self.url("/tmp/x", sandbox)), 500, message)
            self.assert_error(self.server.post("/sandboxes/%s/files" % sandbox, {"files": {"/tmp/x": ""}}), 500, message)

    def test_permissions_stay(self):
        self.put("/tmp/script", "#!/bin/sh\necho one\n")
        self.assertEqual(self.sh("chmod 750 /tmp/script; /tmp/script; ln /tmp/script /tmp/other"), "one\n")
        self.put("/tmp/script", "#!/bin/sh\necho two\n")
        self.assertEqual(self.sh("/tmp/script; stat -c %a /tmp/script; /tmp/other"), "two\n750\none\n")
        self.sh("chmod 400 /tmp/script")
        self.put("/tmp/script", "three")
        self.assertEqual(self.read("/tmp/script"), b"three")

    def test_the_root_does_not_overflow(self):
        self.assertEqual(self.server.post("/sandboxes", {"name": "wide"})[0], 201)
        statuses = [self.server.call("PUT", self.url("/%s%d" % ("n" * 200, i), "wide"), {"content": str(i)})[0] for i in range(70)]
        self.assertEqual(sorted(set(statuses)), [200, 500])
        self.assertEqual(statuses.count(200), 62)  # 64 with the home and tmp
        self.assert_error(self.server.call("PUT", self.url("/more/x", "wide"), {"content": ""}), 500,
                          "Failed to write /more/x: the sandbox's root has too many entries")
        self.assertEqual(self.server.exec("wide", "sh", "-c", "cat /nn*")[1]["data"]["output"],
                         "".join(sorted(str(i) for i in range(62))))

    def test_snapshots_hold_every_folder(self):
        self.put("/tmp/in", "1")
        self.put("/data/in", "2")
        self.assertEqual(self.server.post("/snapshots", {"sandbox": "box", "name": "all"})[0], 200)
        self.assertEqual(self.server.post("/snapshots/all/restore", {"as_name": "again"})[0], 200)
        self.assertIn(self.server.post("/sandboxes/again/start", None)[0], (200, 409))
        self.assertEqual(self.server.exec("again", "cat", "/tmp/in", "/data/in")[1]["data"]["output"], "12")
        self.assertEqual(self.server.call("GET", self.url("/data/in", "again"))[1]["data"]["content"], "2")

    def test_activity(self):
        def last():
            return self.server.call("GET", "/sandboxes/box")[1]["data"]["last_activity_at"]
        for act in (lambda: self.put("/tmp/act", ""), lambda: self.get("/tmp/act"), lambda: self.delete("/tmp/act")):
            before = last()
            act()
            self.assertGreater(last(), before)


class WriteFiles(FilesTest):
    def post(self, files):
        return self.server.post("/sandboxes/box/files", {"files": files})

    def test_several(self):
        self.assertEqual(self.post({"/tmp/1": "one", "/app/2": "zwei é", "/x": ""}),
                         (200, {"success": True, "data": {"written": 3}}))
        self.assertEqual(self.sh("cat /tmp/1 /app/2 /x"), "onezwei é")

    def test_all_paths_are_checked_first(self):
        for path, message in (("relative", "relative: Sandbox path must be absolute, got: relative"),
                              ("", ": Sandbox path must be absolute, got: "),
                              ("/a/../b", "/a/../b: Path traversal not allowed: /a/../b"),
                              ("/etc/passwd", "/etc/passwd: Cannot access system path: /etc/passwd"),
                              ("/usr/x", "/usr/x: Cannot access system path: /usr/x"), ("/a\0", "invalid file path: NUL")):
            with self.subTest(path=path):
                self.assert_error(self.post({"/tmp/before": "x", path: "y"}), 400, message)
        self.assertEqual(self.get("/tmp/before")[0], 404)

    def test_bad_bodies(self):
        for body, message in (({}, "Invalid JSON: missing field `files`"), ({"files": {}}, "files map is empty"),
                              ({"files": None}, "Invalid JSON: invalid type: null, expected a map"),
                              ({"files": [1]}, "Invalid JSON: invalid type: sequence, expected a map"),
                              ({"files": {"/a": None}}, "Invalid JSON: invalid type: null, expected a string"),
                              ({"files": {"/a": {"content": ""}}}, "Invalid JSON: invalid type: map, expected a string"),
                              ({"files": {"/a%d" % i: "" for i in range(10001)}}, "files map has too many entries (max 10000)")):
            with self.subTest(body=str(body)[:60]):
                self.assert_error_starts(self.server.post("/sandboxes/box/files", body), 400, message)

    def test_it_stops_at_the_first_failure(self):
        reply = self.post({"/tmp/good1": "1", "/workspace": "no", "/tmp/good2": "2"})
        self.assert_error(reply, 500, "Failed to write /workspace: is a folder")
        self.assertEqual(self.sh("cat /tmp/good1; test -e /tmp/good2 || echo -2"), "1-2\n")


class Large(FilesTest):
    """Files that are sent while they are read."""

    def begin(self, path):
        connection = self.server.connection()
        self.addCleanup(connection.close)
        connection.request("GET", self.url(path))
        response = connection.getresponse()
        response.connection = connection
        return response

    def test_memory_does_not_grow(self):
        self.sh("head -c 100M /dev/urandom > ~/random; head -c 40M /dev/zero > ~/zeros")
        self.read("/workspace/random")
        before = self.server.rss()
        for name, size in (("random", 100 * MB // 3 * 4), ("zeros", 40 * MB * 6)):
            response = self.begin("/workspace/" + name)
            total = 0
            while piece := response.read(1 << 16):
                total += len(piece)
            self.assertGreaterEqual(total, size)
            self.assertLess(total, size + 200)
        if not SANITIZED:
            self.assertLess(self.server.rss() - before, 16 * MB)

    def test_text_in_pieces(self):
        text = "aé€\U0001f600\"\\\n" * 200000
        self.sh("python3 -c 'import sys; open(\"text\", \"w\").write(\"aé€\\U0001f600\\\"\\\\\\n\" * 200000)'")
        self.assertEqual(self.read("/workspace/text"), text.encode())
        self.sh("printf '\\303' >> text")
        self.assertEqual(self.get("/workspace/text")[1]["data"]["encoding"], "base64")
        self.assertEqual(self.read("/workspace/text"), text.encode() + b"\xc3")

    def test_a_file_that_grows(self):
        self.sh("head -c 20M /dev/urandom > grows")
        response = self.begin("/workspace/grows")
        start = response.read(1000)
        self.sh("head -c 1M /dev/zero >> grows")
        data = json.loads(start + response.read())["data"]
        self.assertEqual(data["size"], 20 * MB)
        self.assertEqual(len(base64.b64decode(data["content"], validate=True)), 20 * MB)

    def test_a_file_that_shrinks_or_changes(self):
        """A reply that cannot be finished is cut, so that the client does not take it for complete."""
        for make, change in (("head -c 40M /dev/urandom > f", "truncate -s 1M f"), ("head -c 40M /dev/zero | tr '\\0' a > f", "head -c 40M /dev/zero > g; cat g > f"),
                             ("head -c 40M /dev/zero > f", "yes | head -c 40M > g; cat g > f"),
                             ("head -c 40M /dev/zero > f", "head -c 40M /dev/urandom > g; cat g > f")):
            with self.subTest(make=make, change=change):
                self.sh("rm -f f g; " + make)
                response = self.begin("/workspace/f")
                response.read(1000)
                self.sh(change)
                with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                    response.read()
        self.assertEqual(self.server.call("GET", "/health")[0], 200)

    def test_a_small_file_is_never_cut(self):
        self.sh("echo 0 > status")
        writer = Background(self.sh, "i=0; while [ ! -e stop ]; do head -c $((i % 5000)) /dev/zero > status; i=$((i + 997)); done")
        try:
            for _ in range(200):
                self.read("/workspace/status")
        finally:
            self.sh("touch stop")
            writer.get()

    def test_a_client_that_leaves(self):
        self.sh("head -c 20M /dev/zero > leave")
        descriptors = "/proc/%d/fd" % self.server.process.pid
        for _ in range(5):
            response = self.begin("/workspace/leave")
            response.read(10)
            response.close()
            response.connection.close()
        if os.access(descriptors, os.R_OK):
            wait_until(lambda: self.position("/leave") is None)

    def test_a_client_that_leaves_early(self):
        """The first pass over a file, for the length of the reply, stops when the client disconnects."""
        if not os.access("/proc/%d/fd" % self.server.process.pid, os.R_OK):
            self.skipTest("this user may not look into the server")
        self.sh("truncate -s 2G early")
        with self.server.socket() as sock:
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.url("/workspace/early").encode())
            wait_until(lambda: self.position("/early"))
        read = 0
        while (position := self.position("/early")) is not None:
            read = max(read, position)
        self.assertLess(read, 1500 * MB)
        self.sh("rm early")

    def position(self, name):
        """The server's read position in a file; None if it has not opened it."""
        folder = "/proc/%d/" % self.server.process.pid
        for fd in os.listdir(folder + "fd"):
            with contextlib.suppress(OSError):
                if name in os.readlink(folder + "fd/" + fd):
                    with open(folder + "fdinfo/" + fd) as info:
                        return int(info.readline().split()[1])
        return None

    def test_no_limit_but_that_of_commands(self):
        self.sh("truncate -s 20M sparse")
        response = self.begin("/workspace/sparse")
        self.assertEqual((response.status, int(response.getheader("Content-Length")) >> 20), (200, 120))
        tree = os.path.join(self.server.state, "sandboxes", "box", "tree", "workspace")
        if not os.access(tree, os.W_OK):
            self.skipTest("the state folder is not ours")
        with open(os.path.join(tree, "tera"), "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.truncate(1 << 40)
        self.assert_error(self.get("/workspace/tera"), 413,
                          "File exceeds the maximum size of 2147483648 bytes: /workspace/tera")


class Killed(unittest.TestCase):
    def test_kill_9_while_files_are_written(self):
        """Acknowledged writes are complete; others are complete or have no effect; nothing is left over."""
        state, known = None, {}
        for round_number in range(10):
            server = Server(state=state)
            if state is None:
                state = server.state
                self.addCleanup(shutil.rmtree, server.folder, ignore_errors=True)
                self.assertEqual(server.post("/sandboxes", {"name": "box"})[0], 201)
            for path, contents in known.items():
                found = server.call("GET", "/sandboxes/box/files" + path)[1]["data"]["content"]
                self.assertIn(found, contents, path)
                known[path] = [found]
            if os.access(state, os.R_OK | os.X_OK):
                self.assertEqual(os.listdir(os.path.join(state, "work")), [])

            def write(thread):
                for i in range(1000):
                    path = "/tmp/%d/%d" % (thread, i % 7)
                    content = "%d %d %d " % (round_number, thread, i) * 2000
                    known.setdefault(path, [])
                    if known[path]:
                        known[path] = known[path][:1] + [content]
                    try:
                        status = server.call("PUT", "/sandboxes/box/files" + path, {"content": content})[0]
                    except (OSError, http.client.HTTPException):
                        if len(known[path]) == 0:
                            del known[path]
                        return
                    assert status == 200
                    known[path] = [content]
            writers = [Background(write, thread) for thread in range(3)]
            wait_until(lambda: len(known) >= 3)
            time.sleep(0.02 * round_number)
            server.terminate(signal.SIGKILL)
            for writer in writers:
                writer.get()
            server.log.close()
        last = Server(state=state)
        self.assertEqual(last.call("DELETE", "/sandboxes/box")[0], 200)
        last.close()


if __name__ == "__main__":
    main()
