// Streams, aborting, and the event loop, against the scripted server.
import assert from "node:assert/strict";
import {once} from "node:events";
import {pipeline} from "node:stream/promises";
import {Writable} from "node:stream";
import {after, test} from "node:test";
import {AbortError, AgentKernel, StreamError} from "agentkernel";
import {built, FaultServer, finished, outputs, sleep, stretched} from "./kit.mjs";
import type {Json, JsonObject} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());

const always = (...steps: Json[]): JsonObject => ({rules: [{times: "always", steps}]});
const hanging = always({wait: "close"});
const event = (type: string, data: Json): Json => ({event: {event: type, data}});

async function aborts(promise: Promise<unknown>, sent: string): Promise<AbortError> {
    const error: unknown = await promise.then(
        () => undefined,
        (failed: unknown) => failed,
    );
    assert.ok(error instanceof AbortError, String(error));
    assert.deepEqual([error.name, error.code, error.sent], ["AbortError", "AK_E_CANCELLED", sent]);
    return error;
}

test("abort before the start: nothing is sent", async () => {
    await using server = await fault.script(hanging);
    const reason = new Error("mine");
    const client = server.client();
    const signal = AbortSignal.abort(reason);
    assert.equal((await aborts(client.run(["x"], {signal}), "nothing")).cause, reason);
    await aborts(client.runStream(["x"], {signal}).next(), "nothing");
    await aborts(client.sandbox("box", {signal}), "nothing");
    assert.equal(((await server.say("log"))["connections"] as Json[]).length, 0);
});

test("abort while connecting", async () => {
    await using server = await fault.script({listen: "full", rules: []});
    const controller = new AbortController();
    const call = server.client().run(["x"], {signal: controller.signal});
    setTimeout(() => controller.abort(), 50);
    await aborts(call, "nothing");
});

test("abort while waiting for the answer, and the connection is closed", async () => {
    await using server = await fault.script(hanging);
    const controller = new AbortController();
    const call = server.client().run(["x"], {signal: controller.signal});
    assert.ok(await server.reached("complete"));
    controller.abort(new Error("why"));
    assert.equal(((await aborts(call, "some")).cause as Error).message, "why");
    assert.ok(await server.reached("client_ended"));
});

test("abort in the middle of the answer", async () => {
    await using server = await fault.script(
        always({text: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"succ'}, {wait: "close"}),
    );
    const controller = new AbortController();
    const call = server.client().run(["x"], {signal: controller.signal});
    assert.ok(await server.reached("sent_bytes", 40));
    await sleep(50);
    controller.abort();
    await aborts(call, "answered");
});

test("abort between two events: the stream ends at once, and says so", async () => {
    await using server = await fault.script(
        always({sse: {end: false, events: [{event: "output", data: {data: "a"}}]}}, {wait: "close"}),
    );
    const controller = new AbortController();
    const stream = server.client().runStream(["x"], {signal: controller.signal});
    assert.equal((await stream.next()).value?.text, "a");
    controller.abort();
    assert.ok(await server.reached("client_ended"), "though nobody asks for an event");
    await aborts(stream.next(), "answered");
    assert.equal((await stream.next()).done, true);
});

test("abort while a stream waits, and while its bytes are read", async () => {
    await using server = await fault.script(
        always({sse: {end: false, events: [{event: "output", data: {data: "abc"}}]}}, {wait: "close"}),
    );
    const client = server.client();
    for (const bytes of [false, true]) {
        const controller = new AbortController();
        const stream = client.runStream(["x"], {signal: controller.signal});
        const reading = async (): Promise<void> => {
            for await (const each of bytes ? stream.readable() : stream) {
                assert.ok(each);
                setTimeout(() => controller.abort(), 50); // while it waits for the next one
            }
        };
        await aborts(reading(), "answered");
    }
});

test("a signal that lives long does not gather listeners", async () => {
    await using server = await fault.script(always({reply: {json: {success: true, data: {output: "x"}}}}));
    const {signal} = new AbortController();
    let listeners = 0;
    const counted = (name: "addEventListener" | "removeEventListener", by: number): void => {
        const original = signal[name].bind(signal) as (...all: unknown[]) => void;
        signal[name] = (...all: unknown[]) => {
            listeners += by;
            original(...all);
        };
    };
    counted("addEventListener", 1);
    counted("removeEventListener", -1);
    const client = server.client();
    for (let i = 0; i < 20; i++) await client.run(["x"], {signal});
    assert.equal(listeners, 0);
});

test("leaving the loop closes the connection", async () => {
    await using server = await fault.script(outputs(1000000, "x".repeat(100)));
    const client = server.client();
    for await (const each of client.runStream(["x"])) {
        assert.ok(each.output);
        break;
    }
    assert.ok(await server.reached("client_ended", 1));
    await assert.rejects(async () => {
        for await (const each of client.runStream(["x"])) throw new RangeError(each.type);
    }, RangeError);
    assert.ok(await server.reached("client_ended", 2));
    {
        await using stream = client.runStream(["x"]);
        await stream.next();
    }
    assert.ok(await server.reached("client_ended", 3));
});

test("return() ends a stream that waits", async () => {
    await using server = await fault.script(hanging);
    const stream = server.client().runStream(["x"]);
    const [first, second] = [stream.next(), stream.next()];
    assert.ok(await server.reached("complete"));
    await stream.return();
    assert.deepEqual(await first, {done: true, value: undefined});
    assert.deepEqual(await second, {done: true, value: undefined});
    assert.ok(await server.reached("client_ended"));
});

test("events that are asked for at once come in order", async () => {
    await using server = await fault.script(
        always({sse: {events: ["a", "b", "c"].map((data) => ({event: "output", data: {data}}))}}),
    );
    const stream = server.client().runStream(["x"]);
    const got = await Promise.allSettled([stream.next(), stream.next(), stream.next(), stream.next()]);
    assert.deepEqual(
        got.slice(0, 3).map((each) => each.status === "fulfilled" && each.value.value?.text),
        ["a", "b", "c"],
    );
    assert.equal(got[3].status === "rejected" && (got[3].reason as StreamError).code, "AK_E_TRUNCATED");
});

test("a stream that is not iterated sends nothing", async () => {
    await using server = await fault.script(hanging);
    server.client().runStream(["x"]);
    await sleep(50);
    assert.equal(((await server.say("log"))["connections"] as Json[]).length, 0);
});

test("a stream that breaks off is an error, after its bytes", async () => {
    await using server = await fault.script(
        always({sse: {end: false, events: [{event: "output", data: {data: "abc"}}]}}, {close: true}),
    );
    let text = "";
    const readable = server.client().runStream(["x"]).readable();
    await assert.rejects(
        async () => {
            for await (const chunk of readable as AsyncIterable<Buffer>) text += chunk.toString();
        },
        {code: "AK_E_NETWORK"},
    );
    assert.equal(text, "abc");
});

test("an error event is an item of the events, and an error of the bytes", async () => {
    await using server = await fault.script(
        always({sse: {end: false}}, event("output", {data: "abc"}), event("error", {message: "no luck"}), {
            last_chunk: true,
        }),
    );
    const client = server.client();
    const events = [];
    for await (const each of client.runStream(["x"])) events.push(each);
    assert.deepEqual(
        events.map((each) => each.type),
        ["output", "error"],
    );
    assert.equal(events[1]?.message, "no luck");
    const stream = client.runStream(["x"]);
    let text = "";
    await assert.rejects(
        async () => {
            for await (const chunk of stream.readable() as AsyncIterable<Buffer>) text += chunk.toString();
        },
        (error) => error instanceof StreamError && error.message === "no luck",
    );
    assert.equal(text, "abc");
    assert.equal(stream.finalEvent?.type, "error");
});

test("output that comes with the end is among the bytes", async () => {
    await using server = await fault.script(
        always({sse: {end: false}}, event("done", {exit_code: 3, success: false, output: "all of it"}), {
            last_chunk: true,
        }),
    );
    const stream = server.client().runStream(["x"]);
    assert.equal(Buffer.concat((await stream.readable().toArray()) as Buffer[]).toString(), "all of it");
    assert.equal(stream.exitCode, 3);
});

test("events first, then the bytes of the rest", async () => {
    await using server = await fault.script(outputs(3, "abc"));
    const stream = server.client().runStream(["x"]);
    assert.equal((await stream.next()).value?.text, "abc");
    assert.equal(Buffer.concat((await stream.readable().toArray()) as Buffer[]).toString(), "abcabcabc".slice(3));
});

test("a reader that pauses makes the sender wait", async () => {
    await using server = await fault.script({...outputs(65536, "y".repeat(16384)), send_buffer: 65536});
    const readable = server.client().runStream(["x"]).readable();
    await once(readable, "readable");
    readable.read(10);
    const sent = async (): Promise<number> =>
        ((await server.say("counts"))["counts"] as JsonObject)["sent_bytes"] as number;
    let before = -1;
    for (let now = await sent(); now !== before; now = await sent()) {
        before = now;
        await sleep(300);
    }
    assert.ok(before < 32 * 1024 * 1024, `${before} of 1 GiB were sent`);
    readable.destroy();
    assert.ok(await server.reached("client_ended"));
});

test("a destroyed reader, and a pipeline whose end fails, end the command", async () => {
    await using server = await fault.script(outputs(1000000, "y".repeat(1000)));
    const client = server.client();
    const failing = new Writable({write: (_chunk, _encoding, done) => done(new Error("full"))});
    await assert.rejects(pipeline(client.runStream(["x"]).readable(), failing), /full/);
    assert.ok(await server.reached("client_ended", 1));
});

test("200 streams while a timer keeps ticking", async () => {
    await using server = await fault.script(outputs(200, "z".repeat(100)));
    const client = server.client();
    // In CPU milliseconds of this process: elapsed time on a busy machine, with 200 threads of the server, would say
    // nothing about the loop.
    const worked = (): number => {
        const {user, system} = process.cpuUsage();
        return (user + system) / 1000;
    };
    const before = worked();
    let [ticks, longest, last] = [0, 0, before];
    const timer = setInterval(() => {
        const now = worked();
        longest = Math.max(longest, now - last);
        [ticks, last] = [ticks + 1, now];
    }, 5);
    const counts = await Promise.all(
        Array.from({length: 200}, async () => {
            let [count, done] = [0, 0];
            for await (const each of client.runStream(["x"])) {
                if (each.type === "done") done++;
                else count += each.output?.length ?? 0;
            }
            return [count, done];
        }),
    );
    const work = worked() - before;
    longest = Math.max(longest, worked() - last);
    clearInterval(timer);
    for (const count of counts) assert.deepEqual(count, [20000, 1]);
    assert.ok(ticks > work / 50, `${ticks} ticks in ${work} ms of work`);
    assert.ok(longest < work / 2, `${longest} of ${work} ms of work without a tick`);
});

test("one endless stream does not starve the timers", async () => {
    await using server = await fault.script(outputs(100000000, "z".repeat(100)));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const until = performance.now() + 60000;
    for await (const each of server.client().runStream(["x"])) {
        assert.ok(each.output);
        if (ticks >= 10 || performance.now() > until) break;
    }
    clearInterval(timer);
    assert.ok(ticks >= 10, `${ticks} ticks`);
});

test("the client may be closed while calls are in flight", async () => {
    await using server = await fault.script(
        always({wait: "release"}, {reply: {json: {success: true, data: {output: "late"}}}}),
    );
    const client = server.client();
    const call = client.run(["x"]);
    assert.ok(await server.reached("waiting"));
    client.close();
    client.close();
    await assert.rejects(client.run(["x"]), {code: "AK_E_STATE"});
    await server.say("release");
    assert.equal((await call).output, "late");
    {
        using scoped = new AgentKernel({baseUrl: server.url});
        assert.equal(scoped.baseUrl, server.url);
    }
});

test("a create that was lost is looked up and removed", async () => {
    const info = {success: true, data: {name: "box", status: "running", created_at: new Date().toISOString()}};
    const create = {method: "POST", steps: [{wait: "close"}]};
    const remove = {method: "DELETE", steps: [{reply: {json: {success: true, data: "removed"}}}]};
    const late = {method: "GET", steps: [{reply: {status: 404, json: {success: false, error: "Sandbox not found"}}}]};
    const found = {method: "GET", steps: [{reply: {json: info}}]};
    const old = {
        method: "GET",
        steps: [{reply: {json: {...info, data: {...info.data, created_at: "2001-01-01T00:00:00Z"}}}}],
    };
    const asks = async (methods: string, rules: Json[], options: object, name: string): Promise<void> => {
        await using server = await fault.script({rules});
        const controller = new AbortController();
        if (name === "AbortError") void server.reached("complete").then(() => controller.abort());
        const creating = server.client().sandbox("box", {signal: controller.signal, ...options});
        await assert.rejects(creating, {name});
        const {requests} = await server.say("log");
        assert.equal((requests as JsonObject[]).map((each) => each["method"] as string).join(" "), methods);
    };
    await stretched(async (factor) => {
        const timeout = 500 * factor;
        await asks("POST GET GET DELETE", [create, late, found, remove], {timeout}, "TimeoutError");
        await asks("POST GET", [create, old], {timeout}, "TimeoutError"); // another client's
    });
    await asks("POST GET DELETE", [create, found, remove], {}, "AbortError");
    const refused = {method: "POST", steps: [{reply: {status: 422, json: {success: false, error: "no"}}}]};
    await asks("POST", [refused], {}, "UnprocessableError");
});

for (const [what, program] of Object.entries({
    "an idle client": "await client.run(['x'])",
    "a stream that nobody asks": "globalThis.kept = client.runStream(['stream']); await kept.next()",
    "a readable that nobody reads":
        "globalThis.kept = client.runStream(['stream']).readable(); await require('events').once(kept, 'readable')",
})) {
    test(`${what} lets the process end`, async () => {
        await using server = await fault.script({
            rules: [
                {times: "always", target: "/run", steps: [{reply: {json: {success: true, data: {output: "x"}}}}]},
                {
                    times: "always",
                    steps: [{sse: {end: false, events: [{event: "output", data: {data: "x"}}]}}, {wait: "close"}],
                },
            ],
        });
        const text = `
            const {AgentKernel} = require("agentkernel");
            globalThis.client = new AgentKernel({baseUrl: ${JSON.stringify(server.url)}});
            (async () => {
                ${program};
                console.log("idle");
                setTimeout(() => { console.log("held"); process.exit(); }, 15000).unref();
            })();`;
        const {code, out, err} = await finished(process.execPath, ["-e", text], {cwd: built});
        assert.deepEqual([code, out, err], [0, "idle\n", ""]);
    });
}

test("no event amid the bytes of another; what was read goes on", async () => {
    await using server = await fault.script(outputs(2, "q".repeat(200000)));
    const stream = server.client().runStream(["x"]);
    const readable = stream.readable();
    await once(readable, "readable");
    let size = (readable.read() as Buffer).length;
    await assert.rejects(stream.next(), {code: "AK_E_STATE"});
    for await (const chunk of readable as AsyncIterable<Buffer>) size += chunk.length;
    assert.deepEqual([size, stream.exitCode], [400000, 0]);
});
