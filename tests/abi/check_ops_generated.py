"""agentkernel_ops.h is what the operations table gives, and a table that grows gives a header that compiles.

Usage: check_ops_generated.py SOURCE_DIR TABLE
"""
import difflib
import json
import pathlib
import subprocess
import sys
import tempfile


def key(name, kind, required=False):
    return {"key": name, "type": kind, "required": required}


# Operations that are not there yet, with every type in every place where it may stand.
MORE = [
    {"name": "archive_widget", "route": "POST /widgets/{name}/archive", "yields": "one",
     "parameters": [key("name", "text", True), key("vcpus", "int", True), key("ports", "list", True),
                    key("labels", "map"), key("env", "list"), key("memory_mb", "int"), key("fast", "bool"),
                    key("image", "text"), key("timeout_ms", "int"), key("content", "bytes"), key("commands", "lists", True),
                    key("files", "map", True), key("body", "json", True), key("sudo", "bool", True),
                    key("network", "json")],
     "fields": [key("name", "text", True), key("labels", "map", True), key("ports", "list", True),
                key("vcpus", "int", True), key("fast", "bool", True), key("output", "bytes", True),
                key("lifecycle", "json", True), key("raw", "json", True)]},
    {"name": "list_widgets", "route": "GET /widgets", "yields": "many", "parameters": [key("timeout_ms", "int")],
     "fields": [key("name", "text", True), key("labels", "map"), key("ports", "list"), key("vcpus", "int"),
                key("fast", "bool"), key("output", "bytes"), key("lifecycle", "json"), key("raw", "json", True)]},
    {"name": "follow_widgets", "route": "GET /widgets/events", "yields": "events",
     "parameters": [key("total_timeout_ms", "int")],
     "fields": [key("type", "text", True), key("data", "bytes"), key("raw", "bytes", True)]},
    {"name": "drop_widgets", "route": "DELETE /widgets", "yields": "nothing", "parameters": [
        key("timeout_ms", "int")], "fields": []},
]
NAMES = ["Does archive_widget. POST", "ak_widget_archive(", "ak_widget_archive_new(", "ak_widget_list(", "ak_list_widgets_result_next(",
         "ak_follow_widgets(", "ak_follow_widgets_result_next(", "ak_widgets_drop(", "ak_widget_fill("]
# One that would take a function of the library's.
TAKEN = {"name": "new_client", "route": "POST /clients", "yields": "nothing", "parameters": [key("timeout_ms", "int")],
         "fields": []}

problems = []


def generate(source, table):
    """Runs the generator, with constants in the header for what is more in the table."""
    more = "".join(f"#define AK_OP_{row['name'].upper()} {99 + i} /* does {row['name']} */\n"
                   for i, row in enumerate([*MORE, TAKEN]) if row in table)
    with tempfile.TemporaryDirectory() as folder:
        rows, header = pathlib.Path(folder, "table.json"), pathlib.Path(folder, "agentkernel.h")
        rows.write_text(json.dumps(table))
        header.write_text((source / "abi/include/agentkernel.h").read_text() + more)
        done = subprocess.run([sys.executable, source / "tools/generate_ops.py", rows, header,
                               source / "tools/ops_prelude.h"], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr, more


def check_committed(source, table):
    wanted = generate(source, table)[1]
    committed = (source / "abi/include/agentkernel_ops.h").read_text()
    difference = list(difflib.unified_diff(committed.splitlines(), wanted.splitlines(), "committed", "generated"))
    if difference:
        problems.append("the table has changed: run cmake --build build --target ops-header, and commit\n"
                        + "\n".join(difference[:40]))
    long = [line for line in wanted.splitlines() if len(line) > 120]
    if long:
        problems.append("lines over 120 columns:\n" + "\n".join(long))


def check_grown(source, table):
    code, header, error, constants = generate(source, table + MORE)
    if code != 0:
        problems.append("a longer table cannot be generated: " + error)
        return
    for name in NAMES:
        if name not in header:
            problems.append(f"a longer table does not give {name}")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "grown.c")
        path.write_text(f"#include <agentkernel.h>\n{constants}{header}")
        for language, dialect in ("c", "c99"), ("c++", "c++11"):
            result = subprocess.run(["gcc", "-x", language, f"-std={dialect}", "-Wall", "-Wextra", "-Wpedantic",
                                     "-Wshadow", "-Wconversion", "-Werror", "-I", source / "abi/include",
                                     "-fsyntax-only", str(path)], capture_output=True, text=True, timeout=60)
            if result.returncode != 0:
                problems.append(f"a longer table does not compile as {dialect}:\n{result.stderr}")


def main():
    source, table = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    check_committed(source, table)
    check_grown(source, table)
    code, _, error, _ = generate(source, table + [TAKEN])
    if code == 0 or "ak_client_new" not in error:
        problems.append("a function that the library has can be generated")
    print("\n".join(problems) or f"{len(table)} operations, and {len(MORE)} more")
    return 1 if problems else 0


sys.exit(main())
