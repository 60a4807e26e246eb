"""core/ and server/: includes point to layers further down, no circles, and every layer says what it is."""

import collections
import pathlib
import re
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]

# The layers of each part from the top down, with those that each may include. The part's own folder is the layer ".".
LAYERS = {
    "core": {
        "call": {"net", "local", "request", "reply", "wire", "schema", "base", "common"},
        "net": {"local", "request", "reply", "wire", "schema", "base", "common"},
        "local": {"base", "common"},
        "request": {"wire", "schema", "base", "common"},
        "reply": {"wire", "schema", "base", "common"},
        "wire": {"schema", "base", "common"},
        "schema": {"base", "common"},
        "base": {"common"},
        "common": set(),
    },
    "server": {
        ".": {"api", "embedded", "exec", "sandboxes", "isolation", "fs", "http", "base"},
        "api": {"exec", "sandboxes", "isolation", "fs", "http", "base"},
        "embedded": {"fs", "base"},
        "exec": {"sandboxes", "isolation", "fs", "base"},
        "sandboxes": {"isolation", "fs", "base"},
        "isolation": {"fs", "base"},
        "fs": {"base"},
        "http": {"base"},
        "base": set(),
    },
}
# What a part may include beside its own layers.
OTHERS = {"core": {"abi/include"}, "server": {"core/common"}}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
MAY_INCLUDE = re.compile(r"^May include: (.+)\.$", re.MULTILINE)


def folder_of(part, layer):
    return part if layer == "." else f"{part}/{layer}"


def sources_below(tree):
    """The C files of the two parts and what is included from elsewhere, as {path: text}, without what was generated."""
    files = [path for part in ("core", "server", "abi/include") for path in (tree / part).rglob("*.[ch]")]
    return {path.relative_to(tree).as_posix(): path.read_text(encoding="utf-8") for path in sorted(files)}


def same_names(sources):
    paths = collections.defaultdict(list)
    for path in sources:
        paths[path.rpartition("/")[2]].append(path)
    return [f"{name}: {', '.join(found)}" for name, found in sorted(paths.items()) if len(found) > 1]


def includes_of(sources):
    """Every include of a file of ours, as (path, path of what it includes)."""
    paths = {path.rpartition("/")[2]: path for path in sources}
    for path, text in sources.items():
        for name in INCLUDE.findall(text):
            if name in paths:
                yield path, paths[name]


def wrong_arrows(sources):
    wrong = []
    for path, target in includes_of(sources):
        part = path.partition("/")[0]
        if part not in LAYERS:
            continue
        here, there = path.rpartition("/")[0], target.rpartition("/")[0]
        layer = here.partition("/")[2] or "."
        allowed = {folder_of(part, below) for below in LAYERS[part][layer]} | OTHERS[part]
        if there != here and there not in allowed:
            wrong.append(f"{path} includes {target}")
    return wrong


def circles(sources):
    """The units that include each other, round about. A unit is a header with the file that implements it."""
    below = collections.defaultdict(set)
    for path, target in includes_of(sources):
        if path[:-2] != target[:-2]:
            below[path[:-2]].add(target[:-2])
    found, done = [], set()

    def follow(unit, way):
        if unit in way:
            found.append(" > ".join([*way[way.index(unit) :], unit]))
        elif unit not in done:
            for target in sorted(below[unit]):
                follow(target, [*way, unit])
            done.add(unit)

    for unit in sorted(below):
        follow(unit, [])
    return found


def wrong_pages(tree):
    """Layers without a README.md, or with one whose list of layers is not that of the table."""
    wrong = []
    for part, layers in LAYERS.items():
        for folder in sorted(path for path in (tree / part).iterdir() if path.is_dir()):
            if folder.name not in layers and folder.name != "systemd":  # which has no C
                wrong.append(f"{part}/{folder.name} is not in the table")
        for layer, below in layers.items():
            path = tree / part / layer / "README.md"
            said = MAY_INCLUDE.search(path.read_text(encoding="utf-8")) if path.exists() else None
            expected = {folder_of(part, name).rpartition("/")[2] for name in below} | OTHERS[part]
            if not said:
                wrong.append(f"{folder_of(part, layer)}/README.md does not say what may be included")
            elif set(re.findall(r"`([^`]+)`", said[1])) != expected:
                wrong.append(f"{folder_of(part, layer)}/README.md: May include: {', '.join(sorted(expected))}")
    return wrong


class Layers(unittest.TestCase):
    def assert_none(self, wrong):
        self.assertFalse(wrong, "\n" + "\n".join(wrong))

    def test_the_table_points_down(self):
        for part, layers in LAYERS.items():
            order = list(layers)
            for place, layer in enumerate(order):
                self.assertLessEqual(layers[layer], set(order[place + 1 :]), f"{part}/{layer}")

    def test_names_are_unique(self):
        self.assert_none(same_names(sources_below(TREE)))

    def test_includes_point_down(self):
        self.assert_none(wrong_arrows(sources_below(TREE)))

    def test_nothing_goes_in_circles(self):
        self.assert_none(circles(sources_below(TREE)))

    def test_every_room_says_what_it_may_include(self):
        self.assert_none(wrong_pages(TREE))


class Finds(unittest.TestCase):
    """That there is nothing to find is worth something only if it would be found."""

    def test_a_name_that_is_there_twice(self):
        self.assertEqual(same_names({"core/a/x.h": "", "server/b/x.h": ""}), ["x.h: core/a/x.h, server/b/x.h"])

    def test_arrows_that_point_up_or_out(self):
        sources = {
            "server/base/low.c": '#include "high.h"\n#include "text.h"\n#include <stdio.h>\n',
            "server/api/high.h": '#include "inner.h"\n#include "low.h"\n',
            "server/base/low.h": "",
            "core/common/text.h": "",
            "core/net/inner.h": "",
        }
        expected = ["server/base/low.c includes server/api/high.h", "server/api/high.h includes core/net/inner.h"]
        self.assertEqual(wrong_arrows(sources), expected)

    def test_a_circle_through_files(self):
        sources = {
            "server/fs/a.h": "",
            "server/fs/a.c": '#include "a.h"\n# include "b.h"\n',
            "server/fs/b.h": "",
            "server/fs/b.c": '#include "b.h"\n#include "a.h"\n',
        }
        self.assertEqual(circles(sources), ["server/fs/a > server/fs/b > server/fs/a"])

    def test_the_walks_have_the_names_of_the_sources(self):
        text = (TREE / "docs/architecture.md").read_text(encoding="utf-8")
        sources = {pathlib.PurePath(path).name for path in sources_below(TREE)} | {"agentkernel_ops.h", "abi.c"}
        code = "".join(sources_below(TREE).values()) + (TREE / "abi/abi.c").read_text(encoding="utf-8")
        files = set(re.findall(r"\b[a-z_]+\.[ch]\b", text))
        functions = {name for name in re.findall(r"`(?:enum |struct )?(\w+_\w+)`", text) if not name.startswith("AK_")}
        self.assertTrue(files and functions)
        self.assertEqual([name for name in sorted(files) if name not in sources], [])
        self.assertEqual([name for name in sorted(functions) if not re.search(rf"\b{name}\b", code)], [])

    def test_a_room_without_a_page(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for part, layers in LAYERS.items():
                for layer in [*layers, "attic"]:
                    (tree / part / layer).mkdir(parents=True, exist_ok=True)
            (tree / "server/base/README.md").write_text("May include: `core/common`.\n", encoding="utf-8")
            (tree / "server/http/README.md").write_text("May include: `core/common`.\n", encoding="utf-8")
            wrong = wrong_pages(tree)
        self.assertIn("server/attic is not in the table", wrong)
        self.assertIn("server/fs/README.md does not say what may be included", wrong)
        self.assertIn("server/http/README.md: May include: base, core/common", wrong)
        self.assertFalse([line for line in wrong if line.startswith("server/base")])


if __name__ == "__main__":
    unittest.main()
