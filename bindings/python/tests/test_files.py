"""Files of the sync client: as a whole, piece by piece, and copies of local files."""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentkernel import (
    AgentKernel,
    AgentKernelError,
    CallCancelledError,
    CallTimeoutError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    ServerError,
    TooLargeError,
    ValidationError,
)
from conftest import PATIENCE, Fault, FaultServer, descriptors, ok

ALL_BYTES = bytes(range(256)) * 40
JSON = {"Content-Type": "application/json"}
LARGE = bytes(range(1, 256)) * 4112 * 12  # 12 MB, near the most that servers accept; not a multiple of three


@pytest.fixture
def box(client: AgentKernel) -> Iterator[str]:
    client.create_sandbox("py-files")
    yield "py-files"
    client.remove_sandbox("py-files")


def content_of(server: FaultServer) -> bytes:
    body = server.body(0)
    assert body["encoding"] == "base64"
    return base64.b64decode(body["content"], validate=True)


def file_reply(data: bytes, *, encoding_first: bool = True) -> dict[str, Any]:
    text = {"content": base64.b64encode(data).decode(), "size": len(data)}
    encoding = {"encoding": "base64"}
    return ok({**encoding, **text} if encoding_first else {**text, **encoding})


# ---- against a server that stores them -------------------------------------------------------------------------------


def test_texts_and_bytes(client: AgentKernel, box: str) -> None:
    client.write_file(box, "/tmp/text.txt", "grüße\n")
    read = client.read_file(box, "/tmp/text.txt")
    assert (read.content, read.text, read.data) == ("grüße\n", "grüße\n", "grüße\n".encode())
    assert (read.encoding, read.size) == ("utf8", 8)
    client.write_file(box, "/tmp/bytes", ALL_BYTES)
    read = client.read_file(box, "/tmp/bytes")
    assert (read.data, read.encoding, read.size) == (ALL_BYTES, "base64", len(ALL_BYTES))
    assert base64.b64decode(read.content) == ALL_BYTES  # as in the official SDK
    assert client.read_bytes(box, "/tmp/bytes") == ALL_BYTES
    assert client.read_text(box, "/tmp/text.txt") == "grüße\n"
    assert client.read_text(box, "/tmp/bytes", encoding="latin-1") == ALL_BYTES.decode("latin-1")
    with pytest.raises(UnicodeDecodeError):
        client.read_text(box, "/tmp/bytes")
    assert client.exec_in_sandbox(box, ["cat", "/tmp/text.txt"]).output == "grüße\n"


def test_a_path_may_be_relative_to_the_root(client: AgentKernel, box: str) -> None:
    client.write_file(box, "tmp/a b%41?#.txt", "x")
    assert client.exec_in_sandbox(box, ["ls", "/tmp"]).output == "a b%41?#.txt\n"
    assert client.read_text(box, "tmp/a b%41?#.txt") == "x"
    client.delete_file(box, "tmp/a b%41?#.txt")
    with pytest.raises(NotFoundError):
        client.read_file(box, "tmp/a b%41?#.txt")


def test_twelve_megabytes_round_trip(client: AgentKernel, box: str, tmp_path: Path) -> None:
    client.write_file(box, "/tmp/whole", LARGE)
    assert client.read_file(box, "/tmp/whole").data == LARGE
    client.write_file(box, "/tmp/file", io.BytesIO(LARGE))
    with client.open_file(box, "/tmp/file") as file:
        assert file.read() == LARGE
    client.write_file(box, "/tmp/pieces", (LARGE[at : at + 99_991] for at in range(0, len(LARGE), 99_991)))
    assert b"".join(client.iter_file(box, "/tmp/pieces", chunk_size=70_000)) == LARGE
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(LARGE)
    done = list(client.iter_upload(box, here, "/tmp/up"))
    assert done == sorted(done)
    assert (done[-1], len(done) > 10) == (len(LARGE), True)
    done = list(client.iter_download(box, "/tmp/up", back))
    assert (done == sorted(done), done[-1], len(done) > 10) == (True, len(LARGE), True)
    assert back.read_bytes() == LARGE
    assert (client.upload(box, here, "/tmp/up"), client.download(box, "/tmp/up", back)) == (len(LARGE), len(LARGE))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 49_151, 131_071, 131_072, 131_073])
def test_every_size(client: AgentKernel, box: str, tmp_path: Path, size: int) -> None:
    data = LARGE[:size]
    client.write_file(box, "/tmp/x", io.BytesIO(data))
    assert client.read_bytes(box, "/tmp/x") == data
    here = tmp_path / "x"
    assert client.download(box, "/tmp/x", here) == size
    assert here.read_bytes() == data
    assert client.upload(box, here, "/tmp/y") == size
    assert client.read_file(box, "/tmp/y").data == data


def test_many_files(client: AgentKernel, box: str) -> None:
    files: dict[str, str | bytes | bytearray] = {
        "/tmp/a": "text",
        "/tmp/b": ALL_BYTES,
        "/tmp/c": "with\0nul",
        "/tmp/d/e": bytearray(b"new folder"),
    }
    assert client.write_files(box, files).written == 4
    assert client.read_text(box, "/tmp/a") == "text"
    assert client.read_bytes(box, "/tmp/b") == ALL_BYTES
    assert client.read_text(box, "/tmp/c") == "with\0nul"
    assert client.read_text(box, "/tmp/d/e") == "new folder"
    with pytest.raises(ValidationError, match="files is required"):
        client.write_files(box, {})


def test_a_session_has_them_too(client: AgentKernel, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.write_bytes(ALL_BYTES)
    with client.sandbox("py-files-session") as sb:
        assert sb.upload(here, "/tmp/up") == len(ALL_BYTES)
        assert list(sb.iter_upload(here, "/tmp/up"))[-1] == len(ALL_BYTES)
        assert sb.read_bytes("/tmp/up") == sb.read_file("/tmp/up").data == ALL_BYTES
        sb.write_file("/tmp/a", "text")
        sb.write_files({"/tmp/b": "more"})
        assert (sb.read_text("/tmp/a"), sb.read_text("/tmp/b")) == ("text", "more")
        with sb.open_file("/tmp/up") as file:
            assert file.readinto(bytearray(300)) == 300
        assert b"".join(sb.iter_file("/tmp/a")) == b"text"
        assert sb.download("/tmp/up", tmp_path / "back") == len(ALL_BYTES)
        sb.delete_file("/tmp/a")
        with pytest.raises(NotFoundError):
            sb.read_file("/tmp/a")
        assert {"file_written", "file_read"} <= {entry.type for entry in sb.logs()}


# ---- on the wire -----------------------------------------------------------------------------------------------------

CONTENTS = [
    pytest.param(lambda: "grüße", "grüße".encode(), id="str"),
    pytest.param(lambda: b"\0\xff", b"\0\xff", id="bytes"),
    pytest.param(lambda: bytearray(b"abc"), b"abc", id="bytearray"),
    pytest.param(lambda: memoryview(b"abcdef")[1:4], b"bcd", id="memoryview"),
    pytest.param(lambda: "", b"", id="empty"),
    pytest.param(lambda: io.BytesIO(b"in a file"), b"in a file", id="file"),
    pytest.param(lambda: io.StringIO("täxt"), "täxt".encode(), id="text file"),
    pytest.param(lambda: [b"a", "b", b"", bytearray(b"c"), memoryview(b"d")], b"abcd", id="pieces"),
    pytest.param(lambda: iter([]), b"", id="no pieces"),
    pytest.param(lambda: (letter * 50_000 for letter in (b"a", b"b")), b"a" * 50_000 + b"b" * 50_000, id="generator"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "wanted"), CONTENTS)
def test_kinds_of_content(fault: Fault, make: Any, wanted: bytes) -> None:
    server = fault.replies(ok("Wrote it"))
    with AgentKernel(server.url) as client:
        client.write_file("sb", "/tmp/x", make())
    server.wait_for("complete")
    assert server.requests() == [("PUT", "/sandboxes/sb/files/tmp/x")]
    assert content_of(server) == wanted


def test_base64_of_the_official_sdk(fault: Fault) -> None:
    server = fault.replies(ok("Wrote it"))
    with AgentKernel(server.url) as client:
        client.write_file("sb", "/tmp/x", "AP8=", encoding="base64")
        with pytest.raises(ValueError, match="padding"):
            client.write_file("sb", "/tmp/x", "AP8", encoding="base64")
    assert content_of(server) == b"\0\xff"


@pytest.mark.parametrize("content", [7, None, object(), [1], {"a": 1}.values()])
def test_what_is_no_content(content: Any, fault: Fault) -> None:
    with AgentKernel(fault.rules().url) as client, pytest.raises(TypeError):
        client.write_file("sb", "/tmp/x", content)


def test_a_size_that_is_known_is_sent_beforehand(fault: Fault, tmp_path: Path) -> None:
    here = tmp_path / "x"
    here.write_bytes(b"0123456789")
    server = fault.rules({"times": "always", "steps": [{"reply": {"json": ok("Wrote it")}}]})
    with AgentKernel(server.url) as client:
        with here.open("rb") as file:
            file.seek(4)
            client.write_file("sb", "/tmp/x", file)
        client.upload("sb", here, "/tmp/x")
        client.write_file("sb", "/tmp/x", iter([b"abc"]), size=3)
        client.write_file("sb", "/tmp/x", iter([b"abc"]))
    sent = [dict(request["headers"]) for request in server.log()["requests"]]
    assert [("Content-Length" in headers, "Transfer-Encoding" in headers) for headers in sent] == [
        (True, False),
        (True, False),
        (True, False),
        (False, True),
    ]
    assert content_of(server) == b"456789"


def test_too_much_is_refused_before_anything_is_sent(fault: Fault, tmp_path: Path) -> None:
    server = fault.rules()
    here = tmp_path / "x"
    with here.open("wb") as file:
        file.truncate(12_582_886)
    with AgentKernel(server.url) as client:
        for write in (
            lambda: client.write_file("sb", "/tmp/x", bytes(12_582_886)),
            lambda: client.write_file("sb", "/tmp/x", io.BytesIO(bytes(12_582_886))),
            lambda: client.write_file("sb", "/tmp/x", iter([b"x"]), size=12_582_886),
            lambda: client.upload("sb", here, "/tmp/x"),
        ):
            with pytest.raises(TooLargeError, match="16777216") as caught:
                write()
            assert caught.value.sent == "nothing"
    assert server.requests() == []


def test_a_size_that_is_wrong(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"wait": "close"}]})
    with AgentKernel(server.url) as client:
        with pytest.raises(ValidationError, match="its size says"):
            client.write_file("sb", "/tmp/x", iter([b"abcd"]), size=3)
        with pytest.raises(ValidationError, match="its size says"):
            client.write_file("sb", "/tmp/x", iter([b"ab"]), size=3)


def test_a_source_that_fails_leaves_no_request(fault: Fault) -> None:
    server = fault.rules({"times": "always", "steps": [{"reply": {"json": ok("Wrote it")}}]})

    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise RuntimeError("the disk is on fire")

    with AgentKernel(server.url) as client:
        with pytest.raises(RuntimeError, match="on fire"):
            client.write_file("sb", "/tmp/x", broken())
        client.write_file("sb", "/tmp/x", "fine")
    server.wait_for("complete")
    (request,) = [request for request in server.log()["requests"] if request["complete"]]
    assert base64.b64decode(json.loads(base64.b64decode(request["body"]))["content"]) == b"fine"


def test_an_answer_before_all_is_sent(fault: Fault) -> None:
    refusal = {"reply": {"status": 404, "json": {"success": False, "error": "Sandbox not found"}}}
    server = fault.rules({"times": "always", "read": "head", "steps": [refusal]})
    with AgentKernel(server.url) as client, pytest.raises(NotFoundError, match="Sandbox not found"):
        client.write_file("sb", "/tmp/x", (b"x" * 100_000 for _ in range(100)))


def test_an_upload_that_is_left_early(fault: Fault, tmp_path: Path) -> None:
    here = tmp_path / "x"
    here.write_bytes(LARGE)
    server = fault.rules({"times": "always", "steps": [{"reply": {"json": ok("Wrote it")}}]})
    with AgentKernel(server.url) as client:
        before = descriptors()
        with closing(client.iter_upload("sb", here, "/tmp/x")) as upload:
            assert 0 < next(upload) < len(LARGE)
        assert descriptors() == before
    assert not any(request["complete"] for request in server.log()["requests"])


def test_an_upload_that_nobody_takes_times_out(fault: Fault) -> None:
    server = fault.rules({"times": "always", "read": "head", "steps": [{"wait": "close"}]})
    with AgentKernel(server.url) as client, pytest.raises(CallTimeoutError):
        client.write_file("sb", "/tmp/x", (b"x" * 100_000 for _ in range(100)), timeout=0.3)


# ---- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding_first", [True, False])
@pytest.mark.parametrize("piece", [None, 97])
def test_reading_piece_by_piece(fault: Fault, encoding_first: bool, piece: int | None) -> None:
    step: dict[str, Any] = {"reply": {"json": file_reply(ALL_BYTES, encoding_first=encoding_first)}}
    if piece is not None:
        step["piece"] = piece
    server = fault.rules({"times": "always", "steps": [step]})
    with AgentKernel(server.url) as client:
        with client.open_file("sb", "/tmp/x") as file:
            buffer = bytearray(1000)
            total = b""
            while size := file.readinto(buffer):
                total += buffer[:size]
            assert total == ALL_BYTES
        assert client.read_bytes("sb", "/tmp/x") == ALL_BYTES
        with client.open_file("sb", "/tmp/x") as file:
            assert file.readline() == ALL_BYTES[: ALL_BYTES.index(b"\n") + 1]
            assert (file.readable(), file.writable(), file.seekable()) == (True, False, False)
        copy = io.BytesIO()
        with client.open_file("sb", "/tmp/x") as file:
            shutil.copyfileobj(file, copy)
        assert copy.getvalue() == ALL_BYTES
        sizes = [len(chunk) for chunk in client.iter_file("sb", "/tmp/x", chunk_size=100)]
        assert (sum(sizes), max(sizes)) == (len(ALL_BYTES), 100)
        with pytest.raises(ValueError, match="closed file"):
            file.read()


def test_reading_fails_as_it_should(fault: Fault, tmp_path: Path) -> None:
    cut = {"text": json.dumps(file_reply(ALL_BYTES))[:5000], "headers": {"Content-Length": "9000", **JSON}}
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    cases: list[tuple[dict[str, Any], type[AgentKernelError]]] = [
        ({"reply": {"status": 404, "json": {"success": False, "error": "Failed to read file"}}}, NotFoundError),
        ({"reply": {"status": 500, "json": {"success": False, "error": "no"}}}, ServerError),
        ({"reply": cut}, NetworkError),
        ({"reply": {"json": ok({"encoding": "base64", "content": "?", "size": 1})}}, ProtocolError),
        ({"reply": {"json": ok({"encoding": "utf8", "content": "ab", "size": 3})}}, ProtocolError),
    ]  # fmt: skip
    for step, kind in cases:
        server = fault.rules({"times": "always", "steps": [step, {"close": True}]})
        with AgentKernel(server.url) as client:
            with pytest.raises(kind):
                client.read_bytes("sb", "/tmp/x")
            with client.open_file("sb", "/tmp/x") as file, pytest.raises(kind):
                file.read()
            with pytest.raises(kind):
                client.download("sb", "/tmp/x", kept)
    assert kept.read_text() == "as it was"
    assert os.listdir(tmp_path) == ["kept"]


def test_a_download_keeps_links_and_devices(client: AgentKernel, box: str, tmp_path: Path) -> None:
    client.write_file(box, "/tmp/x", b"new")
    (tmp_path / "kept").write_text("old")
    (tmp_path / "link").symlink_to("kept")
    assert client.download(box, "/tmp/x", tmp_path / "link") == 3
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept").read_text() == "new"
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(OSError, match="not a regular file"):
        client.download(box, "/tmp/x", tmp_path / "null")
    with pytest.raises(IsADirectoryError):
        client.download(box, "/tmp/x", tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["kept", "link", "null"]


def test_a_download_that_is_left_early(fault: Fault, tmp_path: Path) -> None:
    text = json.dumps(file_reply(LARGE))[:600_000]
    headers = {"Content-Length": "16000000", "Content-Type": "application/json"}
    server = fault.rules(
        {"times": "always", "steps": [{"reply": {"text": text, "headers": headers}}, {"wait": "close"}]}
    )
    with AgentKernel(server.url) as client:
        before = descriptors()
        with closing(client.iter_download("sb", "/tmp/x", tmp_path / "x")) as download:
            assert next(download) > 0
        file = client.open_file("sb", "/tmp/x")
        file.read(1)
        del file
        gc.collect()
        assert descriptors() == before
    server.wait_for("client_ended", 2)
    assert os.listdir(tmp_path) == []


def test_one_thread_reads_at_a_time_and_another_may_close(fault: Fault) -> None:
    server = fault.rules({"steps": [{"wait": "close"}]})
    with AgentKernel(server.url) as client:
        before = descriptors()
        file: Any = client.open_file("sb", "/tmp/x").detach()
        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(file.readinto, bytearray(1))
            server.wait_for("requests")
            with pytest.raises(RuntimeError, match="another thread"):
                file.readinto(bytearray(1))
            file.close()
            assert isinstance(reader.exception(PATIENCE), CallCancelledError)
        with pytest.raises(ValueError, match="closed file"):
            file.readinto(bytearray(1))
        assert descriptors() == before


def test_reading_is_flat(client: AgentKernel, box: str) -> None:
    client.write_file(box, "/tmp/large", LARGE)
    client.write_file(box, "/tmp/small", b"x")
    assert client.read_bytes(box, "/tmp/small") == b"x"  # lazy imports happen here
    with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
        peak.write("5")
    before = memory("VmRSS")
    buffer = bytearray(1 << 16)
    total = 0
    with client.open_file(box, "/tmp/large") as file:
        while size := file.readinto1(buffer):
            total += size
    assert total == len(LARGE)
    assert memory("VmHWM") - before < len(LARGE) // 2 >> 10


def memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))
