"""The reader of the header, which must understand all of it or report an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agentkernel._native import lib
from conftest import TREE

sys.path.insert(0, str(TREE / "bindings/python"))
from header import Header

HEADER = TREE / "abi/include/agentkernel.h"


def test_everything_of_the_ledger_is_there() -> None:
    header = Header(HEADER)
    lines = (TREE / "abi/symbols.txt").read_text(encoding="utf-8").splitlines()
    ledger = dict(line.split()[:2] for line in lines if line and not line.startswith("#"))
    found = {function.name: "-" for function in header.functions}
    found.update({name: str(value) for name, value in header.constants.items()})
    found.pop("AK_VERSION")
    ledger.pop("AK_VERSION", None)
    assert found == ledger
    for name, value in header.constants.items():
        assert getattr(lib, name) == value
    assert all(callable(getattr(lib, function.name)) for function in header.functions)


@pytest.mark.parametrize(
    "line",
    ["AK_API int ak_varied(int count, ...);", "AK_API void ak_callback(void (*call)(int));", "int ak_unmarked(void);"],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, line: str) -> None:
    changed = tmp_path / "changed.h"
    changed.write_text(
        HEADER.read_text(encoding="utf-8").replace("#ifdef __cplusplus\n}", f"{line}\n#ifdef __cplusplus\n}}")
    )
    assert line in changed.read_text()
    with pytest.raises(SystemExit, match="not understood"):
        Header(changed)
