"""POST /run/stream, and commands whose client disconnects or stops reading."""
import os
import re
import time

from harness import (SANITIZED, SHORT_SERVER, Background, Markers, Server, ServerTest, main, output_of, processes, read_reply,
                     stretched, wait_until, within)

HERE = os.path.dirname(os.path.abspath(__file__))


class Events(ServerTest):
    def test_order(self):
        events = self.server.stream("echo", "hi").all()
        self.assertEqual([name for name, _ in events], ["started", "output", "done"])
        started = events[0][1]
        self.assertRegex(started.pop("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$")
        self.assertEqual(started, {"command": ["echo", "hi"], "fast": True})
        self.assertEqual(events[1][1], {"data": "hi\n", "stream": "stdout"})
        self.assertEqual(events[2][1], {"exit_code": 0, "success": True})

    def test_order_when_not_fast(self):
        events = self.server.stream("echo", "hi", fast=False).all()
        self.assertEqual([name for name, _ in events], ["started", "progress", "progress", "output", "done"])
        self.assertEqual(events[0][1]["fast"], False)
        self.assertRegex(events[1][1].pop("sandbox"), r"^api-stream-[0-9a-f]{8}$")
        self.assertEqual(events[1][1], {"stage": "sandbox_created"})
        self.assertEqual(events[2][1], {"stage": "sandbox_started"})

    def test_no_output_no_output_event(self):
        self.assertEqual([name for name, _ in self.server.stream("true").all()], ["started", "done"])

    def test_failure_is_a_done_event(self):
        events = self.server.stream("sh", "-c", "echo out; echo err >&2; exit 3").all()
        self.assertEqual(output_of(events), b"out\nerr\n")
        self.assertEqual(events[-1], ("done", {"exit_code": 3, "success": False}))
        events = self.server.stream("sh", "-c", "kill -9 $$").all()
        self.assertEqual(events[-1], ("done", {"exit_code": 137, "success": False}))

    def test_no_such_program(self):
        events = self.server.stream("no-such-program").all()
        self.assertEqual([name for name, _ in events], ["started", "output", "done"])
        self.assertIn("no-such-program", events[1][1]["data"])
        self.assertEqual(events[-1][1], {"exit_code": 127, "success": False})

    def test_argument_list_too_long(self):
        events = self.server.stream("true", "x" * 200000).all()
        self.assertEqual([name for name, _ in events], ["started", "error"])
        self.assertTrue(events[-1][1]["message"].startswith("Argument list too long"))

    def test_empty_command_is_a_lone_error_event(self):
        stream = self.server.stream()
        self.assertEqual(stream.response.status, 200)
        self.assertEqual(stream.all(), [("error", {"message": "command is required"})])
        self.assertEqual(stream.raw, b'event: error\ndata: {"message":"command is required"}\n\n')

    def test_bad_requests_get_an_envelope(self):
        self.assert_error_starts(self.server.post("/run/stream", "{"), 400, "Invalid JSON: ")
        self.assert_error_starts(self.server.post("/run/stream", {}), 400, "Invalid JSON: missing field `command`")

    def test_image_is_not_checked_here(self):
        self.assertEqual(self.server.stream("true", image="a b").all()[-1][0], "done")

    def test_headers(self):
        stream = self.server.stream("true")
        headers = {name.lower(): value for name, value in stream.response.getheaders()}
        self.assertEqual((headers["content-type"], headers["cache-control"], headers["x-accel-buffering"],
                          headers["transfer-encoding"]), ("text/event-stream", "no-cache", "no", "chunked"))
        stream.all()

    def test_connection_serves_on_after_a_stream(self):
        with self.server.socket() as sock, sock.makefile("rb") as file:
            body = b'{"command":["true"]}'
            sock.sendall(b"POST /run/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            while file.readline() != b"0\r\n":
                pass
            file.readline()
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(read_reply(file)[0], 200)

    def test_http_1_0_client(self):
        with self.server.socket() as sock, sock.makefile("rb") as file:
            body = b'{"command":["echo","hi"]}'
            sock.sendall(b"POST /run/stream HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            reply = file.read()
            self.assertNotIn(b"chunked", reply.lower())
            self.assertTrue(reply.endswith(b'event: done\ndata: {"exit_code":0,"success":true}\n\n'), reply)

    def test_golden_bytes(self):
        """Each file of sse/ is a stream as sent, without the time of day."""
        for name, command in (("text", ["printf", "one\\ntwo \"quoted\" \\\\ \\t\\r\\n€😀"]),
                              ("binary", ["printf", "a\\000b\\377c\\303\\050\\355\\240\\200\\n"]),
                              ("cut", ["sh", "-c", "printf 'x\\342\\202'; exit 4"])):
            stream = self.server.stream(*command)
            stream.all()
            raw = re.sub(rb'"timestamp":"[^"]*"', b'"timestamp":"T"', bytes(stream.raw))
            with open(os.path.join(HERE, "sse", name + ".golden"), "rb") as file:
                self.assertEqual(raw, file.read(), name)


class Flow(ServerTest):
    """Output arrives when it is written, complete, and not faster than it is read."""

    def test_output_comes_while_the_command_runs(self):
        marker = Markers.new()
        stream = self.server.stream("sh", "-c", "echo one; sleep %s" % marker)
        self.assertEqual(stream.next()[0], "started")
        self.assertEqual(stream.next(), ("output", {"data": "one\n", "stream": "stdout"}))
        wait_until(lambda: processes(marker))
        stream.close()

    def test_each_line_comes_when_it_is_written(self):
        """That is, before the next one is written; each of them is the time at which it was written."""
        def attempt(seconds):
            stream = self.server.stream("sh", "-c", "for i in 1 2 3; do date +%%s.%%N; sleep %s; done" % seconds)
            self.assertEqual(stream.next()[0], "started")
            came, written = [], []
            while (event := stream.next())[0] == "output":
                came.append(time.time())
                written.append(float(event[1]["data"]))
            stream.close()
            self.assertEqual(len(written), 3)
            return came[0] < written[1] and came[1] < written[2]
        stretched(attempt, 0.4)

    def test_a_character_written_in_two_parts_is_not_cut(self):
        def attempt(seconds):
            parts = ("a\\342\\202", "\\254\\360\\237", "\\230\\200", "z\\303")
            stream = self.server.stream("sh", "-c", ("; sleep %s; " % seconds).join("printf '%s'" % part for part in parts))
            events = [data for name, data in stream.all() if name == "output"]
            self.assertEqual("".join(e["data"] for e in events), "a€😀z\ufffd")
            if len(events) < 5:
                return False  # two of them were read together
            self.assertEqual([e["data"] for e in events], ["a", "€", "😀", "z", "\ufffd"])
            return self.assertEqual([e.get("data_base64") for e in events], [None, None, None, None, "ww=="])
        stretched(attempt, 0.3)

    def test_all_that_was_written_comes_before_done(self):
        for _ in range(5):
            events = self.server.stream("sh", "-c", "yes 0123456789 | head -c 1100000; printf end").all()
            self.assertEqual(output_of(events), b"0123456789\n" * 100000 + b"end")
            self.assertEqual(events[-1][0], "done")

    def test_binary_output_is_exact(self):
        events = self.server.stream("head", "-c", "300000", "/dev/urandom").all()
        self.assertEqual(len(output_of(events)), 300000)

    def test_a_background_child_does_not_keep_the_stream(self):
        events = self.server.stream("sh", "-c", "sleep 600 & echo main").all()
        self.assertEqual(events[-1], ("done", {"exit_code": 0, "success": True}))

    def test_a_gigabyte_leaves_memory_flat(self):
        """X20: the server holds one piece of the output at a time."""
        size = 100000000 if SANITIZED else 1000000000
        stream = self.server.stream("sh", "-c", "yes %s | head -c %d" % ("x" * 126, size))
        before, top, total, last = self.server.rss(), 0, 0, b""
        while (block := stream.block()) is not None:
            last = block
            total += len(block)
            if total >> 26 != (total - len(block)) >> 26:
                top = max(top, self.server.rss())
            stream.raw.clear()
        self.assertGreater(total, size)
        self.assertIn(b'"success":true', last)
        if not SANITIZED:
            self.assertLess(top - before, 8 << 20)

    def test_a_reader_that_stops_stops_the_writer(self):
        """RO4: the pipe fills, the command waits, and nothing is lost."""
        marker = Markers.new()
        size = 50000000 if SANITIZED else 200000000
        stream = self.server.stream("sh", "-c", 'yes | head -c %d; echo "$0"' % size, marker)
        self.assertEqual(stream.next()[0], "started")
        before = self.server.rss()
        time.sleep(1.5)
        self.assertTrue(processes(marker))
        if not SANITIZED:
            self.assertLess(self.server.rss() - before, 8 << 20)
        total = 0
        while (event := stream.next()) is not None:
            total += len(event[1].get("data", ""))
            stream.raw.clear()
        self.assertEqual(total, size + len(marker) + 1)

    def test_a_flood_does_not_fill_memory(self):
        before = self.server.rss()
        status, body = self.server.run("sh", "-c", "yes flood | head -c 100000000 >&2; yes | head -c 300000000")
        self.assertEqual(status, 200)
        self.assertEqual(body["data"]["total_bytes"], 400000000)
        if not SANITIZED:
            self.assertLess(self.server.status_field("VmHWM") * 1024 - before, 80 << 20)


class Disconnect(ServerTest):
    """A client that disconnects ends its command, even if the command is silent."""

    server_options = {}

    def start(self, path, body):
        marker = Markers.new()
        connection = self.server.connection()
        connection.request("POST", path, body % marker)
        wait_until(lambda: processes(marker))
        return marker, connection

    def assert_gone(self, marker):
        with within(10):
            wait_until(lambda: not processes(marker))

    def test_run(self):
        marker, connection = self.start("/run", '{"command":["sleep","%s"]}')
        connection.close()
        self.assert_gone(marker)

    def test_run_whose_children_hide(self):
        marker, connection = self.start("/run", '{"command":["sh","-c","setsid sleep %s >/dev/null 2>&1 & sleep 600"]}')
        connection.close()
        self.assert_gone(marker)

    def test_stream(self):
        marker, connection = self.start("/run/stream", '{"command":["sleep","%s"]}')
        response = connection.getresponse()
        response.read1(100)
        response.close()
        connection.close()
        self.assert_gone(marker)

    def test_stream_that_nobody_reads(self):
        marker, connection = self.start("/run/stream", '{"command":["sh","-c","sleep %s & yes"]}')
        time.sleep(0.5)  # until all buffers are full
        connection.close()
        self.assert_gone(marker)

    def test_exec(self):
        self.server.post("/sandboxes", {"name": "gone"})
        marker, connection = self.start("/sandboxes/gone/exec", '{"command":["sleep","%s"]}')
        connection.close()
        self.assert_gone(marker)
        self.assertEqual(self.server.exec("gone", "echo", "still there")[0], 200)

    def test_half_closed_counts_as_gone(self):
        marker, connection = self.start("/run", '{"command":["sleep","%s"]}')
        connection.sock.shutdown(1)
        self.assert_gone(marker)
        connection.close()

    def test_other_commands_go_on(self):
        other = Background(self.server.run, "sh", "-c", "sleep 1; echo done")
        marker, connection = self.start("/run", '{"command":["sleep","%s"]}')
        connection.close()
        self.assert_gone(marker)
        self.assertEqual(other.get()[1]["data"]["output"], "done\n")


class UnixDisconnect(Disconnect):
    server_options = {"unix": True}


class ShortTimes(ServerTest):
    """The same program compiled with short timeouts: comments every 0.2 s. test_idle.py has the other."""

    server_options = {"program": SHORT_SERVER}
    SILENCE = 0.2  # STREAM_KEEP_ALIVE_MS in wire_tests.cmake

    def test_comments_while_the_command_is_silent(self):
        start = time.monotonic()
        stream = self.server.stream("sleep", Markers.new())
        self.assertEqual(stream.next()[0], "started")
        self.assertEqual([stream.next(comments=True) for _ in range(3)], [(None, "keep-alive")] * 3)
        self.assertGreater(time.monotonic() - start, 3 * self.SILENCE)
        stream.close()

    def test_no_comments_while_there_is_output(self):
        """None if the command, by its own clock, was not silent for that long."""
        script = ("import time\nlast = time.monotonic()\nfor _ in range(40):\n  print('x', flush=True); now = time.monotonic(); "
                  "print('%.6f' % (now - last), flush=True); last = now; time.sleep(0.02)")
        comments, latest, text = 0, 0, ""
        for name, data in self.server.stream("python3", "-c", script).all(comments=True):
            if name == "output":
                comments += latest if "x" in text else 0  # the start may take long, and so may the end
                latest = 0
                text += data["data"]
            elif name is None:
                latest += 1
        gaps = [float(line) for line in text.split("\n") if line not in ("", "x")]
        self.assertEqual(len(gaps), 40)
        self.assertLessEqual(comments, sum(int(gap / self.SILENCE) for gap in gaps))


if __name__ == "__main__":
    main()
