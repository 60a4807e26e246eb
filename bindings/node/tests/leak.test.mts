// Memory and descriptors do not grow over ten thousand calls and over streams that are left in every way.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {after, test} from "node:test";
import {built, collect, descriptors, FaultServer, finished, outputs, sleep} from "./kit.mjs";
import type {Json, JsonObject} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());

/** Private memory of this process, in MiB. */
function memory(): number {
    const [, kib] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return Number(kib) / 1024;
}

async function collected(): Promise<void> {
    for (let i = 0; i < 3; i++) {
        collect();
        await sleep(20);
    }
}

/**
 * Repeats a function, with the first fifth as warm-up, and checks that memory and descriptors do not grow afterwards.
 * Buffers outside the heap are allocated and freed in large pieces, so where there are many of them more is tolerated.
 */
async function flat(times: number, each: (i: number) => Promise<void>, mebibytes = 16): Promise<void> {
    let before: [number, number] = [0, 0];
    for (let i = 0; i < times; i++) {
        if (i === times / 5) {
            await collected();
            before = [memory(), descriptors()];
        }
        await each(i);
    }
    let [grown, opened] = [0, 0];
    for (let i = 0; i < 100; i++) {
        await collected();
        [grown, opened] = [memory() - before[0], descriptors() - before[1]];
        if (grown < mebibytes && opened <= 4) return;
    }
    assert.fail(`${grown} MiB and ${opened} descriptors more`);
}

test("10,000 calls, with connections that are kept and with none", async () => {
    await using server = await fault.script({
        rules: [{times: "always", steps: [{reply: {json: {success: true, data: {output: "x".repeat(1000)}}}}]}],
    });
    for (const maxIdle of [8, 0]) {
        const client = server.client({maxIdle});
        await flat(500, async () => {
            await Promise.all(
                Array.from({length: 10}, async () => assert.equal((await client.run(["x"])).output.length, 1000)),
            );
        });
    }
});

test("calls that fail, time out and are aborted", async () => {
    await using server = await fault.script({
        rules: [
            {times: "always", target: "/health", steps: [{reply: {status: 500, json: {success: false, error: "no"}}}]},
            {times: "always", steps: [{wait: "close"}]},
        ],
    });
    const client = server.client();
    await flat(1000, async (i) => {
        const controller = new AbortController();
        if (i % 3 === 0) setImmediate(() => controller.abort());
        const call =
            i % 3 === 2
                ? client.health()
                : client.run(["x"], {signal: controller.signal, timeout: i % 3 === 1 ? 1 : 30000});
        await assert.rejects(call, {name: ["AbortError", "TimeoutError", "ServerError"][i % 3] ?? ""});
    });
});

test("streams that are left: by break, by return, by destroy, and by forgetting them", async () => {
    await using server = await fault.script(outputs(100000, "x".repeat(1000)));
    const client = server.client();
    await flat(1000, async (i) => {
        const stream = client.runStream(["x"]);
        if (i % 4 === 0) {
            for await (const event of stream) {
                assert.ok(event.output);
                break;
            }
        } else if (i % 4 === 1) {
            await stream.next();
            await stream.return();
        } else if (i % 4 === 2) {
            for await (const chunk of stream.readable() as AsyncIterable<Buffer>) {
                assert.ok(chunk.length > 0);
                break;
            }
        } else {
            await stream.next();
            if (i % 100 === 3) await collected(); // so that streams not yet collected do not use up the descriptors
        }
    });
    assert.ok(await server.reached("client_ended", 990));
});

test("clients that are forgotten", async () => {
    await using server = await fault.script({
        rules: [{times: "always", steps: [{reply: {json: {success: true, data: {output: "x"}}}}]}],
    });
    const {AgentKernel} = await import("agentkernel");
    await flat(1000, async (i) => {
        await new AgentKernel({baseUrl: server.url}).run(["x"]);
        if (i % 50 === 0) await collected();
    });
});

test("a gibibyte through events, a Readable and a file adds nothing that stays", async () => {
    const program = join(built, "tests", "gibibyte.mjs");
    const chunk = (text: string): Json => ({text, chunked: true});
    const file: JsonObject = {
        rules: [
            {
                steps: [
                    {text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
                    chunk('{"success":true,"data":{"encoding":"utf8","content":"'),
                    {repeat_text: "y".repeat(16384), count: 65536, chunked: true},
                    chunk('"}}'),
                    {last_chunk: true},
                ],
            },
        ],
    };
    for (const way of ["events", "readable", "file"]) {
        await using server = await fault.script(way === "file" ? file : outputs(65536, "y".repeat(16384)));
        const {code, out, err} = await finished(process.execPath, [program, server.url, way]);
        assert.equal(code, 0, err);
        const [size, grown] = out.split(" ").map(Number);
        assert.equal(size, 65536 * 16384);
        assert.ok((grown ?? 99) <= 32, `${way}: ${grown} MiB`);
    }
});

test("files that are read and written, to their end, in part, and not at all", async () => {
    const content = Buffer.alloc(100_000, "x").toString("base64");
    const file = {success: true, data: {encoding: "base64", content, size: 100_000}};
    await using server = await fault.script({
        rules: [
            {method: "GET", times: "always", steps: [{reply: {json: file}}]},
            {method: "PUT", times: "always", steps: [{reply: {json: {success: true}}}]},
        ],
    });
    const client = server.client();
    const failing = function* (): Generator<string> {
        yield "half";
        throw new RangeError("no more");
    };
    await flat(
        1000,
        async () => {
            for await (const piece of client.createReadStream("box", "/tmp/x")) assert.ok(piece);
            for await (const piece of client.createReadStream("box", "/tmp/x")) {
                assert.ok(piece);
                break;
            }
            client.createReadStream("box", "/tmp/x").destroy();
            await client.writeFile("box", "/tmp/x", ["one", "two"]);
            await assert.rejects(client.writeFile("box", "/tmp/x", failing()), RangeError);
        },
        32,
    );
});

test("a stream of a file that is forgotten in its middle", async () => {
    const start = '{"success":true,"data":{"encoding":"utf8","content":"half';
    await using server = await fault.script({
        rules: [
            {
                times: "always",
                steps: [{text: `HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n${start}`}, {wait: "close"}],
            },
        ],
    });
    const client = server.client();
    const before = descriptors();
    const begin = async (): Promise<void> => {
        const stream = client.createReadStream("box", "/tmp/x");
        await new Promise((resolve) => stream.once("readable", resolve));
        assert.ok(stream.read());
    };
    for (let i = 0; i < 5; i++) await begin();
    for (let i = 0; i < 100 && descriptors() > before + 2; i++) await collected();
    assert.ok(descriptors() <= before + 2, `${descriptors()} descriptors, ${before} before`);
});
