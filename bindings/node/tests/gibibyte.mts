// Reads a stream of 1 GiB from a server, as events or as bytes, or a file of that size, and prints how many there were
// and by how many MiB the process's peak grew after the first eighth.
import {readFileSync} from "node:fs";
import {AgentKernel} from "agentkernel";

const peak = (): number => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;

async function* pieces(url: string, way: string): AsyncGenerator<number> {
    const client = new AgentKernel({baseUrl: url, timeout: Infinity});
    if (way === "file") {
        for await (const chunk of client.createReadStream("box", "/tmp/x")) yield (chunk as Buffer).length;
        return;
    }
    const stream = client.runStream(["x"]);
    if (way === "events") for await (const event of stream) yield event.output?.length ?? 0;
    else for await (const chunk of stream.readable() as AsyncIterable<Buffer>) yield chunk.length;
}

const [, , url = "", way = ""] = process.argv;
let [size, warm] = [0, 0];
for await (const piece of pieces(url, way)) {
    size += piece;
    if (warm === 0 && size >= 128 * 1024 * 1024) warm = peak();
}
process.stdout.write(`${size} ${Math.round(peak() - warm)}\n`);
