// What the operations on files, detached commands, snapshots and the server take.
import type {CallOptions} from "./types.js";

/** What a file is written with: all of it, or pieces that come one by one, such as a Readable. */
export type FileContent = string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

export interface FileWriteOptions extends CallOptions {
    /** What a content that is a string is: the file's text, which is the default, or base64 of its bytes. */
    encoding?: "utf8" | "base64" | undefined;
    /** How many bytes will come, where they come in pieces: too many are refused before anything is sent. */
    size?: number | bigint | undefined;
}

export interface TransferOptions extends CallOptions {
    /** Is called with the number of bytes done, after each piece. */
    onProgress?: ((done: number) => void) | undefined;
}

export interface DetachedLogsOptions extends CallOptions {
    /** Which of the outputs; stdout. */
    stream?: "stdout" | "stderr" | undefined;
}

export interface TakeSnapshotOptions extends CallOptions {
    /** What it is taken of. */
    sandbox: string;
    /** What it is called. */
    name: string;
}

export interface RestoreSnapshotOptions extends CallOptions {
    /** The name of the sandbox; `SANDBOX-restored`. */
    as_name?: string | undefined;
    /** Start it at once. Where the server passes over that, it is started by a request of its own. */
    start?: boolean | undefined;
}

export interface RequestOptions extends CallOptions {
    /** What JSON has. */
    body?: unknown;
    /** Reject when the status is no success; else it is in the reply. Default: true. */
    check?: boolean | undefined;
}
