"""Telling how the cases went."""

from __future__ import annotations

import time
import traceback
import unittest
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

from .area import Area
from .quirks import Quirk

Outcome = Literal["PASS", "SKIP", "QUIRK", "FAIL"]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


@dataclass
class Verdict:
    """How a case went."""

    title: str
    outcome: Outcome
    words: str = ""
    quirks: list[Quirk] = field(default_factory=list)


class Report(unittest.TestResult):
    """Prints a line for each case as it ends, and keeps them."""

    def __init__(self, *, strict_skips: frozenset[str] | None, verbose: bool) -> None:
        super().__init__()
        self.strict_skips = strict_skips
        self.verbose = verbose
        self.verdicts: list[Verdict] = []
        self._started = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        """A case begins."""
        super().startTest(test)
        self._started = time.monotonic()
        self._current: Verdict | None = None

    def stopTest(self, test: unittest.TestCase) -> None:
        """It has ended."""
        super().stopTest(test)
        verdict = self._current
        if verdict is None or not isinstance(test, Area):
            return
        verdict.quirks = test.quirks
        self._judge(verdict)
        self.verdicts.append(verdict)
        took = f" ({time.monotonic() - self._started:.2f} s)" if self.verbose else ""
        first, *rest = verdict.words.splitlines() or [""]
        print(f"{verdict.outcome:5} {verdict.title}{took}{': ' if first else ''}{first}", flush=True)
        for line in rest:
            print(f"      {line}")

    def _judge(self, verdict: Verdict) -> None:
        names = ", ".join(quirk.title for quirk in verdict.quirks)
        if verdict.outcome == "PASS" and names:
            verdict.outcome, verdict.words = "QUIRK", names
        if self.strict_skips is None:
            return
        if verdict.outcome == "QUIRK":
            verdict.outcome, verdict.words = "FAIL", f"a quirk, and --strict has none: {names}"
        if verdict.outcome == "SKIP" and verdict.title not in self.strict_skips:
            verdict.outcome, verdict.words = "FAIL", f"skipped, and --strict does not know why: {verdict.words}"

    def addSuccess(self, test: unittest.TestCase) -> None:
        """It passed."""
        self._current = Verdict("", "PASS")
        self._name(test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """It does not apply to this server."""
        super().addSkip(test, reason)
        self._current = Verdict("", "SKIP", reason)
        self._name(test)

    def addFailure(self, test: unittest.TestCase, err: ExcInfo) -> None:
        """What came is not what should."""
        super().addFailure(test, err)
        self._failed(test, err)

    def addError(self, test: unittest.TestCase, err: ExcInfo) -> None:
        """It could not go on."""
        super().addError(test, err)
        self._failed(test, err)

    def _failed(self, test: unittest.TestCase, err: ExcInfo) -> None:
        before = "" if self._current is None or self._current.outcome != "FAIL" else f"{self._current.words}\n"
        self._current = Verdict("", "FAIL", before + _words(err, self.verbose))
        self._name(test)

    def _name(self, test: unittest.TestCase) -> None:
        if self._current is not None and isinstance(test, Area):
            self._current.title = test.title

    def count(self, outcome: Outcome) -> int:
        """How many cases went that way."""
        return sum(verdict.outcome == outcome for verdict in self.verdicts)

    def summary(self) -> str:
        """All in one line."""
        words: list[tuple[Outcome, str]] = [
            ("PASS", "passed"),
            ("QUIRK", "passed with quirks"),
            ("SKIP", "skipped"),
            ("FAIL", "failed"),
        ]
        return f"{len(self.verdicts)} cases: " + ", ".join(f"{self.count(each)} {word}" for each, word in words)

    def quirks(self) -> list[Quirk]:
        """Those that were seen, in the table's order."""
        seen = {quirk for verdict in self.verdicts for quirk in verdict.quirks}
        return [quirk for quirk in Quirk if quirk in seen]


def _words(err: ExcInfo, verbose: bool) -> str:
    if verbose:
        return "".join(traceback.format_exception(*err))
    kind, error, trace = err
    place = ""
    for frame in traceback.extract_tb(trace):
        if "/cases/" in frame.filename:
            place = f" [{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}: {frame.line}]"
    name = "" if kind is AssertionError or kind is None else f"{kind.__name__}: "
    return f"{name}{error}{place}"
