"""./dev matrix: the results of its rows, and the table that is made of them."""

import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests"))

from matrix import __main__ as program  # noqa: E402
from matrix import results  # noqa: E402
from matrix.rows import ROWS  # noqa: E402

REVISION = "0123456789abcdef"


class Results(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(results, "FOLDER", folder))

    def keep(self, row, revision, failed=()):
        result = "red" if failed else "green"
        results.write(
            row,
            {
                "result": result,
                "failed": list(failed),
                "date": "2026-01-02",
                "revision": revision[:10],
                "seconds": 119,
                "versions": {"libcurl": "8.0.0", "gcc": "12"},
            },
        )

    def test_a_row_says_what_it_said_last(self):
        self.keep("sid", REVISION, ["check (tests)"])
        self.keep("debian13", REVISION)
        table = results.table()
        self.assertIn("| debian13 | Debian 13 | green | 2026-01-02 | 0123456789 | 2 | libcurl 8.0.0, gcc 12 |", table)
        self.assertIn("| sid | Debian sid | red: check (tests) |", table)
        self.assertIn("| node22 | Node 22 | not run |", table)

    def test_what_this_revision_has_is_not_run_again(self):
        self.keep("debian13", REVISION)
        self.keep("sid", "f" * 16)
        names = [row.name for row in program.pending(REVISION)]
        self.assertEqual(len(names), len(ROWS) - 1)
        self.assertNotIn("debian13", names)


class Rows(unittest.TestCase):
    def test_every_libcurl_that_there_is_a_source_of_has_its_row(self):
        sources = json.loads((TREE / "tools/dist/sources.json").read_text())
        names = {name for part in ("tried", "crates") for name in sources[part] if name.startswith("curl")}
        rows = [row for name, row in ROWS.items() if name.startswith("libcurl")]
        self.assertEqual({name for row in rows for name in row.sources}, names)
        self.assertIn("libcurl" + sources["crates"]["curl"]["version"], ROWS)

    def test_a_system_is_left_as_it_is_by_rows_that_exchange_its_parts(self):
        for row in ROWS.values():
            if row.sources or row.libraries or row.stages[0].name == "packages":
                self.assertNotIn(row.root, ("", row.system.name), row.name)


class Page(unittest.TestCase):
    def test_the_table_of_the_page_is_that_of_the_results(self):
        self.assertEqual(results.PAGE.read_text(), results.page_with_table(), "./dev matrix --table writes it anew")


if __name__ == "__main__":
    unittest.main()
