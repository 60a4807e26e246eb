// The client. Operations that are no more than a call are in generated/operations.ts.
import type {Readable} from "node:stream";
import {AK_ITEM} from "./raw/abi.js";
import {wrong} from "./bind.js";
import type {Call} from "./call.js";
import {Caller} from "./caller.js";
import type {Arguments} from "./caller.js";
import {ended} from "./detached.js";
import {decoded, download, fileReadable, inPieces, pour, upload} from "./files.js";
import {Operations} from "./generated/operations.js";
import type {
    CreateSandboxOptions,
    DetachedLogsOptions,
    RestoreSnapshotOptions,
    RunStreamOptions,
} from "./generated/options.js";
import {BatchResult} from "./generated/records.js";
import type {DetachedCommand, DetachedLogsResponse, SandboxInfo} from "./generated/records.js";
import type {AgentKernelOptions} from "./generated/settings.js";
import {Piece, weight} from "./record.js";
import type {Fields} from "./record.js";
import type {BatchRunResponse} from "./records.js";
import {scoped, SandboxSession} from "./session.js";
import {RunStream} from "./stream.js";
import {spend, turnOver} from "./turn.js";
import type {BatchCommand, CallOptions, FileContent, FileWriteOptions, TransferOptions} from "./types.js";

/** A record with its bytes as Buffers. */
function plain(record: Fields): Fields {
    for (const [name, value] of Object.entries(record)) {
        if (value instanceof Piece) record[name] = value.bytes;
    }
    return record;
}

/**
 * A client of agentkernel.
 *
 *     const client = new AgentKernel();
 *     const {output} = await client.run(["echo", "hello"]);
 *
 * All errors are AgentKernelError. Every method takes `signal`, `timeout` and `connectTimeout`.
 */
export class AgentKernel extends Operations implements Disposable {
    readonly #caller: Caller;

    /** Creates a client; nothing is sent. Throws ValidationError for an invalid setting or environment variable. */
    constructor(options: AgentKernelOptions = {}) {
        const caller = new Caller(options);
        super(caller);
        this.#caller = caller;
    }

    /** The URL of the server. */
    get baseUrl(): string {
        return this.#caller.baseUrl;
    }

    /**
     * Runs a command in a fresh sandbox and streams events as they arrive.
     *
     *     for await (const event of client.runStream(["make"])) process.stdout.write(event.text ?? "");
     *
     * A failing command is not an error here, its `done` event has the exit code; a truncated stream is.
     */
    runStream(command: readonly string[], options: RunStreamOptions = {}): RunStream {
        return new RunStream(() => this.#caller.call("run_stream", {...options, command}).forgettable());
    }

    /**
     * Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order. A failing
     * command is not an error: its result has it.
     */
    async batchRun(
        commands: readonly (BatchCommand | readonly string[])[],
        options: CallOptions = {},
    ): Promise<BatchRunResponse> {
        // Anything else is refused when it is bound.
        const listed = (each: BatchCommand | readonly string[] | null): unknown =>
            typeof each === "object" && each !== null && "command" in each ? each.command : each;
        const lists = Array.isArray(commands) ? commands.map(listed) : commands;
        const results = await this.#caller.all("batch_run", {...options, commands: lists});
        return {results: results.map((fields) => new BatchResult(fields))};
    }

    /**
     * Reads a file from a sandbox in pieces. Memory use is constant if the server sends the encoding before the content,
     * as agentkernel-local does; of other servers the library holds the whole reply, up to `maxReplyBytes`. The timeout
     * is for the whole file. Only the end of the stream means that the file was complete.
     */
    createReadStream(name: string, path: string, options: CallOptions = {}): Readable {
        return fileReadable(() => this.#caller.call("read_file", {...options, name, path}).forgettable());
    }

    /**
     * Writes a file in a sandbox and creates its parent directories. Of content in pieces no more than one is
     * held; if it fails, nothing is written. The signal and the timeout also end waiting for the next piece. Servers
     * accept about 12 MB at most.
     */
    async writeFile(
        name: string,
        path: string,
        content: FileContent,
        {encoding, ...options}: FileWriteOptions = {},
    ): Promise<void> {
        if (inPieces(content)) {
            const start = (): [Call, number] => {
                const call = this.#caller.call("write_file", {...options, name, path}).forgettable();
                return [call, options.timeout ?? this.#caller.timeout];
            };
            await pour(start, content, options.signal);
        } else {
            const known = typeof content === "string" || content instanceof Uint8Array;
            if (!known && (content as unknown) !== undefined)
                // the library refuses missing content itself
                throw wrong("content", "a string, a Uint8Array or an iterable of them", content);
            await this.#caller.one("write_file", {...options, name, path, content: decoded(content, encoding)});
        }
    }

    /** Copies a local file into a sandbox. */
    async upload(name: string, local: string, path: string, options: TransferOptions = {}): Promise<void> {
        await upload(this, name, local, path, options);
    }

    /**
     * Copies a file from a sandbox to a local file. An existing file is replaced when the new one is complete, and kept
     * if it fails. A symbolic link is kept; anything but a regular file is refused.
     */
    async download(name: string, path: string, local: string, options: TransferOptions = {}): Promise<void> {
        await download(this, name, path, local, options);
    }

    /**
     * Waits until a detached command has ended, polling with growing pauses of at most a second. The timeout is for the
     * whole wait; there is none by default, and the command keeps running after it.
     */
    async detachedWait(name: string, id: string, options: CallOptions = {}): Promise<DetachedCommand> {
        return ended((each) => this.detachedStatus(name, id, each), options);
    }

    /** Returns what a detached command has written so far: to its stdout, or to its stderr. */
    override detachedLogs(
        name: string,
        id: string,
        options: DetachedLogsOptions | "stdout" | "stderr" = {},
    ): Promise<DetachedLogsResponse> {
        return super.detachedLogs(name, id, typeof options === "string" ? {stream: options} : options);
    }

    /** Creates a sandbox from a snapshot. It is stopped unless the options set `start`. */
    override async restoreSnapshot(name: string, options: RestoreSnapshotOptions = {}): Promise<SandboxInfo> {
        const restored = await super.restoreSnapshot(name, options);
        if (options.start !== true || restored.status !== "stopped") return restored;
        const {signal, timeout, connectTimeout} = options;
        await this.startSandbox(restored.name, {signal, timeout, connectTimeout});
        return this.getSandbox(restored.name, {signal, timeout, connectTimeout});
    }

    /**
     * Creates a sandbox that is removed however its use ends: by return, error or abort.
     *
     *     await using sandbox = await client.sandbox("box");
     *     await sandbox.run(["make"]);
     *
     * or, with a function, `await client.sandbox("box", async (sandbox) => sandbox.run(["make"]))`, which returns what the
     * function returns. The signal also applies to the methods of the sandbox.
     */
    sandbox(name: string, options?: CreateSandboxOptions): Promise<SandboxSession>;
    sandbox<T>(name: string, use: (sandbox: SandboxSession) => Promise<T> | T): Promise<T>;
    sandbox<T>(
        name: string,
        options: CreateSandboxOptions,
        use: (sandbox: SandboxSession) => Promise<T> | T,
    ): Promise<T>;
    async sandbox<T>(
        name: string,
        second?: CreateSandboxOptions | ((sandbox: SandboxSession) => Promise<T> | T),
        third?: (sandbox: SandboxSession) => Promise<T> | T,
    ): Promise<SandboxSession | T> {
        const options = typeof second === "function" ? {} : (second ?? {});
        const use = typeof second === "function" ? second : third;
        const session = await SandboxSession.create(this, name, options);
        return use === undefined ? session : scoped(session, use);
    }

    /**
     * Calls any operation of the library by name, with arguments by name, and yields its records as objects.
     */
    async *call(
        name: string,
        options: CallOptions | Arguments = {},
    ): AsyncGenerator<Record<string, unknown>, undefined> {
        const call = this.#caller.call(name, options).forgettable();
        try {
            for (;;) {
                const over = turnOver();
                if (over !== undefined) await over;
                const status = call.advance();
                if ((typeof status === "number" ? status : await status) !== AK_ITEM) return;
                const record = call.record();
                spend(weight(record));
                yield plain(record);
            }
        } finally {
            call.close();
        }
    }

    /** Closes the client's connections. Calls in flight are not affected. */
    close(): void {
        this.#caller.close();
    }

    [Symbol.dispose](): void {
        this.close();
    }
}
