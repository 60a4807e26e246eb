import assert from "node:assert/strict";
import {copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, test} from "node:test";
import {built, FaultServer, finished, tree} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());
const source = join(tree, "bindings", "node");
const library = join(tree, "build", "lib", "libagentkernel.so.0");
const makeClient = 'const {AgentKernel} = require("agentkernel"); console.log(new AgentKernel().baseUrl);';

test("what is generated is what the schema and the header say", async () => {
    const {code, out, err} = await finished(join(tree, "tools", "generate"), ["--check"]);
    assert.equal(code, 0, out + err);
});

test("every function and constant of the ledger is there", () => {
    const abi = readFileSync(join(source, "src", "raw", "abi.ts"), "utf8");
    const ledger = readFileSync(join(tree, "abi", "symbols.txt"), "utf8").split("\n");
    const names = ledger.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0] ?? "");
    assert.ok(names.length > 100);
    for (const name of names) assert.match(abi, new RegExp(`\\b${name}\\b`));
});

test("where the library is looked for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ak-node-"));
    try {
        const alone = join(folder, "node_modules", "agentkernel");
        cpSync(join(built, "package"), alone, {recursive: true});
        cpSync(join(built, "node_modules", "koffi"), join(folder, "node_modules", "koffi"), {recursive: true});
        cpSync(join(built, "node_modules", "@koromix"), join(folder, "node_modules", "@koromix"), {recursive: true});
        const make = (env: Record<string, string>): ReturnType<typeof finished> =>
            finished(process.execPath, ["-e", makeClient], {cwd: folder, env: {LD_LIBRARY_PATH: "", ...env}});

        assert.match((await make({})).out, /localhost/, "beside the package");
        rmSync(join(alone, "native"), {recursive: true});
        assert.match((await make({AGENTKERNEL_LIBRARY: library})).out, /localhost/, "AGENTKERNEL_LIBRARY");
        assert.match((await make({LD_LIBRARY_PATH: join(tree, "build", "lib")})).out, /localhost/, "the system");

        copyFileSync(join(source, "package.json"), join(folder, "no-library.so"));
        const {code, err} = await make({AGENTKERNEL_LIBRARY: join(folder, "no-library.so")});
        assert.equal(code, 1);
        assert.match(err, /libagentkernel could not be loaded/);
        assert.match(err, new RegExp(`beside the package: there is no ${alone}/native/`));
        assert.match(err, /in the package of this platform: there is none for linux-\w+-gnu/);
        assert.match(err, /AGENTKERNEL_LIBRARY \(.*no-library\.so\): .*invalid ELF/);
        assert.match(err, /where the system looks \(libagentkernel\.so\.0\): .*cannot open/);
        assert.match((await make({})).err, /AGENTKERNEL_LIBRARY: is not set/);
    } finally {
        rmSync(folder, {recursive: true});
    }
});

test("importing the package loads nothing", async () => {
    const maps = 'require("agentkernel"); console.log(require("fs").readFileSync("/proc/self/maps", "utf8"))';
    const {code, out} = await finished(process.execPath, ["-e", maps], {cwd: built});
    assert.equal(code, 0);
    assert.doesNotMatch(out, /libagentkernel|libcurl/);
});

test("libcurl uses the system's OpenSSL, not the one that node is made of", async () => {
    const reply = {rules: [{times: "always", steps: [{reply: {text: "ok"}}]}]};
    await using server = await fault.script({...reply, tls: true});
    const program = `
        const {AgentKernel} = require("agentkernel");
        new AgentKernel({baseUrl: ${JSON.stringify(server.url)}, caFile: ${JSON.stringify(server.answer["ca_file"])}})
            .run(["x"]).catch((error) => console.log(error.code, error.phase));`;
    // Into files: the loader drops what standard error does not accept at once.
    const folder = mkdtempSync(join(tmpdir(), "ak-node-"));
    let said: string;
    try {
        const env = {LD_DEBUG: "bindings", LD_DEBUG_OUTPUT: join(folder, "bindings")};
        const {code, out, err} = await finished(process.execPath, ["-e", program], {cwd: built, env});
        assert.equal(code, 0, err);
        assert.match(out, /AK_E_PROTOCOL/); // the reply came over TLS
        said = readdirSync(folder)
            .map((name) => readFileSync(join(folder, name), "utf8"))
            .join("");
    } finally {
        rmSync(folder, {recursive: true});
    }
    const bound = [
        ...said.matchAll(/binding file \S*\/libcurl\.so\S* \[0\] to (\S+) \[0\]: normal symbol `(SSL_\w+)'/g),
    ];
    assert.ok(bound.length > 10, `${bound.length} symbols`);
    for (const [, to, symbol] of bound) assert.match(to ?? "", /\/libssl\.so/, symbol);
});
