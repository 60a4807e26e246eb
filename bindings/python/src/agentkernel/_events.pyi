from collections.abc import Callable
from typing import Any

from .types import StreamEvent

def set_up(
    event: type[StreamEvent],
    parse: Callable[[bytes, bool, str, bytes | None], dict[str, Any]],
    keys: tuple[int, ...],
    step: int,
    values: int,
    /,
) -> None: ...
def next_event(address: int, /) -> StreamEvent | None: ...
def current_event(address: int, /) -> StreamEvent: ...
def untrack(handle: Any, /) -> Any: ...
