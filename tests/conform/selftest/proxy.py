"""A reverse proxy that changes requests and answers on their way: how a server that is wrong somewhere is had.

One request for each connection, so an answer is all that comes until the other side closes. What no rule changes goes
through byte for byte as it comes, and a client that leaves is one that leaves the server, too.
"""

from __future__ import annotations

import io
import json
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

PIECE = 1 << 16


@dataclass
class Request:
    """A request on its way to the server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    send: Callable[[str, str, Any], Reply] = field(repr=False)
    """Asks the server something else: method, path, JSON."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What a rule wants to know again when the answer comes."""

    @property
    def json(self) -> Any:
        """The body; an empty object when there is none."""
        return json.loads(self.body or b"{}")

    @property
    def segments(self) -> list[str]:
        """Parts of the path, as they are in the URL."""
        return self.path.split("?")[0].strip("/").split("/")

    def with_json(self, value: Any) -> Request:
        """The same with another body."""
        return replace(self, body=json.dumps(value).encode())


@dataclass
class Reply:
    """An answer on its way back."""

    status: int
    body: bytes
    content_type: str = "application/json"

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """What is in the envelope."""
        return self.json.get("data")

    def with_json(self, value: Any) -> Reply:
        """The same with another body."""
        return replace(self, body=json.dumps(value).encode())

    def with_data(self, data: Any) -> Reply:
        """The same with something else in the envelope."""
        return self.with_json({**self.json, "data": data})


def done(data: Any, status: int = 200) -> Reply:
    """An answer that all is well."""
    return Reply(status, json.dumps({"success": True, "data": data}).encode())


def failed(status: int, error: str) -> Reply:
    """One that it is not."""
    return Reply(status, json.dumps({"success": False, "error": error}).encode())


class Rule:
    """What is changed of the requests for one route: a subclass overrides one method or both."""

    method = "POST"
    path = r".*"
    """Patterns for all of the method, and all of the path without its query."""

    def fits(self, request: Request) -> bool:
        """Whether it is about this request."""
        path = request.path.split("?")[0]
        return bool(re.fullmatch(self.method, request.method) and re.fullmatch(self.path, path))

    def ask(self, request: Request) -> Request | Reply:
        """What the server is asked; an answer, when it is not."""
        return request

    def answer(self, _request: Request, reply: Reply) -> Reply:
        """What the client is told."""
        return reply

    @property
    def changes_answers(self) -> bool:
        """Whether answers have to be held until all is there."""
        return type(self).answer is not Rule.answer


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str, rules: list[Rule], *, queue: str = "", abandon: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 0)
        self.rules = rules
        self.queue = re.compile(queue or r"(?!)")
        """Requests with such paths are handled one at a time."""
        self.turn = threading.Lock()
        self.abandon = abandon
        """Whether the server is told that a client has left."""
        self.kept: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def connect(self, request: Request) -> socket.socket:
        """Sends a request to the server."""
        upstream = socket.create_connection(self.upstream)
        head = [f"{request.method} {request.path} HTTP/1.1", f"Host: 127.0.0.1:{self.upstream[1]}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in request.headers.items()]
        head += [f"Content-Length: {len(request.body)}"] if request.body or request.method != "GET" else []
        upstream.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + request.body)
        return upstream


@contextmanager
def proxy(upstream: str, *rules: Rule, queue: str = "", abandon: bool = True) -> Iterator[str]:
    """Runs one; its URL."""
    server = Proxy(upstream, list(rules), queue=queue, abandon=abandon)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for upstream_socket in server.kept:
            upstream_socket.close()


class GoneError(Exception):
    """The client has left."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    hop: ClassVar[set[str]] = {"host", "connection", "content-length", "transfer-encoding", "expect"}

    @property
    def proxy(self) -> Proxy:
        """Who it came to."""
        return cast(Proxy, self.server)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""

    def handle_any(self) -> None:
        """Whatever the method."""
        self.close_connection = True
        headers = {name: value for name, value in self.headers.items() if name.lower() not in self.hop}
        request = Request(self.command, self.path, headers, self.read_body(), self.ask_more(headers))
        queued = self.proxy.queue.fullmatch(request.path) is not None
        try:
            if queued:
                self.proxy.turn.acquire()
            self.pass_on(request)
        except (GoneError, BrokenPipeError, ConnectionResetError):
            return
        finally:
            if queued:
                self.proxy.turn.release()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def read_body(self) -> bytes:
        """With a length or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def ask_more(self, headers: dict[str, str]) -> Callable[[str, str, Any], Reply]:
        """For rules that have to know more from the server."""

        def send(method: str, path: str, value: Any) -> Reply:
            body = b"" if value is None else json.dumps(value).encode()
            with self.proxy.connect(Request(method, path, headers, body, send)) as upstream:
                return parse(b"".join(iter(lambda: upstream.recv(PIECE), b"")))

        return send

    def pass_on(self, request: Request) -> None:
        """To the server and back, by all rules that fit."""
        rules = [rule for rule in self.proxy.rules if rule.fits(request)]
        asked: Request | Reply = request
        for rule in rules:
            if isinstance(asked, Request):
                asked = rule.ask(asked)
        if isinstance(asked, Reply):
            self.reply(asked)
            return
        upstream = self.proxy.connect(asked)
        try:
            if not any(rule.changes_answers for rule in rules):
                for piece in self.pieces(upstream):
                    self.wfile.write(piece)
                return
            reply = parse(b"".join(self.pieces(upstream)))
        except (GoneError, BrokenPipeError):
            if not self.proxy.abandon:
                self.proxy.kept.append(upstream.dup())
            raise
        finally:
            upstream.close()
        for rule in rules:
            reply = rule.answer(asked, reply)
        self.reply(reply)

    def pieces(self, upstream: socket.socket) -> Iterator[bytes]:
        """What the server sends, as it comes, until the end or the client leaves."""
        while True:
            ready, _, _ = select.select([upstream, self.connection], [], [])
            if self.connection in ready and not self.connection.recv(1, socket.MSG_PEEK):
                raise GoneError
            if upstream in ready:
                piece = upstream.recv(PIECE)
                if not piece:
                    return
                yield piece

    def reply(self, reply: Reply) -> None:
        """Sends an answer."""
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)


class _Held(io.BytesIO):
    """An answer that is all there, as http.client wants it."""

    def makefile(self, *_: Any) -> io.BytesIO:
        """Itself."""
        return self


def parse(raw: bytes) -> Reply:
    """An answer from its bytes."""
    response = HTTPResponse(cast(socket.socket, _Held(raw)))
    response.begin()
    return Reply(response.status, response.read(), response.getheader("Content-Type") or "")
