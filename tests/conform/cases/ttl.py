"""How long sandboxes live."""

from __future__ import annotations

from datetime import datetime, timezone

from agentkernel import NotFoundError, ValidationError

from ..area import SHORT, Area, needs
from ..quirks import Quirk


def seconds_until(expires_at: str | None) -> float:
    """From now to a time that a server told, whatever digits its seconds have."""
    at = datetime.fromisoformat((expires_at or "")[:19]).replace(tzinfo=timezone.utc)
    return (at - datetime.now(timezone.utc)).total_seconds()


class Ttl(Area):
    """extend_ttl."""

    @needs("extend")
    def test_extend(self) -> None:
        """Time is added to now, and then to what there is; an hour when nothing is said."""
        sandbox = self.sandbox()
        self.assertAlmostEqual(seconds_until(sandbox.extend_ttl(by="10m")), 600, delta=60)
        self.assertAlmostEqual(seconds_until(sandbox.extend_ttl(by="1h30m")), 6000, delta=60)
        self.assertAlmostEqual(seconds_until(sandbox.extend_ttl(by=1000)), 7000, delta=60)
        self.assertAlmostEqual(seconds_until(sandbox.extend_ttl()), 10600, delta=60)

    @needs("extend")
    def test_refused(self) -> None:
        """What is no length of time is refused, and nothing changes."""
        sandbox = self.sandbox()
        before = seconds_until(sandbox.extend_ttl(by="10m"))
        for by in ("2d", "soon", "0s", "-5"):
            reply = self.client.request("POST", f"/sandboxes/{sandbox.name}/extend", json={"by": by}, check=False)
            self.assertEqual(reply.http_status, 400, by)
        self.assertIsInstance(self.refused(lambda: sandbox.extend_ttl(by="2d")), ValidationError)
        self.assertAlmostEqual(seconds_until(sandbox.extend_ttl(by="1m")), before + 60, delta=30)

    @needs("extend")
    def test_missing(self) -> None:
        """What is not there cannot live longer."""
        name = self.world.name()
        self.assertIsInstance(self.refused(lambda: self.client.extend_ttl(name, by="1m")), NotFoundError)

    @needs("extend")
    def test_expiry(self) -> None:
        """When the time is over the sandbox is gone, with what runs in it."""
        name = self.sandbox_name()
        self.client.create_sandbox(name)
        self.client.extend_ttl(name, by="1s")
        gone = self.eventually(lambda: name not in [info.name for info in self.client.list_sandboxes()], SHORT)
        self.expect(gone, True, Quirk.TTL_NOT_KEPT, False)
