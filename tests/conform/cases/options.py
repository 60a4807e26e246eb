"""Members of a sandbox that only some servers and backends have: skipped where they are refused with words."""

from __future__ import annotations

from agentkernel import AgentKernelError, UnprocessableError, ValidationError

from ..area import Area, needs
from ..quirks import Quirk


class Options(Area):
    """Backends, ports, networks, volumes, secrets, sources."""

    @needs("backends")
    def test_default_backend(self) -> None:
        """The default backend can be asked for by its name."""
        default = self.client.get_backends().default_backend
        self.assertEqual(self.sandbox(backend=default).info().backend, default)

    @needs("backends")
    def test_unusable_backend(self) -> None:
        """One that is known but cannot be used is a 422."""
        unusable = [entry.backend for entry in self.client.get_backends().backends if not entry.usable]
        if not unusable:
            self.skipTest("every backend is usable")
        error = self.refused(lambda: self.client.create_sandbox(self.sandbox_name(), backend=unusable[-1]))
        self.assertIsInstance(error, UnprocessableError)

    def test_unknown_backend(self) -> None:
        """One that nobody knows is a 400."""
        error = self.refused(lambda: self.client.create_sandbox(self.sandbox_name(), backend="no-such-backend"))
        self.assertIsInstance(error, ValidationError)

    def test_unknown_profile(self) -> None:
        """So is a profile."""
        name = self.sandbox_name()
        reply = self.client.request("POST", "/sandboxes", json={"name": name, "profile": "lenient"}, check=False)
        self.assertEqual(reply.http_status, 400)

    def test_ports(self) -> None:
        """Ports are told of as they were asked for."""
        self.assertEqual(self.sandbox(ports=["18473"]).info().ports, ("18473",))

    def test_network(self) -> None:
        """A network that cannot be is refused; where there are none, every one is."""
        with self.supported():
            error = self.refused_option(network={"name": "no network name"})
            self.assertIsInstance(error, ValidationError)

    def test_volumes(self) -> None:
        """A volume that does not exist is refused; where there are none, every one is."""
        with self.supported():
            error = self.refused_option(volumes=["conform-no-such-volume:/data"])
            self.assertIsInstance(error, ValidationError)

    def refused_option(self, **options: object) -> AgentKernelError:
        """The error of a sandbox that cannot be; one that says that such are not supported skips the case."""
        name = self.sandbox_name()
        error = self.refused(lambda: self.client.create_sandbox(name, **options))  # type: ignore[arg-type]
        if isinstance(error, UnprocessableError):
            raise error
        return error

    @needs("secrets", "backends")
    def test_secrets(self) -> None:
        """A secret of the vault is bound to a sandbox, and its value is not told."""
        backends = self.client.get_backends()
        if not any(each.capabilities.proxy_secret_bindings for each in backends.backends if each.usable):
            self.skipTest("no usable backend binds secrets")
        key = f"{self.world.secret_prefix}KEY"
        self.addCleanup(self.client.request, "DELETE", f"/secrets/{key}", check=False)
        self.client.request("POST", "/secrets", json={"name": key, "value": "not-to-be-told"})
        sandbox = self.sandbox(secrets=[f"{key}:example.org"])
        self.assertNotIn(b"not-to-be-told", sandbox.info().raw)

    def test_placeholder_secrets(self) -> None:
        """It is told whether a proxy replaces secrets."""
        self.assertIs(self.sandbox(placeholder_secrets=True).info().placeholder_secrets, True)

    def test_init_script(self) -> None:
        """A script runs once the sandbox is made."""
        sandbox = self.sandbox(init_script="echo made > /tmp/made")
        self.assertTrue(self.eventually(lambda: sandbox.run(["cat", "/tmp/made"], check=False).output == "made\n"))

    def test_template(self) -> None:
        """What template it was made from is kept."""
        text = 'Run "python3".\n'
        sandbox = self.sandbox(created_from_template="python", template_help_text=text)
        for info in (sandbox.info(), *(each for each in self.client.list_sandboxes() if each.name == sandbox.name)):
            self.assertEqual(info.created_from_template, "python")
            self.expect(info.template_help_text, text, Quirk.TEMPLATE_TEXT_TRIMMED, text.strip())

    def test_agent(self) -> None:
        """A sandbox is made for an agent, and runs commands as any other."""
        self.assertEqual(self.sandbox(agent="claude").run(["echo", "ready"]).output, "ready\n")

    def test_auto_archive(self) -> None:
        """When it is to be archived is kept."""
        lifecycle = {"auto_archive_after_seconds": 7200}
        self.assertEqual(self.sandbox(lifecycle=lifecycle).info().lifecycle, lifecycle)

    def test_bad_source(self) -> None:
        """A source that is no repository, or a ref without one, is refused."""
        for body in ({"source_url": "file:///etc"}, {"source_ref": "main"}):
            body["name"] = self.sandbox_name()
            reply = self.client.request("POST", "/sandboxes", json=body, check=False)
            self.assertEqual(reply.http_status, 400, body)
