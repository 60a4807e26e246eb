"""Whether the server is there, and what it tells about itself."""

from __future__ import annotations

from ..area import Area, needs


class Discovery(Area):
    """Health, status, stats, backends."""

    def test_health(self) -> None:
        """It is there."""
        self.assertEqual(self.client.health(), "ok")

    @needs("status")
    def test_status(self) -> None:
        """It has a version and a backend."""
        status = self.client.get_status()
        self.assertRegex(status.version, r"^\d+\.\d+")
        self.assertTrue(status.backend)
        self.assertIsInstance(status.api_key_configured, bool)

    @needs("stats")
    def test_stats(self) -> None:
        """It counts its sandboxes."""
        self.assertEqual(self.shared.info().status, "running")
        stats = self.client.get_stats()
        self.assertGreaterEqual(stats.sandbox_count, 1)
        self.assertGreaterEqual(stats.uptime_seconds or 0, 0)
        self.assertTrue(stats.version)

    @needs("backends")
    def test_backends(self) -> None:
        """What it gives when none is asked for is among them and can be used."""
        found = self.client.get_backends()
        by_name = {entry.backend: entry for entry in found.backends}
        self.assertIn(found.default_backend, by_name)
        default = by_name[found.default_backend]
        self.assertTrue(default.usable, default.readiness_reason)
        self.assertIsInstance(default.capabilities.snapshots, bool)

    @needs("backends")
    def test_backend_of_sandboxes(self) -> None:
        """Sandboxes say what isolates them, and it is one of these."""
        names = {entry.backend for entry in self.client.get_backends().backends}
        self.assertIn(self.shared.info().backend, names)
