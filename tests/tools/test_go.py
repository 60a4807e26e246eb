"""tools/generator/go.py: operations that do not exist give Go that its formatter and its compiler accept."""

import copy
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from generator import go
from generator.schema import SchemaError
from test_schema import OPERATIONS, RECORD, SECONDS, TREE, Schema

# What the raw layer has of an operation, once SWIG has seen the header.
RAW = "package raw\n\n" + "".join(f"const OP_{each['name'].upper()} int32 = {each['id']}\n" for each in OPERATIONS)
# The library of this tree; no other Go is fetched, and what was compiled is found again in another folder.
PKG_CONFIG_PATH = f"{TREE}/build/pkgconfig:{os.environ.get('PKG_CONFIG_PATH', '')}"
ENVIRONMENT = {**os.environ, "PKG_CONFIG_PATH": PKG_CONFIG_PATH, "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath"}
# What users may expect of them.
USE = """\
package agentkernel_test

import (
	"context"

	"github.com/thrashr888/agentkernel/bindings/go"
)

type widgetOptions interface {
	ArchiveWidget(ctx context.Context, name string, vcpus int, ports []string, content []byte, commands [][]string,
		files map[string]string, body any, sudo bool,
		opts ...*agentkernel.ArchiveWidgetOptions) (*agentkernel.Widget, error)
	ListWidgets(ctx context.Context, opts ...*agentkernel.CallOptions) ([]agentkernel.Widget, error)
	FollowWidgets(ctx context.Context, opts ...*agentkernel.CallOptions) (*agentkernel.Stream, error)
	DropWidgets(ctx context.Context, opts ...*agentkernel.CallOptions) error
}

var (
	_ widgetOptions = &agentkernel.Client{}
	_               = agentkernel.ArchiveWidgetOptions{Image: "", MemoryMB: 1, Fast: new(bool), Network: nil,
		Labels: map[string]string{}, Env: []string{}, CallOptions: agentkernel.CallOptions{}}
	_ = agentkernel.Widget{Name: "", VCPUs: 1, Fast: true, Output: []byte{}, Lifecycle: []byte{}, Ports: []string{},
		Labels: map[string]string{}, Record: agentkernel.Record{Raw: ""}}
)
"""


class Grown(Schema):
    def setUp(self):
        super().setUp()
        self.document["records"].append(RECORD)
        self.document["operations"] += copy.deepcopy(OPERATIONS)

    def run_go(self, *command):
        # By the script that knows which Go is new enough.
        command = [TREE / "bindings/go/dev", *command]
        done = subprocess.run(
            command, cwd=self.package, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS
        )
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    @unittest.skipUnless(shutil.which("go"), "no Go here")
    def test_it_is_formatted_and_compiles(self):
        self.package = self.tree / "bindings/go"
        shutil.copytree(TREE / "bindings/go", self.package, symlinks=True)
        for path, text in go.generate(self.load()).items():
            (self.tree / path).write_text(text)
        (self.package / "internal/raw/grown.go").write_text(RAW)
        self.run_go("gofmt", "-l", ".")
        (self.package / "grown_test.go").write_text(USE)
        self.run_go("go", "vet", ".")

    def test_a_stream_of_other_records_has_no_type_in_go(self):
        self.document["operations"][-2] |= {"record": "widget"}
        with self.assertRaisesRegex(SchemaError, "Go: follow_widgets streams what is no event"):
            go.generate(self.load())

    def test_options_that_are_shared_have_all_that_is_taken(self):
        run_stream = next(each for each in self.document["operations"] if each["name"] == "run_stream")
        run_stream["parameters"].append({"key": "sudo", "in": "body"})
        with self.assertRaisesRegex(SchemaError, "Go: run_stream takes more than RunOptions has"):
            go.generate(self.load())


if __name__ == "__main__":
    unittest.main()
