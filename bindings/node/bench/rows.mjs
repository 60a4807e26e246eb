// Measures each case in every way, each in a process of its own, alternating (A B A B ...), and prints a row for each.
// The ratio is to the first: the official SDK, or for files code with fetch.
import {spawnSync} from "node:child_process";
import {fileURLToPath} from "node:url";

const ROUNDS = Number(process.env.AK_BENCH_ROUNDS ?? 5);
const WAYS = {
    run: ["official", "agentkernel"],
    "run, 50 at once": ["official", "agentkernel"],
    "events 150 B": ["official", "agentkernel"],
    "stream 1 GiB": ["official", "agentkernel", "readable"],
    "read file 12 MB": ["fetch", "http", "agentkernel", "pieces"],
    "write file 12 MB": ["fetch", "http", "agentkernel", "pieces"],
};
const measure = fileURLToPath(new URL("measure.mjs", import.meta.url));

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

for (const [name, ways] of Object.entries(WAYS)) {
    const rounds = name.startsWith("stream") ? Math.min(ROUNDS, 3) : ROUNDS;
    const found = Object.fromEntries(ways.map((way) => [way, []]));
    for (let round = 0; round < rounds; round++) {
        for (const way of ways) {
            const child = spawnSync(process.execPath, [measure, name, way], {
                stdio: ["ignore", "pipe", "inherit"],
                timeout: 300000,
            });
            if (child.status !== 0) throw new Error(`${name} by ${way} failed`);
            found[way].push(JSON.parse(child.stdout));
        }
    }
    for (const way of ways) {
        const of = (what) => median(found[way].map((each) => each[what]));
        const ratio = median(found[way].map((each, i) => each.cpu_us / found[ways[0]][i].cpu_us));
        const rounded = (number, digits) => Number(number.toFixed(digits));
        console.log(
            JSON.stringify({
                group: "node",
                case: name,
                impl: way,
                cpu_us: rounded(of("cpu_us"), 2),
                wall_us: rounded(of("wall_us"), 2),
                peak_kb: of("peak_kb"),
                ratio: rounded(ratio, 3),
            }),
        );
    }
}
