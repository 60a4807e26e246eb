// Generated from abi/schema by tools/generate: do not edit.
// What did not come is undefined, or null where the official SDK has it so.
import {ByteRecord, bytesOf, show} from "../record.js";
import type {Fields} from "../record.js";
import type {DetachedStatus, SandboxStatus} from "../types.js";

/** What a command wrote and how it ended. */
export class RunOutput extends ByteRecord {
    /** `outputBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly output!: string;
    /** What the command wrote. */
    readonly outputBytes: Buffer;
    /** The exit code of the command. Not 0 only if check is false. */
    readonly exit_code: number | undefined;
    /** Whether the output was longer than the server keeps. */
    readonly truncated: boolean | undefined;
    /** The length of the whole output in bytes. Set when it was truncated. A bigint beyond 2^53. */
    readonly total_bytes: number | bigint | undefined;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.outputBytes = bytesOf(fields, "output") ?? Buffer.alloc(0);
        show(this, "output", this.outputBytes);
        this.exit_code = fields["exit_code"] as number | undefined;
        this.truncated = fields["truncated"] as boolean | undefined;
        this.total_bytes = fields["total_bytes"] as number | bigint | undefined;
    }
}

/** A sandbox. Which fields are set depends on the server and its backend. */
export interface SandboxInfo {
    /** The name: 1 to 63 letters, digits, hyphens and underscores. */
    readonly name: string;
    /** The state, such as running, stopped or paused; an open set. */
    readonly status: SandboxStatus;
    /** The unique identifier; all zeros when unknown. */
    readonly uuid?: string;
    /** The backend that isolates the sandbox. */
    readonly backend?: string;
    /** The IP address, if there is one. */
    readonly ip?: string;
    /** The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    readonly image?: string;
    /** The number of virtual processors. */
    readonly vcpus?: number;
    /** The memory in MiB. */
    readonly memory_mb?: number;
    /** When it was created, in RFC 3339 format. */
    readonly created_at?: string;
    /** The name of the template it was created from. */
    readonly created_from_template?: string;
    /** What that template says about its use. */
    readonly template_help_text?: string;
    /** Published ports, each such as "8080:80", "3000" or "53:53/udp". */
    readonly ports?: readonly (string | null)[];
    /** A list of {container_port, protocol, url}. */
    readonly endpoints?: unknown;
    /** Keys of secrets that the sandbox gets as files. */
    readonly secret_files?: readonly (string | null)[];
    /** Whether the sandbox sees placeholders, which a proxy replaces by the secrets. */
    readonly placeholder_secrets?: boolean;
    /** The port that proxy listens on. */
    readonly proxy_port?: number;
    /** Environment variables mapped to hosts. Values of secrets are never shown. */
    readonly secret_mappings?: Readonly<Record<string, string | null>>;
    /** User-defined labels. */
    readonly labels?: Readonly<Record<string, string | null>>;
    /** A user-defined description. */
    readonly description?: string;
    /** When it was last used, in RFC 3339 format. */
    readonly last_activity_at?: string;
    /** The revision of /workspace. */
    readonly workspace_revision?: string;
    /** When it was archived, in RFC 3339 format. */
    readonly archived_at?: string;
    /** Why it was archived. */
    readonly archived_reason?: string;
    /** Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. */
    readonly lifecycle?: unknown;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** A file of a sandbox. */
export class FileReadResponse extends ByteRecord {
    /** `contentBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly content!: string;
    /** The content in bytes. */
    readonly contentBytes: Buffer;
    /** How the content was sent: utf8 or base64. It is returned decoded. */
    readonly encoding: "utf8" | "base64" | (string & {}) | undefined;
    /** The size of the content in bytes. */
    readonly size: number | bigint | undefined;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.contentBytes = bytesOf(fields, "content") ?? Buffer.alloc(0);
        show(this, "content", this.contentBytes);
        this.encoding = fields["encoding"] as "utf8" | "base64" | (string & {}) | undefined;
        this.size = fields["size"] as number | bigint | undefined;
    }
}

/** The result of writing several files. */
export interface BatchFileWriteResponse {
    /** The number of files written. */
    readonly written: number;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** The result of one command of a batch: its output, or why it failed. */
export class BatchResult extends ByteRecord {
    /** `outputBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly output!: string | null;
    /** What the command wrote. Not set when the command failed. */
    readonly outputBytes: Buffer | null;
    /** Why the command or step failed. Not set when it did not. */
    readonly error: string | null;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.outputBytes = bytesOf(fields, "output") ?? null;
        show(this, "output", this.outputBytes);
        this.error = (fields["error"] as string | undefined) ?? null;
    }
}

/** An entry of a sandbox's audit log. Which fields are set depends on its type. */
export interface LogEntry extends Readonly<Record<string, unknown>> {
    /** The kind of event or log entry; an open set. Such as sandbox_created, command_executed or file_written. */
    readonly type: string;
    /** The time, in RFC 3339 format. */
    readonly timestamp?: string | null;
    /** The process id of the server. */
    readonly pid?: number | null;
    /** Who did it. */
    readonly user?: string | null;
    /**
     * The name: 1 to 63 letters, digits, hyphens and underscores. It is in entries about the creation, start, stop and
     * removal of the sandbox; others have sandbox.
     */
    readonly name?: string | null;
    /** The name of the sandbox. It is in entries about something in the sandbox. */
    readonly sandbox?: string | null;
    /** The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    readonly image?: string | null;
    /** The backend that isolates the sandbox. */
    readonly backend?: string | null;
    /** User-defined labels. */
    readonly labels?: Readonly<Record<string, string | null>> | null;
    /** The security profile: permissive, moderate or restrictive. */
    readonly profile?: string | null;
    /** The program and its arguments, passed on byte for byte. */
    readonly command?: readonly (string | null)[] | null;
    /** The exit code of the command. */
    readonly exit_code?: number | null;
    /** The absolute path of a file in the sandbox. */
    readonly path?: string | null;
    /** Why the command or step failed. */
    readonly error?: string | null;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** A command that runs in the background. */
export interface DetachedCommand {
    /** The identifier. */
    readonly id: string;
    /** The state, such as running, stopped or paused; an open set. One that ended is completed or failed. */
    readonly status: DetachedStatus;
    /** The name of the sandbox. */
    readonly sandbox?: string;
    /** The program and its arguments, passed on byte for byte. */
    readonly command?: readonly (string | null)[];
    /** The process id, as the server counts it. */
    readonly pid?: number;
    /**
     * The exit code of the command. Not set while it runs. Full servers of version 0.21 always report 127. It is null
     * while the command runs.
     */
    readonly exit_code: number | null;
    /** When it was started, in RFC 3339 format. */
    readonly started_at?: string;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** What a detached command has written so far. */
export class DetachedLogsResponse extends ByteRecord {
    /** `stdoutBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly stdout!: string | undefined;
    /** What the command wrote to its standard output. Not set when the other stream was requested. */
    readonly stdoutBytes: Buffer | undefined;
    /** `stderrBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly stderr!: string | undefined;
    /** What the command wrote to its standard error. Set when this stream was requested. */
    readonly stderrBytes: Buffer | undefined;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.stdoutBytes = bytesOf(fields, "stdout");
        show(this, "stdout", this.stdoutBytes);
        this.stderrBytes = bytesOf(fields, "stderr");
        show(this, "stderr", this.stderrBytes);
    }
}

/** When a sandbox expires. */
export interface ExtendTtlResponse {
    /** When it expires, in RFC 3339 format. */
    readonly expires_at?: string;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** A snapshot, with properties of the sandbox it was taken of. */
export interface SnapshotMeta {
    /** The name: 1 to 63 letters, digits, hyphens and underscores. */
    readonly name: string;
    /** The name of the sandbox. The snapshot was taken of it. */
    readonly sandbox?: string;
    /** The backend's name for the snapshot. */
    readonly image_tag?: string;
    /** The backend that isolates the sandbox. */
    readonly backend?: string;
    /** The image of the sandbox the snapshot was taken of. */
    readonly base_image?: string;
    /** The number of virtual processors. */
    readonly vcpus?: number;
    /** The memory in MiB. */
    readonly memory_mb?: number;
    /** When it was created, in RFC 3339 format. */
    readonly created_at?: string;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** The backends of a server. */
export interface BackendDiscovery {
    /** The backend of sandboxes that ask for none. */
    readonly default_backend?: string;
    /** A list of {backend, configured, usable, readiness_reason, capabilities}. */
    readonly backends: unknown;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** The version and configuration of a server. */
export interface ServerStatus {
    /** The version of the server. */
    readonly version: string;
    /** The backend that isolates the sandbox. */
    readonly backend?: string;
    /** Whether the server requires an API key. */
    readonly api_key_configured?: boolean;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** The usage of a server. */
export interface ServerStats {
    /** The number of sandboxes. */
    readonly sandbox_count: number;
    /** The maximum number of sandboxes; 0 for no limit. */
    readonly sandbox_limit?: number;
    /** The backend that isolates the sandbox. */
    readonly backend?: string;
    /** How long the server has been running, in seconds. */
    readonly uptime_seconds?: number;
    /** The version of the server. */
    readonly version?: string;
    /** Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}. */
    readonly resource_usage?: unknown;
    /** The record as the server sent it, with members that this version does not know. Not enumerable. */
    readonly raw: string;
}

/** The reply to an arbitrary request. */
export class Reply extends ByteRecord {
    /** The HTTP status of the reply. */
    readonly http_status: number;
    /** The media type of the content. */
    readonly content_type: string | undefined;
    /** `contentBytes` as text; bytes that are not UTF-8 are replaced. */
    readonly content!: string;
    /** The content in bytes. */
    readonly contentBytes: Buffer;

    /** @internal */
    constructor(fields: Fields) {
        super(fields);
        this.http_status = fields["http_status"] as number;
        this.content_type = fields["content_type"] as string | undefined;
        this.contentBytes = bytesOf(fields, "content") ?? Buffer.alloc(0);
        show(this, "content", this.contentBytes);
    }
}
