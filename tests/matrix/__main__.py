"""./dev matrix: see README.md."""

from __future__ import annotations

import argparse
import datetime
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from . import parts, results
from .root import CACHE, TREE, Root
from .rows import ROWS, Row, Stage


def git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", TREE, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def stages_of(row: Row) -> list[Stage]:
    stages = list(row.stages)
    if row.packages:
        install = "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "
        stages.insert(0, Stage("packages", install + " ".join(row.packages)))
    return stages


def read_versions(row: Row, root: Root) -> dict[str, str]:
    lines = root.output(f"tests/matrix/versions {row.name}").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def run_stages(row: Row, root: Root, log: IO[str], minutes: int) -> list[str]:
    """Runs them in order; what failed, by name."""
    deadline = time.monotonic() + minutes * 60
    for stage in stages_of(row):
        print(f"   {row.name}: {stage.name} ...", flush=True)
        log.write(f"\n== {stage.name}: {stage.command}\n")
        log.flush()
        if not root.run(stage.command, stage.user, log, deadline - time.monotonic()):
            log.flush()
            told = re.findall(r"^FAILED: ([^:;]+):", Path(log.name).read_text(errors="replace"), re.MULTILINE)
            return [f"{stage.name} ({', '.join(told)})" if told else stage.name]
    return []


def run_row(row: Row, revision: str, minutes: int) -> bool:
    """Runs one row and keeps what it said."""
    log_path = CACHE / "logs" / f"{row.name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    root = Root(row.system, row.root or row.system.name)
    with log_path.open("w") as log:
        try:
            if row.fresh or not root.path.exists():
                root.renew(log)
            root.take_parts(row)
        except subprocess.CalledProcessError as error:
            print(f"{row.name}: {row.system.title} could not be made ({error.cmd[0]}): {log_path}", file=sys.stderr)
            return False
        except (parts.StepError, FileNotFoundError) as error:
            print(f"{row.name}: what it needs of tools/dist could not be made: {error}", file=sys.stderr)
            return False
        if row.from_dist:
            root.take_packages()
        else:
            root.take_tree(revision)
        begin = time.monotonic()
        failed = run_stages(row, root, log, minutes)
        seconds = round(time.monotonic() - begin)
    results.write(
        row.name,
        {
            "result": "red" if failed else "green",
            "failed": failed,
            "date": datetime.date.today().isoformat(),
            "revision": revision[:10],
            "seconds": seconds,
            "versions": read_versions(row, root),
        },
    )
    print(f"{'FAILED' if failed else 'ok'}: {row.name}, {seconds} s, {log_path}", flush=True)
    return not failed


def pending(revision: str) -> list[Row]:
    """The rows that have no result of this revision yet."""
    rows = []
    for row in ROWS.values():
        result = results.read(row.name)
        if result is None or result["revision"] != revision[:10]:
            rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev matrix", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="nothing: every row that this revision has no result for"
    )
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--table", action="store_true", help="only write the table in docs/platforms.md anew")
    parser.add_argument("--check", action="store_true", help="only say whether that table is right")
    parser.add_argument("--minutes", type=int, default=30, help="that a row may take (default: %(default)s)")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; --list names them")
    if options.list:
        for row in ROWS.values():
            print(f"{row.name:18}{row.title}, on {row.system.title}")
        return 0
    if options.check:
        return int(results.PAGE.read_text() != results.page_with_table())
    if options.table:
        results.PAGE.write_text(results.page_with_table())
        return 0
    if os.geteuid() != 0:
        sys.exit("./dev matrix has to mount and to enter other systems: run it as root")
    if git("status", "--porcelain", "--untracked-files=no"):
        print("what is not committed is not tried", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what a row started ends, too
    revision = git("rev-parse", "HEAD")
    rows = [ROWS[name] for name in options.rows] or pending(revision)
    good = [run_row(row, revision, options.minutes) for row in rows]
    results.PAGE.write_text(results.page_with_table())
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
