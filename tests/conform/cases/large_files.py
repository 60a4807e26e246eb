"""Files that are too large to be held carelessly."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

from agentkernel import TooLargeError

from ..area import Area, needs
from ..quirks import Quirk
from .run import MIB

PIECE = 1 << 16
LARGE = 8 * MIB + 17
"""About two thirds of the largest that a request holds."""


def noise() -> Iterator[bytes]:
    """The same bytes each time, which no compression makes smaller, and which are no text."""
    source = random.Random(17)
    left = LARGE
    while left:
        size = min(PIECE, left)
        yield source.randbytes(size)
        left -= size


class LargeFiles(Area):
    """Large content, in pieces both ways."""

    def digest(self) -> str:
        """Of all that noise."""
        total = hashlib.sha256()
        for piece in noise():
            total.update(piece)
        return total.hexdigest()

    @needs("files")
    def test_bytes(self) -> None:
        """All of it gets there and comes back."""
        self.shared.write_file(self.path(), noise(), size=LARGE)
        self.addCleanup(self.shared.delete_file, self.path())
        there = self.shared.run(["sha256sum", self.path()]).output.split()[0]
        self.assertEqual(there, self.digest())
        self.compare(LARGE, self.digest())

    @needs("files")
    def test_text(self) -> None:
        """So does text with letters of more than one byte, wherever pieces end."""
        text = "aü€🎉" * (MIB // 10)
        self.shared.write_file(self.path(), text)
        self.addCleanup(self.shared.delete_file, self.path())
        self.assertTrue(self.shared.read_text(self.path()) == text, "not the text that was written")

    @needs("files")
    def test_made_there(self) -> None:
        """What a command made, larger than what can be written at once, is read."""
        size = 24 * MIB
        self.shared.write_file(self.path(), "")
        self.addCleanup(self.shared.delete_file, self.path())
        make = f"head -c {size} /dev/urandom > {self.path()} && sha256sum {self.path()}"
        there = self.shared.run(["sh", "-c", make]).output.split()[0]
        self.compare(size, there)

    def compare(self, wanted_size: int, wanted_digest: str) -> None:
        """Reads the case's file in pieces, and compares."""
        total, size = hashlib.sha256(), 0
        for piece in self.shared.iter_file(self.path()):
            total.update(piece)
            size += len(piece)
        self.assertEqual((size, total.hexdigest()), (wanted_size, wanted_digest))

    @needs("files")
    def test_too_large(self) -> None:
        """What no request can hold is refused before anything is sent."""
        error = self.refused(lambda: self.shared.write_file(self.path(), noise(), size=16 * MIB))
        self.assertIsInstance(error, TooLargeError)
        self.assertEqual(error.sent, "nothing")

    @needs("files")
    def test_encoding_is_told_first(self) -> None:
        """How a file is encoded is told before its content, so that it can be decoded while it comes."""
        self.shared.write_file(self.path(), "text")
        members = self.client.request("GET", f"/sandboxes/{self.shared.name}/files{self.path()}").data
        order = [name for name in members if name in ("encoding", "content")]
        wanted, other = ["encoding", "content"], ["content", "encoding"]
        self.expect(order, wanted, Quirk.ENCODING_AFTER_CONTENT, other)
