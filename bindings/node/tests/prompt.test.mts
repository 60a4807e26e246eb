// A reply is processed at once, whatever else the event loop has to do.
import assert from "node:assert/strict";
import {once} from "node:events";
import {join} from "node:path";
import {after, mock, test} from "node:test";
import {Worker} from "node:worker_threads";
import {built, FaultServer, finished, outputs, runtime} from "./kit.mjs";
import type {Json} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());

const event = (type: string, data: Json): Json => ({event: {event: type, data}});
const rule = (method: string, target: string, ...steps: Json[]): Json => ({times: "always", method, target, steps});
const sandboxes = ["one", "two"].map((name) => ({name, status: "running"}));
const answers: Json = [
    rule("POST", "/run", {reply: {json: {success: true, data: {output: "x"}}}}),
    rule(
        "POST",
        "/run/stream",
        {sse: {end: false}},
        event("output", {data: "abc"}),
        {delay_ms: 1},
        event("done", {exit_code: 0, success: true}),
        {last_chunk: true},
    ),
    rule("GET", "/sandboxes", {reply: {json: {success: true, data: sandboxes}}}),
    rule("POST", "/sandboxes/never/exec", {wait: "close"}),
    rule("GET", "/status", {reply: {status: 500, json: {success: false, error: "no"}}}),
    {times: "always", method: "GET", steps: [{reply: {json: {success: true, data: {encoding: "utf8", content: "x"}}}}]},
    {times: "always", method: "PUT", steps: [{reply: {json: {success: true}}}]},
];

const program = join(built, "tests", "prompt.mjs");

test("3,000 calls of every kind go on as soon as their answers come, and wait for no timer", async () => {
    await using server = await fault.script({rules: answers});
    const {code, out, err} = await finished(process.execPath, [program, server.url]);
    assert.deepEqual([code, out], [0, "in time\n"], err);
});

test("so do those of a worker", async () => {
    await using server = await fault.script({rules: answers});
    const worker = new Worker(program, {argv: [server.url]});
    const said = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    assert.deepEqual(said, [["in time"], [0]]);
});

// Deno's own setImmediate does not run then.
test("a user's test that stops the clock does not stop calls and streams", {skip: runtime === "deno"}, async () => {
    await using server = await fault.script({rules: [...(outputs(1000, "abc")["rules"] as Json[])]});
    const client = server.client();
    mock.timers.enable({apis: ["setImmediate"]});
    try {
        let events = 0;
        for await (const event of client.runStream(["x"])) events += event.type === "output" ? 1 : 0;
        assert.equal(events, 1000);
    } finally {
        mock.timers.reset();
    }
});
