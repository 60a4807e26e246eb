// Types of values that the schema only knows as text or JSON, and of what is written by hand. What is sent or received
// has its name on the wire, as in the official SDK; options of this library have names in camel case.

/** The security profile. Servers may know more; any text is passed on. */
export type SecurityProfile = "permissive" | "moderate" | "restrictive" | (string & {});
/** The state of a sandbox: an open set. */
export type SandboxStatus = "running" | "stopped" | "paused" | (string & {});
/** The state of a detached command: an open set. */
export type DetachedStatus = "running" | "completed" | "failed" | (string & {});
/** The kind of event: an open set. */
export type StreamEventType = "started" | "progress" | "output" | "done" | "error" | (string & {});

/** Options of every operation. */
export interface CallOptions {
    /** Ends the call, which rejects with AbortError. */
    signal?: AbortSignal | undefined;
    /** Milliseconds for the whole call, instead of the client's; Infinity is none. */
    timeout?: number | undefined;
    /** Milliseconds for connecting, instead of the client's. */
    connectTimeout?: number | undefined;
}

/** What a server does by itself with a sandbox that is not used. */
export interface Lifecycle {
    auto_stop_after_seconds?: number | undefined;
    auto_archive_after_seconds?: number | undefined;
    auto_delete_after_seconds?: number | undefined;
    [more: string]: unknown;
}

/** A network of the backend's own. */
export interface Network {
    name: string;
    subnet?: string | undefined;
    gateway?: string | undefined;
    dns?: readonly string[] | undefined;
    static_ip?: string | undefined;
    [more: string]: unknown;
}

/** One command of a batch. */
export interface BatchCommand {
    readonly command: readonly string[];
}

/** The content of a file to write: all of it, or pieces that come one by one, such as a Readable. */
export type FileContent = string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Options of `writeFile`. */
export interface FileWriteOptions extends CallOptions {
    /** What a content that is a string is: the text of the file, which is the default, or base64 of its bytes. */
    encoding?: "utf8" | "base64" | undefined;
    /** How many bytes will come, if they come in pieces: too many are refused before anything is sent. */
    size?: number | bigint | undefined;
}

/** Options of `upload` and `download`. */
export interface TransferOptions extends CallOptions {
    /** Is called with the number of bytes done, after each piece. */
    onProgress?: ((done: number) => void) | undefined;
}
