// What the operations answer beside commands, events and sandboxes. What the server did not tell is undefined, or null
// where the official SDK has it so. Every record has `raw`: itself as the server sent it (JSON). Not enumerable.
import {Piece} from "./record.js";
import type {Fields} from "./record.js";

type Texts = Readonly<Record<string, string | null>>;

/** A record without bytes: an object of its fields. @internal */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the cast of all records is here, once
export function natural<T>(fields: Fields): T {
    return Object.defineProperty(fields, "raw", {enumerable: false}) as T;
}

function bytesOf(fields: Fields, name: string): Buffer | undefined {
    return (fields[name] as Piece | undefined)?.bytes;
}

/** A record with bytes. */
abstract class ByteRecord {
    readonly #raw: string | undefined;

    constructor(fields: Fields) {
        this.#raw = fields["raw"] as string | undefined;
    }

    /** The record as the server sent it (JSON). */
    get raw(): string | undefined {
        return this.#raw;
    }
}

/** A file of a sandbox. */
export class FileReadResponse extends ByteRecord {
    /** The content exactly. */
    readonly contentBytes: Buffer;
    /** What `content` is: `"utf8"` for text, or `"base64"`, as the server sent it. */
    readonly encoding: "utf8" | "base64" | (string & {}) | undefined;
    /** The content's bytes. */
    readonly size: number | bigint | undefined;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.contentBytes = bytesOf(fields, "content") ?? Buffer.alloc(0);
        this.encoding = fields["encoding"] as string | undefined;
        this.size = fields["size"] as number | bigint | undefined;
    }

    /** The content as the official SDK has it: text, or base64 where `encoding` says so. */
    get content(): string {
        return this.contentBytes.toString(this.encoding === "base64" ? "base64" : "utf8");
    }

    /** The content as text; bytes that are not UTF-8 are replaced. */
    get text(): string {
        return this.contentBytes.toString("utf8");
    }
}

/** How many files were written. */
export interface BatchFileWriteResponse {
    readonly written: number;
    readonly raw: string;
}

/** One of several commands. */
export interface BatchCommand {
    readonly command: readonly string[];
}

/** What one of several commands came to: its output, or why there is none. */
export class BatchResult extends ByteRecord {
    /** The output exactly. */
    readonly outputBytes: Buffer | null;
    readonly error: string | null;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.outputBytes = bytesOf(fields, "output") ?? null;
        this.error = (fields["error"] as string | undefined) ?? null;
    }

    /** The output as text; bytes that are not UTF-8 are replaced. */
    get output(): string | null {
        return this.outputBytes?.toString("utf8") ?? null;
    }
}

/** The results in the order of the commands. */
export interface BatchRunResponse {
    readonly results: BatchResult[];
}

/** How far a command is that nobody waits for: an open set. */
export type DetachedStatus = "running" | "completed" | "failed" | (string & {});

/** A command that nobody waits for. */
export interface DetachedCommand {
    readonly id: string;
    readonly status: DetachedStatus;
    readonly sandbox?: string;
    readonly command?: readonly (string | null)[];
    readonly pid?: number;
    /** Once it has ended. Full servers of version 0.21 always say 127. */
    readonly exit_code: number | null;
    /** RFC 3339. */
    readonly started_at?: string;
    readonly raw: string;
}

/** @internal */
export function detachedCommand(fields: Fields): DetachedCommand {
    fields["exit_code"] ??= null;
    return natural(fields);
}

/** What such a command wrote so far: the output that was asked for. */
export class DetachedLogsResponse extends ByteRecord {
    /** The outputs exactly. */
    readonly stdoutBytes: Buffer | undefined;
    readonly stderrBytes: Buffer | undefined;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.stdoutBytes = bytesOf(fields, "stdout");
        this.stderrBytes = bytesOf(fields, "stderr");
    }

    /** As text; bytes that are not UTF-8 are replaced. */
    get stdout(): string | undefined {
        return this.stdoutBytes?.toString("utf8");
    }

    get stderr(): string | undefined {
        return this.stderrBytes?.toString("utf8");
    }
}

/** Something that happened to a sandbox. Which members it has depends on its type; those not known here are there, too. */
export interface LogEntry extends Readonly<Record<string, unknown>> {
    /** sandbox_created, command_executed, file_written, ...: an open set. */
    readonly type: string;
    /** RFC 3339. */
    readonly timestamp?: string | null;
    /** Of the server. */
    readonly pid?: number | null;
    readonly user?: string | null;
    /** The sandbox, where it is made, started, stopped or removed. */
    readonly name?: string | null;
    /** The sandbox, where something is done in it. */
    readonly sandbox?: string | null;
    readonly image?: string | null;
    readonly backend?: string | null;
    readonly labels?: Texts | null;
    readonly profile?: string | null;
    readonly command?: readonly (string | null)[] | null;
    readonly exit_code?: number | null;
    readonly path?: string | null;
    readonly error?: string | null;
    readonly raw: string;
}

/** @internal */
export function logEntry(fields: Fields): LogEntry {
    return natural({...(JSON.parse(fields["raw"] as string) as Fields), ...fields});
}

/** Until when a sandbox lives. */
export interface ExtendTtlResponse {
    /** RFC 3339. */
    readonly expires_at?: string;
    readonly raw: string;
}

/** A snapshot. `backend`, `base_image`, `vcpus` and `memory_mb` are those of the sandbox that it was taken of. */
export interface SnapshotMeta {
    readonly name: string;
    readonly sandbox?: string;
    /** What the backend calls it. */
    readonly image_tag?: string;
    readonly backend?: string;
    readonly base_image?: string;
    readonly vcpus?: number;
    readonly memory_mb?: number;
    /** RFC 3339. */
    readonly created_at?: string;
    readonly raw: string;
}

/** What a server can isolate sandboxes with. */
export interface BackendDiscovery {
    /** What a sandbox gets that asks for none. */
    readonly default_backend?: string;
    /** List of `{backend, configured, usable, readiness_reason, capabilities}`. */
    readonly backends: unknown;
    readonly raw: string;
}

/** The server itself. */
export interface ServerStatus {
    readonly version: string;
    readonly backend?: string;
    /** Whether it wants a key. */
    readonly api_key_configured?: boolean;
    readonly raw: string;
}

/** How much of a server is in use. */
export interface ServerStats {
    readonly sandbox_count: number;
    /** 0: no limit. */
    readonly sandbox_limit?: number;
    readonly backend?: string;
    readonly uptime_seconds?: number;
    readonly version?: string;
    /** `{cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}`. */
    readonly resource_usage?: unknown;
    readonly raw: string;
}

/** The answer to a request that no operation describes, as it came. */
export class Reply extends ByteRecord {
    readonly http_status: number;
    readonly content_type: string | undefined;
    /** The content exactly. */
    readonly contentBytes: Buffer;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.http_status = fields["http_status"] as number;
        this.content_type = fields["content_type"] as string | undefined;
        this.contentBytes = bytesOf(fields, "content") ?? Buffer.alloc(0);
    }

    /** The content as text; bytes that are not UTF-8 are replaced. */
    get content(): string {
        return this.contentBytes.toString("utf8");
    }

    /** The content as JSON. Throws SyntaxError when it is none. */
    json(): unknown {
        return JSON.parse(this.content);
    }
}
