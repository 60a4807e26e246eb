"""docs/requirements.md: every requirement has its row, and every test that a row names exists."""

import functools
import pathlib
import re
import runpy
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
PAGE = TREE / "docs/requirements.md"
names_of = functools.cache(runpy.run_path(str(TREE / "tools/count_tests"))["names_of"])

# The sections in the order of the page, with the last number of each kind of id. A1 to A9 are in two of them.
SECTIONS = [
    ("RT: hanging", {"RT": 10}),
    ("RS: streams", {"RS": 7}),
    ("RO: size of output", {"RO": 5}),
    ("RI: standard input", {"RI": 4}),
    ("RL: lifetimes", {"RL": 5}),
    ("RN: transport", {"RN": 7}),
    ("RB: bindings", {"RB": 7}),
    ("F: fields", {"F": 16}),
    ("I and R: id and retry", {"I": 5, "R": 3}),
    ("L: line ends", {"L": 12}),
    ("U and B: Unicode", {"U": 6, "B": 5}),
    ("K: comments", {"K": 6}),
    ("E: ends", {"E": 10}),
    ("S: sizes", {"S": 6}),
    ("A: events", {"A": 9}),
    ("H: streams over HTTP", {"H": 9}),
    ("X: the sandbox", {"X": 29}),
    ("W: weaknesses", {"W": 29}),
    ("A: attacks", {"A": 13}),
]
TEST = r"`([^`:]*)::([^`]+)`"
TESTS = rf"{TEST}(?:, {TEST})*"
LEFT = r"(?:open|n/a): [^`]+"


def sections_of(page):
    """Each section that holds a table of ids: its heading, and its rows as lists of three columns."""
    found = []
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("|")]
        if lines and lines[0].startswith("| id |"):
            found.append((heading, [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]))
    return found


def tests_of(cell):
    """The tests that a third column names, each as (file, name). A file that is left out is the one before."""
    path = ""
    for match in re.finditer(TEST, cell):
        path = match[1] or path
        yield path, match[2]


def missing_tests(cell):
    for path, name in tests_of(cell):
        file = TREE / path
        if not file.is_file():
            yield f"there is no file {path!r}"
        elif name not in names_of(file):
            yield f"{path} has no test {name}"


def faults_of_row(row):
    if len(row) != 3 or not all(row):
        return [f"{row}: three columns, none of them empty"]
    cell = row[2]
    faults = list(missing_tests(cell))
    if not re.fullmatch(rf"open|{LEFT}|{TESTS}(?:; {LEFT})?", cell):
        faults.append("the third column is tests, `; ` and what they leave open, or one of both")
    elif len(set(tests_of(cell))) < len(list(tests_of(cell))):
        faults.append("a test is named twice")
    return [f"{row[0]}: {fault}" for fault in faults]


def faults_of(page):
    found, faults = sections_of(page), []
    if len(found) != len(SECTIONS):
        return [f"{len(found)} tables of ids, not {len(SECTIONS)}"]
    for section, (heading, rows) in enumerate(found):
        title, kinds = SECTIONS[section]
        wanted = [f"{letters}{number}" for letters, last in kinds.items() for number in range(1, last + 1)]
        ids = [row[0] for row in rows]
        if not heading.startswith(title):
            faults.append(f"the section {title} is missing; {heading!r} stands in its place")
        elif ids != wanted:
            odd = sorted({*wanted} ^ {*ids} | {one for one in ids if ids.count(one) > 1})
            faults.append(f"{heading}: missing, unknown or twice: {odd or 'none, but their order is wrong'}")
        for row in rows:
            faults += faults_of_row(row)
    return faults


class Page(unittest.TestCase):
    def test_each_id_has_a_row_and_each_named_test_exists(self):
        self.assertEqual(faults_of(PAGE.read_text()), [])

    def test_it_needs_nothing_but_the_tree(self):
        self.assertNotRegex(PAGE.read_text(), r"\w://|(?<![\w.])/\w+/")


class Checker(unittest.TestCase):
    """What would make the page dishonest is found."""

    def refused(self, old, new, *words):
        page = PAGE.read_text()
        changed = re.sub(old, new, page, count=1, flags=re.MULTILINE)
        self.assertNotEqual(page, changed, old)
        faults = "\n".join(faults_of(changed))
        for word in words:
            self.assertIn(word, faults)

    def test_ids(self):
        self.refused(r"^\| RT3 .*\n", "", "RT: ", "RT3")
        self.refused(r"^(\| X7 .*\n)", r"\1\1", "X: ", "X7")
        self.refused(r"^\| F2 ", "| F99 ", "F2", "F99")
        self.refused(r"^(\| F2 .*\n)(\| F3 .*\n)", r"\2\1", "order")
        self.refused(r"^## RO: ", "## QQ: ", "RO: size of output is missing")

    def test_third_columns(self):
        self.refused(r"^(\| RL5 .*\| )open: .*\|$", r"\1 |", "RL5", "none of them empty")
        self.refused(r"^(\| RL5 .*\| )open: .*\|$", r"\1perhaps |", "RL5: the third column")
        self.refused(r"^(\| RL5 .*\| )open: .*\|$", r"\1open: |", "RL5: the third column")

    def test_names(self):
        samples = {
            "tests/client/test_flat.c::large_files": "large_file",
            "tests/server/test_stream.py::Events.test_headers": "Flow.test_headers",
            "bindings/go/stream_test.go::TestCutStream": "TestCut",
            "bindings/ruby/test/session_test.rb::test_a_create_that_timed_out": "test_a_create",
            'bindings/lua/spec/parity_spec.lua::"has " .. name': "has",
            "bindings/node/tests/package.test.mts::what is in the package": "what is in",
            "tests/sse/cases.json::F1": "F0",
            "tests/CMakeLists.txt::build.cross": "build.cros",
        }
        for name, other in samples.items():
            path = name.partition("::")[0]
            row = ["id", "requirement", f"`{name}`"]
            self.assertEqual(faults_of_row(row), [])
            self.assertEqual(faults_of_row([*row[:2], f"`{path}::{other}`"]), [f"id: {path} has no test {other}"])
        self.assertIn("no file", faults_of_row(["id", "requirement", "`tests/none.c::none`"])[0])
        self.assertIn("no file", faults_of_row(["id", "requirement", "`::none`"])[0])


if __name__ == "__main__":
    unittest.main()
