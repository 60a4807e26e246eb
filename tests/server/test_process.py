"""The server as a process: its command line, its start, its end, and its behaviour under load."""
import contextlib
import os
import select
import signal
import socket
import stat
import subprocess
import time
import unittest

from harness import (AS_ROOT, HIDE_BUBBLEWRAP, IDLE_THREADS, PATIENCE, SERVER, TEST_UID, Background, Markers, Server,
                     ServerTest, as_user, environment, main, new_folder, processes, wait_until, within)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = new_folder(self)
        self.state = ["--state", os.path.join(self.folder, "state")]

    def call(self, *args, **env):
        return subprocess.run([SERVER, *args], env=environment(**env), capture_output=True, text=True, timeout=PATIENCE,
                              cwd="/", **as_user())

    def assert_refused(self, message, *args, code=None, **env):
        result = self.call(*args, **env)
        self.assertIn(result.returncode, (1, 2) if code is None else (code,), result)
        self.assertEqual(result.stdout, "")
        self.assertIn(message, result.stderr)
        self.assertEqual(result.stderr.count("\n"), result.stderr.count("agentkernel-local: "), result.stderr)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_version_and_help(self):
        result = self.call("--version")
        self.assertRegex(result.stdout, r"^agentkernel-local \d+\.\d+\.\d+\n$")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        result = self.call("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for option in ("--listen", "--unix", "--api-key-file", "--state", "--image", "AGENTKERNEL_API_KEY"):
            self.assertIn(option, result.stdout)

    def test_bad_arguments(self):
        self.assertEqual(self.call("--nonsense").returncode, 2)
        self.assert_refused("unexpected argument 'x'", "x", code=2)
        self.assert_refused("exclude each other", "--unix", "/tmp/x", "--listen", "127.0.0.1:1", code=2)
        for address in ("1", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80"):
            self.assert_refused("--listen wants HOST:PORT", "--listen", address, code=2)
        self.assert_refused("--image wants NAME=DIR", "--image", "x", code=2)
        self.assert_refused("No such file", "--image", "x=/no/such/folder", code=2)
        self.assert_refused("no folder", "--image", "x=/etc/passwd", code=2)
        self.assert_refused("no folder", "--image", "x=/", code=2)
        self.assert_refused("invalid character", "--image", "a b=/usr", code=2)

    def test_key_files(self):
        self.assert_refused("No such file", "--api-key-file", os.path.join(self.folder, "none"), code=2)
        for text in ("", "\n", "\nkey\n", "k" * 5000):
            self.assert_refused("holds no key", "--api-key-file", self.write("key", text), code=2)
        with contextlib.closing(Server("--api-key-file", self.write("key", "from file\n"))) as server:
            self.assertEqual(server.call("GET", "/sandboxes", None, {"Authorization": "Bearer from file"})[0], 200)
            self.assertEqual(server.call("GET", "/sandboxes")[0], 401)

    def test_key_file_wins_over_the_environment_and_neither_shows(self):
        key = self.write("key", "from-file")
        with contextlib.closing(Server("--api-key-file", key, env={"AGENTKERNEL_API_KEY": "from-environment"})) as server:
            self.assertEqual(server.call("GET", "/sandboxes", None, {"Authorization": "Bearer from-file"})[0], 200)
            self.assertEqual(server.call("GET", "/sandboxes", None, {"Authorization": "Bearer from-environment"})[0], 401)
            pid = server.process.pid
            with contextlib.suppress(PermissionError):  # of the same user, too: the server is not dumpable
                with open("/proc/%d/environ" % pid, "rb") as file:
                    self.assertNotIn(b"from-environment", file.read())
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                self.assertNotIn(b"from-", file.read())
            self.assertNotIn("from-", server.errors())

    def test_an_empty_key_is_none(self):
        with contextlib.closing(Server(env={"AGENTKERNEL_API_KEY": ""})) as server:
            self.assertEqual(server.call("GET", "/sandboxes")[0], 200)

    def test_other_machines_need_a_key(self):
        for host in ("0.0.0.0", "[::]"):
            self.assert_refused("Set an API key", "--listen", host + ":0", *self.state)
        with contextlib.closing(Server("--listen", "0.0.0.0:0", env={"AGENTKERNEL_API_KEY": "k"})) as server:
            headers = {"Authorization": "Bearer k", "Host": "some.name:1"}
            self.assertEqual(server.call("GET", "/sandboxes", None, headers)[0], 200)

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        with contextlib.closing(Server("--listen", "[::1]:0")) as server:
            self.assertRegex(server.url, r"^http://\[::1\]:\d+$")

    def test_busy_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.assert_refused("Address already in use", "--listen", "127.0.0.1:%d" % taken.getsockname()[1], *self.state)

    def test_one_server_per_state_folder(self):
        with contextlib.closing(Server()) as server:
            self.assert_refused("another agentkernel-local uses this state folder", "--listen", "127.0.0.1:0", "--state",
                                server.state)
            self.assertEqual(server.call("GET", "/health")[0], 200)

    def test_a_folder_with_other_things_is_left_alone(self):
        self.write("precious", "x")
        os.chmod(self.folder, 0o755)
        self.assert_refused("holds something else", "--listen", "127.0.0.1:0", "--state", self.folder)
        self.assertEqual((os.listdir(self.folder), os.stat(self.folder).st_mode & 0o777), (["precious"], 0o755))

    def test_state_folders(self):
        with contextlib.closing(Server(state=self.folder + "/deep/er/state")) as server:
            self.assertEqual(os.stat(server.state).st_mode & 0o777, 0o700)
            self.assertEqual(server.post("/sandboxes", {"name": "a"})[0], 201)
        if not AS_ROOT:
            for env, where in (({"XDG_STATE_HOME": self.folder + "/xdg"}, "/xdg/agentkernel-local"),
                               ({"XDG_STATE_HOME": "", "HOME": self.folder + "/home"},
                                "/home/.local/state/agentkernel-local")):
                process = subprocess.Popen([SERVER, "--listen", "127.0.0.1:0"], env=environment(**env), cwd="/",
                                           stdout=subprocess.PIPE, **as_user())
                process.stdout.readline()
                self.assertTrue(os.path.isdir(self.folder + where + "/sandboxes"))
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
                process.stdout.close()


class UnixSockets(unittest.TestCase):
    def setUp(self):
        self.folder = new_folder(self)

    def refused(self, path):
        return subprocess.run([SERVER, "--unix", path, "--state", self.folder + "/state"], capture_output=True, text=True,
                              timeout=PATIENCE, cwd="/", **as_user())

    def test_mode_and_removal(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with contextlib.closing(Server(unix=True)) as server:
                info = os.stat(server.unix)
                self.assertTrue(stat.S_ISSOCK(info.st_mode))
                self.assertEqual(info.st_mode & 0o777, 0o600)
                self.assertEqual(server.terminate(how), 0)
                self.assertFalse(os.path.exists(server.unix))

    def test_stale_socket_is_replaced(self):
        with contextlib.closing(Server(unix=True)) as server:
            with socket.socket(socket.AF_UNIX) as old:
                old.bind(server.folder + "/old")  # bound, but no process listens any more
            if TEST_UID is not None:
                os.chown(server.folder + "/old", TEST_UID, TEST_UID)
            second = subprocess.Popen([SERVER, "--unix", server.folder + "/old", "--state", self.folder + "/state"],
                                      stdout=subprocess.PIPE, cwd="/", **as_user())
            self.assertEqual(second.stdout.readline().decode(), "listening on unix://%s/old\n" % server.folder)
            second.terminate()
            self.assertEqual(second.wait(PATIENCE), 0)
            second.stdout.close()

    def test_live_socket_is_kept(self):
        with contextlib.closing(Server(unix=True)) as server:
            result = self.refused(server.unix)
            self.assertEqual(result.returncode, 1)
            self.assertIn("another server is listening there", result.stderr)
            self.assertEqual(server.call("GET", "/health")[0], 200)

    def test_other_files_are_kept(self):
        path = self.folder + "/file"
        with open(path, "w") as file:
            file.write("x")
        result = self.refused(path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("it is no socket", result.stderr)
        self.assertTrue(os.path.isfile(path))

    def test_path_too_long(self):
        result = self.refused(self.folder + "/" + "x" * 120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("too long", result.stderr)

    def follow(self, server):
        """The next server on the same socket and state."""
        following = subprocess.Popen([SERVER, "--unix", server.unix, "--state", server.state], stdout=subprocess.PIPE,
                                     cwd="/", **as_user())
        self.addCleanup(following.wait)
        self.addCleanup(following.kill)
        with following.stdout:
            self.assertIn(b"listening on unix://", following.stdout.readline())
        return following

    def test_started_without_standard_descriptors(self):
        path = self.folder + "/socket"
        command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", SERVER, "--unix", path]
        process = subprocess.Popen([*command, "--state", self.folder + "/state"], cwd="/", **as_user())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: os.path.exists(path))
        if os.geteuid() != 0:
            self.skipTest("a server is not dumpable: only root sees its descriptors")
        self.assertEqual([os.readlink("/proc/%d/fd/%d" % (process.pid, fd)) for fd in range(3)], ["/dev/null"] * 3)

    def test_kill_9_leaves_a_socket_that_the_next_server_replaces(self):
        # Repeatedly, because the remover of the killed one unlinks its socket at the same time.
        with contextlib.closing(Server(unix=True)) as server:
            killed = server.process
            for _ in range(30):
                killed.kill()
                killed.wait()
                killed = self.follow(server)
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(server.unix)
            killed.terminate()
            self.assertEqual(killed.wait(PATIENCE), 0)

    @unittest.skipUnless(AS_ROOT, "only root's server has a second process that removes the socket")
    def test_what_remains_of_a_killed_server_leaves_the_next_ones_socket(self):
        # In the worst case it unlinks its socket only after the next server has created one.
        with contextlib.closing(Server(unix=True)) as server:
            [remover] = removers(server.process.pid)
            descriptor = os.pidfd_open(remover)
            self.addCleanup(os.close, descriptor)
            os.kill(remover, signal.SIGSTOP)
            server.process.kill()
            server.process.wait()
            following = self.follow(server)
            os.kill(remover, signal.SIGCONT)
            self.assertEqual(select.select([descriptor], [], [], PATIENCE)[0], [descriptor])
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(server.unix)
            following.terminate()
            self.assertEqual(following.wait(PATIENCE), 0)
            self.assertFalse(os.path.exists(server.unix))


def removers(pid):
    """Children of a server that hold only a pipe and a socket, neither of them as stderr."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        children = file.read().split()
    return [int(child) for child in children if sorted(os.listdir("/proc/%s/fd" % child)) == ["0", "1"]]


class End(unittest.TestCase):
    """SIGTERM and SIGINT end everything, within a second."""

    def start(self, **options):
        server = Server(**options)
        self.addCleanup(server.close)
        return server

    def test_idle(self):
        server = self.start()
        keep_alive = server.connection()
        keep_alive.request("GET", "/health")
        keep_alive.getresponse().read()
        with within(1):
            self.assertEqual(server.terminate(), 0)
        self.assertEqual(keep_alive.sock.recv(1), b"")
        keep_alive.close()

    def test_with_commands(self):
        for unix in (False, True):
            server = self.start(unix=unix)
            marker = Markers.new()
            call = Background(server.run, "sh", "-c", "setsid sleep %s & trap '' TERM; sleep 600; true" % marker)
            stream = server.stream("sh", "-c", "sleep %s; true" % marker)
            stuck = server.stream("sh", "-c", "sleep %s & yes" % marker)
            self.assertEqual(stream.next()[0], "started")
            wait_until(lambda: len(processes(marker)) >= 3)
            time.sleep(0.3)  # until no part of the third fits anywhere
            with within(2):
                self.assertEqual(server.terminate(), 0)
            self.assertEqual(processes(marker), [])
            self.assertEqual(stream.next(), ("error", {"message": "The server is shutting down"}))
            self.assertEqual(call.get()[0], 503)
            stream.close()
            stuck.close()

    def test_during_a_long_removal(self):
        server = self.start()
        server.post("/sandboxes", {"name": "big"})
        status, body = server.exec("big", "python3", "-c",
                                   "import os\nfor i in range(100):\n os.mkdir(str(i))\n"
                                   " for j in range(100): open('%d/%d' % (i, j), 'w').close()")
        self.assertEqual(status, 200, body)
        removal = Background(server.call, "DELETE", "/sandboxes/big")
        wait_until(lambda: server.call("GET", "/sandboxes/big")[0] == 404)  # its files are what takes long
        self.assertEqual(server.terminate(), 0)
        with contextlib.suppress(Exception):
            removal.get()  # whatever the reply was
        again = self.start(state=server.state)
        names = [s["name"] for s in again.call("GET", "/sandboxes")[1]["data"]]
        self.assertIn(names, ([], ["big"]))
        if os.access(server.state, os.R_OK | os.X_OK):
            self.assertEqual(os.listdir(server.state + "/work"), [])
        self.assertEqual(again.terminate(), 0)

    def test_no_process_is_left(self):
        server = self.start()
        server.run("true")
        self.assertEqual(server.terminate(), 0)
        wait_until(lambda: not processes(server.state))


class StateInMemory(unittest.TestCase):
    def on_tmpfs(self):
        if not AS_ROOT:
            self.skipTest("only root can mount a file system")
        folder = new_folder(self)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "none", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        return folder

    def test_it_is_said_once(self):
        folder = self.on_tmpfs()
        with contextlib.closing(Server(state=folder + "/state")) as server:
            server.run("true")
            self.assertEqual(server.errors().count("warning: the state folder is in memory"), 1, server.errors())
        with contextlib.closing(Server()) as server:
            self.assertNotIn("in memory", server.errors())

    def test_files_of_others_are_not_counted(self):
        """A command is not ended because of other files on that file system."""
        folder = self.on_tmpfs()
        with open(folder + "/others", "wb") as file:
            file.write(bytes(80 << 20))
        with contextlib.closing(Server(state=folder + "/state")) as server:
            self.assertEqual(server.post("/sandboxes", {"name": "small", "memory_mb": 64})[0], 201)
            # Long enough for many samples of its usage.
            status, body = server.exec("small", "sh", "-c", "sleep 1; echo alive")
            self.assertEqual((status, body.get("data")), (200, {"output": "alive\n"}), body)


class Crowd(ServerTest):
    def test_two_hundred_at_once(self):
        """All of them run at the same time, and each one's output is its own."""
        marker = Markers.new()
        streams = [Background(self.server.stream, "sh", "-c", "echo $0; sleep %s; true" % marker, str(i))
                   for i in range(200)]
        streams = [stream.get() for stream in streams]
        for i, stream in enumerate(streams):
            self.assertEqual(stream.next()[0], "started")
            self.assertEqual(stream.next(), ("output", {"data": "%d\n" % i, "stream": "stdout"}))
        wait_until(lambda: len(processes(marker)) >= 200)
        self.assertEqual(self.server.call("GET", "/health")[0], 200)
        for stream in streams:
            stream.close()
        wait_until(lambda: not processes(marker))

    def test_descriptors_and_threads_go_back(self):
        def count(what):
            return len(os.listdir("/proc/%d/%s" % (self.server.process.pid, what)))
        for _ in range(2):
            calls = [Background(self.server.run, "true") for _ in range(20)]
            self.assertEqual({call.get()[0] for call in calls}, {200})
        try:
            wait_until(lambda: count("task") <= IDLE_THREADS)
            before = count("fd")
        except PermissionError:
            self.skipTest("this user may not look into the server")
        calls = [Background(self.server.run, "true") for _ in range(60)]
        self.assertEqual({call.get()[0] for call in calls}, {200})
        wait_until(lambda: count("task") <= IDLE_THREADS and count("fd") <= before)

    def test_health_answers_while_much_runs(self):
        calls = [Background(self.server.run, "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
                 for _ in range(20)]
        for _ in range(20):
            self.assertEqual(self.server.call("GET", "/health")[0], 200)
        self.assertEqual({call.get()[0] for call in calls}, {200})


class Unavailable(unittest.TestCase):
    """X23: without bubblewrap every command is refused, with the cause; none is run unsandboxed."""

    def assert_unavailable(self, server, create=503):
        status, body = server.call("GET", "/status")
        self.assertEqual(status, 200)
        self.assertIs(body["data"]["sandbox"]["usable"], False)
        message = body["data"]["sandbox"]["message"]
        self.assertTrue(message)
        for path in ("/run", "/run/stream", "/sandboxes/kept/exec"):
            status, body = server.post(path, {"command": ["touch", "/tmp/akl-bare"]})
            self.assertEqual((status, sorted(body)), (503, ["error", "success"]), path)
            self.assertTrue(body["error"].startswith("Sandbox unavailable: " + message), body)
        self.assertEqual(server.post("/sandboxes", {"name": "new"})[0], 503)
        self.assertFalse(os.path.exists("/tmp/akl-bare"))
        self.assertEqual(server.call("GET", "/health")[0], 200)
        self.assertEqual(server.call("GET", "/sandboxes/kept")[0], 200)
        self.assertEqual(server.post("/run", {})[0], 400)

    def test_no_bubblewrap(self):
        if not AS_ROOT:
            self.skipTest("only root can hide bubblewrap")
        state = new_folder(self)
        with contextlib.closing(Server(state=state + "/s")) as server:
            self.assertEqual(server.post("/sandboxes", {"name": "kept"})[0], 201)
        with contextlib.closing(Server(state=state + "/s", wrapper=HIDE_BUBBLEWRAP)) as server:
            self.assert_unavailable(server)
            self.assertIn("sandbox unavailable: ", server.errors())

    def test_the_spawner_was_killed(self):
        with contextlib.closing(Server()) as server:
            self.assertEqual(server.post("/sandboxes", {"name": "kept"})[0], 201)
            call = Background(server.run, "sleep", "600")
            children = "/proc/%d/task/%d/children" % (server.process.pid, server.process.pid)
            with open(children) as file:
                pids = [int(pid) for pid in file.read().split()]
            self.assertTrue(pids)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self.assertEqual(call.get()[0], 503)
            wait_until(lambda: server.call("GET", "/status")[1]["data"]["sandbox"]["usable"] is False)
            self.assert_unavailable(server)


if __name__ == "__main__":
    main()
