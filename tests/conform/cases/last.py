"""The last case."""

from __future__ import annotations

from ..area import Area


class Last(Area):
    """What the run leaves behind."""

    def test_nothing_is_left(self) -> None:
        """Every case has removed what it made, and the server says so."""
        self.world.drop_shared()
        self.assertEqual(self.world.leftovers(), [])
