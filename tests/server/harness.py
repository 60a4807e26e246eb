"""Shared by the tests of agentkernel-local: a private server, plain sockets, and queries about processes.

AKL_SERVER is the program under test, AKL_SERVER_SHORT the same with short timeouts. With AKL_TEST_UID tests run by root
start it as that user.
"""
import base64
import contextlib
import glob
import http.client
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SERVER = os.path.abspath(os.environ.get("AKL_SERVER", "agentkernel-local"))
SHORT_SERVER = os.path.abspath(os.environ.get("AKL_SERVER_SHORT", SERVER))
TEST_UID = int(os.environ["AKL_TEST_UID"]) if "AKL_TEST_UID" in os.environ else None
AS_ROOT = os.geteuid() == 0 and TEST_UID is None  # whether the server is started by root
SANITIZED = bool(os.environ.get("AKL_SANITIZED"))  # such a server is slow and retains freed memory
WEAK_SERVER = os.path.abspath(os.environ.get("AKL_SERVER_WEAK", SERVER))
# Starts a program that finds no bubblewrap of the system. Only root can.
HIDE_BUBBLEWRAP = ["unshare", "-m", "sh", "-c", 'for f in /usr/bin/bwrap /bin/bwrap /usr/local/bin/bwrap; do '
                   '[ -e $f ] && mount --bind /dev/null $f; done; exec "$@"', "hide"]
SKIPPED = 77  # ctest's exit status for "skipped"
# Threads of a server without connections: the main one, the listener's, the two of expiry.h, the one of clients.h.
IDLE_THREADS = 5
PATIENCE = 250  # maximum for any single wait, in seconds; nearly all are much shorter


def as_user():
    """Arguments of subprocess functions that make the program run as the user of this test."""
    return {} if TEST_UID is None else {"user": TEST_UID, "group": TEST_UID, "extra_groups": []}


def environment(**more):
    """The environment for a server, without the home folder of this user."""
    home = {} if TEST_UID is None else {"HOME": "/nonexistent"}
    return {**os.environ, **home, **more}


def on_disk():
    """Where state folders are created: not in memory, where the rules for disks do not apply."""
    usual = tempfile.gettempdir()
    kind = subprocess.run(["stat", "-f", "-c", "%T", usual], stdout=subprocess.PIPE, text=True).stdout.strip()
    return "/var/tmp" if kind == "tmpfs" else usual


def new_folder(test=None):
    """A folder that belongs to the user of this test; removed with the test, if one is given."""
    folder = tempfile.mkdtemp(prefix="akl-test-", dir=on_disk())
    if TEST_UID is not None:
        os.chown(folder, TEST_UID, TEST_UID)
    if test is not None:
        test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


def skip_unless_user_can_be_tested():
    if TEST_UID is None:
        return
    if os.geteuid() != 0:
        print("started as a plain user already: nothing else to test here")
        sys.exit(SKIPPED)
    try:
        subprocess.run([SERVER, "--version"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user())
    except (OSError, subprocess.CalledProcessError) as error:
        print("user %d may not run the server: %s" % (TEST_UID, error))
        sys.exit(SKIPPED)


def wait_until(condition, seconds=PATIENCE):
    """Polls until condition() is true; returns the time it took."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError("waited %s s in vain" % seconds)
        time.sleep(0.01)
    return time.monotonic() - start


def slowness():
    """The current slowdown of a little work compared with an idle machine; at least 1."""
    begin = time.monotonic()
    for _ in range(20):
        subprocess.run(["true"], check=True)
    return max(1, (time.monotonic() - begin) / 0.04)


@contextlib.contextmanager
def within(seconds):
    """Asserts that its body takes less than so many seconds, scaled to an idle machine."""
    slow, begin = slowness(), time.monotonic()
    yield
    took = time.monotonic() - begin
    allowed = seconds * max(slow, slowness())
    assert took < allowed, "took %.2f s of %.2f s" % (took, allowed)


def stretched(attempt, start):
    """For timing tests: calls attempt(seconds) with increasing values until it does not return False: this machine was
    too slow for a result."""
    for factor in (1, 2, 4, 8, 16):
        if attempt(start * factor) is not False:
            return
    raise AssertionError("this machine is too slow for this test")


def processes(marker):
    """Processes with this argument."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            with open(path, "rb") as file:
                if marker.encode() in file.read().split(b"\0"):
                    found.append(int(path.split("/")[2]))
    return found


class Markers:
    """Unique durations of sleep, to find a command's processes."""

    count = 0

    @classmethod
    def new(cls):
        cls.count += 1
        return "%d.%d" % (70000 + os.getpid() % 20000, cls.count)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """One running server."""

    def __init__(self, *args, unix=False, state=None, env=None, program=SERVER, wrapper=()):
        self.folder = new_folder()
        self.state = state or os.path.join(self.folder, "state")
        self.unix = os.path.join(self.folder, "socket") if unix else None
        where = ["--unix", self.unix] if unix else ["--listen", "127.0.0.1:0"]
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.process = subprocess.Popen([*wrapper, program, *where, "--state", self.state, *args], cwd="/",
                                        env=environment(**(env or {})), stdout=subprocess.PIPE, stderr=self.log,
                                        **as_user())
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on "):
            self.process.wait(PATIENCE)
            raise AssertionError("the server did not start: %r %r" % (line, self.errors()))
        self.url = line.split()[-1]
        self.port = None if unix else int(self.url.rsplit(":", 1)[1])

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode()

    def connection(self):
        if self.unix:
            return UnixConnection(self.unix)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def socket(self):
        if self.unix:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE)
            sock.connect(self.unix)
            return sock
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def call(self, method, path, body=None, headers=None):
        """One request; returns status and decoded body."""
        connection = self.connection()
        with contextlib.closing(connection):
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            data = response.read()
            return response.status, json.loads(data) if data else None

    def post(self, path, body):
        return self.call("POST", path, body)

    def run(self, *command, **members):
        return self.post("/run", dict(command=command, **members))

    def exec(self, name, *command, **members):
        return self.post("/sandboxes/%s/exec" % name, dict(command=command, **members))

    def stream(self, *command, **members):
        return Stream(self, dict(command=command, **members))

    def status_field(self, field):
        with open("/proc/%d/status" % self.process.pid) as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise AssertionError(field)

    def rss(self):
        return self.status_field("VmRSS") * 1024

    def terminate(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code

    def close(self):
        code = self.terminate() if self.process.poll() is None else 0
        errors = self.errors()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if code != 0:
            raise AssertionError("the server ended with %d: %s" % (code, errors))


class Stream:
    """A POST /run/stream, read event by event."""

    def __init__(self, server, body):
        self.connection = server.connection()
        self.connection.request("POST", "/run/stream", json.dumps(body))
        self.response = self.connection.getresponse()
        self.pending = b""
        self.raw = bytearray()  # all events received

    def block(self):
        """The next event or comment, unparsed, or None at the end."""
        while b"\n\n" not in self.pending:
            data = self.response.read1(1 << 20)
            if not data:
                if self.pending:
                    raise AssertionError("stream ends in the middle of %r" % self.pending)
                return None
            self.pending += data
        block, self.pending = self.pending.split(b"\n\n", 1)
        return block

    def next(self, comments=False):
        """The next event as (name, data); None at the end. Comments arrive after a long silence, as on a busy machine:
        they are skipped, or returned as (None, comment)."""
        block = self.block()
        while block is not None and block.startswith(b":"):
            if comments:
                return None, block[1:].strip().decode()
            block = self.block()
        if block is None:
            return None
        self.raw += block + b"\n\n"
        lines = block.split(b"\n")
        assert len(lines) == 2 and lines[0].startswith(b"event: ") and lines[1].startswith(b"data: "), block
        return lines[0][7:].decode(), json.loads(lines[1][6:])

    def all(self, comments=False):
        events = []
        while (event := self.next(comments)) is not None:
            events.append(event)
        self.close()
        return events

    def close(self):
        # Both: the response keeps the socket open, too.
        self.response.close()
        self.connection.close()


def output_of(events):
    """The exact bytes of a stream's output events."""
    pieces = []
    for name, event in events:
        if name == "output":
            exact = event.get("data_base64")
            pieces.append(event["data"].encode() if exact is None else base64.b64decode(exact))
    return b"".join(pieces)


def read_reply(file):
    """One reply from a socket's file: (status, headers, body). None at the end."""
    line = file.readline()
    if not line:
        return None
    status = int(line.split()[1])
    headers = {}
    while (line := file.readline().strip()):
        name, _, value = line.partition(b":")
        headers[name.decode().lower()] = value.strip().decode()
    return status, headers, file.read(int(headers.get("content-length", 0)))


class Background:
    """A call in a separate thread, whose result is fetched later."""

    def __init__(self, function, *args, **kwargs):
        self.result = queue.Queue()
        self.thread = threading.Thread(target=self._run, args=(function, args, kwargs), daemon=True)
        self.thread.start()

    def _run(self, function, args, kwargs):
        try:
            self.result.put((True, function(*args, **kwargs)))
        except Exception as error:  # raised when the result is fetched
            self.result.put((False, error))

    def get(self):
        ok, value = self.result.get(timeout=PATIENCE)
        if not ok:
            raise value
        return value


class ServerTest(unittest.TestCase):
    """Tests that share one server per class."""

    server_args = ()
    server_options = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.server_args, **cls.server_options)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def assert_error(self, reply, status, message):
        self.assertEqual(reply, (status, {"success": False, "error": message}))

    def assert_error_starts(self, reply, status, message):
        self.assertEqual(reply[0], status, reply)
        self.assertEqual(sorted(reply[1]), ["error", "success"])
        self.assertTrue(reply[1]["error"].startswith(message), reply)


def main():
    skip_unless_user_can_be_tested()
    unittest.main()
