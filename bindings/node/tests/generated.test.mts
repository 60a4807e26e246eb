// Operations and records that do not exist, with every type in every place: what tools/generate writes for them passes
// the formatter, the linter and the compiler unchanged, and works without code by hand.
import assert from "node:assert/strict";
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {built, finished, tree} from "./kit.mjs";

const copy = mkdtempSync(join(tmpdir(), "ak-node-generated-"));
const binding = join(copy, "bindings", "node");
const program = `
import pathlib, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from generator import node
from generator.schema import load
tree = pathlib.Path(sys.argv[2])
for path, text in node.generate(load(tree), tree).items():
    path.write_text(text)
`;

interface Document {
    records: object[];
    operations: object[];
}

const required = {required: true};
const plain = [
    {key: "name", ...required},
    {key: "labels"},
    {key: "ports", ...required},
    {key: "vcpus"},
    {key: "fast"},
    {key: "lifecycle"},
];
const raw = {key: "raw", type: "json", ...required};
const bytes = [
    {key: "output", exact: "output_base64"},
    {key: "content", ...required},
];
const records = [
    {name: "gadget", about: "A gadget.", names: {c: "ak_gadget"}, fields: [...plain, raw]},
    {name: "widget", about: "A widget.", names: {c: "ak_widget"}, fields: [...plain, ...bytes, raw]},
];
const body = ["labels", "env", "memory_mb", "fast", "image", "content", "network"].map((key) => ({key, in: "body"}));
const needed = ["vcpus", "ports", "commands", "files", "body", "sudo"].map((key) => ({key, in: "body", ...required}));
const name = {key: "name", in: "path", ...required, rule: "name"};
const common = {since: "9.9.9", about: "Does something with widgets, or with one of them alone.", timeouts: "unary"};
const operations = [
    {name: "archive_widget", route: "POST /widgets/{name}/archive", yields: "one", record: "widget"},
    {name: "move_widget", route: "PUT /widgets/{name}/archive", yields: "nothing"},
    {name: "find_widgets", route: "POST /widgets/{name}/find", yields: "list", record: "widget"},
    {name: "list_gadgets", route: "GET /gadgets", yields: "list", record: "gadget"},
    {name: "get_gadget", route: "GET /gadgets/{name}", yields: "one", record: "gadget"},
    {name: "ask_widgets", route: "GET /widgets", yields: "text", record: "health"},
    {name: "follow_widgets", route: "GET /widgets/events", yields: "events", record: "stream_event"},
    {name: "drop_widgets", route: "DELETE /widgets", yields: "nothing"},
].map((operation, i) => {
    const many = operation.route.includes("}/") ? [...needed, ...body] : [];
    const parameters = operation.route.includes("{") ? [name, ...many] : [];
    return {id: 901 + i, ...common, ...operation, parameters};
});

async function well(path: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    const {code, out, err} = await finished(path, args, {cwd: binding, env});
    assert.equal(code, 0, out + err);
    return out;
}

before(async () => {
    const files = ["src", "package.json", "tsconfig.json", "eslint.config.mjs", ".prettierrc.json"];
    for (const file of files) cpSync(join(tree, "bindings", "node", file), join(binding, file), {recursive: true});
    cpSync(join(tree, "abi"), join(copy, "abi"), {recursive: true});
    mkdirSync(join(copy, "build", "node"), {recursive: true});
    for (const folder of [binding, join(copy, "build", "node")])
        symlinkSync(join(built, "node_modules"), join(folder, "node_modules"));

    const path = join(copy, "abi", "schema", "operations.json");
    const document = JSON.parse(readFileSync(path, "utf8")) as Document;
    document.records.push(...records);
    document.operations.push(...operations);
    writeFileSync(path, JSON.stringify(document));
    await well("python3", ["-c", program, join(tree, "tools"), copy]);
});
after(() => rmSync(copy, {recursive: true}));

const tool = (name: string): string => join(built, "node_modules", ".bin", name);

test("as the formatter has it", async () => {
    await well(tool("prettier"), ["--log-level", "warn", "--check", "src/generated", "src/raw/abi.ts"]);
});

test("as the linter wants it", async () => {
    await well(tool("eslint"), ["src/generated"]);
});

test("it is compiled, and asks the library", async () => {
    await well(tool("tsc"), []);
    const use = `
        const {AgentKernel, Widget} = require(${JSON.stringify(join(copy, "build", "node", "package", "dist"))});
        const widget = new Widget({content: undefined, vcpus: 2, lifecycle: {a: 1}});
        console.log(widget.vcpus, widget.content === "", widget.output, widget.lifecycle.a);
        const said = (error) => console.log(error.message);
        const client = new AgentKernel();
        client
            .archiveWidget("w", 1, ["80"], [["x"]], {}, {}, true, {fast: true})
            .catch(said)
            .then(() => client.listGadgets())
            .catch(said);`;
    const out = await well(process.execPath, ["-e", use], {
        AGENTKERNEL_LIBRARY: join(tree, "build", "lib", "libagentkernel.so.0"),
    });
    assert.deepEqual(out.split("\n").slice(0, 3), [
        "2 true undefined 1",
        "the library has no operation archive_widget",
        "the library has no operation list_gadgets",
    ]);
});
