// The npm package, installed into an empty project: it works from ESM, CommonJS and TypeScript, without a compiler or a
// script at installation.
import assert from "node:assert/strict";
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {built, finished, LocalServer, tree} from "./kit.mjs";

const project = mkdtempSync(join(tmpdir(), "ak-node-project-"));
let server: LocalServer;
const env: Record<string, string> = {
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    LD_LIBRARY_PATH: "",
};

async function well(path: string, args: string[], cwd: string): Promise<string> {
    const {code, out, err} = await finished(path, args, {cwd, env});
    assert.equal(code, 0, `${path} ${args.join(" ")}: ${out}${err}`);
    return out;
}

before(async () => {
    server = await LocalServer.start();
    env["AGENTKERNEL_BASE_URL"] = server.url;
    await well("npm", ["pack", "--pack-destination", project, join(built, "package")], project);
    const [archive = ""] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    writeFileSync(join(project, "package.json"), '{"name": "project", "private": true}');
    await well(
        "npm",
        ["install", "--ignore-scripts", "--prefer-offline", "--no-package-lock", `./${archive}`],
        project,
    );
});
after(async () => {
    await server.end();
    rmSync(project, {recursive: true, force: true});
});

test("what is in the package", () => {
    const installed = join(project, "node_modules", "agentkernel");
    assert.deepEqual(readdirSync(installed).sort(), ["LICENSE", "README.md", "dist", "native", "package.json"]);
    assert.ok(existsSync(join(installed, "native", `linux-${process.arch}`, "libagentkernel.so.0")));
    const {scripts, dependencies} = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
        scripts?: object;
        dependencies: object;
    };
    assert.equal(scripts, undefined);
    assert.deepEqual(Object.keys(dependencies), ["koffi"]);
    const types = ["", "generated"].flatMap((folder) =>
        readdirSync(join(installed, "dist", folder))
            .filter((name) => name.endsWith(".d.ts"))
            .map((name) => join(folder, name)),
    );
    assert.ok(types.includes("index.d.ts") && types.includes(join("generated", "operations.d.ts")));
    // The public types do not depend on how C is called.
    for (const name of types)
        assert.doesNotMatch(readFileSync(join(installed, "dist", name), "utf8"), /koffi|[:<] ?any\b/, name);
});

test("from ESM", async () => {
    writeFileSync(
        join(project, "use.mjs"),
        `
        import {AgentKernel, NotFoundError} from "agentkernel";
        import {createRequire} from "node:module";
        const client = new AgentKernel();
        process.stdout.write((await client.run(["echo", "esm"])).output);
        for await (const event of client.runStream(["echo", "stream"])) process.stdout.write(event.text ?? "");
        const other = createRequire(import.meta.url)("agentkernel"); // the same classes, however they are loaded
        console.log(other.NotFoundError === NotFoundError, other.AgentKernel === AgentKernel);`,
    );
    assert.equal(await well(process.execPath, ["use.mjs"], project), "esm\nstream\ntrue true\n");
});

test("from CommonJS", async () => {
    writeFileSync(
        join(project, "use.cjs"),
        `
        const {AgentKernel, CommandError} = require("agentkernel");
        const client = new AgentKernel();
        client.run(["sh", "-c", "echo cjs; exit 3"]).catch((error) => console.log(error instanceof CommandError, error.exitCode, error.output));`,
    );
    assert.equal(await well(process.execPath, ["use.cjs"], project), "true 3 cjs\n\n");
});

test("from TypeScript, as module and as CommonJS, with the strictest options", async () => {
    const source = `
        import {AgentKernel, CommandError, type SandboxInfo, type StreamEvent} from "agentkernel";
        async function main(): Promise<void> {
            using client = new AgentKernel({timeout: 120000});
            const seen: string[] = [];
            for await (const event of client.runStream(["echo", "ts"])) {
                const each: StreamEvent = event;
                if (each.type === "output") seen.push(each.text ?? "");
            }
            await using sandbox = await client.sandbox("node-ts", {memory_mb: 64});
            const info: SandboxInfo = await sandbox.info();
            const size: number | undefined = info.memory_mb;
            try {
                await sandbox.run(["false"], {signal: AbortSignal.timeout(120000), env: {A: "1"}});
            } catch (error) {
                if (error instanceof CommandError) console.log(seen.join("").trim(), size, error.exitCode, error.output === "");
            }
            const kept: string = await client.sandbox("node-ts-2", async (box) => (await box.run(["echo", "kept"])).output);
            console.log(kept.trim());
            // @ts-expect-error a command is a list
            await client.run("echo").catch((error: unknown) => { console.log((error as Error).name); });
            // @ts-expect-error there is no such option
            await client.run(["echo"], {colour: "red"}).catch((error: unknown) => { console.log((error as Error).name); });
        }
        void main();`;
    writeFileSync(join(project, "module.mts"), source);
    writeFileSync(join(project, "common.cts"), source);
    writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
            compilerOptions: {
                target: "es2022",
                lib: ["es2022", "esnext.disposable"],
                module: "nodenext",
                strict: true,
                types: ["node"],
                exactOptionalPropertyTypes: true,
                noUncheckedIndexedAccess: true,
                skipLibCheck: false,
            },
            files: ["module.mts", "common.cts"],
        }),
    );
    symlinkSync(join(built, "node_modules", "@types"), join(project, "node_modules", "@types"));
    symlinkSync(join(built, "node_modules", "undici-types"), join(project, "node_modules", "undici-types"));
    await well(join(built, "node_modules", ".bin", "tsc"), [], project);
    for (const name of ["module.mjs", "common.cjs"]) {
        assert.equal(await well(process.execPath, [name], project), "ts 64 1 true\nkept\nTypeError\nValidationError\n");
    }
});

test("what both README.md show works", async () => {
    const shown = [tree, join(tree, "bindings", "node")].flatMap((folder) => {
        const text = readFileSync(join(folder, "README.md"), "utf8");
        const found = [...text.matchAll(/^```(?:js|ts)\n(.*?)^```$/gms)].map(([, code]) => code ?? "");
        assert.ok(found.length >= 1);
        return found;
    });
    assert.ok(shown.length >= 8, `${shown.length} snippets`);
    for (const [i, code] of shown.entries()) {
        writeFileSync(join(project, `readme-${i}.mts`), code);
    }
    writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
            compilerOptions: {
                target: "es2022",
                lib: ["es2022", "esnext.disposable"],
                module: "nodenext",
                strict: true,
                types: ["node"],
            },
            include: ["readme-*.mts"],
        }),
    );
    await well(join(built, "node_modules", ".bin", "tsc"), [], project);
    for (const i of shown.keys()) await well(process.execPath, [`readme-${i}.mjs`], project);
});
