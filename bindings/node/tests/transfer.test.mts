// Transfers of files: aborted, too slow, dropped, and existing files that must not be replaced.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {
    lstatSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {PassThrough, Readable, Writable} from "node:stream";
import {pipeline} from "node:stream/promises";
import {after, test} from "node:test";
import {AbortError, TimeoutError, ValidationError} from "agentkernel";
import {collect, descriptors, FaultServer, sleep} from "./kit.mjs";
import type {Json, JsonObject, Scripted} from "./kit.mjs";

const fault = new FaultServer();
const folder = mkdtempSync(join(tmpdir(), "ak-node-transfer-"));
after(async () => {
    await fault.end();
    rmSync(folder, {recursive: true});
});

const SIZE = 8_000_000;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{"success":true,"data":{"encoding":"utf8","content":"';
const wrote: Json = {reply: {json: {success: true}}};

/** A server that reads no content before it is released, and sends only the first half of a file. */
const halting: JsonObject = {
    receive_buffer: 4096,
    rules: [
        {method: "PUT", read: "head", times: "always", steps: [{wait: "release"}, {read: "body"}, wrote]},
        {method: "GET", times: "always", steps: [{text: `${HEAD}half of it`}, {wait: "close"}]},
    ],
};

/** The content that the server received with a request. */
async function written(server: Scripted, index: number): Promise<Buffer> {
    const {requests} = (await server.say("log")) as {requests: {body: string}[]};
    const {content} = JSON.parse(Buffer.from(requests[index]?.body ?? "", "base64").toString()) as {content: string};
    return Buffer.from(content, "base64");
}

/** Waits until a number no longer changes. */
async function settled(count: () => number | Promise<number>): Promise<number> {
    for (let last = -1, i = 0; i < 100; i++) {
        const now = await count();
        if (now === last) break;
        last = now;
        await sleep(200);
    }
    return count();
}

const [from, into] = [join(folder, "from"), join(folder, "into")];
writeFileSync(from, Buffer.alloc(SIZE, "x"));

for (const how of ["signal", "timeout", "progress"] as const) {
    for (const way of ["upload", "download"] as const) {
        test(`${way}: ended in its middle by its ${how}`, async () => {
            await using server = await fault.script(halting);
            const client = server.client();
            writeFileSync(into, "old");
            const go = (n: number): Promise<void> => {
                const controller = new AbortController();
                const onProgress = (): void => {
                    if (how === "progress") throw new RangeError("enough");
                    if (how === "signal") controller.abort();
                };
                const options = {onProgress, signal: controller.signal, timeout: how === "timeout" ? 100 + n : 60000};
                return way === "upload"
                    ? client.upload("box", from, "/tmp/x", options)
                    : client.download("box", "/tmp/x", into, options);
            };
            const wanted = {signal: AbortError, timeout: TimeoutError, progress: RangeError}[how];
            await assert.rejects(go(0), wanted);
            const before = descriptors();
            for (let i = 1; i < 5; i++) await assert.rejects(go(i), wanted);
            await server.say("release", {count: "always"});
            assert.ok(await server.reached("client_ended", 5));
            assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`);
            assert.equal(readFileSync(into, "utf8"), "old");
            assert.deepEqual(readdirSync(folder).sort(), ["from", "into"]);
        });
    }
}

test("content that does not come is waited for no longer than the timeout", async () => {
    await using server = await fault.script(halting);
    for (const [settings, options] of [
        [{}, {timeout: 100}],
        [{timeout: 100}, {}],
    ]) {
        const stalled = new PassThrough();
        stalled.write("half");
        const writing = server.client(settings).writeFile("box", "/tmp/x", stalled, options);
        await assert.rejects(writing, (error: unknown) => {
            assert.ok(error instanceof TimeoutError);
            assert.deepEqual([error.code, error.operation, error.sent], ["AK_E_TIMEOUT", "write_file", "some"]);
            return error.message.includes("100 ms");
        });
        assert.ok(stalled.destroyed);
    }
    const late = new PassThrough();
    const writing = server.client({timeout: 100}).writeFile("box", "/tmp/x", late, {timeout: Infinity});
    await sleep(300);
    late.end("late");
    await server.say("release", {count: "always"});
    await writing;
    assert.equal((await written(server, 2)).toString(), "late");
});

test("a server that does not read makes the content wait", async () => {
    await using server = await fault.script(halting);
    let given = 0;
    const piece = Buffer.alloc(10_000, "y");
    const content = function* (): Generator<Buffer> {
        for (; given < 12_000_000; given += piece.length) yield piece;
    };
    const writing = server.client().writeFile("box", "/tmp/x", content());
    assert.ok(await server.reached("requests"));
    const held = await settled(() => given);
    assert.ok(held < 9_000_000, `${held} of 12,000,000 bytes were taken`); // by two buffers of the kernel
    await server.say("release");
    await writing;
    assert.ok((await written(server, 0)).equals(Buffer.alloc(12_000_000, "y")));
});

test("a reader that pauses makes the server wait", async () => {
    const block = "z".repeat(65536);
    await using server = await fault.script({
        send_buffer: 65536,
        rules: [
            {
                steps: [
                    {text: HEAD.replace("Content-Length: 99999", "Transfer-Encoding: chunked").replace(/\{.*/, "")},
                    {text: HEAD.replace(/^[^{]*/, ""), chunked: true},
                    {repeat_text: block, count: 1024, chunked: true},
                    {text: '"}}', chunked: true},
                    {last_chunk: true},
                ],
            },
        ],
    });
    const stream = server.client().createReadStream("box", "/tmp/x");
    let [size, resume] = [0, (): void => undefined];
    const reading = pipeline(
        stream,
        new Writable({
            highWaterMark: 1,
            write(chunk: Buffer, _encoding, done) {
                size += chunk.length;
                if (size === chunk.length) resume = done;
                else done();
            },
        }),
    );
    const sent = async (): Promise<number> =>
        ((await server.say("counts"))["counts"] as {sent_bytes: number}).sent_bytes;
    assert.ok(await server.reached("sent_bytes", 65536));
    const before = await settled(sent);
    assert.ok(before < 32 * 1024 * 1024, `${before} of 64 MiB were sent`);
    resume();
    await reading;
    assert.equal(size, 1024 * block.length);
});

test("what is forgotten ends: streams of files before and amid them, and content that does not come", async () => {
    await using server = await fault.script(halting);
    const client = server.client({timeout: 10000});
    const before = descriptors();
    const forget = async (): Promise<void> => {
        client.createReadStream("box", "/tmp/x"); // never read
        const amid = client.createReadStream("box", "/tmp/x", {timeout: Infinity});
        await new Promise((resolve) => amid.once("readable", resolve));
        assert.equal((amid.read() as Buffer).toString(), "half of it");
        const stalled = new PassThrough();
        stalled.write("half");
        client.writeFile("box", "/tmp/x", stalled).catch(() => undefined);
        client.writeFile("box", "/tmp/x", Readable.from(["x".repeat(SIZE)])).catch(() => undefined);
    };
    for (let i = 0; i < 5; i++) await forget();
    assert.ok(await server.reached("requests", 15));
    for (let i = 0; i < 3000 && descriptors() > before + 2; i++) {
        collect();
        await sleep(20);
    }
    assert.ok(descriptors() <= before + 2, `${descriptors()} descriptors, ${before} before`);
    await server.say("release", {count: "always"});
    assert.ok(await server.reached("client_ended", 15));
    const {requests} = (await server.say("log")) as {requests: Json[]};
    assert.equal(requests.length, 15);
});

test("a link that is downloaded into stays one, and what is no file stays what it is", async () => {
    await using server = await fault.script({
        rules: [
            {
                times: "always",
                steps: [{reply: {json: {success: true, data: {encoding: "utf8", content: "new", size: 3}}}}],
            },
        ],
    });
    const client = server.client();
    const place = join(folder, "place");
    mkdirSync(place);
    const [target, link, dangling, pipe] = ["target", "link", "dangling", "pipe"].map((name) => join(place, name)) as [
        string,
        string,
        string,
        string,
    ];
    writeFileSync(target, "old");
    symlinkSync("target", link);
    symlinkSync("nothing", dangling);
    execFileSync("mkfifo", [pipe]);
    await client.download("box", "/tmp/x", link);
    assert.deepEqual([readlinkSync(link), readFileSync(target, "utf8")], ["target", "new"]);
    await client.download("box", "/tmp/x", dangling);
    assert.equal(readFileSync(dangling, "utf8"), "new");
    for (const wrong of [pipe, place]) {
        await assert.rejects(client.download("box", "/tmp/x", wrong), (error: unknown) => {
            return error instanceof ValidationError && error.message === `not a regular file: ${wrong}`;
        });
    }
    assert.ok(lstatSync(pipe).isFIFO());
    await assert.rejects(client.download("box", "/tmp/x", join(target, "below")), {code: "ENOTDIR"});
    assert.deepEqual(readdirSync(place).sort(), ["dangling", "link", "pipe", "target"]);
    rmSync(place, {recursive: true});
});

test("a file whose size says nothing is uploaded", async () => {
    await using server = await fault.script({rules: [{times: "always", steps: [wrote]}]});
    await server.client().upload("box", "/proc/version", "/tmp/x");
    assert.ok((await written(server, 0)).equals(readFileSync("/proc/version")));
});
