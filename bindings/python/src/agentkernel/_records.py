"""Base classes of the generated record types: what records do besides holding fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def members_of(raw: bytes) -> dict[str, Any]:
    """The members of a record; none if it is not an object."""
    members = json.loads(raw or b"{}")
    return members if isinstance(members, dict) else {}


class Members:
    """A record with access to members that its class does not know."""

    __slots__ = ()
    raw: bytes

    @property
    def extra(self) -> dict[str, Any]:
        """Members of the record that this class does not know."""
        known = {each.name for each in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in members_of(self.raw).items() if name not in known}


class Payload:
    """An event, whose payload has members of known types."""

    __slots__ = ()
    data: dict[str, Any]

    def _member(self, name: str, kind: type[T]) -> T | None:
        value = self.data.get(name)
        return value if type(value) is kind else None


class LogMembers(Members, Mapping[str, Any]):
    """A record that is also a mapping of all its members."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return members_of(self.raw)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(members_of(self.raw))

    def __len__(self) -> int:
        return len(members_of(self.raw))


class DetachedMembers(Members):
    """A detached command."""

    __slots__ = ()
    status: str

    @property
    def running(self) -> bool:
        """Whether it had not ended at that time."""
        return self.status == "running"
