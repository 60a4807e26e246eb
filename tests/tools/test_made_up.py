"""What an operation costs: one object in the schema and a handler in the server. All else of it is generated.

In a copy of the tree there is one more operation, with a record of its own; the copy is generated and built, and C and
every language call the operation with agentkernel-local. Slow: only with AK_TEST_LONG.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 3600  # only to end what hangs
RECORD = {
    "name": "widget",
    "about": "A widget.",
    "names": {
        "c": "ak_widget",
        **dict.fromkeys(("python", "node", "go", "ruby"), "WidgetInfo"),
        "lua": "Widget",
    },
    "fields": [
        {"key": "name", "required": True},
        {"key": "vcpus"},
        {"key": "labels"},
        {"key": "raw", "type": "json", "required": True},
    ],
}
OPERATION = {
    "id": 901,
    "name": "turn_widget",
    "route": "POST /widgets/{name}/turn",
    "since": "9.9.9",
    "local": True,
    "about": "Turns a widget.",
    "yields": "one",
    "record": "widget",
    "timeouts": "unary",
    "parameters": [
        {"key": "name", "in": "path", "required": True, "rule": "name"},
        {"key": "vcpus", "in": "body"},
    ],
}
HANDLER = """\
#include "handlers.h"

void handle_turn_widget(struct api *api, struct request *request, struct reply *reply) {
    (void)api;
    struct writer *writer = &reply->body;
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_member_text(writer, "name", request->segments[1]);
    writer_member_int(writer, "vcpus", 4);
    writer_name(writer, "labels");
    writer_text(writer, "{\\"a\\":\\"b\\"}");
    writer_close(writer, '}');
    reply_close(reply);
}
"""
PROGRAMS = {
    "use.c": """\
#include <agentkernel_ops.h>
#include <stdio.h>

int main(void) {
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_widget widget = {0};
    ak_widget_turn_options options = {.vcpus = 4};
    ak_status status = ak_client_new(&client, err);
    status = status < 0 ? status : ak_client_set_text(client, AK_CLIENT_BASE_URL, "local:", 6, err);
    status = status < 0 ? status : ak_widget_turn(client, "w", &options, &widget, err);
    if (status == AK_OK) {
        printf("%s %d %s\\n", widget.name, (int)widget.vcpus, widget.labels[0].value);
    }
    ak_widget_free(&widget);
    ak_client_free(client);
    ak_error_free(err);
    return status < 0;
}
""",
    "use.py": """\
from agentkernel import AgentKernel

with AgentKernel("local:") as client:
    widget = client.turn_widget("w", vcpus=4)
    print(widget.name, widget.vcpus, widget.labels["a"])
""",
    "use.rb": """\
require "agentkernel"

AgentKernel::Client.open(base_url: "local:") do |client|
  widget = client.turn_widget("w", vcpus: 4)
  puts [widget.name, widget.vcpus, widget.labels["a"]].join(" ")
end
""",
    "use.lua": """\
local client = assert(require("agentkernel").new{base_url = "local:"})
local widget = assert(client:turn_widget("w", {vcpus = 4}))
print(widget.name .. " " .. widget.vcpus .. " " .. widget.labels.a)
client:close()
""",
    "use.mjs": """\
import {AgentKernel} from "agentkernel";

const client = new AgentKernel({baseUrl: "local:"});
const widget = await client.turnWidget("w", {vcpus: 4});
console.log(widget.name, widget.vcpus, widget.labels.a);
client.close();
""",
    "examples/go/made_up/main.go": """\
package main

import (
	"context"
	"fmt"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func main() {
	client := agentkernel.New(&agentkernel.Options{BaseURL: "local:"})
	defer client.Close()
	widget, err := client.TurnWidget(context.Background(), "w", &agentkernel.TurnWidgetOptions{VCPUs: 4})
	if err != nil {
		panic(err)
	}
	fmt.Println(widget.Name, widget.VCPUs, widget.Labels["a"])
}
""",
}
COMMANDS = {
    "use.c": "cc -Iabi/include use.c -o use -Lbuild/lib -Wl,-rpath,$PWD/build/lib -lagentkernel && ./use",
    "use.py": "build/python/venv/bin/python use.py",
    "use.rb": "ruby -w use.rb",
    "use.lua": "lua5.4 use.lua",
    "use.mjs": "bindings/node/dev run use.mjs",
    "examples/go/made_up/main.go": "cd examples/go && go run ./made_up",
}


@unittest.skipUnless(os.environ.get("AK_TEST_LONG"), "builds the whole tree")
class MadeUp(unittest.TestCase):
    def setUp(self):
        self.tree = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        for name in self.out(TREE, "git", "ls-files", "-z").split("\0")[:-1]:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, self.tree / name, follow_symlinks=False)

    def out(self, where, *command):
        done = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def test_it_is_there_in_every_language(self):
        path = self.tree / "abi/schema/operations.json"
        document = json.loads(path.read_text())
        document["records"].append(RECORD)
        document["operations"].append(OPERATION)
        path.write_text(json.dumps(document))
        (self.tree / "server/api/widgets.c").write_text(HANDLER)
        self.out(self.tree, "tools/generate")
        self.out(self.tree, "swig/generate", "--setup")
        self.out(self.tree, "swig/generate")
        self.out(self.tree, "./dev", "build")
        for name, program in PROGRAMS.items():
            (self.tree / name).parent.mkdir(exist_ok=True)
            (self.tree / name).write_text(program)
            with self.subTest(name):
                said = self.out(self.tree, "bash", "-c", f'eval "$(./dev env)" && {COMMANDS[name]}')
                self.assertEqual(said, "w 4 b\n")


if __name__ == "__main__":
    unittest.main()
