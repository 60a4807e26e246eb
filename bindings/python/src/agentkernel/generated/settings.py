# Generated from abi/schema by tools/generate: do not edit.
"""The settings of a client."""

from __future__ import annotations


class Settings:
    """Makes a client of its settings."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float | None = None,
        *,
        connect_timeout: float | None = None,
        idle_timeout: float | None = None,
        total_timeout: float | None = None,
        ca_file: str | None = None,
        ca_dir: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        proxy: str | None = None,
        no_proxy: str | None = None,
        max_reply_bytes: int | None = None,
        max_event_bytes: int | None = None,
        user_agent: str | None = None,
        max_idle: int | None = None,
        local_program: str | None = None,
    ) -> None:
        """Makes a client; nothing is sent. What is not given comes from the environment, or is the default.

        Timeouts are in seconds; ``math.inf`` is none, and 0 leaves no time.

        Args:
            base_url: The server: http://, https://, unix:///path.sock, or local: for one of this process's own.
                Default: AGENTKERNEL_BASE_URL, else http://localhost:18888.
            api_key: The API key; write-only. Default: AGENTKERNEL_API_KEY, else none.
            timeout: Seconds for a unary call, from its first step to the last byte. Default: 30.
            connect_timeout: Seconds for connecting, of streams too. Default: 10.
            idle_timeout: Seconds that a stream may be silent after its first byte. Default: 60.
            total_timeout: Seconds for a whole stream. Default: none.
            ca_file: File of trusted certificates (PEM). Default: AGENTKERNEL_CA_FILE, else the system's.
            ca_dir: Hashed directory of trusted certificates. Default: AGENTKERNEL_CA_DIR, else the system's.
            cert_file: Client certificate (PEM). Default: AGENTKERNEL_CERT_FILE, else none.
            key_file: Private key of the client certificate (PEM). Default: AGENTKERNEL_KEY_FILE, else none.
            proxy: URL of a proxy. Those of the environment are not used for loopback addresses. Default: http_proxy,
                https_proxy, all_proxy, else none.
            no_proxy: Hosts that are reached without a proxy, separated by commas. Default: no_proxy, else none.
            max_reply_bytes: Maximum size of the reply of a unary call. Default: 64 MiB.
            max_event_bytes: Maximum size of an event of a stream. Default: 64 MiB.
            user_agent: Text appended to the user agent "libagentkernel/VERSION". Default: none.
            max_idle: Number of idle connections kept for later calls; 0 keeps none. Default: 64.
            local_program: Absolute path of the agentkernel-local that local: starts. Default: AGENTKERNEL_LOCAL, else
                the one that comes with the library or is in PATH.

        Raises:
            ValidationError: A setting or a variable of the environment is invalid.

        """
        self._make(
            texts={
                "BASE_URL": base_url,
                "API_KEY": api_key,
                "CA_FILE": ca_file,
                "CA_DIR": ca_dir,
                "CERT_FILE": cert_file,
                "KEY_FILE": key_file,
                "PROXY": proxy,
                "NO_PROXY": no_proxy,
                "USER_AGENT": user_agent,
                "LOCAL_PROGRAM": local_program,
            },
            timeouts={
                "TIMEOUT_MS": timeout,
                "CONNECT_TIMEOUT_MS": connect_timeout,
                "IDLE_TIMEOUT_MS": idle_timeout,
                "TOTAL_TIMEOUT_MS": total_timeout,
            },
            ints={"MAX_REPLY_BYTES": max_reply_bytes, "MAX_EVENT_BYTES": max_event_bytes, "MAX_IDLE": max_idle},
        )

    def _make(
        self, texts: dict[str, str | None], timeouts: dict[str, float | None], ints: dict[str, int | None]
    ) -> None:
        raise NotImplementedError
