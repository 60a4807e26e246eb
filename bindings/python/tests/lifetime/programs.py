"""Shared by the programs: finalizers that use objects, and the output that each program must print."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

PROGRAMS: dict[str, tuple[Callable[[str], None], list[str]]] = {}
ROUNDS = 5


def prints(*lines: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Registers a program, with the lines that it prints."""

    def mark(work: Callable[[str], None]) -> Callable[[str], None]:
        PROGRAMS[work.__name__] = work, list(lines)
        return work

    return mark


def say(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # works however late it is called


class Last:
    """Is in a cycle with itself, and calls a function in its finalizer."""

    def __init__(self, act: Callable[..., object], *things: object) -> None:
        self.me: Any = self
        self.act = act
        self.things = things

    def __del__(self) -> None:
        say(self.act(*self.things))


class Quiet(Last):
    """Prints only failures: for cases where it depends on Python's version whether the finalizer runs."""

    def __del__(self) -> None:
        answer = self.act(*self.things)
        if answer != "fine":
            say(answer)


def one_of(act: Callable[..., object], *answers: str) -> Callable[..., str]:
    """For results that depend on the order: "fine" if it is one of these."""

    def look(*things: object) -> str:
        try:
            answer = str(act(*things))
        except Exception as failure:
            answer = str(failure) or type(failure).__name__
        return "fine" if answer in answers else f"{answer!r} is none of {answers}"

    return look


def collect_together(act: Callable[..., object], make: Callable[[], object]) -> None:
    """Collects an object together with its user, which is created before it and after it."""
    gc.disable()
    gc.freeze()  # the collector need not scan anything else each time
    for late in (False, True) * ROUNDS:
        last = Last(act) if late else None
        thing = make()
        if last is None:
            last = Last(act, thing)
        last.things = (thing,)
        last.me = [last, thing]
        del last, thing
        gc.collect()
    gc.unfreeze()


def loops() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    yield asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:  # not available for every Python
        yield asyncio.new_event_loop
    else:
        yield uvloop.new_event_loop
