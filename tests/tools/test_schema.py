"""abi/schema, and tools/generate: what is released keeps its number, and what is new gives code that compiles."""

import copy
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools"))

from generator import c_header, c_ops, c_tables, readme  # noqa: E402
from generator.schema import SchemaError, load  # noqa: E402

SECONDS = 600


def field(key, **more):
    return {"key": key, **more}


def parameter(key, place="body", **more):
    return {"key": key, "in": place, **more}


# A record and operations that do not exist, with every type in every place where it may stand.
RECORD = {
    "name": "widget",
    "about": "A widget.",
    "names": {"c": "ak_widget"},
    "fields": [
        field("name", required=True),
        field("labels"),
        field("ports", required=True),
        field("vcpus"),
        field("fast"),
        field("output", exact="output_base64"),
        field("lifecycle"),
        field("raw", type="json", required=True),
    ],
}
ABOUT = {"since": "9.9.9", "about": "Does something."}
OPERATIONS = [
    {
        "id": 901,
        "name": "archive_widget",
        "route": "POST /widgets/{name}/archive",
        **ABOUT,
        "yields": "one",
        "record": "widget",
        "timeouts": "unary",
        "parameters": [
            parameter("name", "path", required=True, rule="name"),
            parameter("vcpus", required=True),
            parameter("ports", required=True),
            parameter("labels"),
            parameter("env"),
            parameter("memory_mb"),
            parameter("fast"),
            parameter("image"),
            parameter("content"),
            parameter("commands", required=True),
            parameter("files", required=True),
            parameter("body", required=True),
            parameter("sudo", required=True),
            parameter("network"),
        ],
    },
    {
        "id": 902,
        "name": "list_widgets",
        "route": "GET /widgets",
        **ABOUT,
        "yields": "list",
        "record": "widget",
        "timeouts": "unary",
        "parameters": [],
    },
    {
        "id": 903,
        "name": "follow_widgets",
        "route": "GET /widgets/events",
        **ABOUT,
        "yields": "events",
        "record": "stream_event",
        "timeouts": "stream",
        "parameters": [],
    },
    {
        "id": 904,
        "name": "drop_widgets",
        "route": "DELETE /widgets",
        **ABOUT,
        "yields": "nothing",
        "timeouts": "unary",
        "parameters": [],
    },
]
FUNCTIONS = [
    "ak_widget_archive(",
    "ak_widget_archive_new(",
    "ak_widget_list(",
    "ak_widget_next(",
    "ak_widget_fill(",
    "ak_follow_widgets(",
    "ak_widgets_drop(",
]


class Schema(unittest.TestCase):
    """Each test may change a copy of the schema."""

    def setUp(self):
        self.tree = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(TREE / "abi", self.tree / "abi")
        self.path = self.tree / "abi/schema/operations.json"
        self.document = json.loads(self.path.read_text())

    def load(self):
        self.path.write_text(json.dumps(self.document))
        return load(self.tree)

    def refused(self, words):
        with self.assertRaisesRegex(SchemaError, words):
            self.load()


class Valid(Schema):
    def test_it_is_as_its_schema_says(self):
        for name in ("operations", "constants", "limits"):
            schema = json.loads((self.tree / f"abi/schema/{name}.schema.json").read_text())
            document = json.loads((self.tree / f"abi/schema/{name}.json").read_text())
            jsonschema.Draft202012Validator(schema).validate(document)

    def test_what_is_committed_is_what_it_gives(self):
        done = subprocess.run([TREE / "tools/generate", "--check"], capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_key_may_mean_something_else_to_one(self):
        key = next(each for each in self.document["keys"] if each["name"] == "path")
        key["about"] = "A file. Of log_entry: its file. Of request: the path."
        schema = self.load()
        fields = {
            each.name: [field.about for field in each.fields if field.key.name == "path"] for each in schema.records
        }
        about = {
            each.name: [one.about for one in each.parameters if one.key.name == "path"] for each in schema.operations
        }
        self.assertEqual(
            (fields["log_entry"], about["request"], about["read_file"]), (["Its file."], ["The path."], ["A file."])
        )

    def test_sentences_have_the_limits(self):
        about = {key.name: key.about for key in load().keys}
        self.assertEqual(about["name"], "The name: 1 to 63 letters, digits, hyphens and underscores.")
        self.assertEqual(about["stream"], "The output stream: stdout or stderr.")

    def test_details_are_kept(self):
        start = next(each for each in load().operations if each.name == "start_sandbox")
        self.assertEqual(start.details, "Starting one that is running is a conflict (409).")

    def test_every_released_constant_is_in_the_ledger(self):
        lines = [line.split() for line in (TREE / "abi/symbols.txt").read_text().splitlines()]
        released = {words[0] for words in lines if words}
        self.assertEqual([name for name, _, _ in load().ledger() if name not in released], [])


class Refused(Schema):
    def test_another_number(self):
        self.document["keys"][4]["id"] = 905
        self.refused("AK_KEY_NAME was released as 5 and is 905: nothing is ever renumbered")

    def test_a_number_that_is_taken(self):
        key = copy.deepcopy(self.document["keys"][0])
        self.document["keys"].append({**key, "name": "other"})
        self.refused("key number 1 is there more than once")
        self.document["keys"].pop()
        operation = copy.deepcopy(self.document["operations"][0])
        self.document["operations"].append({**operation, "name": "other"})
        self.refused("operation number 1 is there more than once")

    def test_one_that_is_gone(self):
        self.document["operations"] = [each for each in self.document["operations"] if each["name"] != "get_stats"]
        self.refused("AK_OP_GET_STATS was released in 0.1.0 and is missing: nothing is ever removed")

    def test_names_that_are_there_twice(self):
        self.document["operations"][1]["parameters"].append(parameter("image"))
        self.refused("run: parameter image is there more than once")
        self.document["operations"][1]["parameters"].pop()
        self.document["records"][0]["fields"].append(field("status"))
        self.refused("health: field status is there more than once")

    def test_a_path_that_is_not_that_of_the_parameters(self):
        self.document["operations"][5]["route"] = "GET /sandboxes/{id}"
        self.refused("get_sandbox: the path's parameters are not those of its route")

    def test_too_many(self):
        health = self.document["records"][0]
        there = {each["key"] for each in health["fields"]}
        health["fields"] += [field(each["name"]) for each in self.document["keys"] if each["name"] not in there]
        self.refused("health has more than 32 fields")

    def test_a_meaning_for_what_is_not_there(self):
        self.document["keys"][4]["about"] += " Of nobody: something else."
        self.refused("key name: there is no nobody")

    def test_a_sentence_about_a_limit_that_is_not_there(self):
        self.document["keys"][4]["about"] = "The name: at most {nothing_max} bytes."
        self.refused("there is no limit 'nothing_max' of which a sentence speaks")

    def test_a_limit_that_is_there_twice(self):
        path = self.tree / "abi/schema/limits.json"
        limits = json.loads(path.read_text())
        limits["limits"].append(limits["limits"][0])
        path.write_text(json.dumps(limits))
        self.refused("limit name_max_bytes is there more than once")

    def test_a_name_that_is_a_word_of_a_language(self):
        for name in ("end", "class", "hash", "lambda", "register"):
            self.document["keys"].append({**self.document["keys"][0], "id": 999, "name": name})
            self.refused(f"{name} is no name")
            self.document["keys"].pop()

    def test_a_function_that_the_library_has(self):
        self.document["operations"].append({**OPERATIONS[3], "name": "new_client"})
        schema = self.load()
        with self.assertRaisesRegex(SystemExit, "ak_client_new"):
            c_ops.generate(schema, (self.tree / "abi/include/agentkernel.h").read_text())


class Grown(Schema):
    def setUp(self):
        super().setUp()
        self.document["records"].append(RECORD)
        self.document["operations"] += OPERATIONS
        schema = self.load()
        header = self.tree / "abi/include/agentkernel.h"
        header.write_text(c_header.generate(schema, header.read_text()))
        self.ops = c_ops.generate(schema, header.read_text())
        self.schema = schema

    def compile(self, text, *options):
        path = self.tree / "grown.c"
        path.write_text(text)
        warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"]
        command = ["gcc", *options, *warnings, "-I", self.tree / "abi/include", "-I", TREE / "core/schema", path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_typed_header(self):
        for function in FUNCTIONS:
            self.assertIn(function, self.ops)
        self.assertEqual([line for line in self.ops.splitlines() if len(line) > 120], [])
        self.compile(self.ops, "-x", "c", "-std=c99", "-Wconversion")
        self.compile(self.ops, "-x", "c++", "-std=c++11", "-Wconversion")

    def test_the_tables_of_the_core(self):
        self.compile(c_tables.generate(self.schema), "-std=c11")

    def test_the_table_for_readers(self):
        text = readme.generate(self.schema, (TREE / "README.md").read_text())
        self.assertIn("| list_widgets | ak_widget_list | Does something. | GET /widgets |  | records of name, ", text)


if __name__ == "__main__":
    unittest.main()
