// What is seen of results and errors without asking for a member: printed, copied, sent to a worker, as JSON; and the
// caller's line in the stack of an error.
import assert from "node:assert/strict";
import {writeFileSync} from "node:fs";
import {Writable} from "node:stream";
import {pipeline} from "node:stream/promises";
import {after, before, test} from "node:test";
import {inspect} from "node:util";
import {AgentKernel} from "agentkernel";
import {LocalServer, runtime} from "./kit.mjs";

let server: LocalServer;
let client: AgentKernel;
before(async () => {
    server = await LocalServer.start();
    client = new AgentKernel({baseUrl: server.url});
});
after(() => server.end());

/** An object as seen by what takes no notice of its class. */
function views(value: object): Record<string, unknown>[] {
    return [{...value}, structuredClone(value), JSON.parse(JSON.stringify(value))] as Record<string, unknown>[];
}

test("a result shows its output and the other fields", async () => {
    const result = await client.run(["echo", "hello"]);
    assert.deepEqual(Object.keys(result), ["output", "outputBytes", "exit_code", "truncated", "total_bytes"]);
    for (const view of views(result)) assert.deepEqual([view["output"], view["exit_code"]], ["hello\n", 0]);
    assert.equal(inspect(result), "RunOutput { output: 'hello\\n', exit_code: 0 }");
    const long = await client.run(["sh", "-c", "yes | head -c 100000"]); // which becomes text when it is read
    for (const view of views(long)) assert.equal(view["output"], "y\n".repeat(50000));
    const {results} = await client.batchRun([["echo", "one"], ["false"]]);
    assert.match(
        inspect(results),
        /BatchResult \{ output: 'one\\n', error: null \},\s+BatchResult \{ output: null, error: '/,
    );
});

test("a file shows its content", async () => {
    await client.sandbox("node-shown", async (sandbox) => {
        for (const [bytes, content, encoding] of [
            [Buffer.from("text"), "text", "utf8"],
            [Buffer.from([0, 255]), "AP8=", "base64"],
            [Buffer.alloc(9000, 255), "/".repeat(12000), "base64"],
        ] as const) {
            await sandbox.writeFile("/tmp/x", bytes);
            const file = await sandbox.readFile("/tmp/x");
            for (const view of views(file)) {
                assert.deepEqual([view["content"], view["encoding"]], [content, encoding]);
                if ("contentBytes" in view) assert.deepEqual(Buffer.from(view["contentBytes"] as Buffer), bytes);
            }
        }
    });
});

test("an error shows what it has, and nothing else", async () => {
    const error = await client.run(["sh", "-c", "echo boom; exit 3"]).catch((error: unknown) => error as Error);
    const shown = inspect(error);
    for (const line of ["exitCode: 3", "output: 'boom\\n'", "operation: 'run'"]) assert.ok(shown.includes(line), shown);
    assert.doesNotMatch(shown, /undefined/);
});

/** The stack of the error that a function fails with. */
async function stackOf(failing: () => Promise<unknown>): Promise<string> {
    try {
        await failing();
    } catch (error) {
        return (error as Error).stack ?? "";
    }
    assert.fail("it did not fail");
}

// Bun has no such lines behind a wait.
test("the stack of an error names the caller's line", {skip: runtime === "bun"}, async () => {
    const abort = (): AbortSignal => AbortSignal.timeout(1);
    const never = ["sh", "-c", "echo; exec sleep 1000"];
    const local = `/var/tmp/ak-node-shown-${String(process.pid)}`;
    await using sandbox = await client.sandbox("node-stack");
    async function* content(): AsyncGenerator<string> {
        yield "x";
        await Promise.race([]); // never
    }
    const ways: Record<string, () => Promise<unknown>> = {
        run: async function callersLine() {
            await client.run(["false"]);
        },
        invalid: async function callersLine() {
            await client.run(["x"], {timeout: -1});
        },
        aborted: async function callersLine() {
            await client.run(never, {signal: abort()});
        },
        late: async function callersLine() {
            await client.run(never, {timeout: 1});
        },
        "all at once": async function callersLine() {
            await Promise.all([client.run(["true"]), client.run(["false"])]);
        },
        stream: async function callersLine() {
            for await (const each of client.runStream(never, {signal: abort()})) assert.ok(each);
        },
        "bytes of a stream": async function callersLine() {
            for await (const each of client.runStream(never, {signal: abort()}).readable()) assert.ok(each);
        },
        "a file in pieces": async function callersLine() {
            await pipeline(sandbox.createReadStream("/nowhere"), new Writable({write: (_b, _e, done) => done()}));
        },
        download: async function callersLine() {
            await sandbox.download("/nowhere", local);
        },
        "content in pieces": async function callersLine() {
            await sandbox.writeFile("/tmp/x", content(), {signal: abort()});
        },
        upload: async function callersLine() {
            writeFileSync(local, "x");
            await sandbox.upload(local, "/proc/nowhere");
        },
        session: async function callersLine() {
            await sandbox.run(["false"]);
        },
        "session's create": async function callersLine() {
            await client.sandbox("node-stack", () => undefined);
        },
        "detached command": async function callersLine() {
            await sandbox.detachedWait("nowhere");
        },
        "invalid wait": async function callersLine() {
            await sandbox.detachedWait("nowhere", {connectTimeout: -1});
        },
        "any operation": async function callersLine() {
            for await (const each of client.call("get_sandbox", {name: "nowhere"} as object)) assert.ok(each);
        },
    };
    for (const [name, failing] of Object.entries(ways)) {
        const stack = await stackOf(failing);
        assert.match(stack, /^\w+Error: .+\n/, name);
        assert.match(stack, /callersLine \(.*shown\.test\.mjs:\d+:\d+\)/, `${name}: ${stack}`);
    }
});
