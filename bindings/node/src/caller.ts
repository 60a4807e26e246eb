// The base of a client, which creates its calls: it owns the client of the library, with settings and connections.
import * as abi from "./raw/abi.js";
import type {Pointer} from "./raw/functions.js";
import {library} from "./raw/native.js";
import {encoded, integer, milliseconds, operation, wrong} from "./bind.js";
import {Call} from "./call.js";
import {AgentKernelError} from "./error.js";
import {check} from "./errors.js";
import {SETTINGS} from "./generated/settings.js";
import type {AgentKernelOptions} from "./generated/settings.js";
import type {Fields} from "./record.js";
import type {CallOptions} from "./types.js";

/** Arguments of a call by name, with its signal and timeouts. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A caller that is no longer referenced closes its connections. Calls in flight keep the library's client alive. */
const forgotten = new FinalizationRegistry((handle: Pointer) => {
    library().free("ak_client_free", handle);
});

export class Caller {
    #handle: Pointer | undefined;

    constructor(options: AgentKernelOptions) {
        if (typeof options !== "object" || (options as unknown) === null) throw wrong("options", "an object", options);
        const native = library();
        check(native.lib.ak_client_new(native.slot, native.err));
        const handle = native.objectOut();
        native.own("ak_client_free", handle);
        try {
            for (const [name, value] of Object.entries(options) as [string, unknown][]) {
                if (value !== undefined) set(handle, name, value);
            }
        } catch (error) {
            native.free("ak_client_free", handle);
            throw error;
        }
        this.#handle = handle;
        forgotten.register(this, handle, this);
    }

    get baseUrl(): string {
        const {lib, scratch, size, err} = library();
        check(lib.ak_client_text(this.#open(), abi.AK_CLIENT_BASE_URL, scratch, scratch.length, size, err));
        return scratch.toString("utf8", 0, size[0]);
    }

    /** The timeout of calls that have none of their own, in milliseconds. */
    get timeout(): number {
        const {lib, slot, err} = library();
        check(lib.ak_client_int(this.#open(), abi.AK_CLIENT_TIMEOUT_MS, slot, err));
        const timeout = Number(BigInt.asIntN(64, slot[0] ?? 0n));
        return timeout === abi.AK_TIMEOUT_NONE ? Infinity : timeout;
    }

    /** Prepares a call. */
    call(name: string, options: Arguments | CallOptions): Call {
        const {signal, ...values} = options as Arguments;
        try {
            return new Call(this.#open(), operation(name), values, signal as AbortSignal | undefined);
        } catch (error) {
            // The way into binding would fill the stack.
            // eslint-disable-next-line @typescript-eslint/unbound-method -- not called
            if (error instanceof AgentKernelError) Error.captureStackTrace(error, this.call);
            throw error;
        }
    }

    /** The record of an operation that yields one; no fields if it yields none. */
    async one(name: string, options: Arguments | CallOptions): Promise<Fields> {
        return (await this.all(name, options)).at(-1) ?? {};
    }

    /** All records of an operation. */
    async all(name: string, options: Arguments | CallOptions): Promise<Fields[]> {
        const call = this.call(name, options);
        const records: Fields[] = [];
        try {
            for (;;) {
                const status = call.advance();
                if ((typeof status === "number" ? status : await status) !== abi.AK_ITEM) return records;
                records.push(call.record());
            }
        } finally {
            call.close();
        }
    }

    /** Closes the connections. Calls in flight are not affected. */
    close(): void {
        const handle = this.#handle;
        if (handle === undefined) return;
        this.#handle = undefined;
        forgotten.unregister(this);
        library().free("ak_client_free", handle);
    }

    #open(): Pointer {
        if (this.#handle === undefined) throw new AgentKernelError("the client is closed", {code: "AK_E_STATE"});
        return this.#handle;
    }
}

function set(client: Pointer, name: string, value: unknown): void {
    const {lib, scratch, err} = library();
    const [setting, type] = SETTINGS.get(name) ?? [];
    if (setting === undefined) throw new TypeError(`there is no setting ${name}`);
    if (type === "text") {
        const text = encoded(scratch, name, value);
        check(lib.ak_client_set_text(client, setting, text.bytes, text.size, err));
    } else {
        const number = type === "timeout" ? milliseconds(name, value) : integer(name, value);
        check(lib.ak_client_set_int(client, setting, number, err));
    }
}
