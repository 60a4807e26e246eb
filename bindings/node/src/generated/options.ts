// Generated from abi/schema by tools/generate: do not edit.
import type {CallOptions, Lifecycle, Network, SecurityProfile} from "../types.js";

/** Options of `run`. */
export interface RunOptions extends CallOptions {
    /** The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    image?: string | undefined;
    /** The security profile: permissive, moderate or restrictive. */
    profile?: SecurityProfile | undefined;
    /**
     * Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool
     * re-parses arguments in a shell and loses exit codes.
     */
    fast?: boolean | undefined;
    /** Whether a failing command is an error. Default: true. If it is not, the result has the exit code. */
    check?: boolean | undefined;
}

/** Options of `runStream`. */
export interface RunStreamOptions extends CallOptions {
    /** The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    image?: string | undefined;
    /** The security profile: permissive, moderate or restrictive. */
    profile?: SecurityProfile | undefined;
    /**
     * Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool
     * re-parses arguments in a shell and loses exit codes.
     */
    fast?: boolean | undefined;
    /** Milliseconds that a stream may be silent after its first byte. */
    idleTimeout?: number | undefined;
}

/** Options of `listSandboxes`. */
export interface ListSandboxesOptions extends CallOptions {
    /** User-defined labels. */
    labels?: Readonly<Record<string, string>> | undefined;
}

/** Options of `createSandbox`. */
export interface CreateSandboxOptions extends CallOptions {
    /** The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    image?: string | undefined;
    /** The number of virtual processors. */
    vcpus?: number | bigint | undefined;
    /** The memory in MiB. */
    memory_mb?: number | bigint | undefined;
    /** The security profile: permissive, moderate or restrictive. */
    profile?: SecurityProfile | undefined;
    /** The backend that isolates the sandbox. */
    backend?: string | undefined;
    /** The git repository to clone into /workspace. */
    source_url?: string | undefined;
    /** The branch, tag or commit to check out. */
    source_ref?: string | undefined;
    /** Volumes to mount, each "slug:/path" or "slug:/path:ro". */
    volumes?: readonly string[] | undefined;
    /** Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header". */
    secrets?: readonly string[] | undefined;
    /** Keys of secrets that the sandbox gets as files. */
    secret_files?: readonly string[] | undefined;
    /** Published ports, each such as "8080:80", "3000" or "53:53/udp". */
    ports?: readonly string[] | undefined;
    /** The network to join: {name, subnet, gateway, dns, static_ip}. */
    network?: Network | undefined;
    /** The agent to prepare the sandbox for. */
    agent?: string | undefined;
    /** Whether the sandbox sees placeholders, which a proxy replaces by the secrets. */
    placeholder_secrets?: boolean | undefined;
    /** Environment variables mapped to hosts. Values of secrets are never shown. */
    secret_mappings?: Readonly<Record<string, string>> | undefined;
    /** A shell script to run after creation. */
    init_script?: string | undefined;
    /** The name of the template it was created from. */
    created_from_template?: string | undefined;
    /** What that template says about its use. */
    template_help_text?: string | undefined;
    /** User-defined labels. */
    labels?: Readonly<Record<string, string>> | undefined;
    /** A user-defined description. */
    description?: string | undefined;
    /** Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. */
    lifecycle?: Lifecycle | undefined;
}

/** Options of `execInSandbox`. */
export interface ExecOptions extends CallOptions {
    /** Environment variables, each "NAME=VALUE". An object of names and values will do. */
    env?: readonly string[] | Readonly<Record<string, string>> | undefined;
    /** The working directory, an absolute path in the sandbox. */
    workdir?: string | undefined;
    /** Whether to run the command as root in the sandbox. Servers may forbid it. */
    sudo?: boolean | undefined;
    /** Whether a failing command is an error. Default: true. If it is not, the result has the exit code. */
    check?: boolean | undefined;
}

/** Options of `resizeSandbox`. */
export interface ResizeSandboxOptions extends CallOptions {
    /** The number of virtual processors. */
    vcpus?: number | bigint | undefined;
    /** The memory in MiB. */
    memory_mb?: number | bigint | undefined;
}

/** Options of `updateSandbox`. */
export interface UpdateSandboxOptions extends CallOptions {
    /** User-defined labels. An empty map removes them all. */
    labels?: Readonly<Record<string, string>> | undefined;
    /** A user-defined description. */
    description?: string | undefined;
    /** Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. */
    lifecycle?: Lifecycle | undefined;
}

/** Options of `execDetached`. */
export interface ExecDetachedOptions extends CallOptions {
    /** Environment variables, each "NAME=VALUE". An object of names and values will do. */
    env?: readonly string[] | Readonly<Record<string, string>> | undefined;
    /** The working directory, an absolute path in the sandbox. */
    workdir?: string | undefined;
    /** Whether to run the command as root in the sandbox. Servers may forbid it. */
    sudo?: boolean | undefined;
}

/** Options of `detachedLogs`. */
export interface DetachedLogsOptions extends CallOptions {
    /** The output stream: stdout or stderr. Default: stdout. */
    stream?: "stdout" | "stderr" | undefined;
}

/** Options of `extendTtl`. */
export interface ExtendTtlOptions extends CallOptions {
    /** How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour. */
    by?: string | undefined;
}

/** Options of `takeSnapshot`. */
export interface TakeSnapshotOptions extends CallOptions {
    /** The name of the sandbox. */
    sandbox: string;
    /** The name: 1 to 63 letters, digits, hyphens and underscores. */
    name: string;
}

/** Options of `restoreSnapshot`. */
export interface RestoreSnapshotOptions extends CallOptions {
    /**
     * The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores. Default: the name of the
     * snapshot's sandbox, followed by -restored.
     */
    as_name?: string | undefined;
    /**
     * Whether to start it at once. Otherwise it is stopped. A server that ignores this gets a request of its own for
     * it.
     */
    start?: boolean | undefined;
}

/** Options of `request`. */
export interface RequestOptions extends CallOptions {
    /** The JSON to send. Without it there is no body. */
    body?: unknown;
    /** Whether a status other than 2xx is an error. Default: true. If it is not, the reply has the status. */
    check?: boolean | undefined;
}
