"""Connections whose client is idle end, and no others do. The same program compiled with short timeouts: idle
connections end after 2 s."""
import contextlib
import http.client
import os
import resource
import select
import socket
import time
import unittest

from harness import IDLE_THREADS, PATIENCE, SHORT_SERVER, Background, Server, ServerTest, main, output_of, read_reply, wait_until

LIMIT = 2.0  # seconds; HTTP_IDLE_MS in wire_tests.cmake
LONGER = 2 * LIMIT


def threads(server):
    return len(os.listdir("/proc/%d/task" % server.process.pid))


def wait_for_threads(test, server, most=IDLE_THREADS):
    try:
        wait_until(lambda: threads(server) <= most)
    except PermissionError:
        test.skipTest("this user may not look into the server")


def readable(sock, seconds):
    """Waits for something to read."""
    poll = select.poll()  # supports descriptors beyond 1023
    poll.register(sock, select.POLLIN)
    return poll.poll(seconds * 1000)


def steadily(steps):
    """Takes the steps one by one, a quarter of the limit apart."""
    for step in steps:
        time.sleep(LIMIT / 4)
        step()


class Idle(ServerTest):
    server_options = {"program": SHORT_SERVER}

    def once(self, attempt):
        """attempt() succeeds at least once: on a busy machine a client of this test may occasionally be too late."""
        for _ in range(20):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if attempt():
                    return
        self.fail("every client was cut off")

    def head(self, *lines):
        return b"".join(line + b"\r\n" for line in (b"POST /run HTTP/1.1", b"Host: localhost", *lines))

    def large_file(self, size):
        """A request for a file of this size."""
        self.server.post("/sandboxes", {"name": "big"})
        self.assertEqual(self.server.exec("big", "sh", "-c", "yes | head -c %d > f" % size)[0], 200)
        return b"GET /sandboxes/big/files/workspace/f HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def test_silence_in_every_part_of_a_request(self):
        head = self.head(b"Content-Length: 25")
        parts = (b"", b"POST", b"POST /run HTTP/1.1\r\n", head, head + b"\r\n", head + b"\r\n" + b'{"command":',
                 self.head(b"Transfer-Encoding: chunked") + b"\r\n", self.head(b"Transfer-Encoding: chunked") + b"\r\n5\r\n[",
                 b"GET /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n")
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(self.server.socket()) for _ in parts]
            for sock, part in zip(sockets, parts):
                sock.sendall(part)
            for sock, part in zip(sockets, parts):
                self.assertEqual(sock.recv(1), b"", part)
        wait_for_threads(self, self.server)

    def test_silence_after_a_reply(self):
        for method, path, body in (("GET", "/health", None), ("GET", "/nope", None), ("POST", "/run", '{"command":["true"]}'),
                                   ("POST", "/run/stream", '{"command":["true"]}')):
            with self.subTest(path=path), contextlib.closing(self.server.connection()) as connection:
                connection.request(method, path, body)
                connection.getresponse().read()
                self.assertEqual(connection.sock.recv(1), b"")
        wait_for_threads(self, self.server)

    def test_the_limit_begins_anew_with_each_request(self):
        def attempt():
            with contextlib.closing(self.server.connection()) as connection:
                def health():
                    connection.request("GET", "/health")
                    self.assertEqual(connection.getresponse().read(), b'{"success":true,"data":"ok"}')
                steadily([health] * 6)
            return True
        self.once(attempt)

    def test_a_body_that_comes_slowly(self):
        """Longer than the limit in total, but never silent for that long."""
        def attempt():
            body = b'{"command":["echo","hi"]}'
            with self.server.socket() as sock, sock.makefile("rb") as file:
                sock.sendall(self.head(b"Content-Length: %d" % len(body)) + b"\r\n")
                steadily([lambda i=i: sock.sendall(body[i:i + 4]) for i in range(0, len(body), 4)])
                reply = read_reply(file)
                return reply is not None and reply[0] == 200
        self.once(attempt)

    def run_request(self, size):
        body = b'{"command":["sh","-c","yes | head -c %d"]}' % size
        return self.head(b"Content-Length: %d" % len(body)) + b"\r\n" + body

    def start_of_reply(self, request):
        """A connection with a large reply that is not being read."""
        family = socket.AF_UNIX if self.server.unix else socket.AF_INET
        sock = socket.socket(family)
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.settimeout(PATIENCE)
        sock.connect(self.server.unix or ("127.0.0.1", self.server.port))
        sock.sendall(request)
        readable(sock, PATIENCE)
        return sock

    def rest(self, sock):
        """How much more arrives before the connection ends."""
        total = 0
        with contextlib.suppress(ConnectionResetError):
            while data := sock.recv(1 << 20):
                total += len(data)
        return total

    def test_a_reply_that_nobody_takes(self):
        size = 16000000
        file = self.start_of_reply(self.large_file(size))
        memory = self.start_of_reply(self.run_request(size))
        wait_for_threads(self, self.server)
        for sock in (file, memory):
            self.assertLess(self.rest(sock), size)

    def test_a_reply_that_is_taken_slowly(self):
        size = 12000000
        for request in (self.large_file(size), self.run_request(size)):
            self.take_slowly(request, size)

    def take_slowly(self, request, size):
        def attempt():
            sock = self.start_of_reply(request)
            taken = []

            def take():
                wanted = size // 10
                while wanted > 0 and (data := sock.recv(min(wanted, 1 << 16))):
                    taken.append(len(data))
                    wanted -= len(data)
            steadily([take] * 6)
            with sock.makefile("rb") as file:
                while sum(taken) < size and (data := file.read1(1 << 16)):
                    taken.append(len(data))
            return sum(taken) > size
        self.once(attempt)

    def test_a_command_may_take_longer(self):
        run = Background(self.server.run, "sh", "-c", "sleep %s; echo x" % LONGER)
        events = self.server.stream("sh", "-c", "sleep %s; echo x" % LONGER).all()
        self.assertEqual(output_of(events), b"x\n")
        self.assertEqual(run.get()[1]["data"]["output"], "x\n")

    def test_a_reader_may_pause_longer(self):
        stream = self.server.stream("sh", "-c", "yes | head -c 20000000")
        stream.next()
        time.sleep(LONGER)
        self.assertEqual(len(output_of(stream.all())), 20000000)

    def test_stop_with_silent_connections(self):
        server = Server(**self.server_options)
        with contextlib.closing(server), contextlib.ExitStack() as stack:
            for part in (b"", b"GET /hea", self.head(b"Content-Length: 9") + b"\r\n"):
                stack.enter_context(server.socket()).sendall(part)
            self.assertEqual(server.terminate(), 0)


class UnixIdle(Idle):
    server_options = {"program": SHORT_SERVER, "unix": True}


class Full(unittest.TestCase):
    MOST = 1024  # CONNECTIONS_MAX in http.c

    def is_served(self, server, seconds):
        with server.socket() as sock:
            sock.settimeout(seconds)
            try:
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return sock.recv(100).startswith(b"HTTP/1.1 200 ")
            except (ConnectionError, TimeoutError):
                return False

    def test_connections_are_limited(self):
        """When all connections are in use, the next is closed or waits until one of them has ended."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < self.MOST + 100:
            self.skipTest("not enough descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.closing(Server()) as server, contextlib.ExitStack() as stack:
            silent = [stack.enter_context(server.socket()) for _ in range(self.MOST)]
            try:
                wait_until(lambda: threads(server) == IDLE_THREADS + self.MOST)
            except PermissionError:
                self.skipTest("this user may not look into the server")
            self.assertFalse(self.is_served(server, 0.3))
            self.assertEqual(threads(server), IDLE_THREADS + self.MOST)
            silent[7].close()
            wait_until(lambda: self.is_served(server, PATIENCE))


if __name__ == "__main__":
    main()
