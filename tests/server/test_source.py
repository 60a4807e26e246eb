"""source_url and source_ref: a repository that is cloned into a new sandbox, by git inside of it."""
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import unittest

from harness import Background, Server, ServerTest, main, new_folder, wait_until

GIT = os.environ.get("AKL_GIT", "akl_test_git")
URL = "https://example.invalid/x.git"


class Source(ServerTest):
    """With an image that contains only git."""

    @classmethod
    def setUpClass(cls):
        cls.images = []
        for name in ("git", "bare"):
            folder = new_folder()
            os.chmod(folder, 0o755)
            os.makedirs(os.path.join(folder, "usr", "bin"))
            if name == "git":
                shutil.copy(GIT, os.path.join(folder, "usr", "bin", "git"))
            cls.images.append((name, folder))
        cls.server_args = [argument for name, folder in cls.images for argument in ("--image", "%s=%s" % (name, folder))]
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for _, folder in cls.images:
            shutil.rmtree(folder)

    def create(self, name, **members):
        return self.server.post("/sandboxes", dict(name=name, image="git", **members))

    def log(self, name):
        return self.server.call("GET", "/sandboxes/%s/files/workspace/git.log" % name)[1]["data"]["content"]

    def test_clone(self):
        status, body = self.create("cloned", source_url=URL)
        self.assertEqual((status, body["data"]["name"]), (201, "cloned"), body)
        self.assertEqual(self.log("cloned"), "git clone --quiet -- %s . prompt=0\n" % URL)
        # The script runs after it, and its failure removes everything; this image has no shell.
        self.assert_error_starts(self.create("script", source_url=URL, init_script="true"), 500, "Failed to run init_script: ")
        self.assertEqual(self.server.call("GET", "/sandboxes/script")[0], 404)

    def test_checkout(self):
        for i, (url, ref) in enumerate((("git:" + URL, "v1.0"), ("ssh://git@example.invalid/x", "feature/a_b"),
                                        ("git@example.invalid:x/y.git", "0123abc"))):
            name = "checked%d" % i
            self.assertEqual(self.create(name, source_url=url, source_ref=ref)[0], 201)
            self.assertEqual(self.log(name), "git clone --quiet -- %s . prompt=0\ngit checkout --quiet %s -- prompt=0\n"
                             % (url[4:] if url.startswith("git:") else url, ref))

    def test_failure(self):
        self.assert_error(self.create("failed", source_url=URL, source_ref="missing"), 500,
                          "Failed to checkout missing: error: pathspec 'missing' did not match\n")
        self.assertEqual(self.server.call("GET", "/sandboxes/failed")[0], 404)
        self.assert_error(self.server.post("/sandboxes", {"name": "failed", "image": "bare", "source_url": URL}), 422,
                          "source_url needs git, which is not installed here")
        self.assertEqual(self.server.call("GET", "/sandboxes/failed")[0], 404)

    def test_kill_9_while_it_is_cloned(self):
        """The next server does not have an incomplete clone; it has a complete one."""
        first = Server(*self.server_args)
        self.addCleanup(first.close)
        self.assertEqual(first.post("/sandboxes", {"name": "whole", "image": "git", "source_url": URL})[0], 201)
        call = Background(first.post, "/sandboxes", {"name": "half", "image": "git", "source_url": "https://slow.invalid/x"})
        wait_until(lambda: first.call("GET", "/sandboxes/half/files/workspace/git.log")[0] == 200)
        first.terminate(signal.SIGKILL)
        with self.assertRaises((OSError, http.client.HTTPException)):
            call.get()
        second = Server(*self.server_args, state=first.state)
        self.addCleanup(second.close)
        self.assertEqual([s["name"] for s in second.call("GET", "/sandboxes")[1]["data"]], ["whole"])
        self.assertEqual(second.post("/sandboxes", {"name": "half", "image": "git", "source_url": URL})[0], 201)

    def test_a_client_that_leaves_takes_the_sandbox_with_it(self):
        connection = self.server.connection()
        connection.request("POST", "/sandboxes", json.dumps({"name": "left", "image": "git", "source_url": "https://slow.invalid/x"}))
        wait_until(lambda: self.server.call("GET", "/sandboxes/left/files/workspace/git.log")[0] == 200)
        connection.close()
        wait_until(lambda: self.server.call("GET", "/sandboxes/left")[0] == 404)

    def test_passwords_are_not_repeated(self):
        self.assertEqual(self.create("quiet", source_url="https://user:s3cret@example.invalid/x.git")[0], 201)
        self.assertIn("user:s3cret@", self.log("quiet"))
        entry = self.server.call("GET", "/sandboxes/quiet/logs")[1]["data"][1]
        self.assertEqual(entry["command"], ["git", "clone", "--quiet", "--", "https://@example.invalid/x.git", "."])

    def test_what_is_refused(self):
        url = "Invalid source_url: "
        ref = "Invalid source_ref: "
        for members, message in (
                *(({"source_url": bad}, url) for bad in (
                    "http://x/y", "file:///etc", "/etc", "x", "ext::sh -c id", "git://x/y", "https://", "https://-oProxyCommand=id/x",
                    "https://x/y z", "https://x/$(id)", "https://x/`id`", "https://x/;id", "https://x/\u00e9", "https://x/\n",
                    "git@host", "git@-x:y", "--upload-pack=id", "https://x/" + "y" * 2048)),
                *(({"source_url": URL, "source_ref": bad}, ref) for bad in (
                    "", "-x", "--", "/x", "x/", ".x", "x.", "a..b", "a//b", "a b", "a@{1}", "a~1", "a" * 256)),
                ({"source_ref": "main"}, "source_ref requires source_url"),
                ({"source_url": 1}, "Invalid JSON: invalid type: number")):
            with self.subTest(members=str(members)[:80]):
                self.assert_error_starts(self.create("bad", **members), 400, message)
        self.assert_error(self.create("bad", source_url=URL, profile="restrictive"), 422,
                          "source_url needs a network, which the restrictive profile has not")
        self.assertEqual(self.server.call("GET", "/sandboxes/bad")[0], 404)
        self.assertEqual(self.create("none", source_url=None, source_ref=None)[0], 201)


class Script(ServerTest):
    def create(self, name, script, **members):
        return self.server.post("/sandboxes", dict(name=name, init_script=script, **members))

    def test_it_has_run_when_the_sandbox_is_there(self):
        self.assertEqual(self.create("made", "echo \"$0 $#\" > made; pwd >> made; sleep 0.2; echo end >> made")[0], 201)
        self.assertEqual(self.server.exec("made", "cat", "made")[1]["data"]["output"], "/bin/sh 0\n/workspace\nend\n")
        entry = self.server.call("GET", "/sandboxes/made/logs")[1]["data"][1]
        self.assertEqual((entry["type"], entry["command"][:2]), ("command_executed", ["/bin/sh", "-c"]))
        # A stop and a start do not run it again.
        self.server.call("POST", "/sandboxes/made/stop")
        self.server.call("POST", "/sandboxes/made/start")
        self.assertEqual(self.server.exec("made", "wc", "-l", "made")[1]["data"]["output"], "3 made\n")

    def test_nothing_is_left_of_one_that_fails(self):
        self.assert_error(self.create("failed", "echo why >&2; exit 3"), 500, "Failed to run init_script: why\n")
        self.assert_error_starts(self.create("failed", "no-such-program"), 500,
                          "Failed to run init_script: /bin/sh: ")
        self.assertEqual(self.server.call("GET", "/sandboxes/failed")[0], 404)
        if os.access(self.server.state, os.R_OK | os.X_OK):
            self.assertEqual(os.listdir(self.server.state + "/work"), [])

    def test_kill_9_while_it_runs(self):
        first = Server()
        self.addCleanup(first.close)
        call = Background(first.post, "/sandboxes", {"name": "half", "init_script": "echo x > x; sleep 600"})
        wait_until(lambda: first.call("GET", "/sandboxes/half/files/workspace/x")[0] == 200)
        first.terminate(signal.SIGKILL)
        with self.assertRaises((OSError, http.client.HTTPException)):
            call.get()
        with contextlib.closing(Server(state=first.state)) as second:
            self.assertEqual(second.call("GET", "/sandboxes")[1]["data"], [])


@unittest.skipUnless(os.path.exists("/usr/bin/git"), "this host has no git")
class RealGit(ServerTest):
    def test_a_server_that_is_none(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def refuse():
                connection = listener.accept()[0]
                with contextlib.closing(connection):
                    return connection.recv(1)
            accepted = Background(refuse)
            url = "https://user:s3cret@127.0.0.1:%d/x.git" % listener.getsockname()[1]
            status, body = self.server.post("/sandboxes", {"name": "real", "source_url": url})
            self.assertEqual(accepted.get(), b"\x16")  # a TLS handshake
        self.assertEqual(status, 500)
        self.assertTrue(body["error"].startswith("Failed to clone " + url.replace("user:s3cret", "") + ": "), body)
        self.assertNotIn("s3cret", str(body))
        self.assertEqual(self.server.call("GET", "/sandboxes")[1]["data"], [])


if __name__ == "__main__":
    main()
