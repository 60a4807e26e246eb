"""Writes the table of operations in README.md, from the operations table and the comments of agentkernel.h.

Usage: generate_readme.py [--check] TABLE HEADER README

TABLE is what dump_operations prints. With --check nothing is written: it fails, with the difference, when the table in
README.md is not the one that would be.
"""
import difflib
import json
import pathlib
import sys

from generate_ops import function_name, read_comments, sentence

BEGIN, END = "<!-- operations: made by tools/generate_readme.py -->\n", "<!-- end of operations -->\n"
# Fields of a record that are named; the rest is "...".
NAMED = 4


def takes(operation):
    """What is needed first, in bold. Timeouts are everywhere."""
    keys = [parameter for parameter in operation["parameters"] if not parameter["key"].endswith("timeout_ms")]
    needed = [f"**{parameter['key']}**" for parameter in keys if parameter["required"]]
    return ", ".join([*needed, *(parameter["key"] for parameter in keys if not parameter["required"])])


def yields(operation):
    """Its record, or records."""
    keys = [field["key"] for field in operation["fields"] if field["key"] != "raw"]
    if not keys:
        return "nothing"
    named = ", ".join(keys[:NAMED]) + (", ..." if len(keys) > NAMED else "")
    return {"many": "records of ", "events": "events of "}.get(operation["yields"], "") + named


def table(operations, header):
    texts, _ = read_comments(header)
    lines = ["| operation | in C | what it does | route | takes | yields |", "| --- | --- | --- | --- | --- | --- |"]
    for operation in operations:
        about = sentence(texts["AK_OP_" + operation["name"].upper()])
        cells = [operation["name"], function_name(operation), about, operation["route"], takes(operation), yields(operation)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    check = "--check" in sys.argv
    rows, header, readme = [pathlib.Path(argument) for argument in sys.argv[1:] if argument != "--check"]
    before = readme.read_text()
    if before.count(BEGIN) != 1 or before.count(END) != 1:
        return f"{readme} has no place for the table: {BEGIN}{END}"
    start, end = before.index(BEGIN) + len(BEGIN), before.index(END)
    after = before[:start] + table(json.loads(rows.read_text()), header.read_text()) + before[end:]
    if check and before != after:
        print(*difflib.unified_diff(before.splitlines(), after.splitlines(), "committed", "generated", lineterm="", n=0),
              sep="\n")
        return "the operations have changed: run cmake --build build --target readme-table, and commit"
    if not check:
        readme.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
