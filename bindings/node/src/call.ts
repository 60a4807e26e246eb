// One call: stepped in the event loop, never waited for in C.
import type {Pointer} from "./raw/abi.js";
import {AK_AGAIN, AK_DONE, AK_E_CANCELLED, AK_E_STATE} from "./raw/abi.js";
import {library} from "./raw/native.js";
import {waiter} from "./raw/wait.js";
import {prepare, wrong} from "./bind.js";
import type {Operation} from "./bind.js";
import {AbortError, failure} from "./errors.js";
import type {AgentKernelError} from "./errors.js";
import {read, readEvent} from "./record.js";
import type {EventFields, Fields} from "./record.js";

/** What makes a call go on: a step, or reading bytes. Gives a status. */
export type Going = (call: Pointer) => number;

const step: Going = (call) => {
    const {lib, err} = library();
    return lib.ak_call_step(call, err);
};

/** What a call leaves behind that nobody holds any more. */
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
    /** Ends the wait that is under way. */
    #settle: ((status: number | AgentKernelError) => void) | undefined;
    #fd = -1;
    #aborted: AgentKernelError | undefined;

    /** Prepares it; nothing is sent before it first goes on. */
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
     * Has it freed when nobody holds it any more: for calls that go on when somebody wants more of them, or has more for
     * them. One that waits is held by what it waits with.
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
     * Goes on until there is something else than AGAIN: that status, at once where it can be told. A failure is thrown
     * or rejected, and closes the call.
     */
    advance(going: Going = step): number | Promise<number> {
        const status = this.#go(going);
        if (status !== AK_AGAIN) return status;
        return new Promise((resolve, reject) => {
            this.#settle = (outcome) => {
                this.#settle = undefined;
                if (typeof outcome === "number") resolve(outcome);
                else reject(outcome);
            };
            try {
                this.#wait(going);
            } catch (error) {
                this.#release();
                this.#settle(error as AgentKernelError);
            }
        });
    }

    /** Goes on once, without waiting: AGAIN is an answer. */
    turn(going: Going): number {
        return this.#go(going);
    }

    /** The current record. */
    record(): Fields {
        if (this.#handle === undefined) throw new Error("the call is closed");
        return read(this.#handle, this.operation);
    }

    /** The current record of a stream. */
    event(): EventFields {
        if (this.#handle === undefined) throw new Error("the call is closed");
        return readEvent(this.#handle, this.operation);
    }

    /** Frees the call; one in flight is abandoned and its connection closed. Whoever waits for it gets DONE. */
    close(): void {
        this.#release();
        this.#settle?.(AK_DONE);
    }

    #go(going: Going): number {
        if (this.#aborted !== undefined) throw this.#aborted;
        if (this.#handle === undefined) return AK_DONE;
        const status = going(this.#handle);
        if (status < 0) {
            const error = failure(status);
            if (status !== AK_E_STATE) this.#release(); // that one changes nothing
            throw error;
        }
        return status;
    }

    #wait(going: Going): void {
        if (this.#handle === undefined) return;
        const fd = library().lib.ak_call_fd(this.#handle);
        waiter().wait(fd, () => {
            this.#fd = -1;
            // What is thrown in a wake would vanish.
            try {
                const status = this.#go(going);
                if (status === AK_AGAIN) this.#wait(going);
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

    /** Ends it because its signal was aborted. @internal */
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

const nothing = (): void => undefined;

/** A signal lives long, often: it must not hold its calls. */
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
