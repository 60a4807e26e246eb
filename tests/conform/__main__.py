"""python3 -m conform [URL]: runs the suite against a server."""

from __future__ import annotations

import argparse
import fnmatch
import signal
import sys
import unittest
from types import FrameType
from typing import NoReturn

from agentkernel import AgentKernelError

from . import server
from .abilities import discover
from .area import Area
from .cases import AREAS, LAST
from .local import SKIPS
from .report import Report
from .world import World

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Exit status: 0 all is well, 1 a case failed or something stayed behind, 2 there is no server to ask."""
    options = _options().parse_args()
    cases = _choose(options.only)
    if options.list:
        print("\n".join(case.title for case in cases))
        return 0
    if not cases:
        print(f"no case is named like {' or '.join(options.only)}", file=sys.stderr)
        return 2
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    world = World(options.url, options.timeout)
    report = Report(strict_skips=frozenset(SKIPS) if options.strict else None, verbose=options.verbose)
    status = 0
    try:
        _introduce(world)
        _run(world, cases, report)
    except AgentKernelError as error:
        print(f"cannot begin: {error.status or error.code}: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("interrupted; what was made is being removed", file=sys.stderr)
        status = INTERRUPTED
    finally:
        left = _sweep(world)
    if status == 0:
        _conclude(report)
        status = 1 if left or report.count("FAIL") else 0
    return status


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conform", description="One behaviour suite for every agentkernel server.")
    parser.add_argument(
        "url",
        nargs="?",
        default="local:",
        help="http://, https://, unix:///path.sock or local: (a server of its own, the default); "
        "AGENTKERNEL_API_KEY is the key",
    )
    parser.add_argument("--list", action="store_true", help="print the cases' names and run none")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="run cases named so, such as 'files.*'; repeatable",
    )
    parser.add_argument(
        "--strict", action="store_true", help="as agentkernel-local must pass: no quirk, no unknown skip"
    )
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for each call (120)")
    parser.add_argument("-v", "--verbose", action="store_true", help="times, and whole tracebacks")
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Once: nothing keeps what was made from being removed."""
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _choose(patterns: list[str]) -> list[Area]:
    """The cases in the order in which they are written, and the last one whatever is chosen."""
    cases = [area(name) for area in AREAS for name in vars(area) if name.startswith("test_")]
    chosen = [case for case in cases if not patterns or any(fnmatch.fnmatch(case.title, each) for each in patterns)]
    return [*chosen, LAST("test_nothing_is_left")] if chosen else []


def _introduce(world: World) -> None:
    """Asks what the server can do, and says so."""
    world.client.request("GET", "/health", check=False)  # that it is right is a case's affair
    world.client.request("GET", "/sandboxes")  # and so it takes our key
    world.abilities = discover(world.client, world.name())
    print(server.describe(world))
    print(server.backends(world))
    for ability in server.missing(world.abilities):
        print(f"cannot: {ability}")
    print(f"all that is made is named {world.prefix}*", flush=True)


def _run(world: World, cases: list[Area], report: Report) -> None:
    Area.world = world
    unittest.TestSuite(cases).run(report)


def _sweep(world: World) -> list[str]:
    """Removes what is left."""
    _ignore_signals()
    left = world.sweep()
    for entry in left:
        print(f"left behind: {entry}", file=sys.stderr)
    return left


def _conclude(report: Report) -> None:
    quirks = report.quirks()
    if quirks:
        print("quirks of this server:")
    for quirk in quirks:
        print(f"    {quirk.title}: {quirk.value}")
    failed = [verdict.title for verdict in report.verdicts if verdict.outcome == "FAIL"]
    print(report.summary() + (f": {', '.join(failed)}" if failed else ""))


if __name__ == "__main__":
    sys.exit(main())
