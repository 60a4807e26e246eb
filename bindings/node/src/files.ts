// Files that are read and written piece by piece, so that no more than a piece is held in memory.
import {randomUUID} from "node:crypto";
import {createWriteStream} from "node:fs";
import {open, realpath, rename, rm, stat} from "node:fs/promises";
import {Readable} from "node:stream";
import {pipeline} from "node:stream/promises";
import {AK_DONE, AK_ITEM, AK_OK} from "./raw/abi.js";
import {library} from "./raw/native.js";
import {content as bytesOf} from "./bind.js";
import type {Call} from "./call.js";
import {invalid} from "./errors.js";
import {TimeoutError} from "./generated/errors.js";
import {readableOf} from "./readable.js";
import {spend, turnOver} from "./turn.js";
import type {CallOptions, FileContent, FileWriteOptions, TransferOptions} from "./types.js";

/**
 * The size of the memory that pieces are read into, and the least of it that another piece is read into. With larger
 * sizes V8 lets more garbage accumulate, and nothing becomes faster.
 */
const SLAB = 16384;
const LEAST = 2048;

/** The longest timeout of a timer, in milliseconds: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What copying files needs of a client. */
export interface FileClient {
    createReadStream(name: string, path: string, options?: CallOptions): Readable;
    writeFile(name: string, path: string, content: FileContent, options?: FileWriteOptions): Promise<void>;
}

type Pieces = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Reads a file. Nothing is sent before the first bytes are requested. */
export function fileReadable(start: () => Call): Readable {
    let call: Call | undefined;
    let ended = false;
    let slab = Buffer.alloc(0);
    const piece = async (): Promise<Buffer | null> => {
        const over = turnOver();
        if (over !== undefined) await over;
        if (ended) return null;
        call ??= start();
        if (slab.length < LEAST) slab = Buffer.allocUnsafeSlow(SLAB);
        let status: number;
        let used = 0;
        do {
            status = await call.advance((handle) => {
                const {lib, size, err} = library();
                const met = lib.ak_call_read(handle, slab, slab.length, size, err);
                if (met === AK_OK) used = size[0] ?? 0;
                return met;
            });
        } while (status === AK_ITEM); // an empty file
        if (status === AK_DONE) return null;
        const read = slab.subarray(0, used);
        slab = slab.subarray(used);
        spend(used);
        return read;
    };
    return readableOf(piece, () => {
        ended = true;
        call?.close();
    });
}

/** Whether content comes in pieces. Invalid content is refused when it is bound. */
export function inPieces(content: FileContent): content is Pieces {
    if (typeof content !== "object" || (content as unknown) === null || content instanceof Uint8Array) return false;
    return Symbol.asyncIterator in content || Symbol.iterator in content;
}

/** Content as bytes or text, decoded from base64 if it is that. */
export function decoded(content: string | Uint8Array, encoding: "utf8" | "base64" = "utf8"): string | Uint8Array {
    if (typeof content !== "string" || encoding === "utf8") return content;
    if ((encoding as string) !== "base64") throw invalid("encoding: must be utf8 or base64");
    const bytes = Buffer.from(content, "base64");
    // Buffer.from ignores invalid characters.
    if (bytes.toString("base64") !== content) throw invalid("content is not base64");
    return bytes;
}

/**
 * Writes a file from pieces and waits for the reply. `start` returns the call and its timeout in milliseconds, which is
 * kept here, too: the library does not run while it waits for a piece.
 */
export async function pour(
    start: () => [Call, number],
    content: Pieces,
    signal: AbortSignal | undefined,
): Promise<void> {
    const pieces = iterator(content);
    let interrupted: Interruption | undefined;
    let whole = false;
    let call: Call | undefined;
    try {
        let timeout: number;
        [call, timeout] = start();
        interrupted = interruption(signal, timeout);
        for (;;) {
            const next = await Promise.race([pieces.next(), interrupted.promise]);
            if (next === "late") throw late(call, timeout);
            if (next === "aborted") break; // the call has the error
            if (next.done === true) {
                whole = true;
                break;
            }
            if (!(await hand(call, next.value))) break;
        }
        if (whole) await write(call, new Uint8Array(0));
        while ((await call.advance()) === AK_ITEM);
    } finally {
        interrupted?.forget();
        call?.close();
        if (!whole) leave(content, pieces);
    }
}

function late({operation}: Call, timeout: number): TimeoutError {
    return new TimeoutError(
        `${operation.name} did not end within its timeout (${String(timeout)} ms): no content came`,
        {
            code: "AK_E_TIMEOUT",
            operation: operation.name,
            phase: "send",
            sent: "some",
        },
    );
}

type Iteration = AsyncIterator<string | Uint8Array> | Iterator<string | Uint8Array>;

/** Abandons content before its end. Not awaited: a source that yields no more pieces may not end either. */
function leave(content: Pieces, pieces: Iteration): void {
    if (content instanceof Readable) content.destroy();
    else Promise.resolve(pieces.return?.()).catch(() => undefined);
}

function iterator(content: Pieces): Iteration {
    return Symbol.asyncIterator in content ? content[Symbol.asyncIterator]() : content[Symbol.iterator]();
}

/** Ends the wait for content that does not arrive. */
interface Interruption {
    readonly promise: Promise<"aborted" | "late">;
    readonly forget: () => void;
}

function interruption(signal: AbortSignal | undefined, timeout: number): Interruption {
    let forget = (): void => undefined;
    const promise = new Promise<"aborted" | "late">((resolve) => {
        const onAbort = (): void => {
            resolve("aborted");
        };
        signal?.addEventListener("abort", onAbort);
        const timer = timeout > LONGEST_TIMER ? undefined : setTimeout(resolve, timeout, "late");
        forget = (): void => {
            signal?.removeEventListener("abort", onAbort);
            clearTimeout(timer);
        };
    });
    return {promise, forget};
}

/** Writes a piece; false if the server has already replied. */
async function hand(call: Call, piece: string | Uint8Array): Promise<boolean> {
    const {bytes, size} = bytesOf(Buffer.alloc(0), "each piece of content", piece);
    let rest = bytes.subarray(0, size);
    while (rest.length > 0) {
        const taken = await write(call, rest);
        if (taken === undefined) return false;
        rest = rest.subarray(taken);
        spend(taken);
        const over = turnOver();
        if (over !== undefined) await over;
    }
    return true;
}

/** How many bytes were accepted; undefined if the server has already replied. */
async function write(call: Call, bytes: Uint8Array): Promise<number | undefined> {
    let taken = 0;
    const status = await call.advance((handle) => {
        const {lib, size, err} = library();
        const met = lib.ak_call_write(handle, bytes, bytes.length, size, err);
        if (met === AK_OK) taken = size[0] ?? 0;
        return met;
    });
    return status === AK_OK ? taken : undefined;
}

/** Yields the pieces, and reports the number of bytes so far. */
async function* counted(pieces: AsyncIterable<Buffer>, {onProgress}: TransferOptions): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const piece of pieces) {
        yield piece;
        done += piece.length;
        onProgress?.(done);
    }
}

export async function upload(
    client: FileClient,
    name: string,
    local: string,
    path: string,
    {onProgress, ...options}: TransferOptions,
): Promise<void> {
    const file = await open(local);
    try {
        const {size} = await file.stat(); // 0 for pipes, and for the kernel's own files
        const pieces = counted(file.createReadStream({autoClose: false}), {onProgress});
        await client.writeFile(name, path, pieces, {...options, size: size === 0 ? undefined : size});
    } finally {
        await file.close();
    }
}

export async function download(
    client: FileClient,
    name: string,
    path: string,
    local: string,
    {onProgress, ...options}: TransferOptions,
): Promise<void> {
    const target = await replaceable(local);
    const partial = `${target}.${randomUUID()}.partial`;
    try {
        await pipeline(
            counted(client.createReadStream(name, path, options), {onProgress}),
            createWriteStream(partial, {flags: "wx"}),
        );
        await rename(partial, target);
    } catch (error) {
        await rm(partial, {force: true});
        throw error;
    }
}

/** The file to replace: for a link its target. Anything but a regular file, such as a device, is refused. */
async function replaceable(local: string): Promise<string> {
    let target: string;
    try {
        target = await realpath(local);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return local;
        throw error;
    }
    if (!(await stat(target)).isFile()) throw invalid(`not a regular file: ${target}`);
    return target;
}
