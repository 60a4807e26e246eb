// What `dev dist` packs, installed by name as a user does: it brings all that it needs. AK_NATIVE is the folder of
// native parts.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {finished, tree} from "./kit.mjs";
import {manifestOf, serve} from "./registry.mjs";

interface Release {
    version: string;
    names: {npm: string; npm_platform: string};
    platforms: Record<string, {node?: string}>;
}

const native = process.env["AK_NATIVE"];
const skip = native === undefined;
const release = JSON.parse(readFileSync(join(tree, "tools", "dist", "packages.json"), "utf8")) as Release;
const nameOf = (target: string): string =>
    release.names.npm_platform.replace("{platform}", release.platforms[target]?.node ?? "");
const folder = mkdtempSync(join(tmpdir(), "ak-node-dist-"));
const [packed, project] = [join(folder, "packed"), join(folder, "project")];
let registry: Awaited<ReturnType<typeof serve>>;
let archives: Map<string, string>; // by the package's name
/** The targets whose parts are there. */
const targets = readdirSync(native ?? tree).filter((each) => existsSync(join(native ?? "", each, "bin", "bwrap")));
const here = targets.find((each) => release.platforms[each]?.node === `linux-${process.arch}-gnu`) ?? "";

const env = {npm_config_audit: "false", npm_config_fund: "false", LD_LIBRARY_PATH: ""};

async function well(path: string, args: string[], more: Record<string, string> = {}): Promise<string> {
    const {code, out, err} = await finished(path, args, {cwd: project, env: {...env, ...more}});
    assert.equal(code, 0, `${path} ${args.join(" ")}: ${out}${err}`);
    return out;
}

function dist(out: string): void {
    execFileSync(join(tree, "bindings", "node", "dev"), ["dist", native ?? "", out, ...targets]);
}

before(async () => {
    if (skip) return;
    dist(packed);
    archives = new Map(readdirSync(packed).map((file) => [manifestOf(join(packed, file)).name, join(packed, file)]));
    registry = await serve(packed);
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{"name": "project", "private": true}');
    const [scope = ""] = release.names.npm.split("/");
    writeFileSync(join(project, ".npmrc"), `${scope}:registry=${registry.url}\n`);
    await well("npm", ["install", "--prefer-offline", `agentkernel@npm:${release.names.npm}`]);
});
after(() => {
    if (!skip) registry.end();
    rmSync(folder, {recursive: true});
});

test("README.md has the name of the package", () => {
    const text = readFileSync(join(tree, "bindings", "node", "README.md"), "utf8");
    assert.match(text, new RegExp(`npm install agentkernel@npm:${release.names.npm}\n`));
});

test("two runs pack the same bytes", {skip}, () => {
    const again = join(folder, "again");
    dist(again);
    assert.deepEqual(readdirSync(again), readdirSync(packed));
    for (const file of readdirSync(again))
        assert.ok(readFileSync(join(again, file)).equals(readFileSync(join(packed, file))), file);
});

test("what is packed", {skip}, () => {
    const list = (name: string): string[] =>
        execFileSync("tar", ["-tvzf", archives.get(name) ?? ""], {encoding: "utf8"})
            .trim()
            .split("\n")
            .map((line) => line.replace(/^(\S+) .* package\//, "$1 "));
    const main = manifestOf(archives.get(release.names.npm) ?? "");
    assert.equal(main["scripts"], undefined);
    assert.equal(main["devDependencies"], undefined);
    assert.deepEqual(Object.keys(main["dependencies"] as object), ["koffi"]);
    const every = Object.keys(release.platforms).map((each) => [nameOf(each), release.version]);
    assert.deepEqual(main["optionalDependencies"], Object.fromEntries(every));
    const files = list(release.names.npm).filter((line) => !line.startsWith("-rw-r--r-- dist/"));
    assert.deepEqual(
        files.sort(),
        ["LICENSE", "README.md", "package.json"].map((file) => `-rw-r--r-- ${file}`),
    );
    for (const target of targets) {
        const {os, cpu, libc, scripts} = manifestOf(archives.get(nameOf(target)) ?? "");
        const [machine, , c] = target.split("-");
        const wanted = [["linux"], [machine === "x86_64" ? "x64" : "arm64"], [c === "gnu" ? "glibc" : c], undefined];
        assert.deepEqual([os, cpu, libc, scripts], wanted);
        const parts = list(nameOf(target));
        for (const file of ["libagentkernel.so.0", "agentkernel-local", "bwrap"])
            assert.ok(parts.includes(`-rwxr-xr-x ${file}`), file);
        assert.ok(parts.includes("-rw-r--r-- LICENSE") && parts.some((line) => line.includes(" licenses/")));
    }
});

const program = `
    const {AgentKernel} = require("agentkernel");
    const {readdirSync, readFileSync, readlinkSync} = require("node:fs");
    const programOf = (pid) => { try { return [readlinkSync("/proc/" + pid + "/exe")]; } catch { return []; } };
    const client = new AgentKernel({baseUrl: "local:"});
    client.run(["echo", "hello"]).then(({output}) => {
        const mapped = readFileSync("/proc/self/maps", "utf8").match(/\\/.*\\.so\\S*/g);
        const programs = readdirSync("/proc").flatMap(programOf);
        console.log(JSON.stringify({output, mapped: [...new Set(mapped)], programs}));
    });`;

test("it runs a command by nothing but what was installed", {skip: skip || here === ""}, async () => {
    const parts = join(project, "node_modules", nameOf(here));
    const said = await well(process.execPath, ["-e", program]);
    const {output, mapped, programs} = JSON.parse(said) as {output: string; mapped: string[]; programs: string[]};
    assert.equal(output, "hello\n");
    assert.ok(mapped.includes(join(parts, "libagentkernel.so.0")), said);
    assert.deepEqual(
        mapped.filter((path) => /curl|cjson|libssl|libcrypto/.test(path)),
        [],
    );
    assert.ok(programs.includes(join(parts, "agentkernel-local")), said);
});

test("without the package of the platform the error says what is missing", {skip: skip || here === ""}, async () => {
    rmSync(join(project, "node_modules", nameOf(here)), {recursive: true}); // as by --omit=optional
    const {code, err} = await finished(process.execPath, ["-e", program], {cwd: project, env});
    assert.equal(code, 1);
    assert.match(err, new RegExp(`in the package of this platform: Cannot find module '${nameOf(here)}/package.json'`));
});
