"""Files of sandboxes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agentkernel import NotFoundError, ServerError, ValidationError

from ..area import Area, needs
from ..quirks import Quirk

EVERY_BYTE = bytes(range(256)) * 3
ODD_NAMES = ["a b", "a+b", "100%", "a%41", "a?b#c", "grüße", "日本", "a&b=c", "'\"", "~x;y", "-n", ".hidden"]


class Files(Area):
    """read, write and delete, whole and in pieces."""

    @needs("files")
    def test_text(self) -> None:
        """Text comes back, and commands see it."""
        text = 'grüße\n\ttab "quoted" \\ € 🎉\r\n'
        self.shared.write_file(self.path(), text)
        self.assertEqual(self.shared.read_text(self.path()), text)
        self.assertEqual(self.shared.run(["cat", self.path()]).output, text)

    @needs("files")
    def test_bytes(self) -> None:
        """So do bytes that are no text."""
        self.shared.write_file(self.path(), EVERY_BYTE)
        self.assertEqual(self.shared.read_bytes(self.path()), EVERY_BYTE)
        count = self.shared.run(["sh", "-c", f"wc -c < {self.path()}"]).output
        self.assertEqual(int(count), len(EVERY_BYTE))

    @needs("files")
    def test_as_the_server_sends_it(self) -> None:
        """The size is that of the bytes, and base64 is for what is no text."""
        self.shared.write_file(self.path("text"), "grüße")
        found = self.shared.read_file(self.path("text"))
        self.assertEqual((found.encoding, found.size, found.content), ("utf8", 7, "grüße"))
        self.shared.write_file(self.path("bytes"), b"\xff\0")
        found = self.shared.read_file(self.path("bytes"))
        self.assertEqual((found.encoding, found.size, found.data), ("base64", 2, b"\xff\0"))

    @needs("files")
    def test_empty(self) -> None:
        """Nothing is a content, too."""
        self.shared.write_file(self.path(), b"")
        self.assertEqual(self.shared.read_bytes(self.path()), b"")

    @needs("files")
    def test_nul(self) -> None:
        """NUL is text as any other."""
        self.shared.write_file(self.path(), "a\0b")
        self.assertEqual(self.shared.read_bytes(self.path()), b"a\0b")

    @needs("files")
    def test_written_by_command(self) -> None:
        """What a command wrote is read."""
        self.shared.write_file(self.path("other"), "")
        self.shared.run(["sh", "-c", f"printf '\\377\\000x' > {self.path()}"])
        self.assertEqual(self.shared.read_bytes(self.path()), b"\xff\0x")

    @needs("files")
    def test_overwrite(self) -> None:
        """A file is replaced as a whole."""
        self.shared.write_file(self.path(), "a long text")
        self.shared.write_file(self.path(), "short")
        self.assertEqual(self.shared.read_text(self.path()), "short")

    @needs("files")
    def test_folders_are_made(self) -> None:
        """Folders on the way are made."""
        path = self.path("one/two/three/file")
        self.shared.write_file(path, "deep")
        self.assertEqual(self.shared.run(["cat", path]).output, "deep")

    @needs("files")
    def test_odd_names(self) -> None:
        """A name is a name, whatever it means in a URL or a shell."""
        for name in ODD_NAMES:
            self.shared.write_file(self.path(name), f"this is {name}")
        for name in ODD_NAMES:
            self.assertEqual(self.shared.read_text(self.path(name)), f"this is {name}")
            self.assertEqual(self.shared.run(["cat", self.path(name)]).output, f"this is {name}")

    @needs("files")
    def test_backslash(self) -> None:
        """A backslash in a name is a letter as any other."""
        path = self.path("a\\b")
        self.shared.write_file(path, "content")
        self.assertEqual(self.shared.run(["cat", path]).output, "content")
        try:
            self.assertEqual(self.shared.read_text(path), "content")
        except NotFoundError:
            self.quirk(Quirk.BACKSLASH_NOT_FOUND)

    @needs("files")
    def test_relative_path(self) -> None:
        """A path is absolute, or relative to the root."""
        self.shared.write_file(self.path()[1:], "same")
        self.assertEqual(self.shared.read_text(self.path()), "same")

    @needs("files")
    def test_delete(self) -> None:
        """It is gone for commands, too."""
        self.shared.write_file(self.path(), "here")
        self.shared.delete_file(self.path())
        self.assertIsInstance(self.refused(lambda: self.shared.read_bytes(self.path())), NotFoundError)
        self.assertEqual(self.shared.run(["test", "-e", self.path()], check=False).exit_code, 1)

    @needs("files")
    def test_delete_nothing(self) -> None:
        """Deleting what is not there is fine."""
        try:
            self.shared.delete_file(self.path("nothing"))
        except (NotFoundError, ServerError):
            self.quirk(Quirk.DELETING_NOTHING_FAILS)
        self.assertEqual(self.shared.run(["test", "-e", self.path("nothing")], check=False).exit_code, 1)

    @needs("files")
    def test_missing(self) -> None:
        """What is not there, and a folder, cannot be read."""
        self.assertIsInstance(self.refused(lambda: self.shared.read_bytes(self.path("nothing"))), NotFoundError)
        self.assertIsInstance(self.refused(lambda: self.shared.read_bytes("/tmp")), NotFoundError)

    @needs("files")
    def test_refused_paths(self) -> None:
        """Paths of the system, and those that lead upwards, are refused."""
        for path in ("/tmp/../etc/hostname", "/proc/1/environ", "/dev/null", "/etc/shadow"):
            error = self.refused(lambda path=path: self.shared.read_bytes(path))  # type: ignore[misc]
            self.assertIsInstance(error, ValidationError, path)
            error = self.refused(lambda path=path: self.shared.write_file(path, "x"))  # type: ignore[misc]
            self.assertIsInstance(error, ValidationError, path)

    @needs("files", "write_files")
    def test_several(self) -> None:
        """Several files in one call, text and bytes."""
        files: dict[str, str | bytes] = {
            self.path("text"): "one",
            self.path("ü b"): "two",
            self.path("bytes"): b"\xff\0",
        }
        written = self.shared.write_files(files)
        self.assertEqual(written.written, 3)
        self.expect(written.raw.startswith(b"{"), True, Quirk.WRITE_FILES_ANSWERS_TEXT, False)
        self.assertEqual(self.shared.read_text(self.path("text")), "one")
        self.assertEqual(self.shared.read_text(self.path("ü b")), "two")
        self.assertEqual(self.shared.read_bytes(self.path("bytes")), b"\xff\0")

    @needs("files", "write_files")
    def test_several_refused(self) -> None:
        """When one of the paths cannot be, none is written."""
        files = {self.path("first"): "one", "/proc/second": "two"}
        self.assertIsInstance(self.refused(lambda: self.shared.write_files(files)), ValidationError)
        self.assertIsInstance(self.refused(lambda: self.shared.read_bytes(self.path("first"))), NotFoundError)

    @needs("files")
    def test_upload_and_download(self) -> None:
        """From a file of this machine to one of the sandbox, and back."""
        with tempfile.TemporaryDirectory() as folder:
            here, back = Path(folder, "here"), Path(folder, "back")
            here.write_bytes(EVERY_BYTE)
            self.assertEqual(self.shared.upload(here, self.path()), len(EVERY_BYTE))
            self.assertEqual(self.shared.download(self.path(), back), len(EVERY_BYTE))
            self.assertEqual(back.read_bytes(), EVERY_BYTE)

    @needs("files")
    def test_pieces(self) -> None:
        """Content that comes piece by piece."""
        self.shared.write_file(self.path(), (f"piece {number}\n" for number in range(1000)))
        wanted = "".join(f"piece {number}\n" for number in range(1000))
        self.assertEqual(b"".join(self.shared.iter_file(self.path(), chunk_size=100)).decode(), wanted)
        with self.shared.open_file(self.path()) as file:
            self.assertEqual(file.readline(), b"piece 0\n")

    @needs("files", "stop")
    def test_stopped_sandbox(self) -> None:
        """Files of a sandbox that does not run cannot be had."""
        sandbox = self.sandbox()
        sandbox.write_file("/tmp/file", "x")
        sandbox.stop()
        self.assertIn(self.refused(lambda: sandbox.read_bytes("/tmp/file")).status, (404, 409, 500))
        self.assertIn(self.refused(lambda: sandbox.write_file("/tmp/file", "y")).status, (404, 409, 500))
