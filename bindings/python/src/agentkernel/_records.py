"""Base classes of the generated record types: what records do besides holding fields."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields
from typing import Any, TypeVar

T = TypeVar("T")

# How dataclasses tells what asdict and fields return from what is an argument only; see test_records.py.
_SHOWN: Any = getattr(dataclasses, "_FIELD")  # noqa: B009
_NOT_SHOWN: Any = getattr(dataclasses, "_FIELD_INITVAR")  # noqa: B009


def json_fields(*properties: str) -> Callable[[type[T]], type[T]]:
    """Makes what `dataclasses.asdict` returns for a record fit for JSON: without its bytes, but with these properties.

    The bytes remain attributes and arguments, which are compared, copied, pickled and kept by `dataclasses.replace`.
    """

    def change(record: Any) -> Any:
        known: dict[str, Any] = record.__dataclass_fields__
        for each in known.values():
            if each.type.startswith("bytes"):
                each._field_type = _NOT_SHOWN
        for name in properties:
            known[name] = added = field(init=False)
            added.name, added.type, added._field_type = name, "str", _SHOWN
        record.__reduce__ = _reduce  # a dataclass would leave the bytes out
        return record

    return change


def values_of(record: Any) -> tuple[Any, ...]:
    """The arguments that make an equal record."""
    return tuple(getattr(record, name) for name in record.__match_args__)


def _reduce(record: Any) -> tuple[Any, ...]:
    return type(record), values_of(record)


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
