"""What is specific to sync sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ._session import Session, signature_of

if TYPE_CHECKING:
    from .generated.methods import Methods

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


class SyncSessionBase(Session):
    """A session of a sync client."""

    def __init__(self, client: Methods, name: str, **options: object) -> None:
        super().__init__(name, options)
        self._client = client

    def _create(self) -> None:
        raise NotImplementedError

    def _is_thrown_away(self, _kind: type[BaseException] | None) -> bool:
        return False


def of_sandbox(method: Callable[Concatenate[C, str, P], R]) -> Callable[Concatenate[SyncSessionBase, P], R]:
    """A client's method for the session's sandbox."""

    @wraps(method)
    def call(session: SyncSessionBase, /, *args: P.args, **kwargs: P.kwargs) -> R:
        session._create()
        result: R = getattr(session._client, method.__name__)(session.name, *args, **kwargs)
        return result

    return signature_of(call, method)


pieces_of_sandbox = file_of_sandbox = of_sandbox
