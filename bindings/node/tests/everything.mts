// One object of each kind, each in the middle of its work, and ways to end amid that: a program for a separate process
// or a worker, which is started with the URL of the server and the name of a way.
import {once} from "node:events";
import type {Readable} from "node:stream";
import {setTimeout as pause} from "node:timers/promises";
import {parentPort} from "node:worker_threads";
import {AgentKernel, AgentKernelError} from "agentkernel";
import type {RunStream, SandboxSession} from "agentkernel";
import {collect} from "./kit.mjs";

interface Everything {
    client: AgentKernel;
    events: RunStream;
    bytes: Readable;
    file: Readable;
    records: AsyncGenerator<unknown, undefined>;
    session: SandboxSession;
}

const ignore = (): void => undefined;

async function everything(url: string): Promise<Everything> {
    const client = new AgentKernel({baseUrl: url});
    const events = client.runStream(["x"]);
    await events.next();
    const bytes = client.runStream(["x"]).readable();
    const file = client.createReadStream("box", "/tmp/x");
    await Promise.all([once(bytes, "readable"), once(file, "readable")]);
    const records = client.call("list_sandboxes");
    await records.next();
    const session = await client.sandbox("box");
    return {client, events, bytes, file, records, session};
}

/** Calls that are kept alive, because they wait for the server. */
function waiting(url: string): void {
    const client = new AgentKernel({baseUrl: url});
    client.run(["x"]).catch(ignore);
    client.execInSandbox("box", ["x"], {signal: new AbortController().signal}).catch(ignore);
    client.writeFile("box", "/tmp/x", [Buffer.alloc(8000000)]).catch(ignore);
    const stream = client.runStream(["x"]);
    stream
        .next()
        .then(() => stream.next())
        .catch(ignore);
}

/** Uses all objects in any state: failures are errors of the package, and a closed client reports it. */
async function use({client, events, bytes, file, records, session}: Everything): Promise<void> {
    const early = [
        client.health(),
        session.info({timeout: 1}),
        records.next(),
        events.return(),
        records.return(undefined),
    ];
    client.close();
    const late = [client.health(), session.run(["x"]), client.call("health").next(), client.runStream(["x"]).next()];
    bytes.destroy();
    file.destroy();
    const [some, all] = await Promise.all([Promise.allSettled(early), Promise.allSettled(late)]);
    for (const outcome of [...some, ...all]) {
        if (outcome.status === "rejected" && !(outcome.reason instanceof AgentKernelError)) throw outcome.reason;
    }
    for (const outcome of all) {
        if (outcome.status === "fulfilled" || (outcome.reason as Error).message !== "the client is closed")
            throw new Error("a closed client was used");
    }
    if (!(await events.next()).done || !(await records.next()).done) throw new Error("a stream goes on after its end");
}

/** Makes and drops cycles of all objects, and collects the results of their finalizers. */
class Finalizers {
    due = 0;
    readonly done: Promise<void>[] = [];
    readonly #left = new FinalizationRegistry((left: Everything) => this.done.push(use(left)));
    /** For objects collected in the same pass. */
    readonly #weak = new FinalizationRegistry((client: WeakRef<AgentKernel>) => {
        client.deref()?.health().catch(ignore);
    });

    async round(url: string): Promise<void> {
        for (const both of [false, true]) {
            const all = await everything(url);
            const ring: {all: Everything; me?: object} = {all};
            ring.me = ring;
            this.#weak.register(ring, new WeakRef(all.client));
            if (!both) continue;
            this.due++;
            this.#left.register(ring, all);
        }
    }
}

const ways: Record<string, (url: string) => Promise<void> | void> = {
    async finalizers(url) {
        const finalizers = new Finalizers();
        for (let i = 0; i < 20; i++) await finalizers.round(url);
        for (let i = 0; i < 1000 && finalizers.done.length < finalizers.due; i++) {
            collect();
            await pause(10);
        }
        await Promise.all(finalizers.done);
        console.log(`${finalizers.done.length} of ${finalizers.due}`);
    },
    async "process.exit in an iteration"(url) {
        waiting(url);
        const {client} = await everything(url);
        for await (const event of client.runStream(["x"])) if (event.text === "abc") process.exit(7);
    },
    async "an error in an iteration"(url) {
        waiting(url);
        const {client} = await everything(url);
        for await (const event of client.runStream(["x"])) throw new RangeError(event.text);
    },
    async "a listener of the end"(url) {
        waiting(url);
        const [first, second] = [await everything(url), await everything(url)];
        process.on("exit", () => {
            void use(first);
            waiting(url);
            collect();
            second.client.close();
        });
        process.exit(7);
    },
    async "the end of what there is to do"(url) {
        const finalizers = new Finalizers();
        await finalizers.round(url);
        (globalThis as {kept?: unknown}).kept = await everything(url);
        process.on("exit", () => {
            collect();
            process.exitCode = 7;
        });
    },
    async "a signal"(url) {
        waiting(url);
        await everything(url);
        process.kill(process.pid, "SIGTERM");
    },
    /** In a worker. */
    async "for ever"(url) {
        const finalizers = new Finalizers();
        for (;;) {
            waiting(url);
            await finalizers.round(url);
            collect();
            parentPort?.postMessage("busy");
        }
    },
};

const [, , url = "", way = ""] = process.argv;
await ways[way]?.(url);
