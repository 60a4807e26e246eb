"""Attacks on the HTTP side of agentkernel-local that are run twice: on the shipped server, where they must fail, and on
one with the control against them disabled, where they must succeed.

The names are those of docs/security.md. The shipped server gets the same setting, and must ignore it.
"""
import contextlib
import json
import os
import select
import subprocess
import time
import unittest

from harness import (AS_ROOT, PATIENCE, SERVER, WEAK_SERVER, Background, Server, ServerTest, as_user, environment, main,
                     new_folder, wait_until)


class Attacks(unittest.TestCase):
    def bites(self, controls, attack, **env):
        """attack(server) returns whether it succeeded."""
        env["AK_TEST_WEAKEN"] = controls
        for program, success in ((SERVER, False), (WEAK_SERVER, True)):
            with self.subTest(program=program), contextlib.closing(Server(program=program, env=env)) as server:
                self.assertIs(attack(server), success)

    def test_x2_removal(self):
        """A tree full of links and pipes is removed, and nothing outside of it."""
        def attack(server):
            outside = new_folder(self)
            os.chmod(outside, 0o777)
            victim = os.path.join(outside, "victim")
            with open(victim, "w"):
                pass
            self.assertEqual(server.post("/sandboxes", {"name": "hostile"})[0], 201)
            # Only the victim is linked to: the weakened server does follow.
            plant = "ln -s %s a; mkdir -p b/c; ln -s %s b/c/d; mkfifo fifo; ln fifo hard; ln -s loop loop" % (outside, outside)
            self.assertEqual(server.exec("hostile", "sh", "-c", plant)[0], 200)
            status = server.call("DELETE", "/sandboxes/hostile")[0]
            if os.path.exists(victim):
                self.assertEqual(status, 200)
                if os.access(server.state, os.R_OK | os.X_OK):
                    self.assertEqual(os.listdir(os.path.join(server.state, "work")), [])
            return not os.path.exists(victim)
        self.bites("nofollow", attack)

    def test_x2_snapshot(self):
        """A copy contains what the tree does, and nothing that links in it lead to."""
        def attack(server):
            outside = new_folder(self)
            os.mkdir(outside + "/d")
            for path in (outside + "/d/secret", outside + "/secret"):
                with open(path, "w") as file:
                    file.write("of the host")
                os.chmod(path, 0o644)
            for path in (outside, outside + "/d"):
                os.chmod(path, 0o755)
            self.assertEqual(server.post("/sandboxes", {"name": "hostile"})[0], 201)
            plant = "ln -s %s/d folder; ln -s %s/secret file; mkdir sub; ln -s %s/d sub/folder; mkfifo pipe" % ((outside,) * 3)
            self.assertEqual(server.exec("hostile", "sh", "-c", plant)[0], 200)
            self.assertEqual(server.post("/snapshots", {"sandbox": "hostile", "name": "s"})[0], 200)
            self.assertEqual(server.post("/snapshots/s/restore", {"as_name": "copy", "start": True})[0], 200)
            return "of the host" in server.exec("copy", "sh", "-c", "cat folder/secret file sub/folder/secret; true")[1]["data"]["output"]
        self.bites("nofollow", attack)

    def test_x2_state_files(self):
        """Other objects in the state folder in place of a file do not prevent the server from starting."""
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
        """The server itself is a service of the host, not reachable in the restrictive profile."""
        def attack(server):
            connect = "import socket; socket.create_connection(('127.0.0.1', %d), 5); print('reached')" % server.port
            return server.run("python3", "-c", connect, profile="restrictive")[1].get("data", {}).get("output") == "reached\n"
        self.bites("unshare-net", attack)

    def test_x19_snapshot(self):
        """A copy fails before the disk is full, and leaves nothing."""
        if not AS_ROOT:
            self.skipTest("only root can mount a small disk")
        for program, weak in ((SERVER, False), (WEAK_SERVER, True)):
            folder = new_folder(self)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m,mode=755", "none", folder], check=True)
            try:
                with contextlib.closing(Server(program=program, state=folder + "/state",
                                               env={"AK_TEST_WEAKEN": "disk-reserve"})) as server:
                    self.fill_a_disk(server, folder, weak)
            finally:
                subprocess.run(["umount", folder], check=True)

    def fill_a_disk(self, server, folder, weak):
        self.assertEqual(server.post("/sandboxes", {"name": "a"})[0], 201)
        self.assertEqual(server.exec("a", "sh", "-c", "head -c 24000000 /dev/zero > f")[0], 200)
        reply = server.post("/snapshots", {"sandbox": "a", "name": "s"})
        if weak:
            self.assertEqual(reply[0], 200)
            return
        self.assertEqual(reply, (500, {"success": False, "error": "Failed to take snapshot: No space left on device"}))
        self.assertEqual(server.call("GET", "/snapshots")[1]["data"], [])
        self.assertEqual((os.listdir(folder + "/state/work"), os.listdir(folder + "/state/snapshots")), ([], []))
        self.assertEqual(server.exec("a", "sh", "-c", "head -c 5000000 /dev/zero > f")[0], 200)
        self.assertEqual(server.post("/snapshots", {"sandbox": "a", "name": "s"})[0], 200)

    def test_x20_captured_output(self):
        def attack(server):
            status, body = server.run("sh", "-c", "head -c 18000000 /dev/zero | tr '\\0' x")
            self.assertEqual(status, 200)
            return len(body["data"]["output"]) == 18000000 and "truncated" not in body["data"]
        self.bites("capture-max", attack)

    def test_x20_detached_output(self):
        def attack(server):
            self.assertEqual(server.post("/sandboxes", {"name": "flood"})[0], 201)
            path = "/sandboxes/flood/exec/detach"
            flood = server.post(path, {"command": ["sh", "-c", "head -c 18000000 /dev/zero | tr '\\0' x"]})[1]["data"]["id"]
            wait_until(lambda: server.call("GET", path + "ed/" + flood)[1]["data"]["status"] == "completed")
            logs = server.call("GET", path + "ed/" + flood + "/logs")[1]["data"]
            return len(logs["stdout"]) == 18000000 and "truncated" not in logs
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


class FileAttacks(unittest.TestCase):
    """Commands that plant traps for the files API."""

    FILES = "/sandboxes/hostile/files"

    def start(self, program=SERVER, controls="", **options):
        server = Server(program=program, env={"AK_TEST_WEAKEN": controls}, **options)
        self.assertEqual(server.post("/sandboxes", {"name": "hostile"})[0], 201)
        return server

    def sh(self, server, script):
        status, body = server.exec("hostile", "sh", "-c", script)
        self.assertEqual(status, 200, body)
        return body["data"]["output"]

    def outside(self):
        """A world-writable folder of the host, with a file in it."""
        folder = new_folder(self)
        os.chmod(folder, 0o777)
        with open(os.path.join(folder, "victim"), "w") as file:
            file.write("secret of the host")
            os.fchmod(file.fileno(), 0o666)
        return folder

    def untouched(self, folder):
        with open(os.path.join(folder, "victim")) as file:
            return os.listdir(folder) == ["victim"] and file.read() == "secret of the host"

    def links_to(self, folder):
        """Shell code that plants links out of the tree, each of which leads to the folder or to the file."""
        up = "../" * 12
        return ("ln -s %s out; ln -s %s/victim file; ln -s %s%s up; ln -s %s%s/victim upfile; mkdir -p real/er; ln -s out real/er/on;"
                "ln -s /proc/self/root%s proc; ln -s /proc/self/cwd cwd; ln -s loop loop; ln -s / top"
                % (folder, folder, up, folder, up, folder, folder))

    def follow(self, server, folder):
        """Whether any of these links leads the API to the host."""
        self.sh(server, self.links_to(folder))
        found = False
        for path in ("out/victim", "file", "up/victim", "upfile", "real/er/on/victim", "proc/victim", "top" + folder + "/victim"):
            reply = server.call("GET", "%s/workspace/%s" % (self.FILES, path))
            found = found or "secret" in str(reply)
        for path in ("out/new", "out/deep/new", "up/new", "proc/new", "real/er/on/new", "cwd/new", "loop/new", "file", "upfile"):
            server.call("PUT", "%s/workspace/%s" % (self.FILES, path), {"content": "evil"})
        server.post(self.FILES, {"files": {"/workspace/up/several": "evil"}})
        for path in ("out/victim", "up/victim", "real/er/on/victim", "proc/victim"):
            server.call("DELETE", "%s/workspace/%s" % (self.FILES, path))
        return found or not self.untouched(folder)

    def test_x1_files_follow_no_link_out(self):
        for program, controls, success in ((SERVER, "openat2,walk", False), (WEAK_SERVER, "", False),
                                           (WEAK_SERVER, "openat2", False), (WEAK_SERVER, "openat2,walk", True)):
            with self.subTest(program=program, controls=controls):
                with contextlib.closing(self.start(program, controls)) as server:
                    self.assertIs(self.follow(server, self.outside()), success)

    def test_x1_state_is_out_of_reach(self):
        """The server's files next to the tree are as unreachable as any other file."""
        for controls in ("", "openat2"):
            with contextlib.closing(self.start(WEAK_SERVER, controls)) as server:
                self.sh(server, "ln -s ../../meta.json meta; ln -s .. up; mkdir d; ln -s ../../../.. d/far")
                for path in ("meta", "up/meta.json", "up/../meta.json", "d/far/sandboxes/hostile/meta.json", "d/far/lock"):
                    for method, body in (("GET", None), ("PUT", {"content": "x"}), ("DELETE", None)):
                        reply = server.call(method, "%s/workspace/%s" % (self.FILES, path), body)
                        self.assertNotIn("created_at", str(reply))
                self.assertEqual(server.terminate(), 0)
                again = Server(state=server.state)
                self.assertEqual(again.call("GET", "/sandboxes/hostile")[1]["data"]["name"], "hostile")
                again.close()

    def test_x1_links_within(self):
        """A link resolves as for commands; one as the last component is replaced or removed, not followed."""
        with contextlib.closing(self.start()) as server:
            self.sh(server, "mkdir /tmp/real; echo here > /tmp/real/f; ln -s /tmp/real abs; ln -s ../tmp/real rel; ln -s abs/f last;"
                            "ln -s / top; ln -s gone dangling")
            for path in ("abs/f", "rel/f", "last", "top/tmp/real/f"):
                self.assertEqual(server.call("GET", "%s/workspace/%s" % (self.FILES, path))[1]["data"]["content"], "here\n")
            self.assertEqual(server.call("PUT", self.FILES + "/workspace/abs/new/g", {"content": "g"})[0], 200)
            self.assertEqual(server.call("PUT", self.FILES + "/workspace/last", {"content": "own"})[0], 200)
            self.assertEqual(server.call("PUT", self.FILES + "/workspace/dangling/x", {"content": ""})[0], 500)
            self.assertEqual(server.call("DELETE", self.FILES + "/workspace/abs")[0], 200)
            self.assertEqual(self.sh(server, "cat /tmp/real/new/g last /tmp/real/f; ls"), "gownhere\ndangling\nlast\nrel\ntop\n")
            # The root behind a link follows the rules of the root.
            for name, status in (("etc", 500), ("usr/x", 500), ("proc", 500), ("tmp", 500), ("fresh/x", 200), ("file", 200)):
                self.assertEqual(server.call("PUT", "%s/workspace/top/%s" % (self.FILES, name), {"content": "x"})[0], status, name)
            self.assertEqual(self.sh(server, "cat /fresh/x /file; test -f /etc/passwd && test -d /usr/bin && echo whole"),
                             "xxwhole\n")

    def test_x2_files_pipes(self):
        """Endless files are not waited for."""
        def attack(server):
            self.assertEqual(server.post("/sandboxes", {"name": "hostile"})[0], 201)
            self.sh(server, "mkfifo pipe; ln -s pipe link")
            with server.socket() as sock:
                sock.sendall(b"GET %s/workspace/link HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.FILES.encode())
                while not select.select([sock], [], [], 0.5)[0]:
                    self.sh(server, "exec 3<>pipe")  # releases one that waits
                return not sock.recv(100).startswith(b"HTTP/1.1 404")
        Attacks.bites(self, "plain-files", attack)

    def test_x2_files_that_are_none(self):
        with contextlib.closing(self.start()) as server:
            self.sh(server, "mkfifo pipe; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'; mkdir dir;"
                            "ln -s /dev/zero zero; ln -s /dev/tty tty")
            for name, why in (("pipe", "not a regular file"), ("sock", "not a regular file"), ("dir", "is a folder")):
                path = "/workspace/" + name
                self.assertEqual(server.call("GET", self.FILES + path),
                                 (404, {"success": False, "error": "Failed to read %s: %s" % (path, why)}))
                self.assertEqual(server.call("PUT", self.FILES + path, {"content": ""}),
                                 (500, {"success": False, "error": "Failed to write %s: %s" % (path, why)}))
            for name in ("zero", "tty"):
                self.assertEqual(server.call("GET", self.FILES + "/workspace/" + name)[0], 404)
            for name in ("pipe", "sock", "zero", "tty"):
                self.assertEqual(server.call("DELETE", self.FILES + "/workspace/" + name)[0], 200)
            self.assertEqual(self.sh(server, "ls"), "dir\n")

    def test_x2_files_depth(self):
        with contextlib.closing(self.start()) as server:
            path = "/tmp/" + "d/" * 1000 + "f"
            self.assertEqual(server.call("PUT", self.FILES + path, {"content": "deep"})[0], 200)
            self.assertEqual(server.call("GET", self.FILES + path)[1]["data"]["content"], "deep")
            self.assertEqual(self.sh(server, "cat " + path), "deep")
            self.assertEqual(server.call("DELETE", self.FILES + path)[0], 200)
            self.sh(server, "python3 -c 'import os\nfor _ in range(3000): os.mkdir(\"x\"); os.chdir(\"x\")'")
            path = "/workspace/" + "x/" * 2000
            self.assertEqual(server.call("GET", self.FILES + path + "f")[0], 404)
            self.assertEqual(server.call("DELETE", "/sandboxes/hostile")[0], 200)

    def test_x2_files_leases(self):
        """A lease that a command holds on a file causes no delay."""
        with contextlib.closing(self.start()) as server:
            lease = ("import fcntl, os, signal, time; signal.signal(signal.SIGIO, signal.SIG_IGN); fd = os.open('leased', "
                     "os.O_RDWR | os.O_CREAT); fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK); print('held', flush=True); "
                     "open('ready', 'w'); time.sleep(60)")
            command = Background(server.exec, "hostile", "python3", "-c", lease)
            wait_until(lambda: server.call("GET", self.FILES + "/workspace/ready")[0] == 200)
            start = time.monotonic()
            self.assertEqual(server.call("GET", self.FILES + "/workspace/leased")[0], 404)
            self.assertEqual(server.call("PUT", self.FILES + "/workspace/leased", {"content": "new"})[0], 200)
            self.assertEqual(server.call("GET", self.FILES + "/workspace/leased")[1]["data"]["content"], "new")
            self.assertLess(time.monotonic() - start, 40)  # the kernel gives the holder 45 s
            self.assertEqual(server.call("DELETE", "/sandboxes/hostile")[0], 200)
            self.assertEqual(command.get()[0], 404)

    def test_x2_files_races(self):
        """A thousand rounds against commands that swap folders, links and pipes all the time."""
        swap = ("import os, sys, itertools\nout = sys.argv[1]\n"
                "for i in itertools.count():\n"
                "  for name in ('d', 'd/f', 'real/sub', 'real/f'):\n"
                "    for make in (lambda n: os.symlink(out, n), lambda n: os.mkdir(n), lambda n: os.symlink('../' * 12 + out[1:], n),\n"
                "                 lambda n: os.mkfifo(n), lambda n: os.link('other/x', n), lambda n: os.symlink('/workspace/real', n),\n"
                "                 lambda n: os.symlink(out + '/victim', n), lambda n: os.rename('real', 'other/real'),\n"
                "                 lambda n: os.rename('other/real', 'real'), lambda n: open('other/x', 'w')):\n"
                "      try: make('new'); os.rename('new', name)\n"
                "      except OSError: pass\n"
                "      for undo in (os.unlink, os.rmdir):\n"
                "        for victim in ('new', name):\n"
                "          try: undo(victim)\n"
                "          except OSError: pass\n"
                "  if i == 0: open('ready', 'w')\n")
        for program, controls, rounds in ((SERVER, "", 1000), (WEAK_SERVER, "openat2", 300)):
            outside = self.outside()
            with self.subTest(controls=controls), contextlib.closing(self.start(program, controls)) as server:
                self.sh(server, "mkdir -p real/sub other")
                commands = [Background(server.exec, "hostile", "python3", "-c", swap, outside) for _ in range(2)]
                wait_until(lambda: server.call("GET", self.FILES + "/workspace/ready")[0] == 200)
                paths = ("d/victim", "d/f", "d/new/f", "real/sub/victim", "real/f", "d/f/victim", "other/real/sub/f")
                seen = set()
                with contextlib.closing(server.connection()) as connection:
                    for i in range(rounds):
                        method = ("GET", "PUT", "DELETE", "GET")[i % 4]
                        body = json.dumps({"content": "from outside %d" % i}) if method == "PUT" else None
                        connection.request(method, "%s/workspace/%s" % (self.FILES, paths[i % len(paths)]), body)
                        response = connection.getresponse()
                        text = response.read()
                        self.assertNotIn(b"secret of the host", text)
                        self.assertIn(response.status, (200, 404, 500), text)
                        seen.add((method, response.status))
                self.assertTrue(self.untouched(outside))
                self.assertIn(("PUT", 200), seen)
                self.assertEqual(server.call("DELETE", "/sandboxes/hostile")[0], 200)
                for command in commands:
                    reply = command.get()
                    self.assertEqual(reply[0], 404, reply)
                if os.access(server.state, os.R_OK | os.X_OK):
                    self.assertEqual(os.listdir(os.path.join(server.state, "work")), [])


class Inside(ServerTest):
    """What a command can do to the server that runs it."""

    def test_x10_own_socket(self):
        """X10: a server that listens on a Unix socket is unreachable in every profile."""
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
        """X13: a setuid program that a command leaves behind is inaccessible to other users of the host."""
        self.assertEqual(self.server.post("/sandboxes", {"name": "setuid"})[0], 201)
        self.assertEqual(self.server.exec("setuid", "sh", "-c", "cp /bin/sh s; chmod 6777 s; chmod 777 .")[0], 200)
        self.assertEqual(os.stat(self.server.state).st_mode & 0o777, 0o700)

    def test_x16_answers_during_a_flood(self):
        """X16: unbounded forks and output leave the server usable."""
        with contextlib.closing(self.server.stream("sh", "-c", "b() { b | b & }; b 2>/dev/null; yes >&2",
                                                   profile="restrictive")):
            for _ in range(20):
                self.assertEqual(self.server.call("GET", "/health")[0], 200)
            self.assertEqual(self.server.run("echo", "fine")[1]["data"]["output"], "fine\n")


if __name__ == "__main__":
    main()
