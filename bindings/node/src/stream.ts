// A running command: its events one by one, or the bytes of its output.
import {Readable} from "node:stream";
import {AK_AGAIN, AK_DONE, AK_ITEM, AK_OK} from "./raw/abi.js";
import {library} from "./raw/native.js";
import type {Call, Going} from "./call.js";
import {AgentKernelError, StreamError} from "./errors.js";
import {weight} from "./record.js";
import {spend, turnOver} from "./turn.js";
import {StreamEvent} from "./types.js";

type Result = IteratorResult<StreamEvent, undefined>;

const OVER: Result = {done: true, value: undefined};

/**
 * Memory that pieces of output are cut from, and how little of it is too little for the next. V8 lets tens of megabytes
 * of such memory gather while few objects are made; in small pieces it collects sooner.
 */
const SLAB = 8192;
const LEAST = 2048;

/**
 * The events of a command: `for await (const event of stream)`. The command starts with the first one that is asked
 * for, and the sender waits while none is asked for. Leaving the loop, or `return()`, ends the command if it still runs.
 */
export class RunStream implements AsyncGenerator<StreamEvent, undefined> {
    readonly #start: () => Call;
    #call: Call | undefined;
    #ended = false;
    #final: StreamEvent | undefined;
    /** How many `next` wait for their event, and the latest of them; they are served in turn. */
    #asked = 0;
    #latest: Promise<Result> = Promise.resolve(OVER);
    /** Whether the current event was handed out by `next`. */
    #handedOut = false;
    /** Memory for output, and how much of it was read and not handed out. */
    #slab = Buffer.alloc(0);
    #used = 0;
    /** What reading met behind bytes that are handed out first. */
    readonly #behind: (() => Buffer)[] = [];

    /** @internal */
    constructor(start: () => Call) {
        this.#start = start;
    }

    /** The event that ended the stream (done or error), once it came. */
    get finalEvent(): StreamEvent | undefined {
        return this.#final;
    }

    /** The command's exit code, once it is known. */
    get exitCode(): number | undefined {
        return this.#final?.exit_code;
    }

    next(): Promise<Result> {
        if (this.#ended) return Promise.resolve(OVER);
        if (this.#asked > 0)
            return this.#later(
                this.#latest.then(
                    () => this.#wait(),
                    () => OVER,
                ),
            );
        if (this.#call === undefined || turnOver() !== undefined) return this.#later(this.#wait());
        // Nothing to wait for first: most events are in memory already.
        try {
            const status = this.#call.advance();
            return typeof status === "number"
                ? Promise.resolve(this.#result(status))
                : this.#later(this.#settled(status));
        } catch (error) {
            return Promise.reject(this.#failed(error));
        }
    }

    /** Ends the stream, also while `next` waits for an event. */
    return(): Promise<Result> {
        this.#end();
        return Promise.resolve(OVER);
    }

    throw(error: unknown): Promise<Result> {
        this.#end();
        return Promise.reject(error as Error);
    }

    [Symbol.asyncIterator](): this {
        return this;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.return();
    }

    /**
     * The bytes of the output alone, decoded straight into their memory. A reader that pauses makes the sender wait.
     * An error event is a StreamError here; how the command ended is in `exitCode` and `finalEvent`. Destroying it ends
     * the command.
     */
    readable(): Readable {
        const readable: Readable = new Readable({
            highWaterMark: 0, // nothing ahead of who reads: an error must not overtake bytes
            read: () => {
                this.#piece().then(
                    (piece) => readable.push(piece),
                    (error: unknown) => readable.destroy(error as Error),
                );
            },
            destroy: (error, done) => {
                this.#end();
                done(error);
            },
        });
        return readable;
    }

    /** One more `next` that is under way; those that follow wait for it. */
    #later(result: Promise<Result>): Promise<Result> {
        const served = (): void => void this.#asked--;
        this.#asked++;
        this.#latest = result;
        result.then(served, served);
        return result;
    }

    async #wait(): Promise<Result> {
        const over = turnOver();
        if (over !== undefined) await over;
        if (this.#ended) return OVER;
        try {
            return await this.#settled(this.#open().advance());
        } catch (error) {
            throw this.#failed(error);
        }
    }

    async #settled(status: number | Promise<number>): Promise<Result> {
        try {
            return this.#result(await status);
        } catch (error) {
            throw this.#failed(error);
        }
    }

    #result(status: number): Result {
        if (status === AK_ITEM && this.#call !== undefined) {
            this.#handedOut = true;
            return {done: false, value: this.#event(this.#call)};
        }
        this.#end();
        return OVER;
    }

    #failed(error: unknown): Error {
        // Amid the bytes of an event: they can still be read.
        if (!(error instanceof AgentKernelError && error.code === "AK_E_STATE")) this.#end();
        return error as Error;
    }

    #open(): Call {
        this.#call ??= this.#start();
        return this.#call;
    }

    #event(call: Call): StreamEvent {
        const fields = call.event();
        spend(weight(fields));
        const event = new StreamEvent(fields);
        if (event.isFinal) this.#final = event;
        return event;
    }

    #end(): void {
        this.#ended = true;
        this.#call?.close();
    }

    /** The next piece of output; null at the end. */
    async #piece(): Promise<Buffer | null> {
        const over = turnOver();
        if (over !== undefined) await over;
        for (;;) {
            if (this.#used > 0) return this.#cut();
            const met = this.#behind.shift();
            if (met !== undefined) return met();
            if (this.#ended) return null;
            const call = this.#open();
            if (this.#handedOut) await this.#pass(call);
            if (this.#slab.length < LEAST) this.#slab = Buffer.allocUnsafeSlow(SLAB);
            if (!this.#fill(call)) this.#meet(call, await call.advance(this.#reading));
        }
    }

    /** Leaves the event that was handed out, whose bytes would be read again. */
    async #pass(call: Call): Promise<void> {
        const status = await call.advance();
        this.#handedOut = false;
        if (status === AK_DONE) this.#end();
        if (status !== AK_ITEM) return;
        const event = this.#event(call);
        if (event.dataBytes === undefined) this.#keep(event);
    }

    #cut(): Buffer {
        const piece = this.#slab.subarray(0, this.#used);
        this.#slab = this.#slab.subarray(this.#used);
        this.#used = 0;
        spend(piece.length);
        return piece;
    }

    /** Reads what is in memory already; false when there is nothing. */
    #fill(call: Call): boolean {
        try {
            while (this.#used < this.#slab.length && this.#behind.length === 0 && !this.#ended) {
                const status = call.turn(this.#reading);
                if (status === AK_AGAIN) return this.#used > 0;
                this.#meet(call, status);
            }
        } catch (error) {
            this.#behind.push(() => {
                this.#end();
                throw error;
            });
        }
        return true;
    }

    readonly #reading: Going = (call) => {
        const {lib, size, err} = library();
        const room = this.#slab.subarray(this.#used);
        const status = lib.ak_call_read(call, room, room.length, size, err);
        if (status === AK_OK) this.#used += size[0] ?? 0;
        return status;
    };

    /** Looks at what reading met. What cannot be handed out now is for later. */
    #meet(call: Call, status: number): void {
        if (status === AK_DONE) this.#end();
        if (status === AK_ITEM) this.#keep(this.#event(call));
    }

    #keep(event: StreamEvent): void {
        const {output} = event;
        if (event.type === "error") {
            this.#behind.push(() => {
                this.#end();
                throw new StreamError(event.message ?? "the command failed", {
                    code: "AK_E_STREAM",
                    operation: "run_stream",
                });
            });
        } else if (output !== undefined && output.length > 0) {
            this.#behind.push(() => output);
        }
    }
}
