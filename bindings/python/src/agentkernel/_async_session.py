"""What is specific to async sessions: they may be awaited, and a task that is thrown away cannot wait."""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ._async_base import AsyncFileReader
from ._session import Session, signature_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from .generated.async_methods import AsyncMethods

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


class AsyncSessionBase(Session):
    """A session that may be awaited, which creates its sandbox."""

    def __init__(self, client: AsyncMethods, name: str, **options: object) -> None:
        super().__init__(name, options)
        self._client = client

    def __await__(self) -> Generator[Any, None, Self]:
        return self._created().__await__()

    async def _created(self) -> Self:
        await self._create()
        return self

    async def _create(self) -> None:
        raise NotImplementedError

    def _is_thrown_away(self, kind: type[BaseException] | None) -> bool:
        """Whether the task was thrown away and cannot wait for anything: then the sandbox is kept."""
        if kind is not GeneratorExit:
            return False
        warnings.warn(f"{self!r} was left behind", ResourceWarning, source=self, stacklevel=3)
        return True


def of_sandbox(
    method: Callable[Concatenate[C, str, P], Awaitable[R]],
) -> Callable[Concatenate[AsyncSessionBase, P], Coroutine[Any, Any, R]]:
    """A client's method for the session's sandbox."""

    @wraps(method)
    async def call(session: AsyncSessionBase, /, *args: P.args, **kwargs: P.kwargs) -> R:
        await session._create()
        result: R = await getattr(session._client, method.__name__)(session.name, *args, **kwargs)
        return result

    return signature_of(call, method)


def pieces_of_sandbox(
    method: Callable[Concatenate[C, str, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[AsyncSessionBase, P], AsyncGenerator[R, None]]:
    """The same for a method that yields."""

    @wraps(method)
    async def call(session: AsyncSessionBase, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        await session._create()
        async for piece in getattr(session._client, method.__name__)(session.name, *args, **kwargs):
            yield piece

    return signature_of(call, method)


def file_of_sandbox(
    method: Callable[Concatenate[C, str, P], AsyncFileReader],
) -> Callable[Concatenate[AsyncSessionBase, P], AsyncFileReader]:
    """The same for a method that returns a file: the first read creates the sandbox."""

    @wraps(method)
    def call(session: AsyncSessionBase, /, *args: P.args, **kwargs: P.kwargs) -> AsyncFileReader:
        file: AsyncFileReader = getattr(session._client, method.__name__)(session.name, *args, **kwargs)
        file._prepare = session._create
        return file

    return signature_of(call, method)
