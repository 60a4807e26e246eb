"""python3 -m conform.selftest: all tests of the suite, some at a time, because most of them wait most of the time."""

from __future__ import annotations

import sys
import time
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from . import test_ending, test_faults, test_quirks, test_strict

AT_ONCE = 6


def each(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Its tests, one by one."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def run(test: unittest.TestCase) -> unittest.TestResult:
    """One test, with a result of its own."""
    started = time.monotonic()
    result = unittest.TestResult()
    test.run(result)
    print("ok  " if result.wasSuccessful() else "FAIL", f"{time.monotonic() - started:5.1f} s", test, flush=True)
    return result


def main() -> int:
    """Exit status: 0 all is well."""
    loader = unittest.defaultTestLoader
    tests = [
        test
        for module in (test_quirks, test_strict, test_ending, test_faults)
        for test in each(loader.loadTestsFromModule(module))
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, tests))
    for result in results:
        for test, words in result.failures + result.errors:
            print(f"\n{test}\n{words}")
    wrong = sum(not result.wasSuccessful() for result in results)
    print(f"{len(tests)} tests, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
