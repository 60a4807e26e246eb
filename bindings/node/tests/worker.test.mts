// Workers: each has its own environment, and its resources are freed when it is terminated.
import assert from "node:assert/strict";
import {once} from "node:events";
import {after, test} from "node:test";
import {Worker} from "node:worker_threads";
import type {Json} from "./kit.mjs";
import {built, descriptors, FaultServer, sleep} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());

const reply: Json = {reply: {json: {success: true, data: {output: "x"}}}};
const event: Json = {event: "output", data: {data: "abc"}};
const rules: Json = [
    {times: "always", target: "/run", steps: [{wait: "close"}]},
    {times: "always", target: "/run/stream", steps: [{sse: {end: false, events: [event, event]}}, {wait: "close"}]},
    {times: "always", steps: [{reply: {json: {success: true, data: "ok"}}}]},
];

const half =
    'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{"success":true,"data":{"encoding":"utf8","content":"half';
const files: Json = [
    {method: "GET", times: "always", steps: [{text: half}, {wait: "close"}]},
    {method: "PUT", times: "always", read: "head", steps: [{wait: "release"}, {read: "body"}]},
];

/** A worker that posts "busy" amid ten reads of files, ten writes without content and ten that are not accepted. */
const busyWithFiles = `
    const {parentPort, workerData} = require("worker_threads");
    const {PassThrough} = require("stream");
    const {once} = require("events");
    const {AgentKernel} = require(workerData.package);
    (async () => {
        const client = new AgentKernel({baseUrl: workerData.url});
        const ignore = () => {};
        globalThis.kept = [];
        for (let i = 0; i < 10; i++) {
            const stalled = new PassThrough();
            stalled.write("half");
            client.writeFile("box", "/tmp/x", stalled).catch(ignore);
            client.writeFile("box", "/tmp/x", [Buffer.alloc(8000000)]).catch(ignore);
            const reading = client.createReadStream("box", "/tmp/x");
            globalThis.kept.push(reading, stalled);
            await once(reading, "readable");
        }
        parentPort.postMessage("busy");
        setInterval(ignore, 1000);
    })();`;

/** A worker that posts "busy" with ten calls and ten streams in flight, and one idle stream. */
const busy = `
    const {parentPort, workerData} = require("worker_threads");
    const {AgentKernel} = require(workerData.package);
    (async () => {
        const client = new AgentKernel({baseUrl: workerData.url});
        const ignore = () => {};
        for (let i = 0; i < 10; i++) client.run(["x"]).catch(ignore);
        for (let i = 0; i < 10; i++) (async () => { for await (const event of client.runStream(["x"])); })().catch(ignore);
        globalThis.idle = client.runStream(["x"]);
        await globalThis.idle.next();
        parentPort.postMessage("busy");
        if (workerData.exit) process.exit();
        setInterval(ignore, 1000);
    })();`;

async function start(url: string, code: string, more: object = {}): Promise<Worker> {
    const worker = new Worker(code, {
        eval: true,
        workerData: {url, package: `${built}/node_modules/agentkernel`, ...more},
    });
    await once(worker, "message");
    return worker;
}

test("several environments at once", async () => {
    await using server = await fault.script({rules: [{times: "always", steps: [reply]}]});
    const code = `
        const {parentPort, workerData} = require("worker_threads");
        const {AgentKernel} = require(workerData.package);
        (async () => {
            const client = new AgentKernel({baseUrl: workerData.url});
            let count = 0;
            for (let i = 0; i < 50; i++) count += (await client.run(["x"])).output.length;
            parentPort.postMessage(count);
        })();`;
    const counts = await Promise.all(
        Array.from({length: 4}, async () => {
            const worker = new Worker(code, {
                eval: true,
                workerData: {url: server.url, package: `${built}/node_modules/agentkernel`},
            });
            const [[count], [exit]] = (await Promise.all([once(worker, "message"), once(worker, "exit")])) as [
                [number],
                [number],
            ];
            return [count, exit];
        }),
    );
    assert.deepEqual(counts, [
        [50, 0],
        [50, 0],
        [50, 0],
        [50, 0],
    ]);
});

/** The number of descriptors once it no longer changes. */
async function count(): Promise<number> {
    for (let last = -1; ; ) {
        const now = descriptors();
        if (now === last) return now;
        last = now;
        await sleep(100);
    }
}

test("terminated with work in flight: no crash, and nothing is left", async () => {
    await using server = await fault.script({rules});
    const client = server.client();
    let before = 0;
    for (let i = 0; i < 10; i++) {
        if (i === 2) before = await count();
        const worker = await start(server.url, busy);
        assert.ok(descriptors() > before + 60, "its calls have descriptors");
        await worker.terminate();
        assert.equal(await client.health(), "ok");
    }
    assert.ok((await count()) <= before + 4, `${(await count()) - before} descriptors are left`);
    assert.ok(await server.reached("client_ended", 200), "its connections are closed");
});

test("a worker that exits by itself leaves nothing", async () => {
    await using server = await fault.script({rules});
    for (let i = 0; i < 3; i++) {
        const worker = new Worker(busy, {
            eval: true,
            workerData: {url: server.url, package: `${built}/node_modules/agentkernel`, exit: true},
        });
        await once(worker, "exit");
    }
    assert.ok(await server.reached("client_ended", 60));
});

test("terminated amid files that are read and written", async () => {
    await using server = await fault.script({rules: files, receive_buffer: 4096});
    let before = 0;
    for (let i = 0; i < 5; i++) {
        if (i === 2) before = await count();
        const worker = await start(server.url, busyWithFiles);
        assert.ok(descriptors() > before + 90, "its files have descriptors");
        await worker.terminate();
    }
    assert.ok((await count()) <= before + 4, `${(await count()) - before} descriptors are left`);
    await server.say("release", {count: "always"});
    assert.ok(await server.reached("client_ended", 150), "its connections are closed");
});

test("several environments copy files at once", async () => {
    const content = Buffer.alloc(100_000, "x").toString("base64");
    const file = {success: true, data: {encoding: "base64", content, size: 100_000}};
    await using server = await fault.script({
        rules: [
            {method: "GET", times: "always", steps: [{reply: {json: file}}]},
            {method: "PUT", times: "always", steps: [{reply: {json: {success: true}}}]},
        ],
    });
    const code = `
        const {parentPort, workerData} = require("worker_threads");
        const {AgentKernel} = require(workerData.package);
        (async () => {
            const client = new AgentKernel({baseUrl: workerData.url});
            for (let i = 0; i < 20; i++) await client.writeFile("box", "/tmp/x", client.createReadStream("box", "/tmp/x"));
            parentPort.postMessage("done");
        })();`;
    await Promise.all(
        Array.from({length: 4}, async () => {
            const worker = new Worker(code, {
                eval: true,
                workerData: {url: server.url, package: `${built}/node_modules/agentkernel`},
            });
            assert.deepEqual(await Promise.all([once(worker, "message"), once(worker, "exit")]), [["done"], [0]]);
        }),
    );
    const {requests} = (await server.say("log")) as {requests: {method: string; body: string}[]};
    const bodies = requests.filter(({method}) => method === "PUT").map(({body}) => body);
    assert.equal(bodies.length, 80);
    for (const body of bodies)
        assert.equal((JSON.parse(Buffer.from(body, "base64").toString()) as {content: string}).content, content);
});
