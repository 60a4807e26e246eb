"""One call, shared by sync and async clients. Nothing here waits.

Threads: a call is stepped by one thread at a time. Each user of a handle holds a reference to it, and the last one
frees it; so cancel and close may be called by any thread, without locks that a forked child could inherit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ._native import ffi, lib
from .errors import AgentKernelError
from .raw.handles import NULL, address_of, error_of, new_error, own
from .raw.operation import Operation

T = TypeVar("T")

_step, _values = lib.ak_call_step, lib.ak_call_values
ITEM, DONE, AGAIN = lib.AK_ITEM, lib.AK_DONE, lib.AK_AGAIN


class Call(Generic[T]):
    """A call of an operation: bound when it is created, nothing is sent before the first step."""

    __slots__ = ("_count", "_handle", "_values", "address", "operation")

    def __init__(self, client: Any, operation: Operation[T], arguments: Mapping[str, object]) -> None:
        slot = ffi.new("ak_call **")
        status = lib.ak_call_new(client, operation.id, slot, NULL)
        del client  # a traceback must not keep it alive
        if status < 0:
            raise error_of(status, NULL)
        self.operation = operation
        self._handle = own(slot[0], lib.ak_call_free)
        self.address = address_of(self._handle)  # for events.c; 0 after the end
        self._values = ffi.new("ak_value[]", max(len(operation.fields), 1))
        self._count = ffi.new("size_t *")
        operation.bind(self._handle, arguments)

    @property
    def handle(self) -> Any:
        """The handle. A frame that may fail must not keep it, because a traceback would keep the call in flight."""
        handle = self._handle
        if handle is None:
            raise AgentKernelError("the call is closed", code="AK_E_STATE", operation=self.operation.name)
        return handle

    def step(self) -> int:
        """ITEM, DONE or AGAIN; a failure is raised."""
        status = _step(self.handle, NULL)
        if status < 0:
            err = new_error()  # a failed call returns the same error again
            raise error_of(_step(self.handle, err), err)
        return status

    def read_into(self, buffer: Any) -> tuple[int, int]:
        """Status and number of bytes of output that were decoded straight into the buffer."""
        status = lib.ak_call_read(self.handle, buffer, len(buffer), self._count, NULL)
        if status < 0:
            err = new_error()
            raise error_of(lib.ak_call_read(self.handle, buffer, len(buffer), self._count, err), err)
        return status, self._count[0]

    def write(self, content: Any, size: int) -> tuple[int, int]:
        """Status and number of bytes of the content that were accepted; a size of 0 ends it."""
        status = lib.ak_call_write(self.handle, content, size, self._count, NULL)
        if status < 0:
            err = new_error()
            raise error_of(lib.ak_call_write(self.handle, content, size, self._count, err), err)
        return status, self._count[0]

    def record(self) -> T:
        """The current record."""
        status = _values(self.handle, self._values, len(self._values), self._count, NULL)
        if status < 0:
            raise error_of(status, NULL)
        return self.operation.read(self._values, self)

    @property
    def fd(self) -> int:
        """The descriptor to wait on after AGAIN. The waiter must hold the call."""
        return lib.ak_call_fd(self.handle)

    def cancel(self) -> None:
        """Makes the next step fail, and wakes its waiter. From any thread."""
        handle = self._handle
        if handle is not None:
            lib.ak_call_cancel(handle)

    def close(self) -> None:
        """Frees the call; one in flight is abandoned and its connection closed."""
        self._handle = None
        self.address = 0
