// The client.
import type {Readable} from "node:stream";
import type {Pointer} from "./raw/abi.js";
import * as abi from "./raw/abi.js";
import {library} from "./raw/native.js";
import {encoded, integer, milliseconds, operation, wrong} from "./bind.js";
import {Call} from "./call.js";
import {AgentKernelError, check} from "./errors.js";
import {ended} from "./detached.js";
import {decoded, download, fileReadable, inPieces, pour, upload} from "./files.js";
import type {
    DetachedLogsOptions,
    FileContent,
    FileWriteOptions,
    RequestOptions,
    RestoreSnapshotOptions,
    TakeSnapshotOptions,
    TransferOptions,
} from "./options.js";
import {Piece, weight} from "./record.js";
import type {Fields} from "./record.js";
import {
    BatchResult,
    detachedCommand,
    DetachedLogsResponse,
    FileReadResponse,
    logEntry,
    natural,
    Reply,
} from "./records.js";
import type {
    BackendDiscovery,
    BatchCommand,
    BatchFileWriteResponse,
    BatchRunResponse,
    DetachedCommand,
    ExtendTtlResponse,
    LogEntry,
    ServerStats,
    ServerStatus,
    SnapshotMeta,
} from "./records.js";
import {scoped, SandboxSession} from "./session.js";
import {RunStream} from "./stream.js";
import {spend, turnOver} from "./turn.js";
import {RunOutput} from "./types.js";
import type {
    AgentKernelOptions,
    CallOptions,
    CreateSandboxOptions,
    ExecDetachedOptions,
    ExecOptions,
    ExtendTtlOptions,
    ListSandboxesOptions,
    ResizeSandboxOptions,
    RunOptions,
    RunStreamOptions,
    SandboxInfo,
    UpdateSandboxOptions,
} from "./types.js";

type Arguments = Readonly<Record<string, unknown>>;

const TEXTS = {
    baseUrl: abi.AK_CLIENT_BASE_URL,
    apiKey: abi.AK_CLIENT_API_KEY,
    caFile: abi.AK_CLIENT_CA_FILE,
    caDir: abi.AK_CLIENT_CA_DIR,
    certFile: abi.AK_CLIENT_CERT_FILE,
    keyFile: abi.AK_CLIENT_KEY_FILE,
    proxy: abi.AK_CLIENT_PROXY,
    noProxy: abi.AK_CLIENT_NO_PROXY,
    userAgent: abi.AK_CLIENT_USER_AGENT,
} as const;
const TIMEOUTS = {
    timeout: abi.AK_CLIENT_TIMEOUT_MS,
    connectTimeout: abi.AK_CLIENT_CONNECT_TIMEOUT_MS,
    idleTimeout: abi.AK_CLIENT_IDLE_TIMEOUT_MS,
    totalTimeout: abi.AK_CLIENT_TOTAL_TIMEOUT_MS,
} as const;
const NUMBERS = {
    maxReplyBytes: abi.AK_CLIENT_MAX_REPLY_BYTES,
    maxEventBytes: abi.AK_CLIENT_MAX_EVENT_BYTES,
    maxIdle: abi.AK_CLIENT_MAX_IDLE,
} as const;

/** A record with its bytes as Buffers. */
function plain(record: Fields): Fields {
    for (const [name, value] of Object.entries(record)) {
        if (value instanceof Piece) record[name] = value.bytes;
    }
    return record;
}

/** A client that nobody holds any more closes its connections. Calls in flight hold the library's client themselves. */
const forgotten = new FinalizationRegistry((handle: Pointer) => {
    library().free("ak_client_free", handle);
});

/**
 * A client of agentkernel.
 *
 *     const client = new AgentKernel();
 *     const {output} = await client.run(["echo", "hello"]);
 *
 * All errors are AgentKernelError. Every method takes `signal`, `timeout` and `connectTimeout`.
 */
export class AgentKernel implements Disposable {
    #handle: Pointer | undefined;

    /** Makes a client; nothing is sent. Throws ValidationError when a setting, or a variable of the environment, cannot be right. */
    constructor(options: AgentKernelOptions = {}) {
        if (typeof options !== "object" || (options as unknown) === null) throw wrong("options", "an object", options);
        const native = library();
        const {lib, err, slot, scratch} = native;
        check(lib.ak_client_new(slot, err));
        const handle = native.objectOut();
        native.own("ak_client_free", handle);
        try {
            for (const [name, value] of Object.entries(options) as [string, unknown][]) {
                if (value === undefined) continue;
                if (name in TEXTS) {
                    const text = encoded(scratch, name, value);
                    check(
                        lib.ak_client_set_text(handle, TEXTS[name as keyof typeof TEXTS], text.bytes, text.size, err),
                    );
                } else if (name in TIMEOUTS) {
                    const setting = TIMEOUTS[name as keyof typeof TIMEOUTS];
                    check(lib.ak_client_set_int(handle, setting, milliseconds(name, value), err));
                } else if (name in NUMBERS) {
                    const setting = NUMBERS[name as keyof typeof NUMBERS];
                    check(lib.ak_client_set_int(handle, setting, integer(name, value), err));
                } else {
                    throw new TypeError(`there is no setting ${name}`);
                }
            }
        } catch (error) {
            native.free("ak_client_free", handle);
            throw error;
        }
        this.#handle = handle;
        forgotten.register(this, handle, this);
    }

    /** Where the server is. */
    get baseUrl(): string {
        const {lib, scratch, size, err} = library();
        check(lib.ak_client_text(this.#open(), abi.AK_CLIENT_BASE_URL, scratch, scratch.length, size, err));
        return scratch.toString("utf8", 0, size[0]);
    }

    /** Whether the server is there: `"ok"`. */
    async health(options: CallOptions = {}): Promise<string> {
        return (await this.#one("health", options))["status"] as string;
    }

    /** Runs a command in a sandbox of its own, and gives what it wrote. */
    async run(command: readonly string[], options: RunOptions = {}): Promise<RunOutput> {
        return new RunOutput(await this.#one("run", {...options, command}));
    }

    /**
     * Runs a command in a sandbox of its own, and yields what happens while it happens.
     *
     *     for await (const event of client.runStream(["make"])) process.stdout.write(event.text ?? "");
     *
     * A command that fails is no error here, its `done` event has the exit code; a stream that breaks off is.
     */
    runStream(command: readonly string[], options: RunStreamOptions = {}): RunStream {
        return new RunStream(() => this.#call("run_stream", {...options, command}).forgettable());
    }

    /** Runs commands side by side, each in a sandbox of its own. One that fails is no error: its result says so. */
    async batchRun(
        commands: readonly (BatchCommand | readonly string[])[],
        options: CallOptions = {},
    ): Promise<BatchRunResponse> {
        // What is neither is for the binding to refuse.
        const listed = (each: BatchCommand | readonly string[] | null): unknown =>
            typeof each === "object" && each !== null && "command" in each ? each.command : each;
        const lists = Array.isArray(commands) ? commands.map(listed) : commands;
        const results = await this.#all("batch_run", {...options, commands: lists});
        return {results: results.map((fields) => new BatchResult(fields))};
    }

    /** Every sandbox, or those with some labels. */
    async listSandboxes(options: ListSandboxesOptions = {}): Promise<SandboxInfo[]> {
        return (await this.#all("list_sandboxes", options)).map((fields) => natural(fields));
    }

    /** Makes a sandbox that stays. */
    async createSandbox(name: string, options: CreateSandboxOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#one("create_sandbox", {...options, name}));
    }

    /** What a sandbox is like. */
    async getSandbox(name: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#one("get_sandbox", {...options, name}));
    }

    /** What the sandbox of a uuid is like. */
    async getSandboxByUuid(uuid: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#one("get_sandbox_by_uuid", {...options, uuid}));
    }

    /** Starts a stopped sandbox. */
    async startSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("start_sandbox", {...options, name});
    }

    /** Ends every process of a sandbox, which stays. Full servers answer well for one that is not there, too. */
    async stopSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("stop_sandbox", {...options, name});
    }

    /** Freezes a sandbox with its memory. Few backends can; others reject with UnprocessableError. */
    async pauseSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("pause_sandbox", {...options, name});
    }

    /** Goes on with a paused sandbox. */
    async resumeSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("resume_sandbox", {...options, name});
    }

    /** Makes a second sandbox of a paused one, memory and all. */
    async forkSandbox(name: string, asName: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#one("fork_sandbox", {...options, name, as_name: asName}));
    }

    /** Gives a sandbox other processors or memory. Some backends stop it and lose its state. */
    async resizeSandbox(name: string, options: ResizeSandboxOptions): Promise<SandboxInfo> {
        return natural(await this.#one("resize_sandbox", {...options, name}));
    }

    /** Brings an archived sandbox back. */
    async recoverSandbox(name: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#one("recover_sandbox", {...options, name}));
    }

    /** Changes a sandbox's labels, description or lifecycle. */
    async updateSandbox(name: string, options: UpdateSandboxOptions): Promise<SandboxInfo> {
        return natural(await this.#one("update_sandbox", {...options, name}));
    }

    /** Lets a sandbox live for longer. */
    async extendTtl(name: string, options: ExtendTtlOptions = {}): Promise<ExtendTtlResponse> {
        return natural(await this.#one("extend_ttl", {...options, name}));
    }

    /** What happened to a sandbox, oldest first. */
    async getSandboxLogs(name: string, options: CallOptions = {}): Promise<LogEntry[]> {
        return (await this.#all("get_sandbox_logs", {...options, name})).map(logEntry);
    }

    /** Removes a sandbox with all that is in it. */
    async removeSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("remove_sandbox", {...options, name});
    }

    /** Runs a command in a sandbox that is there. */
    async execInSandbox(name: string, command: readonly string[], options: ExecOptions = {}): Promise<RunOutput> {
        return new RunOutput(await this.#one("exec_in_sandbox", {...options, name, command}));
    }

    /** Reads a file of a sandbox, all at once. */
    async readFile(name: string, path: string, options: CallOptions = {}): Promise<FileReadResponse> {
        return new FileReadResponse(await this.#one("read_file", {...options, name, path}));
    }

    /**
     * The bytes of a file of a sandbox, as they come. Memory is flat where the server says how it encodes before the
     * content, as agentkernel-local does; of others the library holds the whole reply, up to `maxReplyBytes`. The
     * timeout holds until the last byte. Only the end of the stream says that the file was whole.
     */
    createReadStream(name: string, path: string, options: CallOptions = {}): Readable {
        return fileReadable(() => this.#call("read_file", {...options, name, path}).forgettable());
    }

    /**
     * Writes a file of a sandbox, and makes the folders above it. Of a content that comes in pieces no more than one is
     * held; when it fails, nothing is written. The signal and the timeout end waiting for the next piece, too. Servers take
     * about 12 MB at most.
     */
    async writeFile(
        name: string,
        path: string,
        content: FileContent,
        {encoding, ...options}: FileWriteOptions = {},
    ): Promise<void> {
        if (inPieces(content)) {
            const start = (): [Call, number] => {
                const call = this.#call("write_file", {...options, name, path}).forgettable();
                return [call, options.timeout ?? this.#timeout()];
            };
            await pour(start, content, options.signal);
        } else {
            const known = typeof content === "string" || content instanceof Uint8Array;
            if (!known && (content as unknown) !== undefined)
                // what is missing is for the library to say
                throw wrong("content", "a string, a Uint8Array or an iterable of them", content);
            await this.#one("write_file", {...options, name, path, content: decoded(content, encoding)});
        }
    }

    /** Writes several files of text, by their absolute paths. When one fails, others may have been written. */
    async writeFiles(
        name: string,
        files: Readonly<Record<string, string>>,
        options: CallOptions = {},
    ): Promise<BatchFileWriteResponse> {
        return natural(await this.#one("write_files", {...options, name, files}));
    }

    /** Removes a file of a sandbox. */
    async deleteFile(name: string, path: string, options: CallOptions = {}): Promise<void> {
        await this.#one("delete_file", {...options, name, path});
    }

    /** Copies a file of this machine into a sandbox. */
    async upload(name: string, local: string, path: string, options: TransferOptions = {}): Promise<void> {
        await upload(this, name, local, path, options);
    }

    /**
     * Copies a file of a sandbox to this machine. It takes its name there when all of it has come; until then, and when
     * it does not, what is there stays. A link stays one, and what is no file is refused.
     */
    async download(name: string, path: string, local: string, options: TransferOptions = {}): Promise<void> {
        await download(this, name, path, local, options);
    }

    /** Starts a command in a sandbox and does not wait for it. */
    async execDetached(
        name: string,
        command: readonly string[],
        options: ExecDetachedOptions = {},
    ): Promise<DetachedCommand> {
        return detachedCommand(await this.#one("exec_detached", {...options, name, command}));
    }

    /** How far such a command is. */
    async detachedStatus(name: string, id: string, options: CallOptions = {}): Promise<DetachedCommand> {
        return detachedCommand(await this.#one("detached_status", {...options, name, id}));
    }

    /**
     * Waits until such a command has ended, asking ever more seldom, at least once in a second. The timeout, which is
     * none unless there is one here, is for the whole wait: after it the command runs on.
     */
    async detachedWait(name: string, id: string, options: CallOptions = {}): Promise<DetachedCommand> {
        return ended((each) => this.detachedStatus(name, id, each), options);
    }

    /** What such a command wrote so far: its stdout, or its stderr. */
    async detachedLogs(
        name: string,
        id: string,
        options: DetachedLogsOptions | "stdout" | "stderr" = {},
    ): Promise<DetachedLogsResponse> {
        const chosen = typeof options === "string" ? {stream: options} : options;
        return new DetachedLogsResponse(await this.#one("detached_logs", {...chosen, name, id}));
    }

    /** Ends such a command. */
    async detachedKill(name: string, id: string, options: CallOptions = {}): Promise<void> {
        await this.#one("detached_kill", {...options, name, id});
    }

    /** All such commands of a sandbox. */
    async detachedList(name: string, options: CallOptions = {}): Promise<DetachedCommand[]> {
        return (await this.#all("detached_list", {...options, name})).map(detachedCommand);
    }

    /** Keeps the state of a sandbox under a name, in place of what that name stood for. */
    async takeSnapshot(options: TakeSnapshotOptions): Promise<SnapshotMeta> {
        return natural(await this.#one("take_snapshot", options));
    }

    /** Every snapshot, oldest first. */
    async listSnapshots(options: CallOptions = {}): Promise<SnapshotMeta[]> {
        return (await this.#all("list_snapshots", options)).map((fields) => natural(fields));
    }

    /** What a snapshot is like. */
    async getSnapshot(name: string, options: CallOptions = {}): Promise<SnapshotMeta> {
        return natural(await this.#one("get_snapshot", {...options, name}));
    }

    /** Removes a snapshot. */
    async deleteSnapshot(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("delete_snapshot", {...options, name});
    }

    /** Makes a sandbox of a snapshot. It is stopped unless the options say `start`. */
    async restoreSnapshot(name: string, options: RestoreSnapshotOptions = {}): Promise<SandboxInfo> {
        const restored = natural<SandboxInfo>(await this.#one("restore_snapshot", {...options, name}));
        if (options.start !== true || restored.status !== "stopped") return restored;
        const {signal, timeout, connectTimeout} = options;
        await this.startSandbox(restored.name, {signal, timeout, connectTimeout});
        return this.getSandbox(restored.name, {signal, timeout, connectTimeout});
    }

    /** What the server can isolate sandboxes with. */
    async getBackends(options: CallOptions = {}): Promise<BackendDiscovery> {
        return natural(await this.#one("get_backends", options));
    }

    /** The server itself. */
    async getStatus(options: CallOptions = {}): Promise<ServerStatus> {
        return natural(await this.#one("get_status", options));
    }

    /** How much of the server is in use. */
    async getStats(options: CallOptions = {}): Promise<ServerStats> {
        return natural(await this.#one("get_stats", options));
    }

    /** Any request, for routes that have no method here. The path may have a query. */
    async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
        return new Reply(await this.#one("request", {...options, method, path}));
    }

    /**
     * A sandbox for a while: removed however that ends, by return, error or abort.
     *
     *     await using sandbox = await client.sandbox("box");
     *     await sandbox.run(["make"]);
     *
     * or, with a function, `await client.sandbox("box", async (sandbox) => sandbox.run(["make"]))`, which gives what the
     * function gives. The signal is for what the session runs, too.
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
     * Makes any call of the library by its name, with its arguments by theirs, and yields its records as objects.
     * All methods are made of this.
     */
    async *call(
        name: string,
        options: CallOptions | Arguments = {},
    ): AsyncGenerator<Record<string, unknown>, undefined> {
        const call = this.#call(name, options as Arguments).forgettable();
        try {
            for (;;) {
                const over = turnOver();
                if (over !== undefined) await over;
                const status = call.advance();
                if ((typeof status === "number" ? status : await status) !== abi.AK_ITEM) return;
                const record = call.record();
                spend(weight(record));
                yield plain(record);
            }
        } finally {
            call.close();
        }
    }

    /** Closes the client's connections. Calls in flight end well. */
    close(): void {
        const handle = this.#handle;
        if (handle === undefined) return;
        this.#handle = undefined;
        forgotten.unregister(this);
        library().free("ak_client_free", handle);
    }

    [Symbol.dispose](): void {
        this.close();
    }

    /** The record of an operation that has one, or none. */
    async #one(name: string, options: Arguments | CallOptions): Promise<Fields> {
        const call = this.#call(name, options as Arguments);
        try {
            let record: Fields = {};
            for (;;) {
                const status = call.advance();
                if ((typeof status === "number" ? status : await status) !== abi.AK_ITEM) return record;
                record = call.record();
            }
        } finally {
            call.close();
        }
    }

    /** The records of an operation that has any number of them. */
    async #all(name: string, options: Arguments | CallOptions): Promise<Fields[]> {
        const call = this.#call(name, options as Arguments);
        const records: Fields[] = [];
        try {
            for (;;) {
                const status = call.advance();
                if ((typeof status === "number" ? status : await status) !== abi.AK_ITEM) return records;
                records.push(call.record());
            }
        } finally {
            call.close();
        }
    }

    #call(name: string, {signal, ...values}: Arguments): Call {
        return new Call(this.#open(), operation(name), values, signal as AbortSignal | undefined);
    }

    /** The timeout of calls that have none of their own, in milliseconds. */
    #timeout(): number {
        const {lib, slot, err} = library();
        check(lib.ak_client_int(this.#open(), abi.AK_CLIENT_TIMEOUT_MS, slot, err));
        const timeout = Number(BigInt.asIntN(64, slot[0] ?? 0n));
        return timeout === abi.AK_TIMEOUT_NONE ? Infinity : timeout;
    }

    #open(): Pointer {
        if (this.#handle === undefined) throw new AgentKernelError("the client is closed", {code: "AK_E_STATE"});
        return this.#handle;
    }
}
