// Files that are read and written piece by piece, so that no more than a piece is held.
import {randomUUID} from "node:crypto";
import {createWriteStream} from "node:fs";
import {open, realpath, rename, rm, stat} from "node:fs/promises";
import {Readable} from "node:stream";
import {pipeline} from "node:stream/promises";
import {AK_DONE, AK_ITEM, AK_OK} from "./raw/abi.js";
import {library} from "./raw/native.js";
import {content as bytesOf} from "./bind.js";
import type {Call} from "./call.js";
import type {AgentKernel} from "./client.js";
import {invalid, TimeoutError} from "./errors.js";
import type {FileContent, TransferOptions} from "./options.js";
import {spend, turnOver} from "./turn.js";

/**
 * Memory that pieces are read into, and how little of it is too little for the next. In larger pieces V8 lets more of it
 * gather before it collects, and nothing becomes faster.
 */
const SLAB = 16384;
const LEAST = 2048;

/** What the language's timers can wait, in milliseconds: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

type Pieces = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Reads a file. Nothing is sent before the first bytes are asked for. */
export function fileReadable(start: () => Call): Readable {
    let call: Call | undefined;
    let slab = Buffer.alloc(0);
    const piece = async (stream: Readable): Promise<Buffer | null> => {
        const over = turnOver();
        if (over !== undefined) await over;
        if (stream.destroyed) return null;
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
    if ((encoding as string) !== "base64") throw invalid("encoding: must be utf8 or base64");
    const bytes = Buffer.from(content, "base64");
    // The language passes over what is no base64.
    if (bytes.toString("base64") !== content) throw invalid("content is not base64");
    return bytes;
}

/**
 * Writes a file with what comes piece by piece, and waits for the answer. It is started with a call and its timeout in
 * milliseconds: while no piece comes the library is not asked, so that is kept here, too.
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
            if (next === "aborted") break; // the call says why
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

/** Ends a content before its end. Not waited for: what gives no piece any more may not end either. */
function leave(content: Pieces, pieces: Iteration): void {
    if (content instanceof Readable) content.destroy();
    else Promise.resolve(pieces.return?.()).catch(() => undefined);
}

function iterator(content: Pieces): Iteration {
    return Symbol.asyncIterator in content ? content[Symbol.asyncIterator]() : content[Symbol.iterator]();
}

/** A promise of what ends the wait for content that does not come. */
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
        const {size} = await file.stat(); // 0 of what is no file, such as a pipe, and of the kernel's own
        const pieces = counted(file.createReadStream({autoClose: false}), {onProgress});
        await client.writeFile(name, path, pieces, {...options, size: size === 0 ? undefined : size});
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

/** Where a file goes in the place of what is there: a link stays one, and so does what is no file, such as a device. */
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
