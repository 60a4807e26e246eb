// What operations take and answer. What is sent or received is named as it is on the wire, as in the official SDK;
// options that steer this library have names as JavaScript's.
import {inspect} from "node:util";
import type {InspectOptions} from "node:util";
import {IN_TEXT} from "./record.js";
import type {EventFields, Fields, Piece} from "./record.js";

/** What a sandbox may do. Servers may know more; any text is passed on. */
export type SecurityProfile = "permissive" | "moderate" | "restrictive" | (string & {});
/** A sandbox's state: an open set. */
export type SandboxStatus = "running" | "stopped" | "paused" | (string & {});
/** What an event is about: an open set. */
export type StreamEventType = "started" | "progress" | "output" | "done" | "error" | (string & {});

/** Settings of a client. What is not given comes from the environment, or is the default. Timeouts are in milliseconds:
 * Infinity is none, and 0 leaves no time at all. */
export interface AgentKernelOptions {
    /** `http://`, `https://`, `unix:///path.sock`, or `local:` for a server of this process's own; AGENTKERNEL_BASE_URL; http://localhost:18888. */
    baseUrl?: string | undefined;
    /** AGENTKERNEL_API_KEY; none. */
    apiKey?: string | undefined;
    /** Bounds every call but streams, from its first step to the last byte of its answer; 30000. */
    timeout?: number | undefined;
    /** Bounds connecting, of streams too; 10000. */
    connectTimeout?: number | undefined;
    /** Bounds the silence of a stream after its first byte; 60000. */
    idleTimeout?: number | undefined;
    /** Bounds a whole stream; none. */
    totalTimeout?: number | undefined;
    /** Certificates to trust (PEM); AGENTKERNEL_CA_FILE; the system's. */
    caFile?: string | undefined;
    /** The same as a hashed directory; AGENTKERNEL_CA_DIR. */
    caDir?: string | undefined;
    /** The client's certificate (PEM); AGENTKERNEL_CERT_FILE. */
    certFile?: string | undefined;
    /** Its private key (PEM); AGENTKERNEL_KEY_FILE. */
    keyFile?: string | undefined;
    /** URL of a proxy; http_proxy, https_proxy, all_proxy. Loopback goes without unless this is set. */
    proxy?: string | undefined;
    /** Hosts without a proxy, separated by commas; no_proxy. */
    noProxy?: string | undefined;
    /** The longest reply of a call that is no stream; 64 MiB. */
    maxReplyBytes?: number | bigint | undefined;
    /** The longest event of a stream; 64 MiB. */
    maxEventBytes?: number | bigint | undefined;
    /** Appended to the library's own. */
    userAgent?: string | undefined;
    /** How many connections are kept for later calls; 64. */
    maxIdle?: number | bigint | undefined;
}

/** What every operation takes. */
export interface CallOptions {
    /** Ends the call, which rejects with AbortError. */
    signal?: AbortSignal | undefined;
    /** Milliseconds for the whole call, instead of the client's; Infinity is none. */
    timeout?: number | undefined;
    /** Milliseconds for connecting, instead of the client's. */
    connectTimeout?: number | undefined;
}

/** How a sandbox for one command is made. */
export interface SandboxChoice {
    /** What the sandbox is made of. */
    image?: string | undefined;
    /** What it may do. */
    profile?: SecurityProfile | undefined;
    /** Use a warm sandbox. Those of the full server re-parse arguments in a shell and lose exit codes. Default: false. */
    fast?: boolean | undefined;
}

/** Whether a command that fails is an error. */
export interface Checked {
    /** Reject with CommandError when the command exits with another code than 0; else it is in the result. Default: true. */
    check?: boolean | undefined;
}

export interface RunOptions extends CallOptions, SandboxChoice, Checked {}

export interface RunStreamOptions extends CallOptions, SandboxChoice {
    /** Milliseconds that the stream may be silent after its first byte. */
    idleTimeout?: number | undefined;
}

export interface CreateSandboxOptions extends CallOptions {
    image?: string | undefined;
    /** Processors. */
    vcpus?: number | bigint | undefined;
    /** Memory in MiB. */
    memory_mb?: number | bigint | undefined;
    profile?: SecurityProfile | undefined;
    /** What isolates the sandbox. */
    backend?: string | undefined;
    /** Git repository to clone into /workspace. */
    source_url?: string | undefined;
    /** Branch, tag or commit of it. */
    source_ref?: string | undefined;
    /** `slug:/path` or `slug:/path:ro`. */
    volumes?: readonly string[] | undefined;
    /** `KEY=value:host`, `KEY:host` or `KEY:host:Header`. */
    secrets?: readonly string[] | undefined;
    /** Secrets given to the sandbox as files. */
    secret_files?: readonly string[] | undefined;
    /** `8080:80`, `3000` or `53:53/udp`. */
    ports?: readonly string[] | undefined;
    /** A bridge of a backend's own. */
    network?: Network | undefined;
    /** The agent to prepare the sandbox for. */
    agent?: string | undefined;
    /** It sees placeholders for secrets, which a proxy replaces. */
    placeholder_secrets?: boolean | undefined;
    /** Environment variable to host. */
    secret_mappings?: Readonly<Record<string, string>> | undefined;
    /** A shell script to run once it is made. */
    init_script?: string | undefined;
    /** The template that it is made from, and what that says about its use. */
    created_from_template?: string | undefined;
    template_help_text?: string | undefined;
    /** The user's own names and values. */
    labels?: Readonly<Record<string, string>> | undefined;
    /** The user's own words. */
    description?: string | undefined;
    lifecycle?: Lifecycle | undefined;
}

/** What a server does by itself to a sandbox that nobody uses. */
export interface Lifecycle {
    auto_stop_after_seconds?: number | undefined;
    auto_archive_after_seconds?: number | undefined;
    auto_delete_after_seconds?: number | undefined;
    [more: string]: unknown;
}

export interface Network {
    name: string;
    subnet?: string | undefined;
    gateway?: string | undefined;
    dns?: readonly string[] | undefined;
    static_ip?: string | undefined;
    [more: string]: unknown;
}

export interface ListSandboxesOptions extends CallOptions {
    /** Only sandboxes that have all of these. */
    labels?: Readonly<Record<string, string>> | undefined;
}

export interface ResizeSandboxOptions extends CallOptions {
    vcpus?: number | bigint | undefined;
    /** Memory in MiB. */
    memory_mb?: number | bigint | undefined;
}

export interface UpdateSandboxOptions extends CallOptions {
    /** In place of all that there are: an empty object takes them away. */
    labels?: Readonly<Record<string, string>> | undefined;
    description?: string | undefined;
    lifecycle?: Lifecycle | undefined;
}

export interface ExtendTtlOptions extends CallOptions {
    /** Seconds, or such as `15m` or `1h30m`; an hour. */
    by?: string | undefined;
}

export interface ExecOptions extends ExecDetachedOptions, Checked {}

export interface ExecDetachedOptions extends CallOptions {
    /** `KEY=VALUE` each, or an object. */
    env?: readonly string[] | Readonly<Record<string, string>> | undefined;
    /** Absolute path inside the sandbox. */
    workdir?: string | undefined;
    /** Run it as root in the sandbox; servers may forbid it. */
    sudo?: boolean | undefined;
}

/** What a command wrote, and how it ended. */
export class RunOutput {
    /** The output exactly. */
    readonly outputBytes: Buffer;
    /** Not 0 only with `check: false`. */
    readonly exit_code: number | undefined;
    /** Whether the output was longer than what the server keeps. */
    readonly truncated: boolean | undefined;
    /** How long it was. A bigint beyond 2^53. */
    readonly total_bytes: number | bigint | undefined;
    readonly #raw: string;
    #output: string | undefined;

    /** @internal */
    constructor(fields: Fields) {
        this.outputBytes = (fields["output"] as Piece | undefined)?.bytes ?? Buffer.alloc(0);
        this.exit_code = fields["exit_code"] as number | undefined;
        this.truncated = fields["truncated"] as boolean | undefined;
        this.total_bytes = fields["total_bytes"] as number | bigint | undefined;
        this.#raw = fields["raw"] as string;
    }

    /** The output as text; bytes that are not UTF-8 are replaced. */
    get output(): string {
        this.#output ??= this.outputBytes.toString("utf8");
        return this.#output;
    }

    /** The record as the server sent it (JSON). */
    get raw(): string {
        return this.#raw;
    }

    toJSON(): unknown {
        return JSON.parse(this.#raw);
    }
}

/** A sandbox. What the server did not tell is undefined. */
export interface SandboxInfo {
    readonly name: string;
    readonly status: SandboxStatus;
    readonly uuid?: string;
    readonly backend?: string;
    readonly ip?: string;
    readonly image?: string;
    readonly vcpus?: number;
    readonly memory_mb?: number;
    readonly created_at?: string;
    readonly created_from_template?: string;
    readonly template_help_text?: string;
    readonly ports?: readonly (string | null)[];
    readonly endpoints?: unknown;
    readonly secret_files?: readonly (string | null)[];
    readonly placeholder_secrets?: boolean;
    readonly proxy_port?: number;
    readonly secret_mappings?: Readonly<Record<string, string | null>>;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly description?: string;
    readonly last_activity_at?: string;
    readonly workspace_revision?: string;
    readonly archived_at?: string;
    readonly archived_reason?: string;
    readonly lifecycle?: unknown;
    /** The record as the server sent it (JSON), with members that this type does not know. Not enumerable. */
    readonly raw: string;
}

/** One event of a running command. */
export class StreamEvent {
    readonly type: StreamEventType;
    readonly #fields: EventFields;
    #data: Record<string, unknown> | undefined;

    /** @internal */
    constructor(fields: EventFields) {
        this.type = fields.type;
        this.#fields = fields;
    }

    /** The payload. When it was no JSON object, it is the text under the name `raw`. */
    get data(): Record<string, unknown> {
        this.#data ??= this.parsed ? (JSON.parse(this.raw) as Record<string, unknown>) : {raw: this.raw};
        return this.#data;
    }

    /** The payload as the server sent it, as text; bytes that are not UTF-8 are replaced. */
    get raw(): string {
        const {raw} = this.#fields;
        return typeof raw === "string" ? raw : raw.text;
    }

    /** The payload as the server sent it, exactly. */
    get rawBytes(): Buffer {
        const {raw} = this.#fields;
        return typeof raw === "string" ? Buffer.from(raw) : raw.bytes;
    }

    /** Whether the payload was a JSON object. */
    get parsed(): boolean {
        return this.#fields.parsed;
    }

    /** The bytes of output that came with this event, exactly; undefined when it carries none. */
    get output(): Buffer | undefined {
        return this.dataBytes ?? this.outputBytes;
    }

    /** `output` as text; bytes that are not UTF-8 are replaced. */
    get text(): string | undefined {
        return (this.#fields.data ?? (this.#fields.more?.["output"] as Piece | undefined))?.text;
    }

    /** The payload's member `data`, exactly: output of the command (output). */
    get dataBytes(): Buffer | undefined {
        return this.#fields.data?.bytes;
    }

    /** The payload's member `output`, exactly: some servers send what a failed command wrote with its end (done). */
    get outputBytes(): Buffer | undefined {
        return (this.#fields.more?.["output"] as Piece | undefined)?.bytes;
    }

    /** The command's exit code (done). */
    get exit_code(): number | undefined {
        return this.#fields.more?.["exit_code"] as number | undefined;
    }

    /** Whether the command exited with 0 (done). */
    get success(): boolean | undefined {
        return this.#fields.more?.["success"] as boolean | undefined;
    }

    /** Whether the command was killed for passing its memory limit (done). */
    get oom(): boolean | undefined {
        return this.#fields.more?.["oom"] as boolean | undefined;
    }

    /** What went wrong (error). */
    get message(): string | undefined {
        return this.#member("message");
    }

    /** Where the output came from, such as stdout (output). */
    get stream(): string | undefined {
        return this.#member("stream");
    }

    /** When the command started, RFC 3339 (started). */
    get timestamp(): string | undefined {
        return this.#member("timestamp");
    }

    /** The command (started). */
    get command(): readonly (string | null)[] | undefined {
        return this.#fields.more?.["command"] as (string | null)[] | undefined;
    }

    /** Whether a warm sandbox was used (started). */
    get fast(): boolean | undefined {
        return this.#fields.more?.["fast"] as boolean | undefined;
    }

    /** How far the sandbox is (progress). */
    get stage(): string | undefined {
        return this.#member("stage");
    }

    /** The sandbox's name (progress). */
    get sandbox(): string | undefined {
        return this.#member("sandbox");
    }

    /** The stream's last event id. */
    get id(): string | undefined {
        return this.#fields.id;
    }

    /** Whether this is how the stream ends: done or error. */
    get isFinal(): boolean {
        return this.type === "done" || this.type === "error";
    }

    #member(name: string): string | undefined {
        const value = this.#fields.more?.[name] as typeof IN_TEXT | string | undefined;
        return value === IN_TEXT ? (this.data[name] as string).toWellFormed() : value;
    }

    toJSON(): {type: string; data: unknown} {
        return {type: this.type, data: this.data};
    }

    [inspect.custom](_depth: number, options: InspectOptions): string {
        return `StreamEvent ${inspect(this.toJSON(), options)}`;
    }
}
