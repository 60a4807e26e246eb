// Reading and writing files, whole and in pieces; detached commands, batches and snapshots: against agentkernel-local.
import assert from "node:assert/strict";
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {PassThrough, Readable} from "node:stream";
import {buffer} from "node:stream/consumers";
import {after, before, test} from "node:test";
import {AbortError, AgentKernel, NotFoundError, TimeoutError, TooLargeError, ValidationError} from "agentkernel";
import type {SandboxSession} from "agentkernel";
import {descriptors, FaultServer, LocalServer, sleep} from "./kit.mjs";

const fault = new FaultServer();
const folder = mkdtempSync(join(tmpdir(), "ak-node-files-"));
let server: LocalServer;
let client: AgentKernel;
let box: SandboxSession;
before(async () => {
    server = await LocalServer.start();
    client = new AgentKernel({baseUrl: server.url});
    box = await client.sandbox("files");
});
after(async () => {
    await box.remove();
    await server.end();
    await fault.end();
    rmSync(folder, {recursive: true});
});

/** Bytes that are not text, with a long period. */
function binary(size: number): Buffer {
    return Buffer.from(Uint8Array.from({length: size}, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff));
}

test("what is written is read, as text, bytes and base64", async () => {
    await box.writeFile("/tmp/new/text", "grüße\n");
    const text = await box.readFile("/tmp/new/text");
    assert.deepEqual([text.text, text.contentBytes.toString(), text.size], ["grüße\n", "grüße\n", 8]);
    assert.equal(Buffer.from(text.content, text.encoding as BufferEncoding).toString(), "grüße\n");
    for (const bytes of [Buffer.alloc(0), binary(256), binary(300_000).subarray(1)]) {
        await box.writeFile("/tmp/bytes", bytes);
        assert.ok((await box.readFile("/tmp/bytes")).contentBytes.equals(bytes));
        assert.ok((await buffer(box.createReadStream("/tmp/bytes"))).equals(bytes));
    }
    await box.writeFile("/tmp/bytes", "AP8=", {encoding: "base64"});
    const no = await box.readFile("/tmp/bytes");
    assert.deepEqual([no.encoding, no.content, [...no.contentBytes]], ["base64", "AP8=", [0, 255]]);
    await assert.rejects(box.writeFile("/tmp/bytes", "no base64!", {encoding: "base64"}), ValidationError);
    await assert.rejects(box.writeFile("/tmp/bytes", 7 as never), {name: "TypeError"});
    await box.deleteFile("/tmp/bytes");
    await assert.rejects(box.readFile("/tmp/bytes"), NotFoundError);
});

test("content comes in pieces of every kind", async () => {
    const bytes = binary(3_000_000);
    const pieces = [bytes.subarray(0, 1), Buffer.alloc(0), bytes.subarray(1, 70_000), bytes.subarray(70_000)];
    for (const content of [
        pieces,
        Readable.from(pieces),
        (async function* () {
            for (const piece of pieces) {
                await sleep(1);
                yield piece;
            }
        })(),
    ]) {
        await box.writeFile("/tmp/pieces", content);
        assert.ok((await buffer(box.createReadStream("/tmp/pieces"))).equals(bytes));
    }
    await box.writeFile("/tmp/pieces", ["grü", "ße"], {size: 7});
    assert.equal((await box.readFile("/tmp/pieces")).text, "grüße");
    await box.writeFile("/tmp/pieces", []);
    assert.equal((await box.readFile("/tmp/pieces")).contentBytes.length, 0);
});

test("content that fails, stalls or is too large is not written", async () => {
    await box.writeFile("/tmp/kept", "kept");
    const failing = Readable.from(
        (function* () {
            yield "half";
            throw new RangeError("no more");
        })(),
    );
    await assert.rejects(box.writeFile("/tmp/kept", failing), RangeError);
    const stalled = new PassThrough();
    stalled.write("half");
    const signal = AbortSignal.timeout(100);
    await assert.rejects(box.writeFile("/tmp/kept", stalled, {signal}), AbortError);
    assert.ok(stalled.destroyed);
    await assert.rejects(box.writeFile("/tmp/kept", ["abc"], {size: 4}), {code: "AK_E_ARGUMENT"});
    await assert.rejects(box.writeFile("/tmp/kept", ["x"], {size: 20_000_000}), (error: unknown) => {
        return error instanceof TooLargeError && error.sent === "nothing";
    });
    const endless = Readable.from(
        (function* () {
            for (;;) yield Buffer.alloc(1 << 20);
        })(),
    );
    await assert.rejects(box.writeFile("/tmp/kept", endless), TooLargeError);
    assert.ok(endless.destroyed);
    await assert.rejects(client.writeFile("nobody", "/tmp/x", [binary(1_000_000)]), /not running/);
    const refused = Readable.from(["x"]);
    await assert.rejects(box.writeFile("relative", refused), ValidationError);
    assert.ok(refused.destroyed);
    assert.equal((await box.readFile("/tmp/kept")).text, "kept");
});

test("a stream of a file ends in every way, and leaves nothing behind", async () => {
    await box.writeFile("/tmp/large", binary(2_000_000));
    await assert.rejects(buffer(box.createReadStream("/tmp/nothing")), NotFoundError);
    const before = descriptors();
    for (let i = 0; i < 20; i++) {
        for await (const piece of box.createReadStream("/tmp/large")) {
            assert.ok((piece as Buffer).length > 0);
            break;
        }
    }
    assert.ok(descriptors() <= before + 8, `${descriptors()} descriptors, ${before} before`);
    const stream = box.createReadStream("/tmp/large", {signal: AbortSignal.timeout(50)});
    await assert.rejects(async () => {
        for await (const piece of stream) {
            assert.ok(piece);
            await sleep(100);
        }
    }, AbortError);
    await using cut = await fault.script({
        rules: [
            {
                steps: [
                    {
                        text: 'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"success":true,"data":{"encoding":"utf8","content":"half',
                    },
                    {close: true},
                ],
            },
        ],
    });
    await assert.rejects(buffer(cut.client().createReadStream("box", "/tmp/x")), {name: "NetworkError"});
});

test("upload and download tell how far they are", async () => {
    const [local, copy] = [join(folder, "local"), join(folder, "copy")];
    const bytes = binary(1_500_000);
    writeFileSync(local, bytes);
    const done: number[] = [];
    const onProgress = (count: number): void => void done.push(count);
    await box.upload(local, "/tmp/up", {onProgress});
    assert.equal(done.at(-1), bytes.length);
    done.length = 0;
    await box.download("/tmp/up", copy, {onProgress});
    assert.equal(done.at(-1), bytes.length);
    assert.ok(done.every((count, i) => i === 0 || count > (done[i - 1] ?? 0)));
    assert.ok(readFileSync(copy).equals(bytes));
    await assert.rejects(box.download("/tmp/nothing", copy), NotFoundError);
    await assert.rejects(box.upload(join(folder, "nothing"), "/tmp/up"), {code: "ENOENT"});
    await assert.rejects(box.upload(local, "relative"), ValidationError);
    assert.ok(readFileSync(copy).equals(bytes));
    assert.deepEqual(readdirSync(folder).sort(), ["copy", "local"]);
});

test("several files at once", async () => {
    assert.equal((await box.writeFiles({"/tmp/a": "one", "/tmp/b": ""})).written, 2);
    assert.equal((await box.run(["cat", "/tmp/a", "/tmp/b"])).output, "one");
});

test("a detached command is waited for, read and killed", async () => {
    const started = await box.execDetached(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    assert.equal(typeof started.id, "string");
    const done = await box.detachedWait(started.id, {timeout: 120000});
    assert.deepEqual([done.status, done.exit_code], ["failed", 3]);
    assert.equal((await client.detachedLogs("files", started.id)).stdout, "out\n");
    const {stderr, stderrBytes} = await client.detachedLogs("files", started.id, "stderr");
    assert.deepEqual([stderr, stderrBytes?.toString()], ["err\n", "err\n"]);
    const long = await box.execDetached(["sleep", "600"]);
    assert.equal(long.exit_code, null);
    await assert.rejects(box.detachedWait(long.id, {timeout: 100}), TimeoutError);
    await assert.rejects(box.detachedWait(long.id, {signal: AbortSignal.timeout(100)}), AbortError);
    assert.equal((await client.detachedStatus("files", long.id)).status, "running");
    await client.detachedKill("files", long.id);
    assert.notEqual((await box.detachedWait(long.id, {timeout: 120000})).status, "running");
    assert.deepEqual((await client.detachedList("files")).map(({id}) => id).sort(), [started.id, long.id].sort());
});

test("commands side by side, as the official SDK has them and as lists", async () => {
    const {results} = await client.batchRun([{command: ["echo", "one"]}, ["false"]]);
    assert.deepEqual([results[0]?.output, results[0]?.error, results[1]?.output], ["one\n", null, null]);
    assert.equal(typeof results[1]?.error, "string");
});

test("labels, times and logs of a sandbox", async () => {
    const labels = {team: "a", other: "b"};
    await client.updateSandbox("files", {labels, description: "ours"});
    assert.deepEqual(
        (await client.listSandboxes({labels: {team: "a"}})).map(({name}) => name),
        ["files"],
    );
    assert.deepEqual(await client.listSandboxes({labels: {team: "b"}}), []);
    assert.equal((await client.updateSandbox("files", {labels: {}})).description, "ours");
    assert.deepEqual(await client.listSandboxes({labels: {team: "a"}}), []);
    assert.ok(Date.parse((await client.extendTtl("files", {by: "15m"})).expires_at ?? "") > Date.now());
    const entries = await client.getSandboxLogs("files");
    assert.equal(entries[0]?.type, "sandbox_created");
    assert.ok(!Object.keys(entries[0]).includes("raw"));
    const {uuid = ""} = await box.info();
    assert.equal((await client.getSandboxByUuid(uuid)).name, "files");
});

test("a snapshot is taken, and another sandbox made of it", async () => {
    await box.writeFile("/workspace/note", "kept");
    assert.equal((await box.takeSnapshot("before")).sandbox, "files");
    assert.deepEqual(
        (await client.listSnapshots()).map(({name}) => name),
        ["before"],
    );
    const again = await client.restoreSnapshot("before", {as_name: "again", start: true});
    assert.deepEqual([again.name, again.status], ["again", "running"]);
    assert.equal((await client.readFile("again", "/workspace/note")).text, "kept");
    await client.stopSandbox("again");
    assert.equal((await client.getSandbox("again")).status, "stopped");
    await client.removeSandbox("again");
    await client.deleteSnapshot("before");
    await assert.rejects(client.getSnapshot("before"), NotFoundError);
});

test("a restored sandbox is started where the server passes over that", async () => {
    const info = (status: string): object => ({success: true, data: {name: "again", status}});
    await using full = await fault.script({
        rules: [
            {method: "POST", target: "/snapshots/before/restore", steps: [{reply: {json: info("stopped") as never}}]},
            {method: "POST", target: "/sandboxes/again/start", steps: [{reply: {json: {success: true}}}]},
            {method: "GET", target: "/sandboxes/again", steps: [{reply: {json: info("running") as never}}]},
        ],
    });
    assert.equal((await full.client().restoreSnapshot("before", {start: true})).status, "running");
});

test("any other request", async () => {
    const reply = await client.request("POST", "/run", {body: {command: ["echo", "hello"]}});
    assert.deepEqual([reply.http_status, (reply.json() as {data: {output: string}}).data.output], [200, "hello\n"]);
    assert.equal((await client.request("GET", "/nowhere", {check: false})).http_status, 404);
    await assert.rejects(client.request("GET", "/nowhere"), NotFoundError);
    await assert.rejects(client.request("POST", "/run", {body: () => 1}), {name: "TypeError"});
    assert.equal((await client.getStatus()).version.length > 0, true);
    assert.equal((await client.getStats()).sandbox_count, 1);
    assert.ok(Array.isArray((await client.getBackends()).backends));
});
