"""Modules of the bindings import one another in no circle, not even types, and raw/ nothing that is above it."""

import ast
import pathlib
import posixpath
import re
import unittest

BINDINGS = pathlib.Path(__file__).resolve().parents[2] / "bindings"
# What raw/ may import beside itself: the extension, the errors that it raises, and a leaf.
BELOW_RAW = {
    "_native",
    "_events",
    "errors",
    "error",
    "_error",
    "generated/errors",
    "generated/error_codes",
    "immediately",
}


def python_imports(package):
    """Modules of the package, with what each imports of it; also in functions and for type checkers."""
    names = {path.relative_to(package).with_suffix("").as_posix(): path for path in package.rglob("*.py")}
    graph = {}
    for name, path in names.items():
        folder = pathlib.PurePosixPath(name).parent
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = folder
                for _ in range(node.level - 1):
                    base = base.parent
                base = base / (node.module or "").replace(".", "/")
                found |= {(base / alias.name).as_posix() for alias in node.names} | {base.as_posix()}
        graph[name] = {each for each in found if each in names or each in BELOW_RAW}
    return graph


def node_imports(source):
    names = {path.relative_to(source).with_suffix("").as_posix(): path for path in source.rglob("*.ts")}
    graph = {}
    for name, path in names.items():
        folder = pathlib.PurePosixPath(name).parent
        found = re.findall(
            r'^(?:import|export)\b[^;]*?"(\.[^"]+)\.js";', path.read_text(encoding="utf-8"), re.MULTILINE
        )
        graph[name] = {posixpath.normpath(folder / each) for each in found}
    return graph


def lua_imports(folder):
    graph = {}
    for path in folder.rglob("*.lua"):
        name = path.relative_to(folder).with_suffix("").as_posix()
        found = re.findall(r'require\(?\s*"agentkernel\.([\w.]+)"', path.read_text(encoding="utf-8"))
        graph[name] = {each.replace(".", "/") for each in found}
    return graph


def circle(graph):
    """One circle, or nothing."""
    done, trail = set(), []

    def visit(name):
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done or name not in graph:
            return []
        trail.append(name)
        for other in sorted(graph[name] - {name}):
            if found := visit(other):
                return found
        trail.pop()
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name))), [])


def above_raw(graph):
    """What raw/ imports and should not."""
    return sorted(
        f"{name} > {other}"
        for name, others in graph.items()
        for other in others
        if name.startswith("raw/") and not other.startswith("raw") and other not in BELOW_RAW
    )


class Imports(unittest.TestCase):
    GRAPHS = {
        "Python": python_imports(BINDINGS / "python/src/agentkernel"),
        "Node": node_imports(BINDINGS / "node/src"),
        "Lua": lua_imports(BINDINGS / "lua/agentkernel"),
    }

    def test_no_circles(self):
        for language, graph in self.GRAPHS.items():
            with self.subTest(language):
                self.assertGreater(sum(map(len, graph.values())), 9)
                self.assertEqual(circle(graph), [])

    def test_raw_is_below(self):
        for language, graph in self.GRAPHS.items():
            with self.subTest(language):
                self.assertEqual(above_raw(graph), [])

    def test_a_circle_is_found(self):
        self.assertEqual(circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}), ["b", "c", "b"])
        self.assertEqual(above_raw({"raw/a": {"client", "raw/b", "errors"}}), ["raw/a > client"])


if __name__ == "__main__":
    unittest.main()
