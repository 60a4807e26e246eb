"""What the parts of the async client stand on: closing, and calls to their end."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._base import BaseClient
from ._call import ITEM, Call
from ._host import advance
from .raw.operations import Operation

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


class AsyncBase(BaseClient):
    """Closing, and calls to their end."""

    async def close(self) -> None:
        """Closes the client's connections. Calls in flight end well."""
        self._release()

    async def aclose(self) -> None:
        """The same as `close`."""
        self._release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _one(self, operation: Operation[T], **arguments: object) -> T:
        return (await self._records(operation, arguments))[0]

    async def _none(self, operation: Operation[None], **arguments: object) -> None:
        await self._records(operation, arguments)

    async def _records(self, operation: Operation[T], arguments: dict[str, object]) -> list[T]:
        return await self._finish(self._call(operation, arguments))

    async def _finish(self, call: Call[T]) -> list[T]:
        try:
            records = []
            while await advance(call) == ITEM:
                records.append(call.record())
            return records
        finally:
            call.close()
