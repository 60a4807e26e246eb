// Against agentkernel-local: real commands in real sandboxes.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {after, before, test} from "node:test";
import {
    AgentKernel,
    CommandError,
    ConflictError,
    NotFoundError,
    ServerError,
    StreamEvent,
    TimeoutError,
} from "agentkernel";
import {built, finished, LocalServer, runtime, sleep, stretched} from "./kit.mjs";

let server: LocalServer;
let client: AgentKernel;
before(async () => {
    server = await LocalServer.start();
    client = new AgentKernel({baseUrl: server.url});
});
after(() => server.end());

test("health", async () => {
    assert.equal(await client.health(), "ok");
    assert.equal(client.baseUrl, server.url);
});

test("the environment is the process's, as it is when the client is made", async () => {
    const run = 'new AgentKernel({baseUrl: "local:"}).run(["true"]).catch((error) => console.log(error.message))';
    for (const [env, set] of [
        [{AGENTKERNEL_LOCAL: "/nowhere"}, ""],
        [{}, 'process.env.AGENTKERNEL_LOCAL = "/nowhere";'],
    ] as const) {
        if (set !== "" && runtime === "bun") continue; // whose process.env does not change the process's
        const code = `const {AgentKernel} = require("agentkernel"); ${set} ${run}`;
        const {out, err} = await finished(process.execPath, ["-e", code], {cwd: built, env});
        assert.match(out, /^local: AGENTKERNEL_LOCAL names \/nowhere, /, err);
    }
});

test("what is of the wrong type is told by its name", async () => {
    const wrong: [string, () => unknown][] = [
        ["options must be an object, not string", () => new AgentKernel("http://x" as never)],
        ["options must be an object, not null", () => new AgentKernel(null as never)],
        ["signal must be an AbortSignal, not number", () => client.run(["x"], {signal: 5 as never})],
        ["each entry of commands must be a list of strings, not string", () => client.batchRun(["x"] as never)],
        ["timeout must be a number of milliseconds, not string", () => client.run(["x"], {timeout: "5" as never})],
        [
            "timeout must be a number of milliseconds, not string",
            () => client.detachedWait("box", "id", {timeout: "5" as never}),
        ],
        [
            "content must be a string, a Uint8Array or an iterable of them, not null",
            () => client.writeFile("box", "/tmp/x", null as never),
        ],
    ];
    for (const [message, misuse] of wrong) {
        await assert.rejects(() => new Promise((resolve) => resolve(misuse())), {name: "TypeError", message});
    }
    for (const timeout of [-1, NaN]) {
        await assert.rejects(client.run(["x"], {timeout}), {
            name: "ValidationError",
            message: "timeout: must be 0 or more milliseconds, or Infinity for none",
            sent: "nothing",
        });
    }
    await assert.rejects(client.writeFile("box", "/tmp/x", undefined as never), {
        name: "ValidationError",
        message: "write_file: content is required",
    });
    await assert.rejects(client.writeFile("box", "/tmp/x", "x", {encoding: "latin1" as never}), {
        name: "ValidationError",
        message: "encoding: must be utf8 or base64",
    });
});

test("run gives output, text and bytes", async () => {
    const result = await client.run(["printf", "caf\\303\\251\\000\\377"]);
    assert.equal(result.output, "café\0\ufffd");
    assert.deepEqual([...result.outputBytes], [...Buffer.from("café"), 0, 255]);
    assert.equal(result.exit_code, 0);
    assert.equal((result.toJSON() as {output: string}).output, (JSON.parse(result.raw) as {output: string}).output);
});

test("arguments arrive byte for byte", async () => {
    const words = ["", " ", "'\"$(id)`", "\n", "ü€😀", "--", "*"];
    const {output} = await client.run(["sh", "-c", 'for a; do printf "%s|" "$a"; done', "sh", ...words]);
    assert.equal(output, words.map((word) => `${word}|`).join(""));
});

test("a command that fails is an error with its exit code and output", async () => {
    const failing = ["sh", "-c", "echo boom; exit 3"];
    await assert.rejects(client.run(failing), (error: unknown) => {
        assert.ok(error instanceof CommandError);
        assert.deepEqual(
            [error.status, error.exitCode, error.output, error.code, error.sent, error.operation],
            [409, 3, "boom\n", "AK_E_COMMAND", "answered", "run"],
        );
        assert.match(error.message, /code 3/);
        return true;
    });
    assert.equal((await client.run(failing, {check: false})).exit_code, 3);
});

test("a stream's events, and how it ended", async () => {
    const types: string[] = [];
    let text = "";
    const stream = client.runStream(["sh", "-c", "echo a; echo b; exit 4"]);
    for await (const event of stream) {
        assert.ok(event instanceof StreamEvent);
        if (types.at(-1) !== event.type) types.push(event.type);
        if (event.type === "output") {
            text += event.data["data"] as string; // as in the official SDK
            assert.equal(event.text, event.data["data"]);
        }
    }
    assert.deepEqual(types, ["started", "progress", "output", "done"]);
    assert.equal(text, "a\nb\n");
    assert.equal(stream.exitCode, 4);
    assert.equal(stream.finalEvent?.success, false);
    assert.deepEqual(await stream.next(), {done: true, value: undefined});
});

test("a stream's events come as they happen", () =>
    stretched(async (factor) => {
        const times: number[] = [];
        for await (const event of client.runStream(["sh", "-c", `echo a; sleep ${0.5 * factor}; echo b`]))
            if (event.type === "output") times.push(performance.now());
        assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) > 250 * factor, "they came one by one");
    }));

test("the bytes of a stream", async () => {
    const stream = client.runStream(["sh", "-c", "head -c 3000000 /dev/zero; printf '\\377'; exit 5"]);
    let [size, last] = [0, 0];
    for await (const chunk of stream.readable() as AsyncIterable<Buffer>) {
        size += chunk.length;
        last = chunk.at(-1) ?? 0;
    }
    assert.deepEqual([size, last, stream.exitCode], [3000001, 255, 5]);
});

test("a sandbox: create, exec, info, list, remove", async () => {
    const made = await client.createSandbox("node-one", {memory_mb: 128, vcpus: 1});
    assert.deepEqual([made.name, made.status, made.memory_mb], ["node-one", "running", 128]);
    assert.equal((JSON.parse(made.raw) as {name: string}).name, "node-one");
    assert.ok(!Object.keys(made).includes("raw"));
    await client.execInSandbox("node-one", ["sh", "-c", "echo kept > note"]);
    const shown = ["sh", "-c", "cat note; echo $A-$B; pwd"];
    const {output} = await client.execInSandbox("node-one", shown, {env: {A: "1", B: "ü="}});
    assert.match(output, /^kept\n1-ü=\n/);
    assert.ok(output.startsWith((await client.execInSandbox("node-one", shown, {env: ["A=1", "B=ü="]})).output));
    const there = await client.execInSandbox("node-one", ["pwd"], {workdir: "/tmp"});
    assert.equal(there.output, "/tmp\n");
    assert.ok((await client.listSandboxes()).some((each) => each.name === "node-one"));
    assert.equal((await client.getSandbox("node-one")).name, "node-one");
    await assert.rejects(
        client.createSandbox("node-one"),
        (error) => error instanceof ConflictError || error instanceof ServerError,
    );
    await client.removeSandbox("node-one");
    await assert.rejects(client.removeSandbox("node-one"), NotFoundError);
});

const gone = (name: string): Promise<void> => assert.rejects(client.getSandbox(name), NotFoundError);

test("await using removes the sandbox", async () => {
    {
        await using sandbox = await client.sandbox("node-using");
        await sandbox.run(["sh", "-c", "echo kept > note"]);
        assert.equal((await sandbox.run(["cat", "note"])).output, "kept\n");
        assert.equal((await sandbox.info()).name, "node-using");
        await assert.rejects(sandbox.exec(["false"]), CommandError);
    }
    await gone("node-using");
});

test("a sandbox for a function is removed on every way out", async () => {
    assert.equal(await client.sandbox("node-fn", (sandbox) => sandbox.name), "node-fn");
    await gone("node-fn");

    const failed = client.sandbox("node-fn", {memory_mb: 64}, () => {
        throw new RangeError("mine");
    });
    await assert.rejects(failed, {name: "RangeError", message: "mine"});
    await gone("node-fn");

    // The signal of the session applies to its methods.
    const controller = new AbortController();
    const aborted = client.sandbox("node-fn", {signal: controller.signal}, (sandbox) => {
        setTimeout(() => controller.abort(), 100);
        return sandbox.run(["sleep", "60"]);
    });
    await assert.rejects(aborted, {name: "AbortError"});
    await gone("node-fn");

    // The function may remove it itself.
    await client.sandbox("node-fn", async (sandbox) => {
        await sandbox.remove();
        await sandbox.remove();
        await gone("node-fn");
    });
    await client.sandbox("node-fn", () => client.removeSandbox("node-fn"));
});

test("a deadline ends a command, and the client goes on", async () => {
    await stretched((factor) =>
        assert.rejects(client.run(["sleep", "600"], {timeout: 200 * factor}), (error: unknown) => {
            assert.ok(error instanceof TimeoutError);
            assert.equal(error.sent, "some");
            return true;
        }),
    );
    await assert.rejects(async () => {
        for await (const event of client.runStream(["sleep", "600"], {timeout: 300}))
            assert.notEqual(event.type, "done");
    }, TimeoutError);
    assert.equal(await client.health(), "ok");
});

test("fifty at once", async () => {
    const results = await Promise.all(Array.from({length: 50}, (_, i) => client.run(["echo", String(i)])));
    results.forEach(({output}, i) => assert.equal(output, `${i}\n`));
});

test("local: starts a server of the process's own, which ends with it", async () => {
    const program = `
        const {AgentKernel} = require("agentkernel");
        (async () => {
            const client = new AgentKernel({baseUrl: "local:"});
            console.log((await client.run(["echo", "own"])).output.trim());
            console.log(require("fs").readdirSync("/proc").filter((pid) => {
                try { return require("fs").readFileSync("/proc/" + pid + "/environ", "latin1").includes("AK_MARK=${process.pid}"); }
                catch { return false; }
            }).join(" "));
        })();`;
    const {code, out, err} = await finished(process.execPath, ["-e", program], {
        cwd: built,
        env: {AK_MARK: String(process.pid)},
    });
    assert.equal(code, 0, err);
    const [output, pids = ""] = out.split("\n");
    assert.equal(output, "own");
    for (const pid of pids.split(" ").filter((each) => each !== "")) {
        let alive = true;
        for (let i = 0; i < 1200 && alive; i++) {
            alive = isAlive(Number(pid));
            if (alive) await sleep(50);
        }
        assert.ok(!alive, `process ${pid} is still there`);
    }
});

// A zombie does not count as alive: not every init process of a container reaps its children.
function isAlive(pid: number): boolean {
    try {
        return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
    } catch {
        return false;
    }
}
