"""Any request: for routes that have no method of their own."""

from __future__ import annotations

from agentkernel import NotFoundError, ValidationError

from ..area import Area


class Requests(Area):
    """client.request."""

    def test_envelope(self) -> None:
        """An answer comes in its envelope."""
        reply = self.client.request("GET", "/health")
        self.assertEqual((reply.http_status, reply.data), (200, "ok"))
        self.assertEqual(reply.json(), {"success": True, "data": "ok"})
        self.assertTrue((reply.content_type or "").startswith("application/json"))

    def test_unknown_route(self) -> None:
        """What is not there is not found, in an envelope, too."""
        reply = self.client.request("GET", "/conform/no/such/route", check=False)
        self.assertEqual((reply.http_status, reply.json()["success"]), (404, False))
        error = self.refused(lambda: self.client.request("GET", "/conform/no/such/route"))
        self.assertIsInstance(error, NotFoundError)
        self.assertEqual((error.status, error.server_text), (404, reply.json()["error"]))

    def test_other_method(self) -> None:
        """Another method of a route that is there is not found either."""
        self.assertIn(self.client.request("DELETE", "/health", check=False).http_status, (404, 405))

    def test_body(self) -> None:
        """A body reaches the server, and the answer is the operation's."""
        path = f"/sandboxes/{self.shared.name}/exec"
        reply = self.client.request("POST", path, json={"command": ["printf", "ü"]})
        self.assertEqual(reply.data["output"], "ü")
        reply = self.client.request("POST", path, json={"command": ["sh", "-c", "echo x; exit 3"]}, check=False)
        members = reply.json()
        self.assertEqual(reply.http_status, 409)
        self.assertEqual((members["success"], members["exit_code"], members["output"]), (False, 3, "x\n"))

    def test_unknown_member(self) -> None:
        """Members that a server does not know are passed over."""
        path = f"/sandboxes/{self.shared.name}/exec"
        reply = self.client.request("POST", path, json={"command": ["echo", "x"], "conform": [1]})
        self.assertEqual(reply.data["output"], "x\n")

    def test_bad_body(self) -> None:
        """A body that is not what the operation takes is a 400."""
        bodies: list[object] = [{"command": "echo"}, {"command": [1]}, {}, [], "text"]
        for body in bodies:
            path = f"/sandboxes/{self.shared.name}/exec"
            self.assertEqual(self.client.request("POST", path, json=body, check=False).http_status, 400, body)
        self.assertIsInstance(self.refused(lambda: self.client.request("POST", "/sandboxes", json={})), ValidationError)

    def test_slashes(self) -> None:
        """Slashes that are too many make no difference."""
        self.assertEqual(self.client.request("GET", "//health/").data, "ok")
