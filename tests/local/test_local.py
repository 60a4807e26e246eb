"""base_url local:, with real processes: which process owns the server, and when it ends."""
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "server"))
from harness import AS_ROOT, PATIENCE, SANITIZED, SERVER, as_user, environment, main, new_folder, processes, wait_until  # noqa: E402

HOST = os.path.abspath(os.environ["AK_LOCAL_HOST"])
LIBRARY = os.path.abspath(os.environ["AK_LIBRARY"])
PREFIX = "agentkernel-local."


class Host:
    """A process that uses the library (host.c)."""

    def __init__(self, env, program=HOST):
        self.process = subprocess.Popen([program], env=env, cwd="/", text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, **as_user())

    def send(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def tell(self, command):
        self.send(command)
        return self.process.stdout.readline().rstrip("\n").rstrip()

    def end(self):
        for file in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                file.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait(PATIENCE)


class LocalTest(unittest.TestCase):
    def setUp(self):
        self.folder = new_folder(self)
        os.chmod(self.folder, 0o711)
        self.places = self.make_folder("places")
        # A unique name, to distinguish the servers of this test from all others.
        self.program = os.path.join(self.folder, "agentkernel-local")
        os.symlink(SERVER, self.program)

    def make_folder(self, name):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        os.chmod(path, 0o711)
        with contextlib.suppress(PermissionError):
            shutil.chown(path, os.stat(self.folder).st_uid, os.stat(self.folder).st_gid)
        return path

    def environment(self, **more):
        env = environment(AGENTKERNEL_LOCAL=self.program, TMPDIR=self.places)
        env.pop("XDG_RUNTIME_DIR", None)
        env.update(more)
        return {name: value for name, value in env.items() if value is not None}

    def host(self, program=HOST, **more):
        host = Host(self.environment(**more), program)
        self.addCleanup(host.end)
        return host

    def started(self, **more):
        """A host with client 0 and its server."""
        host = self.host(**more)
        self.assertEqual(host.tell("new 0"), "ok")
        self.assertEqual(host.tell("run 0 echo hello"), "ok hello")
        return host

    def servers(self):
        return processes(self.program)

    def main_servers(self):
        found = []
        for pid in self.servers():
            with contextlib.suppress(OSError):
                with open("/proc/%d/comm" % pid) as file:
                    if not file.read().startswith("akl-"):
                        found.append(pid)
        return found

    def folders(self):
        return sorted(name for name in os.listdir(self.places) if name.startswith(PREFIX))

    def assert_gone(self):
        wait_until(lambda: not self.servers() and not self.folders())

    def script(self, *lines):
        path = os.path.join(self.folder, "script")
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + "\n".join(lines) + "\n")
        os.chmod(path, 0o755)
        return path


class End(LocalTest):
    def test_with_the_last_client(self):
        host = self.started()
        for command in ("new 1", "run 1 true", "new 2", "free 0"):
            self.assertTrue(host.tell(command).startswith("ok"))
        self.assertEqual(host.tell("run 1 echo still"), "ok still")
        self.assertEqual(len(self.folders()), 1)
        self.assertEqual(host.tell("free 1"), "ok")
        self.assert_gone()
        self.assertEqual(host.tell("run 2 echo again"), "ok again")  # a client that existed but did not use it
        self.assertEqual(len(self.main_servers()), 1)
        host.tell("free 2")
        self.assert_gone()
        host.send("exit")
        self.assertEqual(host.process.wait(PATIENCE), 0)  # and nothing leaks, where that is checked

    def test_with_a_call_in_flight(self):
        host = self.started()
        self.assertEqual(host.tell("begin 0 sleep 1000"), "1")
        host.process.kill()
        self.assert_gone()

    def owner_ends(self, how, worker):
        host = self.started()
        workers = [int(host.tell("worker"))] if worker else []
        if how == "SIGKILL":
            host.process.kill()
        else:
            host.send(how)
        try:
            self.assert_gone()
            if how == "exit":
                self.assertEqual(host.process.wait(PATIENCE), 0)
            if how == "exec 1000":
                self.assertIsNone(host.process.poll())  # the program that it executed is not affected
            for pid in workers:
                os.kill(pid, 0)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGKILL)

    def test_when_the_owner_goes(self):
        for how in ("exit", "abort", "SIGKILL", "exec 1000"):
            for worker in (False, True):
                with self.subTest(how=how, worker=worker):
                    self.owner_ends(how, worker)

    def test_with_the_last_client_while_a_worker_lives(self):
        host = self.started()
        worker = int(host.tell("worker"))
        host.tell("free 0")
        self.assert_gone()
        os.kill(worker, signal.SIGKILL)

    def test_not_with_a_worker(self):
        host = self.started()
        worker = int(host.tell("worker"))
        before = self.main_servers()
        os.kill(worker, signal.SIGKILL)
        time.sleep(1.5)
        self.assertEqual(host.tell("run 0 echo here"), "ok here")
        self.assertEqual(self.main_servers(), before)

    def test_not_with_the_thread_that_started_it(self):
        host = self.host()
        host.tell("new 0")
        self.assertEqual(host.tell("thread 0"), "ok")
        before = self.main_servers()
        time.sleep(1.5)
        self.assertEqual(host.tell("run 0 echo here"), "ok here")
        self.assertEqual((len(before), self.main_servers()), (1, before))

    def test_when_all_descriptors_are_closed(self):
        host = self.host()
        host.tell("new 0")
        host.tell("nopool 0")
        self.assertEqual(host.tell("run 0 echo hello"), "ok hello")
        host.tell("closeall")
        self.assert_gone()
        # The old descriptor numbers may belong to other files by now.
        self.assertEqual(host.tell("new 1"), "ok")
        self.assertEqual(host.tell("run 1 echo again"), "ok again")
        self.assertEqual(host.tell("free 0"), "ok")
        time.sleep(1.5)
        self.assertEqual(host.tell("run 1 echo here"), "ok here")
        self.assertEqual(len(self.main_servers()), 1)

    def test_when_it_was_killed_the_next_call_starts_another(self):
        host = self.started()
        host.tell("create 0 kept")
        self.assertEqual(host.tell("begin 0 sleep 1000"), "1")
        first = self.main_servers()
        os.kill(first[0], signal.SIGKILL)
        self.assertRegex(host.tell("end 0"), r"^error AK_E_\w+ 2 local: agentkernel-local has ended")
        self.assertEqual(host.tell("run 0 echo again"), "ok again")
        self.assertEqual(host.tell("list 0"), "ok")
        wait_until(lambda: len(self.folders()) == 1)  # the janitor of the first is done
        self.assertEqual(len(self.main_servers()), 1)
        self.assertNotEqual(self.main_servers(), first)


class Fork(LocalTest):
    def test_a_child_goes_on_with_the_server_of_its_parent(self):
        answers = os.path.join(self.make_folder("answers"), "file")
        host = self.started()
        host.tell("create 0 shared")
        child = int(host.tell("child 0 " + answers))

        def read():
            with contextlib.suppress(OSError), open(answers) as file:
                return file.read().splitlines()
            return []

        wait_until(lambda: len(read()) == 2)
        self.assertEqual([line.rstrip() for line in read()], ["ok shared", "ok"])  # its own client: its own server
        self.assertEqual(host.tell("list 0"), "ok shared")
        wait_until(lambda: len(self.folders()) == 1)  # the child's ended with the child's client
        host.process.kill()
        wait_until(lambda: len(read()) == 4)
        self.assertRegex(read()[2], r"^error AK_E_CONNECT 0 local: the server of process %d, .*: make a new client$"
                         % host.process.pid)
        self.assertEqual(read()[3].rstrip(), "ok child")
        self.assert_gone()
        self.assertFalse(os.path.exists("/proc/%d/fd/0" % child))


class Start(LocalTest):
    def test_no_child_is_left(self):
        host = self.host()
        host.tell("chld")
        host.tell("new 0")
        self.assertEqual(host.tell("run 0 true"), "ok")
        self.assertEqual(host.tell("chlds"), "0 none")
        host.tell("free 0")
        self.assert_gone()
        self.assertEqual(host.tell("chlds"), "0 none")

    def test_nothing_of_the_host_is_inherited(self):
        seen = os.path.join(self.make_folder("seen"), "file")
        script = self.script("exec 8>%s" % seen, "ls /proc/$$/fd >&8; echo end >&8; env >&8",
                             "exec 8>&-; exec %s \"$@\"" % self.program)
        host = self.host(AGENTKERNEL_LOCAL=script, AGENTKERNEL_API_KEY="sesame", KEPT="kept")
        host.tell("hostile")
        host.tell("new 0")
        self.assertEqual(host.tell("run 0 echo hello"), "ok hello")
        with open(seen) as file:
            lines = file.read().split("\n")
        fds = {int(line) for line in lines[:lines.index("end")]}
        self.assertEqual(fds - {8, 10, 11}, set(range(7)))  # the others are the shell's own
        self.assertIn("KEPT=kept", lines)
        self.assertFalse([line for line in lines if "sesame" in line])

    def test_the_server_unblocks_its_signals(self):
        host = self.host()
        host.tell("hostile")
        host.tell("new 0")
        self.assertEqual(host.tell("run 0 echo hello"), "ok hello")
        with open("/proc/%d/status" % self.main_servers()[0]) as file:
            status = dict(line.split(":", 1) for line in file if ":" in line)
        self.assertEqual(int(status["SigIgn"], 16), 1 << (signal.SIGPIPE - 1))
        waited_for = sum(1 << (number - 1) for number in (1, 2, 15))
        self.assertEqual(int(status["SigBlk"], 16) & ~waited_for, 0)

    def test_a_clean_start_and_no_key(self):
        seen = os.path.join(self.make_folder("seen"), "file")
        host = self.host(AGENTKERNEL_LOCAL=HOST, AGENTKERNEL_API_KEY="sesame", AK_FAKE_FILE=seen)
        host.tell("hostile")
        host.tell("new 0")
        host.tell("thread 0")
        with open(seen) as file:
            request = file.read()
        self.assertEqual(request.split("\n")[:3], ["SigBlk:\t" + "0" * 16, "SigIgn:\t" + "0" * 16, "session: own"])
        self.assertIn("GET /health HTTP/1.1", request)
        self.assertNotIn("sesame", request)
        self.assertNotIn("uthorization", request)

    def test_a_step_does_not_wait_for_the_server(self):
        fake = self.script("exec sleep 30")
        host = self.host(AGENTKERNEL_LOCAL=fake)
        host.tell("new 0")
        status, took = host.tell("step 0").split()
        self.assertEqual(status, "3")  # AK_AGAIN
        self.assertLess(int(took), 20000)

    def test_many_calls_at_once(self):
        host = self.host()
        host.tell("new 0")
        self.assertEqual(host.tell("many 0 150"), "150")
        self.assertEqual(len(self.folders()), 1)

    def test_many_processes_at_once(self):
        count = 12 if SANITIZED else 50
        hosts = [self.host() for _ in range(count)]
        for host in hosts:
            host.send("new 0")
            host.send("create 0 mine")
            host.send("list 0")
        for host in hosts:
            self.assertEqual([host.process.stdout.readline().rstrip() for _ in range(3)], ["ok", "ok mine", "ok mine"])
        self.assertEqual(len(self.folders()), count)
        for host in hosts:
            host.process.kill()
        self.assert_gone()

    def test_descriptors_come_back(self):
        host = self.host()
        host.tell("new 0")
        self.assertEqual(host.tell("cycle 0 2"), "ok ok")
        before = host.tell("fds")
        self.assertEqual(host.tell("cycle 0 %d" % (10 if SANITIZED else 40)), "ok ok")
        self.assertEqual(host.tell("fds"), before)
        self.assertEqual(host.tell("run 0 true"), "ok")  # now there is one that remains
        before = host.tell("fds")
        self.assertEqual(host.tell("cycle 0 200"), "ok ok")
        self.assertEqual(host.tell("fds"), before)
        self.assertEqual(len(self.folders()), 1)

    def test_nothing_may_follow(self):
        host = self.host()
        for url in ("local:x", "local://", "local:/tmp"):
            self.assertRegex(host.tell("new 0 " + url), "^error AK_E_ARGUMENT 0 base_url: nothing may follow local:")
        self.assertEqual(host.tell("new 0 LOCAL:"), "ok")


class Program(LocalTest):
    def library(self):
        """A copy of the library in a folder of its own: (environment, its folder, ../bin of it)."""
        lib = self.make_folder("lib")
        shutil.copy(LIBRARY, os.path.join(lib, "libagentkernel.so.0"))
        empty = self.make_folder("empty")
        env = {"AGENTKERNEL_LOCAL": None, "LD_LIBRARY_PATH": lib, "PATH": empty}
        return env, lib, self.make_folder("bin"), empty

    def test_it_is_found(self):
        env, lib, bin_, empty = self.library()
        for folder in (empty, bin_, lib):  # each takes precedence over the previous one
            self.program = os.path.join(folder, "agentkernel-local")
            os.symlink(SERVER, self.program)
            self.started(**env)
            self.assertEqual(len(self.main_servers()), 1, folder)

    def test_all_places_are_named_when_it_is_not(self):
        env, lib, bin_, empty = self.library()
        host = self.host(**env)
        self.assertEqual(host.tell("new 0"), "ok")
        answer = host.tell("run 0 true")
        self.assertTrue(answer.startswith("error AK_E_CONNECT 0 local: the program agentkernel-local was not found"), answer)
        for part in ("AGENTKERNEL_LOCAL (not set)", lib + "/agentkernel-local", bin_ + "/agentkernel-local",
                     "PATH (%s)" % empty):
            self.assertIn(part, answer)
        self.assertEqual(self.folders(), [])
        os.symlink(SERVER, os.path.join(empty, "agentkernel-local"))
        self.assertEqual(host.tell("run 0 echo now"), "ok now")

    def test_the_variable_must_name_a_program(self):
        for name in (self.folder, os.path.join(self.folder, "none")):
            host = self.host(AGENTKERNEL_LOCAL=name)
            host.tell("new 0")
            self.assertEqual(host.tell("run 0 true"), "error AK_E_CONNECT 0 local: AGENTKERNEL_LOCAL names %s, "
                             "which is no program that can be run" % name)

    def test_the_setting_wins_over_the_variable(self):
        none = os.path.join(self.folder, "none")
        host = self.host(AGENTKERNEL_LOCAL=none)
        self.assertEqual(host.tell("new 0 local: " + self.program), "ok")
        self.assertEqual(host.tell("run 0 echo hello"), "ok hello")
        self.assertEqual(len(self.main_servers()), 1)
        host = self.host()
        self.assertEqual(host.tell("new 0 local: " + none), "ok")
        self.assertEqual(host.tell("run 0 true"), "error AK_E_CONNECT 0 local: local_program names %s, which is no "
                         "program that can be run" % none)

    def test_who_starts_the_server_chooses(self):
        host = self.started()
        self.assertEqual(host.tell("new 1 local: " + os.path.join(self.folder, "none")), "ok")
        self.assertEqual(host.tell("run 1 echo shared"), "ok shared")
        host.tell("free 0")
        self.assertEqual(host.tell("run 1 echo still"), "ok still")

    def test_a_relative_path_is_refused(self):
        wrong = "local_program: must be an absolute path, not agentkernel-local"
        for url in ("local:", "http://localhost"):
            self.assertEqual(self.host().tell("new 0 %s agentkernel-local" % url), "error AK_E_ARGUMENT 0 " + wrong)
        host = self.host(AGENTKERNEL_LOCAL="agentkernel-local")
        self.assertEqual(host.tell("new 0"), "error AK_E_ARGUMENT 0 AGENTKERNEL_LOCAL in the environment: " + wrong)

    def test_a_program_that_cannot_be_run(self):
        script = self.script()
        with open(script, "w") as file:
            file.write("#!/no/such/shell\n")
        host = self.host(AGENTKERNEL_LOCAL=script)
        host.tell("new 0")
        self.assertEqual(host.tell("run 0 true"), "error AK_E_CONNECT 0 local: %s: No such file or directory" % script)
        self.assertEqual(self.folders(), [])

    def test_a_program_that_ends_at_once(self):
        host = self.host(AGENTKERNEL_LOCAL=self.script("echo first >&2; echo 'cannot find my shoes' >&2", "exit 1"))
        host.tell("new 0")
        for _ in range(2):
            self.assertEqual(host.tell("run 0 true"), "error AK_E_CONNECT 0 local: agentkernel-local has ended before it "
                             "was ready; its last message: cannot find my shoes")
        host.tell("free 0")
        self.assertEqual(self.folders(), [])

    def test_the_server_does_not_print(self):
        host = subprocess.run([HOST], input="new 0\nrun 0 echo hello\nfree 0\n", env=self.environment(), cwd="/",
                              capture_output=True, text=True, timeout=PATIENCE, **as_user())
        self.assertEqual((host.stdout.split(), host.stderr), (["ok", "ok", "hello", "ok"], ""))


class Folder(LocalTest):
    def kill_all(self, pids):
        """Simultaneously, so that none cleans up after another."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                os.kill(pid, number)

    def test_nobody_else_gets_in(self):
        self.started()
        folder = os.path.join(self.places, self.folders()[0])
        mode = os.stat(folder).st_mode & 0o777
        self.assertEqual(mode, 0o710 if AS_ROOT else 0o700)
        self.assertEqual(os.stat(os.path.join(folder, "socket")).st_mode, stat.S_IFSOCK | 0o600)
        self.assertEqual(os.stat(os.path.join(folder, "state")).st_mode & 0o777, 0o700)
        if AS_ROOT:  # the group is that of the server's new user, which has no other members
            self.assertGreaterEqual(os.stat(folder).st_gid, 61184)
            self.assertEqual(os.stat(folder).st_gid, os.stat(os.path.join(folder, "state")).st_uid)

    def test_leftovers_are_swept_and_the_living_stay(self):
        living = self.started()
        living.tell("create 0 precious")
        kept, its_processes = self.folders(), self.servers()
        dead = self.started()
        dead.tell("create 0 gone")
        stale = [name for name in self.folders() if name not in kept]
        self.kill_all([pid for pid in self.servers() if pid not in its_processes] + [dead.process.pid])
        wait_until(lambda: set(self.servers()) <= set(its_processes))
        self.assertTrue(os.path.isdir(os.path.join(self.places, stale[0], "state", "sandboxes", "gone")))
        foreign = os.path.join(self.make_folder(os.path.join("places", PREFIX + "theirs")), "thesis")
        with open(foreign, "w") as file:
            file.write("x")
        third = self.started()
        wait_until(lambda: stale[0] not in self.folders())
        self.assertEqual(living.tell("list 0"), "ok precious")
        self.assertIn(kept[0], self.folders())
        self.assertTrue(os.path.exists(foreign))  # the server does not remove what no server has created
        third.process.kill()
        living.process.kill()
        wait_until(lambda: not self.servers() and self.folders() == [PREFIX + "theirs"])

    def test_the_janitor_cleans_up_after_a_killed_server(self):
        host = self.started()
        host.tell("create 0 gone")
        host.process.kill()
        for pid in self.main_servers():
            os.kill(pid, signal.SIGKILL)
        self.assert_gone()

    def test_where_it_is_made(self):
        runtime = self.make_folder("runtime")
        os.chmod(runtime, 0o700)
        self.started(XDG_RUNTIME_DIR=runtime)
        self.assertEqual(len(os.listdir(runtime)), 0 if AS_ROOT else 1)  # root's is closed to the server's new user
        if not AS_ROOT:
            open_to_all = self.make_folder("open")
            os.chmod(open_to_all, 0o777)  # without the sticky bit: other users could replace it with their own folder
            for unusable in ("relative", "/no/such/folder", "/proc", os.path.join(runtime, "x" * 100), open_to_all):
                self.started(XDG_RUNTIME_DIR=unusable)
            self.assertEqual((os.listdir(open_to_all), len(self.folders())), ([], 5))

    def test_no_place_at_all(self):
        long = self.make_folder("l" * 90)
        host = self.host(TMPDIR=long)
        host.tell("new 0")
        self.assertEqual(host.tell("run 0 echo in tmp"), "ok in tmp")
        self.assertEqual(os.listdir(long), [])


class Options(LocalTest):
    """The descriptors that are passed to a server, one by one."""

    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.socket.close)
        self.path = os.path.join(self.places, "s")
        self.socket.bind(self.path)
        self.state = os.path.join(self.make_folder("state"), "state")

    def serve(self, *args, fds=()):
        process = subprocess.Popen([SERVER, *args], env=self.environment(), cwd="/", text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, pass_fds=fds, **as_user())

        def end():
            process.kill()
            process.communicate(timeout=PATIENCE)

        self.addCleanup(end)
        return process

    def assert_refused(self, message, *args, fds=()):
        process = self.serve(*args, fds=fds)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertIn(message, errors)
        self.assertIn(process.returncode, (1, 2))

    def test_bad_descriptors(self):
        for option in ("--listen-fd", "--owner-pidfd", "--life-fd", "--folder-fd"):
            for number in ("", "x", "-1", "2", "4x", "999", "99999999999999999999"):
                self.assert_refused(option + " wants the number of an open descriptor above 2", option, number)
        fd = self.socket.fileno()
        self.assert_refused("no Unix socket that listens", "--listen-fd", str(fd), "--state", self.state, fds=[fd])
        with open("/dev/null") as null, socket.create_server(("127.0.0.1", 0)) as tcp:
            for wrong in (null.fileno(), tcp.fileno()):
                self.assert_refused("no Unix socket that listens", "--listen-fd", str(wrong), "--state", self.state,
                                    fds=[wrong])
        self.assert_refused("exclude each other", "--listen-fd", str(fd), "--unix", "/tmp/x", fds=[fd])
        self.socket.listen()
        folder = os.open(self.places, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, folder)
        self.assert_refused("exclude each other", "--folder-fd", str(folder), "--state", self.state, fds=[folder])
        self.assert_refused("no folder whose name begins with", "--listen-fd", str(fd), "--folder-fd", str(folder),
                            fds=[fd, folder])  # it would be removed at the end
        self.assertTrue(os.path.isdir(self.places))

    @unittest.skipUnless(hasattr(os, "pidfd_open"), "Python before 3.9")
    def test_a_listening_socket_and_an_owner(self):
        self.socket.listen()
        fd = self.socket.fileno()
        with subprocess.Popen(["sleep", "1000"]) as owner:
            pidfd = os.pidfd_open(owner.pid)
            server = self.serve("--listen-fd", str(fd), "--owner-pidfd", str(pidfd), "--state", self.state, fds=[fd, pidfd])
            os.close(pidfd)
            self.assertEqual(server.stdout.readline(), "listening on unix://%s\n" % self.path)
            time.sleep(1.5)
            self.assertIsNone(server.poll())
            owner.kill()
            self.assertEqual(server.wait(PATIENCE), 0)
        self.assertTrue(os.path.exists(self.path))  # the server must not remove it

    def test_a_life(self):
        self.socket.listen()
        fd = self.socket.fileno()
        with tempfile.TemporaryFile() as life:
            fcntl.lockf(life, fcntl.LOCK_EX, 1, 0)
            server = self.serve("--listen-fd", str(fd), "--life-fd", str(life.fileno()), "--state", self.state,
                                fds=[fd, life.fileno()])
            self.assertTrue(server.stdout.readline().startswith("listening on "))
            time.sleep(1.5)
            self.assertIsNone(server.poll())
            fcntl.lockf(life, fcntl.LOCK_UN, 1, 0)
            self.assertEqual(server.wait(PATIENCE), 0)


if __name__ == "__main__":
    main()
