"""The protocol of agentkernel-local over real connections: statuses, messages, framing, request authorization."""
import base64
import json
import time

from harness import SANITIZED, ServerTest, main, read_reply


class Envelope(ServerTest):
    def test_health(self):
        self.assertEqual(self.server.call("GET", "/health"), (200, {"success": True, "data": "ok"}))

    def test_status(self):
        status, body = self.server.call("GET", "/status")
        self.assertEqual(status, 200)
        data = body["data"]
        self.assertEqual((data["backend"], data["api_key_configured"]), ("bubblewrap", False))
        self.assertRegex(data["version"], r"^\d+\.\d+\.\d+$")
        sandbox = data["sandbox"]
        self.assertIs(sandbox["usable"], True, sandbox)
        self.assertIn(sandbox["memory"], ("cgroup", "watchdog"))
        self.assertRegex(sandbox["bubblewrap"], r"^\d+\.\d+")
        self.assertRegex(sandbox["bubblewrap_path"], r"^/.*/bwrap$")
        self.assertIsInstance(sandbox["message"], str)

    def test_unknown_paths_and_methods_are_404(self):
        for method, path in (("GET", "/nope"), ("GET", "/"), ("PUT", "/run"), ("GET", "/run"), ("POST", "/health"),
                             ("OPTIONS", "/sandboxes"), ("PUT", "/sandboxes/a"), ("BREW", "/health"),
                             ("GET", "/sandboxes/a/exec"), ("GET", "/health/x"), ("GET", "/run/stream"),
                             ("GET", "/metrics"), ("GET", "/a/b/c/d/e/f/g/h/i/j/k/l")):
            with self.subTest(method=method, path=path):
                self.assert_error(self.server.call(method, path), 404, "Not found")

    def test_head_is_404_without_a_body(self):
        self.assertEqual(self.server.call("HEAD", "/health"), (404, None))

    def test_empty_segments_do_no_harm(self):
        self.assertEqual(self.server.call("GET", "//health/")[0], 200)
        self.assertEqual(self.server.call("GET", "/health?x=/y")[0], 200)

    def test_headers_of_a_json_reply(self):
        connection = self.server.connection()
        connection.request("GET", "/health")
        response = connection.getresponse()
        response.read()
        names = {name.lower() for name, _ in response.getheaders()}
        self.assertEqual(response.getheader("Content-Type"), "application/json")
        self.assertLessEqual(names, {"content-type", "content-length", "date", "connection"})
        connection.close()

    def test_parse_and_type_errors(self):
        for body, message in (
                ("", "EOF while parsing a value at line 1 column 0"),
                ("{", "EOF while parsing"),
                ("{}x", "expected value"),
                ('{"command":["a"]', "EOF while parsing"),
                ('{"command":[01]}', "expected value"),
                ('{"command":["a\nb"]}', "expected value"),
                ("[]", "invalid type: sequence, expected"),
                ("null", "invalid type: null, expected"),
                ("{}", "missing field `command` at line 1 column 2"),
                ('{"command":"ls"}', "invalid type: string, expected a sequence"),
                ('{"command":null}', "invalid type: null, expected a sequence"),
                ('{"command":["a",1]}', "invalid type: number, expected a string at line 1 column 17"),
                ('{"command":["a"],\n"fast":null}', "invalid type: null, expected a boolean at line 2 column 11"),
                ('{"command":["a"],"fast":"yes"}', "invalid type: string, expected a boolean"),
                ('{"command":["a"],"image":7}', "invalid type: number, expected a string"),
                ('{"command":["a"],"command":["b"]}', "duplicate field `command`"),
                ('{"command":["\\ud800"]}', "lone surrogate"),
                (b'{"command":["\xff"]}', "invalid unicode"),
                ("[" * 100000, "expected value")):
            with self.subTest(body=body[:40]):
                self.assert_error_starts(self.server.post("/run", body), 400, "Invalid JSON: " + message)

    def test_unknown_members_and_null_options_are_fine(self):
        status, body = self.server.post("/run", {"command": ["echo", "x"], "image": None, "profile": None, "new": {"a": 1}})
        self.assertEqual((status, body["data"]), (200, {"output": "x\n"}))

    def test_content_type_is_not_looked_at(self):
        self.assertEqual(self.server.call("POST", "/run", '{"command":["true"]}', {"Content-Type": "text/x"})[0], 200)


class Run(ServerTest):
    def assert_failed(self, reply, code, output):
        self.assertEqual(reply, (409, {"success": False, "error": "Command exited with code %d: %s" % (code, output),
                                       "exit_code": code, "output": output}))

    def test_output(self):
        self.assertEqual(self.server.run("echo", "hello"), (200, {"success": True, "data": {"output": "hello\n"}}))
        self.assertEqual(self.server.run("true"), (200, {"success": True, "data": {"output": ""}}))

    def test_stdout_and_stderr_keep_their_order(self):
        status, body = self.server.run("sh", "-c", "echo a; echo b >&2; echo c")
        self.assertEqual(body["data"]["output"], "a\nb\nc\n")

    def test_a_failure_is_a_409_fast_or_not(self):
        for members in ({}, {"fast": True}, {"fast": False}, {"profile": "restrictive"}, {"profile": "whatever"}):
            with self.subTest(members=members):
                reply = self.server.run("sh", "-c", "echo out; echo err >&2; exit 3", **members)
                self.assert_failed(reply, 3, "out\nerr\n")
        self.assert_failed(self.server.run("false"), 1, "")

    def test_killed_by_a_signal(self):
        self.assert_failed(self.server.run("sh", "-c", "kill -TERM $$"), 143, "")

    def test_argv_is_untouched(self):
        args = ["a b", "'", '"', "$HOME", "*", "", "new\nline", "\\", "`id`", "ü€😀", "-n", "x" * 100000]
        status, body = self.server.run("printf", "<%s>", *args)
        self.assertEqual((status, body["data"]["output"]), (200, "".join("<%s>" % a for a in args)))

    def test_no_such_program(self):
        status, body = self.server.run("no-such-program")
        self.assertEqual((status, body["exit_code"]), (409, 127))
        self.assertIn("no-such-program", body["output"])
        self.assertEqual(body["error"], "Command exited with code 127: " + body["output"])

    def test_not_executable(self):
        status, body = self.server.run("/etc/passwd")
        self.assertEqual((status, body["exit_code"]), (409, 126))

    def test_argument_list_too_long(self):
        self.assert_error_starts(self.server.run("true", "x" * 200000), 400, "Argument list too long")

    def test_command_is_required(self):
        self.assert_error(self.server.run(), 400, "command is required")

    def test_nul_is_refused(self):
        self.assert_error(self.server.run("a\0b"), 400, "command must not contain NUL characters")

    def test_image_is_checked(self):
        self.assertEqual(self.server.run("true", image="python:3.12-slim")[0], 200)
        self.assert_error(self.server.run("true", image=""), 400, "Docker image name cannot be empty")
        self.assert_error(self.server.run("true", image="a" * 257), 400,
                          "Docker image name too long (max 256 characters)")
        self.assert_error_starts(self.server.run("true", image="a b"), 400,
                                 "Docker image name contains invalid character ' '.")

    def test_nothing_is_left_for_the_next_run(self):
        self.server.run("sh", "-c", "touch left-over")
        self.assertEqual(self.server.run("ls", "-A")[1]["data"]["output"], "")

    def test_stdin_is_empty(self):
        self.assertEqual(self.server.run("cat")[1]["data"]["output"], "")

    def test_a_background_child_does_not_keep_the_run(self):
        # for longer than the test waits for the reply
        status, body = self.server.run("sh", "-c", "sleep 600 & echo main")
        self.assertEqual((status, body["data"]["output"]), (200, "main\n"))

    def test_a_command_that_closes_its_output_is_waited_for(self):
        begin = time.monotonic()
        status, body = self.server.run("sh", "-c", "exec >&- 2>&-; sleep 1; exit 5")
        self.assertEqual((status, body["exit_code"]), (409, 5))
        self.assertGreater(time.monotonic() - begin, 0.9)


class Output(ServerTest):
    def test_bytes_that_are_not_text(self):
        status, body = self.server.run("printf", "a\\377b\\000c\\303")
        self.assertEqual(body["data"], {"output": "a\ufffdb\0c\ufffd",
                                        "output_base64": base64.b64encode(b"a\xffb\0c\xc3").decode()})
        status, body = self.server.run("sh", "-c", "printf 'x\\377'; exit 9")
        self.assertEqual((status, body["output"], body["output_base64"]), (409, "x\ufffd", "eP8="))
        self.assertEqual(body["error"], "Command exited with code 9: x\ufffd")

    def test_text_comes_without_base64(self):
        status, body = self.server.run("printf", "é€😀\\000\\001\\r\\n\"\\\\")
        self.assertEqual(body["data"], {"output": "é€😀\0\1\r\n\"\\"})

    def test_capture_is_bounded_and_counted(self):
        status, body = self.server.run("sh", "-c", "yes | head -c 20000000")
        data = body["data"]
        self.assertEqual((status, len(data["output"]), data["truncated"], data["total_bytes"]),
                         (200, 16 << 20, True, 20000000))

    def test_capture_of_exactly_the_limit_is_whole(self):
        status, body = self.server.run("sh", "-c", "yes | head -c %d" % (16 << 20))
        self.assertEqual(len(body["data"]["output"]), 16 << 20)
        self.assertNotIn("truncated", body["data"])

    def test_a_character_cut_by_the_limit_is_dropped(self):
        status, body = self.server.run("sh", "-c", "printf x; yes € | tr -d '\\n' | head -c 18000000")
        data = body["data"]
        self.assertNotIn("output_base64", data)
        self.assertEqual(data["output"][-1], "€")
        self.assertEqual(data["total_bytes"], 18000001)

    def test_error_text_of_a_long_output_is_short(self):
        status, body = self.server.run("sh", "-c", "yes | head -c 100000; exit 1")
        self.assertEqual((status, len(body["output"])), (409, 100000))
        self.assertLess(len(body["error"]), 5000)


class Framing(ServerTest):
    def open(self):
        sock = self.server.socket()
        self.addCleanup(sock.close)
        file = sock.makefile("rb")
        self.addCleanup(file.close)
        return sock, file

    def exchange(self, data):
        sock, file = self.open()
        sock.sendall(data)
        return read_reply(file)

    def run_request(self, *headers):
        body = b'{"command":["echo","hi"]}'
        lines = [b"POST /run HTTP/1.1", b"Host: localhost", *headers]
        return b"\r\n".join(lines) + b"\r\n\r\n", body

    def assert_hi(self, reply):
        self.assertEqual((reply[0], json.loads(reply[2])), (200, {"success": True, "data": {"output": "hi\n"}}))

    def test_chunked_request(self):
        head, body = self.run_request(b"Transfer-Encoding: chunked")
        pieces = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body)))
        self.assert_hi(self.exchange(head + pieces + b"0\r\n\r\n"))

    def test_expect_continue(self):
        sock, file = self.open()
        head, body = self.run_request(b"Expect: 100-continue", b"Content-Length: 25")
        sock.sendall(head)
        self.assertEqual(file.readline(), b"HTTP/1.1 100 Continue\r\n")
        self.assertEqual(file.readline(), b"\r\n")
        sock.sendall(body)
        self.assert_hi(read_reply(file))

    def test_expect_continue_is_refused_at_once_when_the_request_is(self):
        sock, file = self.open()
        sock.sendall(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        self.assertEqual(read_reply(file)[0], 404)

    def test_body_that_comes_slowly(self):
        sock, file = self.open()
        head, body = self.run_request(b"Content-Length: 25")
        for i in range(0, len(head), 20):
            sock.sendall(head[i:i + 20])
            time.sleep(0.01)
        for i in range(len(body)):
            sock.sendall(body[i:i + 1])
            time.sleep(0.01)
        self.assert_hi(read_reply(file))

    def test_requests_sent_all_at_once(self):
        sock, file = self.open()
        head, body = self.run_request(b"Content-Length: 25")
        sock.sendall((head + body) * 3 + b"GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n" + head + body)
        for status in (200, 200, 200, 404, 200):
            self.assertEqual(read_reply(file)[0], status)

    def test_connection_serves_on_after_errors(self):
        sock, file = self.open()
        for request, status in ((b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345", 404),
                                (b"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345", 400),
                                (b"POST /run HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 5\r\n\r\n12345", 403),
                                (b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 200)):
            sock.sendall(request)
            self.assertEqual(read_reply(file)[0], status)

    def test_connection_close_is_kept(self):
        sock, file = self.open()
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(read_reply(file)[0], 200)
        self.assertIsNone(read_reply(file))

    def test_http_1_0(self):
        sock, file = self.open()
        sock.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        self.assertEqual(read_reply(file)[0], 200)
        self.assertIsNone(read_reply(file))

    too_large = {"success": False, "error": "Request body exceeds the maximum size of 16777216 bytes"}

    def test_body_at_the_limit_is_read(self):
        body = b'{"command":["echo","hi"]}'.ljust(16 << 20)
        head, _ = self.run_request(b"Content-Length: %d" % len(body))
        self.assert_hi(self.exchange(head + body))

    def test_too_large_by_length(self):
        head, _ = self.run_request(b"Content-Length: %d" % ((16 << 20) + 1))
        reply = self.exchange(head)  # the reply does not wait for the body
        self.assertEqual((reply[0], json.loads(reply[2])), (413, self.too_large))

    def test_too_large_by_length_can_be_read_after_sending_it_all(self):
        head, _ = self.run_request(b"Content-Length: %d" % (20 << 20))
        reply = self.exchange(head + b" " * (20 << 20))
        self.assertEqual((reply[0], json.loads(reply[2])), (413, self.too_large))

    def test_too_large_in_chunks(self):
        sock, file = self.open()
        head, _ = self.run_request(b"Transfer-Encoding: chunked")
        sock.sendall(head)
        before = self.server.rss()
        for _ in range(40):
            sock.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
        growth = self.server.rss() - before
        sock.sendall(b"0\r\n\r\n")
        reply = read_reply(file)
        self.assertEqual((reply[0], json.loads(reply[2])), (413, self.too_large))
        if not SANITIZED:
            self.assertLess(growth, 24 << 20)

    def test_targets_that_cannot_be_decoded(self):
        """This server handles them, however libmicrohttpd treats them."""
        for target, status in ((b"/%", 404), (b"/%4", 404), (b"/%zz", 404), (b"/%00", 404), (b"/health%00", 404), (b"/%c3%28", 404),
                               (b"/\xff", 404), (b"/a%00b/%zz?%", 404), (b"/health?%", 200), (b"/health?x=%zz&y=%00", 200),
                               (b"/sandboxes/%zz", 400), (b"/sandboxes/a%00", 400), (b"/sandboxes/a/files/workspace/%00", 400)):
            with self.subTest(target=target):
                reply = self.exchange(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)
                self.assertEqual((reply[0], reply[1]["content-type"]), (status, "application/json"))
                self.assertIs(json.loads(reply[2])["success"], status == 200)

    def test_escapes_are_decoded_once(self):
        for target, status in ((b"/he%61lth", 200), (b"/he%2561lth", 404), (b"/%68ealth%2f", 404)):
            self.assertEqual(self.exchange(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)[0], status)

    def test_what_libmicrohttpd_refuses(self):
        """Some versions refuse it, others pass it on: in either case it is refused."""
        for head in (b"GET /nope x HTTP/1.1\r\nHost: localhost", b"GET /health HTTP/1.1", b"GET /health HTTP/2.0\r\nHost: localhost",
                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost", b"GET /health HTTP/1.1\r\nHost : localhost",
                     b"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1",
                     b"POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999"):
            with self.subTest(head=head):
                status, headers, body = self.exchange(head + b"\r\n\r\n")
                self.assertIn(status, (301, 400, 404, 413, 505))
                if headers.get("content-type") == "application/json":
                    self.assertEqual(sorted(json.loads(body)), ["error", "success"])

    def test_garbage_does_no_harm(self):
        for data in (b"GARBAGE\r\n\r\n", b"\0\1\2\3" * 100 + b"\r\n\r\n", b"\r\n" * 50, b"GET / HTTP/9.9\r\n\r\n",
                     b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
                     b"POST /run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200):
            with self.subTest(data=data[:30]):
                sock, file = self.open()
                sock.sendall(data)
                sock.shutdown(1)
                reply = file.read()
                self.assertNotIn(b" 200 ", reply.split(b"\r\n")[0])
                self.assertEqual(self.server.call("GET", "/health")[0], 200)

    def test_oversized_head_is_refused(self):
        for request in (b"GET /" + b"a" * 400000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 400000 + b"\r\n\r\n"):
            sock, file = self.open()
            try:
                sock.sendall(request)
            except OSError:
                pass  # refused before all of it was sent
            line = file.readline()
            self.assertTrue(line == b"" or line.split()[1] in (b"400", b"413", b"414", b"431"), line)
            self.assertEqual(self.server.call("GET", "/health")[0], 200)


class Browsers(ServerTest):
    """X26: what a web page could make a browser send to a server without a key."""

    def status(self, **headers):
        return self.server.call("GET", "/sandboxes", None, {k.replace("_", "-"): v for k, v in headers.items()})

    def test_host(self):
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:18888", "127.1.2.3", "[::1]", "[::1]:80"):
            self.assertEqual(self.status(Host=host)[0], 200, host)
        for host in ("evil.example", "evil.example:18888", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
                     "0.0.0.0", "128.0.0.1", "[::2]", "[::1", "::1", "", "localhost:80:80", "localhost:x", "2130706433",
                     "localhost@evil.example"):
            self.assert_error_starts(self.status(Host=host), 403, "Host not allowed: ")
            self.assert_error_starts(self.server.call("GET", "/health", None, {"Host": host}), 403, "Host not allowed: ")

    def test_missing_or_double_host(self):
        for lines in (b"", b"Host: localhost\r\nHost: localhost\r\n"):
            with self.server.socket() as sock, sock.makefile("rb") as file:
                sock.sendall(b"GET /health HTTP/1.1\r\n" + lines + b"\r\n")
                self.assertEqual(read_reply(file)[0], 400)

    def test_origin(self):
        own = "127.0.0.1:%d" % self.server.port
        self.assertEqual(self.status(Origin="http://" + own)[0], 200)
        for origin in ("http://evil.example", "null", "https://" + own, "http://127.0.0.1:1", "http://localhost:3000", "",
                       "http://" + own + ".evil.example"):
            self.assert_error_starts(self.status(Origin=origin), 403, "Origin not allowed: ")

    def test_fetch_site(self):
        for site in ("none", "same-origin"):
            self.assertEqual(self.status(Sec_Fetch_Site=site)[0], 200)
        for site in ("cross-site", "same-site", "CROSS-SITE", "new-kind"):
            self.assert_error_starts(self.status(Sec_Fetch_Site=site), 403, "Origin not allowed: ")

    def test_no_cors(self):
        connection = self.server.connection()
        connection.request("GET", "/health", headers={"Origin": "http://127.0.0.1:%d" % self.server.port})
        response = connection.getresponse()
        response.read()
        self.assertFalse([n for n, _ in response.getheaders() if n.lower().startswith("access-control")])
        connection.close()


class Keys(ServerTest):
    server_options = {"env": {"AGENTKERNEL_API_KEY": "s3cret key"}}

    def status(self, authorization, path="/sandboxes", **headers):
        if authorization is not None:
            headers["Authorization"] = authorization
        return self.server.call("GET", path, None, headers)

    def test_messages(self):
        for authorization, message in (
                (None, "Missing Authorization header"),
                ("Basic abc", "Invalid authorization format. Use: Bearer <api_key>"),
                ("bearer s3cret key", "Invalid authorization format. Use: Bearer <api_key>"),
                ("Bearer", "Invalid authorization format. Use: Bearer <api_key>"),
                ("Bearer wrong", "Invalid bearer token"), ("Bearer s3cret ke", "Invalid bearer token"),
                ("Bearer s3cret keyy", "Invalid bearer token"), ("Bearer  s3cret key", "Invalid bearer token"),
                ("Bearer S3cret key", "Invalid bearer token")):
            with self.subTest(authorization=authorization):
                self.assert_error(self.status(authorization), 401, message)
        self.assertEqual(self.status("Bearer s3cret key")[0], 200)

    def test_public_routes(self):
        self.assertEqual(self.status(None, "/health")[0], 200)
        self.assertIs(self.status(None, "/status")[1]["data"]["api_key_configured"], True)
        self.assertEqual(self.status(None, "/stats")[0], 200)
        self.assertEqual(self.status(None, "/metrics")[0], 404)
        self.assertEqual(self.status(None, "/backends")[0], 401)
        self.assertEqual(self.server.call("POST", "/health")[0], 401)

    def test_401_comes_before_404_and_400(self):
        self.assertEqual(self.status(None, "/nope")[0], 401)
        self.assertEqual(self.status("Bearer s3cret key", "/nope")[0], 404)
        self.assertEqual(self.server.post("/run", "garbage")[0], 401)
        self.assertEqual(self.server.post("/run/stream", {"command": ["true"]})[0], 401)

    def test_with_a_key_the_origin_does_not_matter_but_the_host_does(self):
        self.assertEqual(self.status("Bearer s3cret key", Origin="http://evil.example")[0], 200)
        self.assertEqual(self.status("Bearer s3cret key", Host="evil.example")[0], 403)

    def test_a_body_without_a_key_is_not_kept(self):
        before = self.server.rss()
        connection = self.server.connection()
        connection.putrequest("POST", "/run")
        connection.putheader("Content-Length", str(16 << 20))
        connection.endheaders()
        for _ in range(15):
            connection.send(b" " * (1 << 20))
        if not SANITIZED:
            self.assertLess(self.server.rss() - before, 8 << 20)
        connection.send(b" " * (1 << 20))
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()


class UnixSocket(ServerTest):
    server_options = {"unix": True}

    def test_requests(self):
        self.assertEqual(self.server.url, "unix://" + self.server.unix)
        self.assertEqual(self.server.run("echo", "x")[1]["data"]["output"], "x\n")
        self.assert_error(self.server.call("GET", "/nope"), 404, "Not found")
        self.assertEqual(self.server.call("GET", "/health", None, {"Host": "evil.example"})[0], 403)

    def test_one_connection_many_requests(self):
        connection = self.server.connection()
        for _ in range(20):
            connection.request("GET", "/health")
            self.assertEqual(connection.getresponse().read(), b'{"success":true,"data":"ok"}')
        connection.close()

    def test_stream(self):
        self.assertEqual([name for name, _ in self.server.stream("echo", "x").all()], ["started", "output", "done"])


if __name__ == "__main__":
    main()
