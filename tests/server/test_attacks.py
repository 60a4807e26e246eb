"""Attacks on the HTTP side of agentkernel-local that are made twice: on the server as it is shipped, where they must fail,
and on one with the control against them taken away, where they must succeed.

The names are those of docs/security.md. The shipped server is told to weaken itself, too, and must not know what that is.
"""
import contextlib
import os
import select
import subprocess
import unittest

from harness import PATIENCE, SERVER, Server, ServerTest, as_user, environment, main, new_folder

WEAK_SERVER = os.path.abspath(os.environ.get("AKL_SERVER_WEAK", "agentkernel-local-weak"))


class Attacks(unittest.TestCase):
    def bites(self, controls, attack, **env):
        """attack(server) tells whether it succeeded."""
        env["AK_TEST_WEAKEN"] = controls
        for program, success in ((SERVER, False), (WEAK_SERVER, True)):
            with self.subTest(program=program), contextlib.closing(Server(program=program, env=env)) as server:
                self.assertIs(attack(server), success)

    def test_x2_removal(self):
        """A tree full of links and pipes goes, and nothing outside of it."""
        def attack(server):
            outside = new_folder(self)
            os.chmod(outside, 0o777)
            victim = os.path.join(outside, "victim")
            with open(victim, "w"):
                pass
            self.assertEqual(server.post("/sandboxes", {"name": "hostile"})[0], 201)
            # Nothing but the victim is linked to: the weakened server does follow.
            plant = "ln -s %s a; mkdir -p b/c; ln -s %s b/c/d; mkfifo fifo; ln fifo hard; ln -s loop loop" % (outside, outside)
            self.assertEqual(server.exec("hostile", "sh", "-c", plant)[0], 200)
            status = server.call("DELETE", "/sandboxes/hostile")[0]
            if os.path.exists(victim):
                self.assertEqual(status, 200)
                if os.access(server.state, os.R_OK | os.X_OK):
                    self.assertEqual(os.listdir(os.path.join(server.state, "work")), [])
            return not os.path.exists(victim)
        self.bites("nofollow", attack)

    def test_x2_state_files(self):
        """What lies in the state folder in place of a file does not keep the server from starting."""
        for program, weak in ((SERVER, False), (WEAK_SERVER, True)):
            folder = new_folder(self)
            state = os.path.join(folder, "state")
            with contextlib.closing(Server(state=state)) as server:
                for name in ("good", "pipe", "zero"):
                    self.assertEqual(server.post("/sandboxes", {"name": name})[0], 201)
            try:
                owner = os.stat(state)
                meta = os.path.join(state, "sandboxes", "%s", "meta.json")
                os.unlink(meta % "pipe")
            except PermissionError:
                self.skipTest("the state folder is not ours")
            os.mkfifo(meta % "pipe")
            os.lchown(meta % "pipe", owner.st_uid, owner.st_gid)
            os.unlink(meta % "zero")
            os.symlink("/dev/zero", meta % "zero")
            self.assertIs(self.starts(program, state, PATIENCE if not weak else 2), not weak)

    def starts(self, program, state, seconds):
        process = subprocess.Popen([program, "--listen", "127.0.0.1:0", "--state", state], cwd="/",
                                   env=environment(AK_TEST_WEAKEN="plain-files"), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, **as_user())
        try:
            return bool(select.select([process.stdout], [], [], seconds)[0]) and \
                process.stdout.readline().startswith(b"listening on ")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_x9_own_server(self):
        """The server itself is a service of the host, out of reach for the restrictive profile."""
        def attack(server):
            connect = "import socket; socket.create_connection(('127.0.0.1', %d), 5); print('reached')" % server.port
            return server.run("python3", "-c", connect, profile="restrictive")[1].get("data", {}).get("output") == "reached\n"
        self.bites("unshare-net", attack)

    def test_x20_captured_output(self):
        def attack(server):
            status, body = server.run("sh", "-c", "head -c 18000000 /dev/zero | tr '\\0' x")
            self.assertEqual(status, 200)
            return len(body["data"]["output"]) == 18000000 and "truncated" not in body["data"]
        self.bites("capture-max", attack)

    def test_x26_host(self):
        self.bites("host-check", lambda server: self.answers(server, Host="evil.example"))

    def test_x26_origin(self):
        self.bites("origin-check", lambda server: self.answers(server, Origin="http://evil.example"))

    def test_x26_fetch_site(self):
        self.bites("fetch-site-check", lambda server: self.answers(server, **{"Sec-Fetch-Site": "cross-site"}))

    def test_x26_key(self):
        self.bites("key-check", self.answers, AGENTKERNEL_API_KEY="secret")

    def answers(self, server, **headers):
        """Whether a command is run for it."""
        return server.call("POST", "/run", {"command": ["true"]}, headers)[0] == 200


class Inside(ServerTest):
    """What a command can do to the server that runs it."""

    def test_x10_own_socket(self):
        """X10: a server that listens on a Unix socket is out of reach in every profile."""
        with contextlib.closing(Server(unix=True)) as server:
            connect = "import socket; socket.socket(socket.AF_UNIX).connect('%s')" % server.unix
            for profile in ("permissive", "moderate", "restrictive"):
                self.assertEqual(server.run("python3", "-c", connect, profile=profile)[0], 409)

    def test_x10_state_folder(self):
        """X10: neither the state folder nor another sandbox's files have a path inside."""
        for name in ("first", "second"):
            self.assertEqual(self.server.post("/sandboxes", {"name": name})[0], 201)
        self.server.exec("first", "sh", "-c", "echo secret > file")
        look = "exec 2>/dev/null; cat %s/sandboxes/first/tree/workspace/file %s/sandboxes/first/meta.json; ls -d %s; find / -name meta.json"
        self.assertEqual(self.server.exec("second", "sh", "-c", look % ((self.server.state,) * 3))[1]["output"], "")

    def test_x13_setuid_files_are_closed_in(self):
        """X13: a setuid program that a command leaves behind lies where nobody else of the host gets to."""
        self.assertEqual(self.server.post("/sandboxes", {"name": "setuid"})[0], 201)
        self.assertEqual(self.server.exec("setuid", "sh", "-c", "cp /bin/sh s; chmod 6777 s; chmod 777 .")[0], 200)
        self.assertEqual(os.stat(self.server.state).st_mode & 0o777, 0o700)

    def test_x16_answers_during_a_flood(self):
        """X16: forks and output without end leave the server to others."""
        with contextlib.closing(self.server.stream("sh", "-c", "b() { b | b & }; b 2>/dev/null; yes >&2",
                                                   profile="restrictive")):
            for _ in range(20):
                self.assertEqual(self.server.call("GET", "/health")[0], 200)
            self.assertEqual(self.server.run("echo", "fine")[1]["data"]["output"], "fine\n")


if __name__ == "__main__":
    main()
