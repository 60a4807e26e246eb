"""What tools/generate makes for Lua of operations that do not exist: bindings/lua/dev check runs this."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from test_schema import OPERATIONS, RECORD, TREE

sys.path.insert(0, str(TREE / "tools"))

from generator import lua
from generator.schema import load

SECONDS = 600
LUAS = [name for name in ("lua5.1", "lua5.2", "lua5.3", "lua5.4", "lua5.5", "luajit") if shutil.which(name)]
ANNOTATIONS = {
    "operations.lua": [
        "---@type fun(self: agentkernel.Client, name: string, content?: string, body: string, "
        "options: agentkernel.ArchiveWidgetOptions, more?: agentkernel.ArchiveWidgetOptions): "
        "agentkernel.Widget?, agentkernel.Error?",
        'Client.archive_widget = methods.one("archive_widget")',
        'Client.list_widgets = methods.many("list_widgets")',
        'Client.follow_widgets = methods.events("follow_widgets")',
        'Client.drop_widgets = methods.nothing("drop_widgets")',
    ],
    "options.lua": [
        "---@class agentkernel.ArchiveWidgetOptions: agentkernel.Options",
        "---@field [integer] string[] The commands, each a program and its arguments.",
        "---@field commands? string[][] The same by name.",
        "---@field env? string[]|table<string, string> Environment variables",
        "---@field vcpus integer The number of virtual processors.",
        "---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.",
    ],
    "types.lua": [
        "---@class agentkernel.Widget",
        "---@field labels? table<string, string|false> User-defined labels.",
        "---@field ports (string|false)[] Published ports",
    ],
}
# Loads the package's own modules and the generated ones. A library that has the operations is not needed for that.
LOAD = """
package.path = arg[1] .. "/bindings/lua/?.lua"
package.preload.agentkernel_raw = function()
	return setmetatable({}, {
		__index = function(_, name)
			return name
		end,
	})
end
local client, session = require("agentkernel.generated.operations"), require("agentkernel.generated.session")
for _, name in ipairs({ "archive_widget", "list_widgets", "follow_widgets", "drop_widgets" }) do
	assert(type(client[name]) == "function", name)
end
assert(type(session.run) == "function" and require("agentkernel.generated.settings").base_url)
for _, name in ipairs({ "options", "types" }) do
	assert(loadfile(arg[1] .. "/bindings/lua/agentkernel/generated/" .. name .. ".lua"))
end
"""


class Grown(unittest.TestCase):
    """A copy of the binding, generated from a schema with operations and a record more."""

    def setUp(self):
        self.tree = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(TREE / "abi", self.tree / "abi")
        shutil.copytree(TREE / "bindings/lua", self.tree / "bindings/lua")
        path = self.tree / "abi/schema/operations.json"
        document = json.loads(path.read_text())
        document["records"].append(RECORD)
        document["operations"] += OPERATIONS
        path.write_text(json.dumps(document))
        self.texts = {path.name: text for path, text in self.generate().items()}

    def generate(self):
        texts = lua.generate(load(self.tree), self.tree)
        for path, text in texts.items():
            path.write_text(text)
        return texts

    def succeeds(self, *command):
        done = subprocess.run(command, cwd=self.tree / "bindings/lua", capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def has(self, name, line):
        self.assertTrue("\n" + line in self.texts[name], f"{name} lacks {line}")

    def test_what_is_annotated(self):
        for name, lines in ANNOTATIONS.items():
            for line in lines:
                self.has(name, line)

    def test_it_is_clean(self):
        self.succeeds("luacheck", "--quiet", ".")

    def test_it_loads_in_every_lua(self):
        self.assertTrue(LUAS)
        script = self.tree / "load.lua"
        script.write_text(LOAD)
        for name in LUAS:
            self.succeeds(name, script, self.tree)

    def test_the_table_for_readers(self):
        self.has("README.md", "| `list_widgets()` |  | a list of `Widget` |")
        self.has("README.md", "| `Widget` | name, labels, ports, ")

    def test_twice_is_the_same(self):
        self.assertEqual({path.name: text for path, text in self.generate().items()}, self.texts)

    def test_one_name_for_two_sets_of_options(self):
        lua.OPTIONS["archive_widget"] = "File"
        self.addCleanup(lua.OPTIONS.pop, "archive_widget")
        with self.assertRaisesRegex(SystemExit, "archive_widget: .*FileOptions"):
            self.generate()


if __name__ == "__main__":
    unittest.main()
