// A running command: its events one by one, or the bytes of its output.
import type {Readable} from "node:stream";
import {AK_AGAIN, AK_DONE, AK_ITEM, AK_OK} from "./raw/abi.js";
import {library} from "./raw/native.js";
import type {Advance, Call} from "./call.js";
import {AgentKernelError} from "./error.js";
import {StreamError} from "./generated/errors.js";
import {StreamEvent} from "./event.js";
import {readableOf} from "./readable.js";
import {weight} from "./record.js";
import {spend, turnOver} from "./turn.js";

type Result = IteratorResult<StreamEvent, undefined>;

const OVER: Result = {done: true, value: undefined};

/**
 * The size of the memory that pieces of output are cut from, and the least of it that another piece is read into. V8
 * lets tens of megabytes of such memory accumulate while few objects are created; with small sizes it collects sooner.
 */
const SLAB = 8192;
const LEAST = 2048;

/**
 * The events of a command: `for await (const event of stream)`. The command starts when the first event is requested,
 * and a slow reader slows the sender down. Leaving the loop, or `return()`, ends the command if it still runs.
 */
export class RunStream implements AsyncGenerator<StreamEvent, undefined> {
    readonly #start: () => Call;
    #call: Call | undefined;
    #ended = false;
    #final: StreamEvent | undefined;
    /** How many calls of `next` are pending, and the latest of them; they are served in order. */
    #asked = 0;
    #latest: Promise<Result> = Promise.resolve(OVER);
    /** Whether `next` has returned the current event. */
    #returned = false;
    /** Memory for output, and how many bytes of it were read and not yet returned. */
    #slab = Buffer.alloc(0);
    #used = 0;
    /** The outcome after bytes that are returned first. */
    readonly #behind: (() => Buffer)[] = [];

    /** @internal */
    constructor(start: () => Call) {
        this.#start = start;
    }

    /** The event that ended the stream (done or error), if it has arrived. */
    get finalEvent(): StreamEvent | undefined {
        return this.#final;
    }

    /** The exit code of the command, if it is known. */
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
        // Without waiting first: most events are already in memory.
        try {
            const status = this.#call.advance();
            return typeof status === "number"
                ? Promise.resolve(this.#result(status))
                : this.#later(this.#settled(status));
        } catch (error) {
            return Promise.reject(this.#failed(error));
        }
    }

    /** Ends the stream, also while `next` is pending. */
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
     * The bytes of the output alone. A slow reader slows the sender down. An error event is a StreamError here; the
     * command's end is in `exitCode` and `finalEvent`. Destroying the Readable ends the command.
     */
    readable(): Readable {
        return readableOf(
            () => this.#piece(),
            () => this.#end(),
        );
    }

    /**
     * One more pending `next`; later ones wait for it. Only one may wait for `result`: an error's stack shows no line
     * behind a promise that two wait for.
     */
    #later(result: Promise<Result>): Promise<Result> {
        this.#asked++;
        this.#latest = result.then(
            (value) => {
                this.#asked--;
                return value;
            },
            (error: unknown) => {
                this.#asked--;
                throw error;
            },
        );
        return this.#latest;
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
            this.#returned = true;
            return {done: false, value: this.#event(this.#call)};
        }
        this.#end();
        return OVER;
    }

    #failed(error: unknown): Error {
        // In the middle of an event's bytes: reading may continue.
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
            if (this.#returned) await this.#pass(call);
            if (this.#slab.length < LEAST) this.#slab = Buffer.allocUnsafeSlow(SLAB);
            if (!this.#fill(call)) this.#meet(call, await call.advance(this.#reading));
        }
    }

    /** Steps past the event that `next` returned, whose bytes would be read again. */
    async #pass(call: Call): Promise<void> {
        const status = await call.advance();
        this.#returned = false;
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

    /** Reads what is already in memory; false if there is nothing. */
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

    readonly #reading: Advance = (call) => {
        const {lib, size, err} = library();
        const room = this.#slab.subarray(this.#used);
        const status = lib.ak_call_read(call, room, room.length, size, err);
        if (status === AK_OK) this.#used += size[0] ?? 0;
        return status;
    };

    /** Handles the outcome of reading. What cannot be returned now is kept for later. */
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
