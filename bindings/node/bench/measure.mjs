// One case in one way: prints what a unit of it costs.
import {readFileSync} from "node:fs";

const [, , name, way] = process.argv;
const {AgentKernel} = await import(way === "official" ? "official" : "agentkernel");
const client = new AgentKernel({baseUrl: process.env.AK_BENCH_URL, timeout: 300000});

function expect(right, what) {
    if (!right) throw new Error(`wrong answer: ${what}`);
}

/** So many runs, so many of them at any time. */
async function runs(count, width) {
    let left = count;
    await Promise.all(
        Array.from({length: width}, async () => {
            while (left-- > 0) expect((await client.run(["true"])).output === "hello\n", "run");
        }),
    );
    return count;
}

/** Reads a stream to its end as an official example does, and gives how many characters it had. */
async function characters(kind) {
    let size = 0;
    for await (const event of client.runStream([kind])) if (event.type === "output") size += event.data.data.length;
    return size;
}

/** The beginning of a stream. */
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
}[name];

await work[0](); // warm up
const cpu = process.cpuUsage(),
    start = performance.now();
const units = await work[1]();
const wall = performance.now() - start,
    {user, system} = process.cpuUsage(cpu);
const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"));
console.log(JSON.stringify({cpu_us: (user + system) / units, wall_us: (wall * 1000) / units, peak_kb: Number(peak)}));
