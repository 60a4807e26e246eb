// Shared by the tests: the scripted server, agentkernel-local, and programs run beside the test.
import {spawn} from "node:child_process";
import type {ChildProcess} from "node:child_process";
import {createRequire} from "node:module";
import {mkdtempSync, readdirSync, rmSync} from "node:fs";
import {join} from "node:path";
import {createInterface} from "node:readline";
import type {Interface} from "node:readline";
import {AgentKernel} from "agentkernel";
import type {AgentKernelOptions} from "agentkernel";

/** The folder of the tree, and of this binding's build. */
export const tree = process.env["AK_TREE"] ?? "";
export const built = join(tree, "build", "node");

for (const name of Object.keys(process.env)) {
    if (name.startsWith("AGENTKERNEL_")) Reflect.deleteProperty(process.env, name);
}

/** The library's description of an operation. */
export interface Operation {
    streams: boolean;
    parameters: Map<string, {name: string; type: number; required: boolean}>;
    fields: {name: string}[];
}
const require = createRequire(import.meta.url);
const operations = require(join(built, "package", "dist", "bind.js")) as {
    operation: (name: string) => Operation;
    operationNames: () => string[];
};
export const {operation: describe, operationNames} = operations;
export const abi = require(join(built, "package", "dist", "raw", "abi.js")) as Record<
    `AK_TYPE_${"TEXT" | "BYTES" | "INT" | "JSON" | "LISTS"}`,
    number
>;

/** The positional arguments of methods: the required ones, except for these. */
const POSITIONAL: Readonly<Record<string, string[]>> = {
    write_file: ["name", "path", "content"],
    take_snapshot: [],
};

export function positionalOf(operation: string): string[] {
    const all = [...describe(operation).parameters.values()];
    return POSITIONAL[operation] ?? all.filter((each) => each.required).map((each) => each.name);
}

export type Json = null | boolean | number | string | Json[] | {[name: string]: Json};
export type JsonObject = Record<string, Json>;

export function isObject(value: unknown): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A program whose lines are read one by one. It ends with the test. */
class Program {
    readonly child: ChildProcess;
    readonly #lines: Interface;
    readonly #waiting: ((line: string) => void)[] = [];
    readonly #read: string[] = [];
    #failing: ((error: Error) => void)[] = [];

    constructor(path: string, args: string[] = [], env = process.env) {
        this.child = spawn(path, args, {stdio: ["pipe", "pipe", "inherit"], env});
        if (this.child.stdout === null) throw new Error("no stdout");
        const failed = (): void => this.#failing.forEach((reject) => reject(new Error(`${path} has ended`)));
        this.child.once("exit", failed);
        this.child.once("error", failed);
        this.#lines = createInterface(this.child.stdout);
        this.#lines.on("line", (line) => {
            this.#failing = [];
            const next = this.#waiting.shift();
            if (next === undefined) this.#read.push(line);
            else next(line);
        });
    }

    line(): Promise<string> {
        const line = this.#read.shift();
        if (line !== undefined) return Promise.resolve(line);
        return new Promise((resolve, reject) => {
            this.#waiting.push(resolve);
            this.#failing.push(reject);
        });
    }

    async end(): Promise<void> {
        if (this.child.exitCode !== null) return;
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill();
        await ended;
    }
}

/** The scripted server's program: any number of servers. */
export class FaultServer {
    readonly #program = new Program(process.env["AK_FAULT_SERVER"] ?? join(tree, "build", "bin", "ak-fault-server"));
    #last: Promise<unknown> = Promise.resolve();

    /** Sends a command and returns the reply. */
    say(command: JsonObject): Promise<JsonObject> {
        const answer = this.#last.then(async () => {
            this.#program.child.stdin?.write(`${JSON.stringify(command)}\n`);
            const parsed = JSON.parse(await this.#program.line()) as JsonObject;
            if (parsed["ok"] !== true) throw new Error(JSON.stringify(parsed));
            return parsed;
        });
        this.#last = answer.catch(() => undefined);
        return answer;
    }

    async script(script: Json): Promise<Scripted> {
        return new Scripted(this, await this.say({op: "script", script}));
    }

    end(): Promise<void> {
        return this.#program.end();
    }
}

/** One server with its script. */
export class Scripted {
    readonly #server: FaultServer;
    readonly answer: JsonObject;
    readonly #clients: AgentKernel[] = [];

    constructor(server: FaultServer, answer: JsonObject) {
        this.#server = server;
        this.answer = answer;
    }

    get url(): string {
        return this.answer["url"] as string;
    }

    client(options: AgentKernelOptions = {}): AgentKernel {
        const client = new AgentKernel({baseUrl: this.url, ...options});
        this.#clients.push(client);
        return client;
    }

    say(op: string, more: JsonObject = {}): Promise<JsonObject> {
        return this.#server.say({op, id: this.answer["id"] ?? null, ...more});
    }

    async reached(counter: string, least = 1): Promise<boolean> {
        return (await this.say("await", {counter, least, timeout_ms: 60000}))["reached"] === true;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        for (const client of this.#clients) client.close();
        await this.say("stop");
    }
}

/** agentkernel-local on a free port. */
export class LocalServer {
    readonly #program: Program;
    readonly #state: string;
    readonly url: string;

    private constructor(program: Program, state: string, url: string) {
        this.#program = program;
        this.#state = state;
        this.url = url;
    }

    static async start(): Promise<LocalServer> {
        const state = mkdtempSync("/var/tmp/ak-node-"); // where /tmp is a tmpfs, files count as a sandbox's memory
        const arguments_ = ["--listen", "127.0.0.1:0", "--state", join(state, "state")];
        const program = new Program(join(tree, "build", "bin", "agentkernel-local"), arguments_);
        const [, , url] = (await program.line()).split(" ");
        return new LocalServer(program, state, url ?? "");
    }

    async end(): Promise<void> {
        await this.#program.end();
        rmSync(this.#state, {recursive: true, force: true});
    }
}

export interface Finished {
    code: number | null;
    signal: string | null;
    out: string;
    err: string;
}

/** Runs a program until it ends, with a timeout of a quarter of an hour. */
export function finished(
    path: string,
    args: string[],
    options: {env?: Record<string, string>; cwd?: string} = {},
): Promise<Finished> {
    return new Promise((resolve, reject) => {
        const env = {...process.env, AK_TREE: tree, ...options.env};
        const child = spawn(path, args, {env, cwd: options.cwd, timeout: 900000, stdio: ["ignore", "pipe", "pipe"]});
        let [out, err] = ["", ""];
        child.stdout.on("data", (data: Buffer) => (out += data.toString()));
        child.stderr.on("data", (data: Buffer) => (err += data.toString()));
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({code, signal, out, err}));
    });
}

/** The runtime's name if it is not Node. */
export const runtime = ["bun", "deno"].find((name) => name in process.versions);

/** Runs the garbage collector. */
export function collect(): void {
    const {gc, Bun} = globalThis as unknown as {gc?: () => void; Bun?: {gc: (now: boolean) => void}};
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
}

/** The number of open descriptors of this process. */
export function descriptors(): number {
    return readdirSync("/proc/self/fd").length;
}

/** Tries something that depends on time, with longer and longer times: the machine may be busy. */
export async function stretched(attempt: (factor: number) => Promise<void>): Promise<void> {
    for (const factor of [1, 5]) {
        try {
            await attempt(factor);
            return;
        } catch {
            // only the last attempt counts
        }
    }
    await attempt(25);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A stream of a number of output events, which then ends; without a count it never ends. */
export function outputs(count: number, text: string, more: Json[] = []): JsonObject {
    const block = `event: output\ndata: ${JSON.stringify({data: text})}\n\n`;
    return {
        rules: [
            {
                times: "always",
                steps: [
                    {sse: {end: false}},
                    {repeat_text: block, count, chunked: true},
                    ...(more.length > 0
                        ? more
                        : [{event: {event: "done", data: {exit_code: 0, success: true}}}, {last_chunk: true}]),
                ],
            },
        ],
    };
}
