// Unreferenced objects, in any order; ends of processes and workers amid calls; and objects used after their end.
import assert from "node:assert/strict";
import {once} from "node:events";
import {join} from "node:path";
import {PassThrough} from "node:stream";
import {after, test} from "node:test";
import {Worker} from "node:worker_threads";
import type {AgentKernel} from "agentkernel";
import {built, collect, descriptors, FaultServer, finished, runtime, sleep} from "./kit.mjs";
import type {Json, JsonObject} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());

const half = (text: string): Json => ({text: `HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n${text}`});
const rule = (method: string, target: string, ...steps: Json[]): Json => ({times: "always", method, target, steps});
const event: Json = {event: "output", data: {data: "abc"}};
const box = {name: "box", status: "running"};

/** Everything but plain requests hangs in the middle. */
const hanging: JsonObject = {
    rules: [
        rule("POST", "/run/stream", {sse: {end: false, events: [event]}}, {wait: "close"}),
        rule("POST", "/run", {wait: "close"}),
        rule("GET", "/sandboxes", {reply: {json: {success: true, data: [box, box]}}}),
        rule("POST", "/sandboxes", {reply: {json: {success: true, data: box}}}),
        rule("DELETE", "/sandboxes/box", {reply: {json: {success: true}}}),
        rule("GET", "/health", {reply: {json: {success: true, data: "ok"}}}),
        {
            times: "always",
            method: "GET",
            steps: [half('{"success":true,"data":{"encoding":"utf8","content":"half'), {wait: "close"}],
        },
        {times: "always", method: "PUT", read: "head", steps: [{wait: "close"}]},
    ],
};

/** Starts something and leaves it in the middle, unreferenced. */
const begun: Record<string, (client: AgentKernel, signal: AbortSignal | undefined) => Promise<unknown>> = {
    "events of a command": async (client, signal) => {
        const stream = client.runStream(["x"], {signal});
        assert.equal((await stream.next()).value?.text, "abc");
    },
    "bytes of a command": async (client, signal) => {
        const readable = client.runStream(["x"], {signal}).readable();
        await once(readable, "readable");
        assert.equal(String(readable.read()), "abc");
    },
    "a file that is read": async (client, signal) => {
        const readable = client.createReadStream("box", "/tmp/x", {signal, timeout: Infinity});
        await once(readable, "readable");
        assert.equal(String(readable.read()), "half");
    },
    "records of a call": async (client, signal) => {
        const records = client.call("run_stream", {command: ["x"], signal});
        assert.equal((await records.next()).done, false);
    },
};

for (const [what, begin] of Object.entries(begun)) {
    for (const signal of [undefined, new AbortController().signal]) {
        test(`${what}, forgotten${signal === undefined ? "" : " while a signal stays"}, end`, async () => {
            await using server = await fault.script(hanging);
            const client = server.client();
            const before = descriptors();
            for (let i = 0; i < 5; i++) await begin(client, signal);
            await gone(before + 8); // five for each, and the last may still be referenced
            assert.ok(await server.reached("client_ended", 4));
        });
    }
}

test("content that never comes, for which there is no deadline, ends when nobody can give it any more", async () => {
    await using server = await fault.script(hanging);
    const client = server.client();
    const before = descriptors();
    const begin = (): void => {
        const stalled = new PassThrough();
        stalled.write("half");
        client.writeFile("box", "/tmp/x", stalled, {timeout: Infinity}).catch(() => undefined);
    };
    for (let i = 0; i < 5; i++) begin();
    assert.ok(await server.reached("requests", 5));
    await gone(before + 8); // five for each, and the last may still be referenced
    assert.ok(await server.reached("client_ended", 4));
});

/** Collects garbage until a number of descriptors is left. */
async function gone(left: number): Promise<void> {
    for (let i = 0; i < 3000 && descriptors() > left; i++) {
        collect();
        await sleep(20);
    }
    assert.ok(descriptors() <= left, `${descriptors()} descriptors, ${left} wanted`);
}

const program = join(built, "tests", "everything.mjs");
const flags = runtime === undefined ? ["--expose-gc"] : [];
const long = {timeout: 900000};
/** Deno keeps its own descriptors for workers that have ended. */
const workers = {...long, skip: runtime === "deno"};

for (const [way, how] of Object.entries({
    finalizers: {code: 0, out: "20 of 20\n"},
    "process.exit in an iteration": {code: 7},
    "an error in an iteration": {code: 1, err: /RangeError: abc/},
    "a listener of the end": {code: 7},
    "the end of what there is to do": {code: 7},
    "a signal": {code: null, signal: "SIGTERM"},
} as Record<string, {code: number | null; signal?: string; out?: string; err?: RegExp}>)) {
    test(`a process amid everything: ${way}`, long, async () => {
        await using server = await fault.script(hanging);
        const {err, ...ended} = await finished(process.execPath, [...flags, program, server.url, way]);
        const {err: said = /^$/, ...wanted} = how;
        assert.deepEqual(ended, {signal: null, out: "", ...wanted}, err);
        assert.match(err, said);
    });
}

for (const [way, ...how] of [
    ["for ever", 1, []],
    ["process.exit in an iteration", 7, []],
    ["an error in an iteration", runtime === "bun" ? 0 : 1, [true]],
    ["a listener of the end", 7, []],
] as const) {
    test(`a worker amid everything: ${way}`, workers, async () => {
        await using server = await fault.script(hanging);
        const client = server.client();
        let before = 0;
        for (let i = 0; i < 8; i++) {
            if (i === 2) before = await rest();
            const worker = new Worker(program, {argv: [server.url, way]});
            const errors: unknown[] = [];
            worker.on("error", (error) => errors.push(error));
            const ended = new Promise((resolve) => worker.on("exit", resolve));
            if (way === "for ever") {
                await once(worker, "message");
                await sleep(7 * i); // at a random moment
                void worker.terminate();
            }
            assert.deepEqual([await ended, errors.map((error) => String(error).includes("abc"))], how);
            assert.equal(await client.health(), "ok");
        }
        await gone(before + 12); // of more than two hundred: a call, of five, may be leaked that was just being created
    });
}

test("a process ends amid workers that are amid everything", long, async () => {
    await using server = await fault.script(hanging);
    const text = `
        const {Worker} = require("node:worker_threads");
        const busy = new Set();
        for (let i = 0; i < 3; i++) {
            new Worker(${JSON.stringify(program)}, {argv: [${JSON.stringify(server.url)}, "for ever"]})
                .on("message", () => busy.add(i).size === 3 && process.exit(7));
        }`;
    const ended = await finished(process.execPath, [...flags, "-e", text]);
    assert.deepEqual(ended, {code: 7, signal: null, out: "", err: ""});
});

/** The number of descriptors once it no longer changes. */
async function rest(): Promise<number> {
    for (let last = -1; ; ) {
        const now = descriptors();
        if (now === last) return now;
        last = now;
        await sleep(100);
    }
}
