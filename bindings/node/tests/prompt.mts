// Waits for calls of every kind while a timer is pending that none of them should wait for. On some runtimes a reply
// was not processed before the next event of the loop, such as that timer. Prints the first kind that was late so.
import {PassThrough} from "node:stream";
import {parentPort} from "node:worker_threads";
import {AgentKernel} from "agentkernel";
import type {CallOptions} from "agentkernel";

const TIMER_MS = 500;

const [, , url = ""] = process.argv;
const client = new AgentKernel({baseUrl: url});
const say = (what: string): void => (parentPort === null ? console.log(what) : parentPort.postMessage(what));
let [kind, count] = ["", 0];

/**
 * Restarted with each call, so it fires only during one that takes as long: on a slow machine, or because it is late. A
 * late call has its reply already, so it ends at once when the timer has fired; a slow one does not.
 */
const timer = setTimeout(() => {
    const during = count;
    setImmediate(() => {
        if (count === during) return timer.refresh();
        say(`late: ${kind}`);
        process.exit(1);
    });
}, TIMER_MS);

async function often(times: number, name: string, call: () => Promise<unknown>): Promise<void> {
    for (let i = 0; i < times; i++) {
        kind = name;
        timer.refresh();
        await call();
        count++;
    }
}

async function read(pieces: AsyncIterable<unknown>): Promise<void> {
    for await (const piece of pieces) if (piece !== undefined) count++;
}

/** Content that is produced only when it is requested. */
async function* content(): AsyncGenerator<string> {
    yield "one";
    await Promise.resolve();
    yield "two";
}

const never = (options: CallOptions): Promise<unknown> =>
    client.execInSandbox("never", ["x"], options).catch(() => undefined);

await often(1800, "a run", () => client.run(["x"]));
await often(50, "ten runs at once", () => Promise.all(Array.from({length: 10}, () => client.run(["x"]))));
await often(100, "a refused call", () => client.getStatus().catch(() => undefined));
await often(200, "events", () => read(client.runStream(["x"])));
await often(200, "bytes", () => read(client.runStream(["x"]).readable()));
await often(200, "a file that is read", () => read(client.createReadStream("box", "/tmp/x")));
await often(200, "a file that is written", () => client.writeFile("box", "/tmp/x", content()));
await often(100, "a stream that is written", () => {
    const stream = new PassThrough();
    stream.end("x");
    return client.writeFile("box", "/tmp/x", stream);
});
await often(100, "records", () => read(client.call("list_sandboxes")));
await often(20, "a deadline", () => never({timeout: 1}));
await often(20, "an abort", () => never({signal: AbortSignal.timeout(1)}));
await often(10, "a stream that is left", async () => {
    const stream = client.runStream(["x"]);
    await stream.next();
    await stream.return();
});
clearTimeout(timer);
say("in time");
