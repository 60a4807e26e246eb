"""What sync and async clients share: settings, the handle, and the warning for a client that was forgotten."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from ._call import Call
from ._native import ffi, lib
from .errors import AgentKernelError
from .raw.handles import NULL, error_of, new_error, own
from .raw.operation import Operation
from .raw.parameters import int_of, milliseconds, text_of

T = TypeVar("T")


class BaseClient:
    """Settings and handle of a client."""

    _handle: Any = None  # none before it is made, after close, and when making it failed

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
    ) -> None:
        """Makes a client; nothing is sent. What is not given comes from the environment, or is the default.

        Timeouts are in seconds; ``math.inf`` is none, and 0 leaves no time.

        Args:
            base_url: ``http://``, ``https://``, ``unix:///path.sock``, or ``local:`` for a server of its own;
                AGENTKERNEL_BASE_URL; http://localhost:18888.
            api_key: AGENTKERNEL_API_KEY; none.
            timeout: bounds every call but streams, from its first step to the last byte of its answer; 30.
            connect_timeout: bounds connecting, of streams too; 10.
            idle_timeout: bounds the silence of a stream after its first byte; 60.
            total_timeout: bounds a whole stream; none.
            ca_file: certificates to trust (PEM); AGENTKERNEL_CA_FILE; the system's.
            ca_dir: the same as a hashed directory; AGENTKERNEL_CA_DIR.
            cert_file: the client's certificate (PEM); AGENTKERNEL_CERT_FILE.
            key_file: its private key (PEM); AGENTKERNEL_KEY_FILE.
            proxy: URL of a proxy; http_proxy, https_proxy, all_proxy. Loopback goes without unless this is set.
            no_proxy: hosts without a proxy, separated by commas; no_proxy.
            max_reply_bytes: the longest reply of a call that is no stream; 64 MiB.
            max_event_bytes: the longest event of a stream; 64 MiB.
            user_agent: appended to the library's own.
            max_idle: how many connections are kept for later calls; 64.

        Raises:
            ValidationError: a setting or an environment variable is invalid.

        """
        texts = {
            "base_url": base_url,
            "api_key": api_key,
            "ca_file": ca_file,
            "ca_dir": ca_dir,
            "cert_file": cert_file,
            "key_file": key_file,
            "proxy": proxy,
            "no_proxy": no_proxy,
            "user_agent": user_agent,
        }
        numbers = {"max_reply_bytes": max_reply_bytes, "max_event_bytes": max_event_bytes, "max_idle": max_idle}
        timeouts = {
            "timeout_ms": timeout,
            "connect_timeout_ms": connect_timeout,
            "idle_timeout_ms": idle_timeout,
            "total_timeout_ms": total_timeout,
        }
        slot = ffi.new("ak_client **")
        err = new_error()
        _check(lib.ak_client_new(slot, err), err)
        handle = own(slot[0], lib.ak_client_free)
        for name, value in texts.items():
            if value is not None:
                text = text_of(name, value)
                _check(lib.ak_client_set_text(handle, _setting(name), text, len(text), err), err)
        for name, seconds in timeouts.items():
            if seconds is not None:
                _check(lib.ak_client_set_int(handle, _setting(name), milliseconds(seconds), err), err)
        for name, number in numbers.items():
            if number is not None:
                _check(lib.ak_client_set_int(handle, _setting(name), int_of(name, number), err), err)
        self._handle = handle

    @property
    def base_url(self) -> str:
        """Where the server is."""
        handle, size = self._open(), ffi.new("size_t *")
        setting = lib.AK_CLIENT_BASE_URL
        lib.ak_client_text(handle, setting, NULL, 0, size, NULL)  # too small a buffer: it says what is needed
        buffer = ffi.new("char[]", max(size[0], 1))
        lib.ak_client_text(handle, setting, buffer, size[0], size, NULL)
        return ffi.unpack(buffer, size[0]).decode("utf-8", "replace")

    def __repr__(self) -> str:
        where = "closed" if self._handle is None else repr(self.base_url)
        return f"<{type(self).__name__} {where}>"

    def __del__(self) -> None:
        if self._handle is not None:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)

    def _open(self) -> Any:
        handle = self._handle
        if handle is None:
            raise AgentKernelError("the client is closed", code="AK_E_STATE")
        return handle

    def _release(self) -> None:
        """Calls in flight hold the client themselves, and continue."""
        self._handle = None

    def _call(self, operation: Operation[T], /, **arguments: object) -> Call[T]:
        return Call(self._open(), operation, arguments)


def _setting(name: str) -> int:
    return int(getattr(lib, f"AK_CLIENT_{name.upper()}"))


def _check(status: int, err: Any) -> None:
    if status < 0:
        raise error_of(status, err)
