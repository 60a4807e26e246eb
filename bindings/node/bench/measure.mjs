// Measures one case in one way: prints the cost of a unit.
import {readFileSync} from "node:fs";
import {Agent, request} from "node:http";
import {Readable} from "node:stream";
import {buffer} from "node:stream/consumers";

const [, , name, way] = process.argv;
const {AgentKernel} = await import(way === "official" ? "official" : "agentkernel");
const client = new AgentKernel({baseUrl: process.env.AK_BENCH_URL, timeout: 300000});

function expect(right, what) {
    if (!right) throw new Error(`wrong answer: ${what}`);
}

/** A number of runs, with a number of them at a time. */
async function runs(count, width) {
    let left = count;
    await Promise.all(
        Array.from({length: width}, async () => {
            while (left-- > 0) expect((await client.run(["true"])).output === "hello\n", "run");
        }),
    );
    return count;
}

/** Reads a stream to its end as in an official example, and returns the number of characters. */
async function characters(kind) {
    let size = 0;
    for await (const event of client.runStream([kind])) if (event.type === "output") size += event.data.data.length;
    return size;
}

/** Reads the beginning of a stream. */
async function beginning(kind) {
    let left = 1000;
    for await (const event of client.runStream([kind]))
        if (--left === 0) return expect(event.data.data !== "", "event");
}

async function bytes(kind) {
    let size = 0;
    for await (const chunk of client.runStream([kind]).readable()) size += chunk.length;
    return size;
}

const FILE = Buffer.alloc(12_000_000, Buffer.from(Uint8Array.from({length: 256}, (_, i) => i))); // the same as the server's
const FILE_URL = `${process.env.AK_BENCH_URL}/sandboxes/bench/files/tmp/x`;
const PIECE = 65536;
const agent = new Agent({keepAlive: true});

/** A request by node:http, with a JSON reply. */
async function exchange(method, body) {
    const response = await new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : {"content-type": "application/json"};
        request(FILE_URL, {method, agent, headers}, resolve).on("error", reject).end(body);
    });
    return JSON.parse((await buffer(response)).toString());
}

const decoded = ({data: {content, encoding}}) => Buffer.from(content, encoding);

const reading = {
    fetch: async () => decoded(await (await fetch(FILE_URL)).json()),
    http: async () => decoded(await exchange("GET")),
    agentkernel: async () => (await client.readFile("bench", "/tmp/x")).contentBytes,
};

/** Reads the file a number of times. */
async function readFiles(count) {
    for (let i = 0; i < count; i++) {
        if (way !== "pieces") {
            expect((await reading[way]()).equals(FILE), "content");
            continue;
        }
        let size = 0;
        for await (const piece of client.createReadStream("bench", "/tmp/x")) size += piece.length;
        expect(size === FILE.length, "size");
    }
    return count;
}

function* pieces() {
    for (let at = 0; at < FILE.length; at += PIECE) yield FILE.subarray(at, at + PIECE);
}

const encoded = () => JSON.stringify({encoding: "base64", content: FILE.toString("base64")});

const writing = {
    fetch: async () => {
        const options = {method: "PUT", headers: {"content-type": "application/json"}, body: encoded()};
        return (await (await fetch(FILE_URL, options)).json()).success;
    },
    http: async () => (await exchange("PUT", encoded())).success,
    agentkernel: async () => (await client.writeFile("bench", "/tmp/x", FILE)) ?? true,
    pieces: async () =>
        (await client.writeFile("bench", "/tmp/x", Readable.from(pieces()), {size: FILE.length})) ?? true,
};

/** Writes the file a number of times. */
async function writeFiles(count) {
    for (let i = 0; i < count; i++) expect(await writing[way](), "answer");
    return count;
}

const MIB = 1024;
const work = {
    run: [() => runs(300, 1), () => runs(2000, 1)],
    "run, 50 at once": [() => runs(500, 50), () => runs(4000, 50)],
    "events 150 B": [
        () => beginning("small"),
        async () => {
            expect((await characters("small")) === 15000000, "events");
            return 100000;
        },
    ],
    "stream 1 GiB": [
        () => beginning("large"),
        async () => {
            expect((await (way === "readable" ? bytes("huge") : characters("huge"))) === MIB * 1024 * 1024, "stream");
            return MIB;
        },
    ],
    "read file 12 MB": [() => readFiles(1), () => readFiles(5)],
    "write file 12 MB": [() => writeFiles(1), () => writeFiles(5)],
}[name];

await work[0](); // warm up
const cpu = process.cpuUsage(),
    start = performance.now();
const units = await work[1]();
const wall = performance.now() - start,
    {user, system} = process.cpuUsage(cpu);
const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"));
agent.destroy();
console.log(JSON.stringify({cpu_us: (user + system) / units, wall_us: (wall * 1000) / units, peak_kb: Number(peak)}));
