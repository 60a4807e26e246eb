// One call: stepped in the event loop, never waited for in C.
import {AK_AGAIN, AK_DONE, AK_E_CANCELLED, AK_E_STATE} from "./raw/abi.js";
import type {Pointer} from "./raw/functions.js";
import {library} from "./raw/native.js";
import {waiter} from "./raw/wait.js";
import {prepare, wrong} from "./bind.js";
import type {Field, Operation} from "./bind.js";
import type {AgentKernelError} from "./error.js";
import {failure} from "./errors.js";
import {AbortError} from "./generated/errors.js";
import {readEvent} from "./event.js";
import type {EventFields} from "./event.js";
import {fill, read} from "./record.js";
import type {Fields} from "./record.js";

/** Advances a call: a step, or reading or writing bytes. Returns a status. */
export type Advance = (call: Pointer) => number;

const step: Advance = (call) => {
    const {lib, err} = library();
    return lib.ak_call_step(call, err);
};

/** The state of a call that outlives its object. */
interface Remains {
    readonly handle: Pointer;
    readonly signal: AbortSignal | undefined;
    readonly onAbort: () => void;
}

const forgotten = new FinalizationRegistry(({handle, signal, onAbort}: Remains) => {
    signal?.removeEventListener("abort", onAbort);
    library().free("ak_call_free", handle);
});

export class Call {
    readonly operation: Operation;
    #handle: Pointer | undefined;
    readonly #signal: AbortSignal | undefined;
    readonly #onAbort: () => void;
    /** Ends the current wait. */
    #settle: ((status: number | AgentKernelError) => void) | undefined;
    #fd = -1;
    #aborted: AgentKernelError | undefined;

    /** Prepares a call; nothing is sent before it is first advanced. */
    constructor(
        client: Pointer,
        operation: Operation,
        values: Readonly<Record<string, unknown>>,
        signal?: AbortSignal,
    ) {
        this.operation = operation;
        if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== "function")
            throw wrong("signal", "an AbortSignal", signal);
        if (signal?.aborted) throw aborted(operation, signal);
        this.#handle = prepare(client, operation, values);
        this.#signal = signal;
        this.#onAbort = signal === undefined ? nothing : abort(new WeakRef(this));
        signal?.addEventListener("abort", this.#onAbort);
    }

    /**
     * Frees the call once it is no longer referenced: for calls that advance only when they are read or written. One
     * that waits is referenced by its wait.
     */
    forgettable(): this {
        const [handle, signal, onAbort] = [this.#handle, this.#signal, this.#onAbort];
        if (handle !== undefined) forgotten.register(this, {handle, signal, onAbort}, this);
        return this;
    }

    get closed(): boolean {
        return this.#handle === undefined;
    }

    /**
     * Advances until the status is not AGAIN, and returns it: at once, if no wait was needed. A failure is thrown or
     * rejected, and closes the call.
     */
    advance(by: Advance = step): number | Promise<number> {
        const status = this.#go(by);
        return status === AK_AGAIN ? this.#waited(by) : status;
    }

    async #waited(by: Advance): Promise<number> {
        const outcome = await new Promise<number | AgentKernelError>((resolve) => {
            this.#settle = (outcome) => {
                this.#settle = undefined;
                resolve(outcome);
            };
            try {
                this.#wait(by);
            } catch (error) {
                this.#release();
                this.#settle(error as AgentKernelError);
            }
        });
        if (typeof outcome === "number") return outcome;
        throw arrived(outcome);
    }

    /** Advances once, without waiting: the status may be AGAIN. */
    turn(by: Advance): number {
        return this.#go(by);
    }

    /** The current record. */
    record(): Fields {
        return this.#current(read);
    }

    /** The current record of a stream. */
    event(): EventFields {
        return this.#current(readEvent);
    }

    #current<T>(reader: (values: Uint32Array, start: number, call: Pointer, fields: readonly Field[]) => T): T {
        if (this.#handle === undefined) throw new Error("the call is closed");
        const {fields} = this.operation;
        return reader(fill(this.#handle, fields), 0, this.#handle, fields);
    }

    /** Frees the call; one in flight is abandoned and its connection closed. A pending advance gets DONE. */
    close(): void {
        this.#release();
        this.#settle?.(AK_DONE);
    }

    #go(by: Advance): number {
        if (this.#aborted !== undefined) throw arrived(this.#aborted);
        if (this.#handle === undefined) return AK_DONE;
        const status = by(this.#handle);
        if (status < 0) {
            const error = failure(status);
            // A stack has few lines, and the caller's may be far.
            // eslint-disable-next-line @typescript-eslint/unbound-method -- not called
            Error.captureStackTrace(error, this.advance);
            if (status !== AK_E_STATE) this.#release(); // which leaves the call as it is
            throw error;
        }
        return status;
    }

    #wait(by: Advance): void {
        if (this.#handle === undefined) return;
        const fd = library().lib.ak_call_fd(this.#handle);
        waiter().wait(fd, () => {
            this.#fd = -1;
            // An exception in a wake would be lost.
            try {
                const status = this.#go(by);
                if (status === AK_AGAIN) this.#wait(by);
                else this.#settle?.(status);
            } catch (error) {
                this.#release();
                this.#settle?.(error as AgentKernelError);
            }
        });
        this.#fd = fd;
    }

    #release(): void {
        const handle = this.#handle;
        if (handle === undefined) return;
        this.#handle = undefined;
        this.#signal?.removeEventListener("abort", this.#onAbort);
        if (this.#fd >= 0) waiter().stop(this.#fd);
        this.#fd = -1;
        forgotten.unregister(this);
        library().free("ak_call_free", handle);
    }

    /** Ends the call because its signal was aborted. @internal */
    abort(): void {
        const handle = this.#handle;
        if (handle === undefined || this.#signal === undefined) return;
        if (this.#fd >= 0) waiter().stop(this.#fd);
        this.#fd = -1;
        const {lib} = library();
        lib.ak_call_cancel(handle);
        this.#aborted = aborted(this.operation, this.#signal, step(handle));
        this.#release();
        this.#settle?.(this.#aborted);
    }
}

/** An error that was made where the event loop called, by no line of the user's: its stack has the lines that wait. */
function arrived(error: AgentKernelError): AgentKernelError {
    Error.captureStackTrace(error, arrived);
    return error;
}

const nothing = (): void => undefined;

/** A signal may have a long life: it must not keep its calls alive. */
function abort(call: WeakRef<Call>): () => void {
    return () => call.deref()?.abort();
}

function aborted(operation: Operation, signal: AbortSignal, status?: number): AgentKernelError {
    const reason: unknown = signal.reason;
    if (status === AK_E_CANCELLED) return failure(status, reason);
    return new AbortError(`${operation.name} was aborted`, {
        code: "AK_E_CANCELLED",
        operation: operation.name,
        sent: status === undefined ? "nothing" : "answered",
        cause: reason,
    });
}
