// Sandboxes that are removed however their use ends. A create that was aborted or timed out may have created a sandbox
// nevertheless: it is looked up by its name, and removed.
import type {Readable} from "node:stream";
import {setTimeout as pause} from "node:timers/promises";
import {AgentKernelError} from "./error.js";
import type {FileClient} from "./files.js";
import {NotFoundError} from "./generated/errors.js";
import type {Operations} from "./generated/operations.js";
import type {CreateSandboxOptions, ExecDetachedOptions, ExecOptions} from "./generated/options.js";
import type {BatchFileWriteResponse, DetachedCommand, SandboxInfo, SnapshotMeta} from "./generated/records.js";
import type {FileReadResponse, RunOutput} from "./records.js";
import type {CallOptions, FileContent, FileWriteOptions, TransferOptions} from "./types.js";

/** The timeout of the removal at the end, in milliseconds. */
const REMOVE_MS = 30000;
/** A server may still complete a create that was abandoned: it is looked up again after these milliseconds. */
const LOOK_UP_PAUSES = [0, 50, 200, 500, 1000];
/** How far the server's clock may be behind the local one. An older sandbox was not created by this call. */
const CLOCK_MS = 60000;
/** A proxy gave up waiting; the server behind it may not have. */
const GATEWAY_STATUSES = [502, 504];

/** What a session needs of its client. */
export interface SessionClient extends FileClient, Operations {
    detachedWait(name: string, id: string, options?: CallOptions): Promise<DetachedCommand>;
    upload(name: string, local: string, path: string, options?: TransferOptions): Promise<void>;
    download(name: string, path: string, local: string, options?: TransferOptions): Promise<void>;
}

export class SandboxSession implements AsyncDisposable {
    /** The sandbox as it was created. */
    readonly sandbox: SandboxInfo;
    readonly #client: SessionClient;
    readonly #signal: AbortSignal | undefined;
    #removed: Promise<void> | undefined;

    private constructor(client: SessionClient, sandbox: SandboxInfo, signal: AbortSignal | undefined) {
        this.#client = client;
        this.sandbox = sandbox;
        this.#signal = signal;
    }

    /** @internal */
    static async create(client: SessionClient, name: string, options: CreateSandboxOptions): Promise<SandboxSession> {
        const started = Date.now();
        try {
            return new SandboxSession(client, await client.createSandbox(name, options), options.signal);
        } catch (error) {
            if (mayExist(error)) await removeLeftover(client, name, started);
            throw error;
        }
    }

    get name(): string {
        return this.sandbox.name;
    }

    /** Runs a command in the sandbox. */
    run(command: readonly string[], options: ExecOptions = {}): Promise<RunOutput> {
        return this.#client.execInSandbox(this.name, command, {signal: this.#signal, ...options});
    }

    /** The same as `run`. */
    exec(command: readonly string[], options: ExecOptions = {}): Promise<RunOutput> {
        return this.run(command, options);
    }

    /** Starts a command in the sandbox without waiting for it. */
    execDetached(command: readonly string[], options: ExecDetachedOptions = {}): Promise<DetachedCommand> {
        return this.#client.execDetached(this.name, command, {signal: this.#signal, ...options});
    }

    /** Waits until a detached command has ended. */
    detachedWait(id: string, options: CallOptions = {}): Promise<DetachedCommand> {
        return this.#client.detachedWait(this.name, id, {signal: this.#signal, ...options});
    }

    /** Reads a file from the sandbox. */
    readFile(path: string, options: CallOptions = {}): Promise<FileReadResponse> {
        return this.#client.readFile(this.name, path, {signal: this.#signal, ...options});
    }

    /** Reads a file from the sandbox in pieces. */
    createReadStream(path: string, options: CallOptions = {}): Readable {
        return this.#client.createReadStream(this.name, path, {signal: this.#signal, ...options});
    }

    /** Writes a file in the sandbox and creates its parent directories. */
    writeFile(path: string, content: FileContent, options: FileWriteOptions = {}): Promise<void> {
        return this.#client.writeFile(this.name, path, content, {signal: this.#signal, ...options});
    }

    /** Writes several text files, by their absolute paths. */
    writeFiles(files: Readonly<Record<string, string>>, options: CallOptions = {}): Promise<BatchFileWriteResponse> {
        return this.#client.writeFiles(this.name, files, {signal: this.#signal, ...options});
    }

    /** Deletes a file from the sandbox. */
    deleteFile(path: string, options: CallOptions = {}): Promise<void> {
        return this.#client.deleteFile(this.name, path, {signal: this.#signal, ...options});
    }

    /** Copies a local file into the sandbox. */
    upload(local: string, path: string, options: TransferOptions = {}): Promise<void> {
        return this.#client.upload(this.name, local, path, {signal: this.#signal, ...options});
    }

    /** Copies a file from the sandbox to a local file. */
    download(path: string, local: string, options: TransferOptions = {}): Promise<void> {
        return this.#client.download(this.name, path, local, {signal: this.#signal, ...options});
    }

    /** Saves the state of the sandbox as a snapshot. */
    takeSnapshot(name: string, options: CallOptions = {}): Promise<SnapshotMeta> {
        return this.#client.takeSnapshot({signal: this.#signal, ...options, sandbox: this.name, name});
    }

    /** The current description of the sandbox. */
    info(options: CallOptions = {}): Promise<SandboxInfo> {
        return this.#client.getSandbox(this.name, {signal: this.#signal, ...options});
    }

    /** Removes the sandbox, if it still exists. After a failure it may be called again. */
    remove(options: CallOptions = {}): Promise<void> {
        this.#removed ??= this.#client.removeSandbox(this.name, options).catch((error: unknown) => {
            if (error instanceof NotFoundError) return;
            this.#removed = undefined;
            throw error;
        });
        return this.#removed;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.remove({timeout: REMOVE_MS});
    }
}

/** Uses a session and removes it. @internal */
export async function scoped<T>(session: SandboxSession, use: (sandbox: SandboxSession) => Promise<T> | T): Promise<T> {
    let result: T;
    try {
        result = await use(session);
    } catch (error) {
        await session.remove({timeout: REMOVE_MS}).catch((removal: unknown) => {
            warn(session.name, removal);
        });
        throw error;
    }
    await session.remove({timeout: REMOVE_MS});
    return result;
}

/** Whether a create that failed like this may have created a sandbox. */
function mayExist(error: unknown): boolean {
    if (!(error instanceof AgentKernelError) || error.sent === undefined || error.sent === "nothing") return false;
    return error.status === undefined || error.status < 300 || GATEWAY_STATUSES.includes(error.status);
}

async function removeLeftover(client: SessionClient, name: string, started: number): Promise<void> {
    const until = Date.now() + REMOVE_MS;
    const left = (): CallOptions => ({timeout: Math.max(until - Date.now(), 0)});
    for (const milliseconds of LOOK_UP_PAUSES) {
        await pause(milliseconds);
        try {
            const {created_at} = await client.getSandbox(name, left());
            const created = created_at === undefined ? NaN : Date.parse(created_at);
            if (!(created < started - CLOCK_MS)) await client.removeSandbox(name, left());
            return;
        } catch (error) {
            if (error instanceof NotFoundError) continue;
            warn(name, error);
            return;
        }
    }
}

/** Reports a removal that failed while another error is thrown. */
function warn(name: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(`the sandbox ${name} could not be removed: ${message}`, "AgentKernelWarning");
}
