"""An operation: its parameters are read from the library's tables, and a function makes its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from .._native import ffi, lib
from .handles import NULL, error_of, new_error
from .parameters import Parameter

T_co = TypeVar("T_co", covariant=True)


class Operation(Generic[T_co]):
    """An operation. It is looked up in the library when it is first used.

    read makes a record of its values, an array of ak_value in the order of the fields; entries of lists and maps are
    read from the call.
    """

    def __init__(self, name: str, read: Callable[[Any, Any], T_co]) -> None:
        self.name = name
        self.read = read

    @cached_property
    def id(self) -> int:
        """Its number."""
        number = ffi.new("int64_t *")
        constant = f"AK_OP_{self.name.upper()}".encode()
        if lib.ak_constant(constant, len(constant), number) != lib.AK_OK:
            raise NotImplementedError(f"the library has no operation {self.name}")
        return int(number[0])

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters, by name."""
        found = (Parameter(self.id, key) for key in _keys(lib.ak_parameter_at, self.id))
        return {parameter.name: parameter for parameter in found}

    @cached_property
    def fields(self) -> tuple[int, ...]:
        """The keys of its records' fields, in the order of their values."""
        return tuple(_keys(lib.ak_field_at, self.id))

    def bind(self, call: Any, arguments: Mapping[str, object]) -> None:
        """Binds the arguments that are not None to a call."""
        for name, value in arguments.items():
            if value is None:
                continue
            status = self.parameters[name].bind(call, value, NULL)
            if status < 0:  # the call keeps it: its first step reports it with a message
                err = new_error()
                raise error_of(lib.ak_call_step(call, err), err)


def _keys(at: Callable[[int, int], int], operation: int) -> Iterator[int]:
    index = 0
    while key := at(operation, index):
        yield key
        index += 1


def read_nothing(_values: Any, call: Any) -> None:
    """For operations that yield no record."""
    raise AssertionError(f"{call.operation.name} yields no record")
