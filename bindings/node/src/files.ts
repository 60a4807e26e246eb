// Files that are read and written piece by piece, so that no more than a piece is held.
import {randomUUID} from "node:crypto";
import {createWriteStream} from "node:fs";
import {open, rename, rm} from "node:fs/promises";
import {Readable} from "node:stream";
import {pipeline} from "node:stream/promises";
import {AK_DONE, AK_ITEM, AK_OK} from "./raw/abi.js";
import {library} from "./raw/native.js";
import type {Call} from "./call.js";
import type {AgentKernel} from "./client.js";
import {invalid} from "./errors.js";
import {content as bytesOf} from "./operations.js";
import type {FileContent, TransferOptions} from "./options.js";
import {spend, turnOver} from "./turn.js";

/** Memory that pieces are read into, and how little of it is too little for the next. */
const SLAB = 65536;
const LEAST = 8192;

type Pieces = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** A stream that nobody holds any more ends. */
const forgotten = new FinalizationRegistry((call: Call) => {
    call.close();
});

/** Reads a file. Nothing is sent before the first bytes are asked for. */
export function fileReadable(start: () => Call): Readable {
    let call: Call | undefined;
    let slab = Buffer.alloc(0);
    const piece = async (stream: Readable): Promise<Buffer | null> => {
        const over = turnOver();
        if (over !== undefined) await over;
        if (stream.destroyed) return null;
        if (call === undefined) {
            call = start();
            forgotten.register(stream, call);
        }
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
        } while (status === AK_ITEM); // a file without a byte
        if (status === AK_DONE) return null;
        const read = slab.subarray(0, used);
        slab = slab.subarray(used);
        spend(used);
        return read;
    };
    return new Readable({
        highWaterMark: 0, // nothing ahead of who reads
        read() {
            piece(this).then(
                (read) => this.push(read),
                (error: unknown) => this.destroy(error as Error),
            );
        },
        destroy(error, done) {
            call?.close();
            done(error);
        },
    });
}

/** Whether a content comes in pieces. What is none at all is for the binding to refuse. */
export function inPieces(content: FileContent): content is Pieces {
    if (typeof content !== "object" || (content as unknown) === null || content instanceof Uint8Array) return false;
    return Symbol.asyncIterator in content || Symbol.iterator in content;
}

/** A content as the bytes or the text that it stands for. */
export function decoded(content: string | Uint8Array, encoding: "utf8" | "base64" = "utf8"): string | Uint8Array {
    if (typeof content !== "string" || encoding === "utf8") return content;
    const bytes = Buffer.from(content, "base64");
    // The language passes over what is no base64.
    if (bytes.toString("base64") !== content) throw invalid("content is not base64");
    return bytes;
}

/** Writes a file with what comes piece by piece, and waits for the answer. */
export async function pour(start: () => Call, content: Pieces, signal: AbortSignal | undefined): Promise<void> {
    const pieces = iterator(content);
    const aborted = abortion(signal);
    let whole = false;
    let call: Call | undefined;
    try {
        call = start();
        for (;;) {
            const next = await Promise.race([pieces.next(), aborted.promise]);
            if (next === undefined) break; // the call says why
            if (next.done === true) {
                whole = true;
                break;
            }
            if (!(await hand(call, next.value))) break;
        }
        if (whole) await write(call, new Uint8Array(0));
        while ((await call.advance()) === AK_ITEM);
    } finally {
        aborted.forget();
        call?.close();
        if (!whole) leave(content, pieces);
    }
}

type Iteration = AsyncIterator<string | Uint8Array> | Iterator<string | Uint8Array>;

/** Ends a content before its end. Not waited for: what gives no piece any more may not end either. */
function leave(content: Pieces, pieces: Iteration): void {
    if (content instanceof Readable) content.destroy();
    else Promise.resolve(pieces.return?.()).catch(() => undefined);
}

function iterator(content: Pieces): Iteration {
    return Symbol.asyncIterator in content ? content[Symbol.asyncIterator]() : content[Symbol.iterator]();
}

/** A promise of the abort, so that content that does not come can be left. */
function abortion(signal: AbortSignal | undefined): {promise: Promise<undefined>; forget: () => void} {
    let onAbort = (): void => undefined;
    const promise = new Promise<undefined>((resolve) => {
        onAbort = (): void => {
            resolve(undefined);
        };
    });
    signal?.addEventListener("abort", onAbort);
    return {
        promise,
        forget: () => signal?.removeEventListener("abort", onAbort),
    };
}

/** Hands in a piece; false when the server has answered already. */
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

/** How much was taken; undefined when the server has answered already. */
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

/** Passes pieces on, and tells how much they were. */
async function* counted(pieces: AsyncIterable<Buffer>, {onProgress}: TransferOptions): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const piece of pieces) {
        yield piece;
        done += piece.length;
        onProgress?.(done);
    }
}

export async function upload(
    client: AgentKernel,
    name: string,
    local: string,
    path: string,
    {onProgress, ...options}: TransferOptions,
): Promise<void> {
    const file = await open(local);
    try {
        const {size} = await file.stat();
        const pieces = counted(file.createReadStream({autoClose: false}), {onProgress});
        await client.writeFile(name, path, pieces, {...options, size});
    } finally {
        await file.close();
    }
}

export async function download(
    client: AgentKernel,
    name: string,
    path: string,
    local: string,
    {onProgress, ...options}: TransferOptions,
): Promise<void> {
    const partial = `${local}.${randomUUID()}.partial`;
    try {
        await pipeline(
            counted(client.createReadStream(name, path, options), {onProgress}),
            createWriteStream(partial, {flags: "wx"}),
        );
        await rename(partial, local);
    } catch (error) {
        await rm(partial, {force: true});
        throw error;
    }
}
