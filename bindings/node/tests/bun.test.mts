// Bun: its event loop cannot watch a descriptor, so the one waiter in a thread of the pool does.
import assert from "node:assert/strict";
import {join} from "node:path";
import {after, test} from "node:test";
import {built, FaultServer, finished, outputs, tree} from "./kit.mjs";

const bun = join(built, "node_modules", ".bin", "bun");
const fault = new FaultServer();
after(() => fault.end());

test("bun: the shared cases", async () => {
    const program = `
        import {readdirSync, readFileSync} from "node:fs";
        const {casesOf, failuresOfAll} = await import(${JSON.stringify(join(built, "tests", "conformance.mjs"))});
        const {FaultServer} = await import(${JSON.stringify(join(built, "tests", "kit.mjs"))});
        const fault = new FaultServer(), folder = ${JSON.stringify(join(tree, "tests", "conformance", "cases"))};
        let cases = [];
        for (const file of readdirSync(folder)) cases = cases.concat(casesOf(readFileSync(folder + "/" + file, "utf8")));
        const wrong = (await failuresOfAll(cases, fault, "methods")).flat();
        await fault.end();
        console.log(cases.length > 100 ? "many" : "few", wrong.join("\\n"));`;
    const {code, out, err} = await finished(bun, ["-e", program], {cwd: built});
    assert.deepEqual([code, out.trim()], [0, "many"], err);
});

test("bun: streams at once while a timer ticks, aborting, and leaving with nothing held", async () => {
    await using server = await fault.script({
        rules: [
            {times: "always", target: "/run", steps: [{wait: "close"}]},
            ...(outputs(100, "z".repeat(100))["rules"] as object[] as never[]),
        ],
    });
    const program = `
        import {AgentKernel} from "agentkernel";
        const client = new AgentKernel({baseUrl: ${JSON.stringify(server.url)}});
        let ticks = 0;
        const timer = setInterval(() => ticks++, 5);
        const sizes = await Promise.all(Array.from({length: 50}, async () => {
            let size = 0;
            for await (const event of client.runStream(["x"])) size += event.output?.length ?? 0;
            return size;
        }));
        const bytes = [];
        for await (const chunk of client.runStream(["x"]).readable()) bytes.push(chunk);
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 100);
        const error = await client.run(["x"], {signal: controller.signal}).catch((error) => error);
        clearInterval(timer);
        console.log(sizes.every((size) => size === 10000), Buffer.concat(bytes).length, error.name, ticks > 10);`;
    const {code, out, err} = await finished(bun, ["-e", program], {cwd: built});
    assert.deepEqual([code, out.trim()], [0, "true 10000 AbortError true"], err);
});
