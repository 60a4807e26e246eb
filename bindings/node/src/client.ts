// The client.
import type {Pointer} from "./raw/abi.js";
import * as abi from "./raw/abi.js";
import {library} from "./raw/native.js";
import {Call} from "./call.js";
import {AgentKernelError, check} from "./errors.js";
import {encoded, integer, milliseconds, operation} from "./operations.js";
import {Piece, weight} from "./record.js";
import type {Fields} from "./record.js";
import {scoped, SandboxSession} from "./session.js";
import {RunStream} from "./stream.js";
import {spend, turnOver} from "./turn.js";
import {RunOutput, sandboxInfo} from "./types.js";
import type {
    AgentKernelOptions,
    CallOptions,
    CreateSandboxOptions,
    ExecOptions,
    RunOptions,
    RunStreamOptions,
    SandboxInfo,
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
        return new RunStream(() => this.#call("run_stream", {...options, command}));
    }

    /** Every sandbox. */
    async listSandboxes(options: CallOptions = {}): Promise<SandboxInfo[]> {
        const list: SandboxInfo[] = [];
        for await (const record of this.call("list_sandboxes", options)) list.push(sandboxInfo(record));
        return list;
    }

    /** Makes a sandbox that stays. */
    async createSandbox(name: string, options: CreateSandboxOptions = {}): Promise<SandboxInfo> {
        return sandboxInfo(await this.#one("create_sandbox", {...options, name}));
    }

    /** What a sandbox is like. */
    async getSandbox(name: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return sandboxInfo(await this.#one("get_sandbox", {...options, name}));
    }

    /** Removes a sandbox with all that is in it. */
    async removeSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("remove_sandbox", {...options, name});
    }

    /** Ends every process of a sandbox, which stays. */
    async stopSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#one("stop_sandbox", {...options, name});
    }

    /** Runs a command in a sandbox that is there. */
    async execInSandbox(name: string, command: readonly string[], options: ExecOptions = {}): Promise<RunOutput> {
        return new RunOutput(await this.#one("exec_in_sandbox", {...options, name, command}));
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
        const call = this.#call(name, options as Arguments);
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

    #call(name: string, {signal, ...values}: Arguments): Call {
        return new Call(this.#open(), operation(name), values, signal as AbortSignal | undefined);
    }

    #open(): Pointer {
        if (this.#handle === undefined) throw new AgentKernelError("the client is closed", {code: "AK_E_STATE"});
        return this.#handle;
    }
}
