// Generated from abi/schema by tools/generate: do not edit.
import type {Caller} from "../caller.js";
import {natural} from "../record.js";
import {detachedCommand, FileReadResponse, logEntry, Reply, RunOutput} from "../records.js";
import type {CallOptions} from "../types.js";
import type {
    CreateSandboxOptions,
    DetachedLogsOptions,
    ExecDetachedOptions,
    ExecOptions,
    ExtendTtlOptions,
    ListSandboxesOptions,
    RequestOptions,
    ResizeSandboxOptions,
    RestoreSnapshotOptions,
    RunOptions,
    TakeSnapshotOptions,
    UpdateSandboxOptions,
} from "./options.js";
import {DetachedLogsResponse} from "./records.js";
import type {
    BackendDiscovery,
    BatchFileWriteResponse,
    DetachedCommand,
    ExtendTtlResponse,
    LogEntry,
    SandboxInfo,
    ServerStats,
    ServerStatus,
    SnapshotMeta,
} from "./records.js";

/** A method for each operation that is no more than a call. */
export abstract class Operations {
    readonly #caller: Caller;

    /** @internal */
    protected constructor(caller: Caller) {
        this.#caller = caller;
    }

    /** Checks that the server is reachable. */
    async health(options: CallOptions = {}): Promise<string> {
        return (await this.#caller.one("health", options))["status"] as string;
    }

    /** Runs a command in a fresh sandbox and returns its output. */
    async run(command: readonly string[], options: RunOptions = {}): Promise<RunOutput> {
        return new RunOutput(await this.#caller.one("run", {...options, command}));
    }

    /** Lists all sandboxes, or those that have all of the given labels. */
    async listSandboxes(options: ListSandboxesOptions = {}): Promise<SandboxInfo[]> {
        return (await this.#caller.all("list_sandboxes", options)).map((fields) => natural(fields));
    }

    /** Creates and starts a sandbox, which exists until it is removed. */
    async createSandbox(name: string, options: CreateSandboxOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("create_sandbox", {...options, name}));
    }

    /** Returns one sandbox. */
    async getSandbox(name: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("get_sandbox", {...options, name}));
    }

    /** Removes a sandbox and everything in it. */
    async removeSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("remove_sandbox", {...options, name});
    }

    /** Runs a command in an existing sandbox and returns its output. */
    async execInSandbox(name: string, command: readonly string[], options: ExecOptions = {}): Promise<RunOutput> {
        return new RunOutput(await this.#caller.one("exec_in_sandbox", {...options, name, command}));
    }

    /** Returns the sandbox with a given UUID. */
    async getSandboxByUuid(uuid: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("get_sandbox_by_uuid", {...options, uuid}));
    }

    /** Starts a stopped sandbox. Starting one that is running is a conflict (409). */
    async startSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("start_sandbox", {...options, name});
    }

    /**
     * Stops a sandbox: its processes end, the sandbox is kept. Stopping a stopped one does nothing. With
     * agentkernel-local its files stay; the full server's containers lose those outside of volumes. Full servers also
     * report success for a sandbox that does not exist.
     */
    async stopSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("stop_sandbox", {...options, name});
    }

    /** Freezes a sandbox and its memory. Few backends support this. The others refuse it (422). */
    async pauseSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("pause_sandbox", {...options, name});
    }

    /** Resumes a paused sandbox. */
    async resumeSandbox(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("resume_sandbox", {...options, name});
    }

    /** Creates a copy of a paused sandbox, including its memory. */
    async forkSandbox(name: string, asName: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("fork_sandbox", {...options, name, as_name: asName}));
    }

    /** Changes the processors or memory of a sandbox. Some backends restart it and lose its state. */
    async resizeSandbox(name: string, options: ResizeSandboxOptions): Promise<SandboxInfo> {
        return natural(await this.#caller.one("resize_sandbox", {...options, name}));
    }

    /** Restores an archived sandbox. A dormant one, too. */
    async recoverSandbox(name: string, options: CallOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("recover_sandbox", {...options, name}));
    }

    /**
     * Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. What is not set stays
     * as it is.
     */
    async updateSandbox(name: string, options: UpdateSandboxOptions): Promise<SandboxInfo> {
        return natural(await this.#caller.one("update_sandbox", {...options, name}));
    }

    /** Reads a file from a sandbox. It is held as a whole; createReadStream returns it in pieces. */
    async readFile(name: string, path: string, options: CallOptions = {}): Promise<FileReadResponse> {
        return new FileReadResponse(await this.#caller.one("read_file", {...options, name, path}));
    }

    /** Deletes a file from a sandbox. */
    async deleteFile(name: string, path: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("delete_file", {...options, name, path});
    }

    /** Writes several text files. When one fails, others may have been written. */
    async writeFiles(
        name: string,
        files: Readonly<Record<string, string>>,
        options: CallOptions = {},
    ): Promise<BatchFileWriteResponse> {
        return natural(await this.#caller.one("write_files", {...options, name, files}));
    }

    /** Lists the audit log of a sandbox, oldest entry first. */
    async getSandboxLogs(name: string, options: CallOptions = {}): Promise<LogEntry[]> {
        return (await this.#caller.all("get_sandbox_logs", {...options, name})).map((fields) => logEntry(fields));
    }

    /** Starts a command in a sandbox without waiting for it. The timeouts bound the call, not the command. */
    async execDetached(
        name: string,
        command: readonly string[],
        options: ExecDetachedOptions = {},
    ): Promise<DetachedCommand> {
        return detachedCommand(await this.#caller.one("exec_detached", {...options, name, command}));
    }

    /** Returns the state of a detached command. */
    async detachedStatus(name: string, id: string, options: CallOptions = {}): Promise<DetachedCommand> {
        return detachedCommand(await this.#caller.one("detached_status", {...options, name, id}));
    }

    /** Returns what a detached command has written so far. */
    async detachedLogs(name: string, id: string, options: DetachedLogsOptions = {}): Promise<DetachedLogsResponse> {
        return new DetachedLogsResponse(await this.#caller.one("detached_logs", {...options, name, id}));
    }

    /** Kills a detached command. One that has ended is left as it is. */
    async detachedKill(name: string, id: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("detached_kill", {...options, name, id});
    }

    /**
     * Lists the detached commands of a sandbox. The full server returns the states as they were when each was last
     * requested.
     */
    async detachedList(name: string, options: CallOptions = {}): Promise<DetachedCommand[]> {
        return (await this.#caller.all("detached_list", {...options, name})).map((fields) => detachedCommand(fields));
    }

    /** Extends the lifetime of a sandbox. */
    async extendTtl(name: string, options: ExtendTtlOptions = {}): Promise<ExtendTtlResponse> {
        return natural(await this.#caller.one("extend_ttl", {...options, name}));
    }

    /** Saves the state of a sandbox as a snapshot. A snapshot of the same name is replaced. */
    async takeSnapshot(options: TakeSnapshotOptions): Promise<SnapshotMeta> {
        return natural(await this.#caller.one("take_snapshot", options));
    }

    /** Lists all snapshots, oldest first. */
    async listSnapshots(options: CallOptions = {}): Promise<SnapshotMeta[]> {
        return (await this.#caller.all("list_snapshots", options)).map((fields) => natural(fields));
    }

    /** Returns one snapshot. */
    async getSnapshot(name: string, options: CallOptions = {}): Promise<SnapshotMeta> {
        return natural(await this.#caller.one("get_snapshot", {...options, name}));
    }

    /** Deletes a snapshot. Sandboxes restored from it stay. */
    async deleteSnapshot(name: string, options: CallOptions = {}): Promise<void> {
        await this.#caller.one("delete_snapshot", {...options, name});
    }

    /** Creates a sandbox from a snapshot. */
    async restoreSnapshot(name: string, options: RestoreSnapshotOptions = {}): Promise<SandboxInfo> {
        return natural(await this.#caller.one("restore_snapshot", {...options, name}));
    }

    /** Returns the backends that the server supports. */
    async getBackends(options: CallOptions = {}): Promise<BackendDiscovery> {
        return natural(await this.#caller.one("get_backends", options));
    }

    /** Returns the version and configuration of the server. */
    async getStatus(options: CallOptions = {}): Promise<ServerStatus> {
        return natural(await this.#caller.one("get_status", options));
    }

    /** Returns usage statistics of the server. */
    async getStats(options: CallOptions = {}): Promise<ServerStats> {
        return natural(await this.#caller.one("get_stats", options));
    }

    /** Sends an arbitrary request, for routes that have no operation. */
    async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
        return new Reply(await this.#caller.one("request", {...options, method, path}));
    }
}
