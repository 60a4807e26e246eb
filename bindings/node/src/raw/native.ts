// The library of this thread's environment, with the memory that its functions write results to. Results are read at
// once, so one of each is enough.
import {isMainThread} from "node:worker_threads";
import {AK_OK} from "./abi.js";
import type {Library, Pointer} from "./functions.js";
import {addressOf, cleanup, textAt} from "./koffi.js";
import type {Cleanup} from "./koffi.js";
import {locate} from "./locate.js";

/** Functions that free an object. */
type Free = "ak_client_free" | "ak_call_free" | "ak_error_free";

export class Native {
    readonly lib: Library;
    /** The error of the function that failed last. */
    readonly err: Pointer;
    /** A pointer or 64-bit integer that a function returns by address. */
    readonly slot = new BigUint64Array(1);
    /** A size that a function returns by address: its lower and its upper half. */
    readonly size = new Uint32Array(2);
    readonly sizeAddress = addressOf(this.size);
    /** Text to be passed to the library. */
    readonly scratch = Buffer.allocUnsafeSlow(65536);
    readonly #free: Readonly<Record<Free, Pointer>>;
    readonly #cleanup: Cleanup | undefined;

    constructor() {
        const {functions, addressOf} = locate();
        this.lib = functions;
        this.#free = {
            ak_client_free: addressOf("ak_client_free"),
            ak_call_free: addressOf("ak_call_free"),
            ak_error_free: addressOf("ak_error_free"),
        };
        // A terminated worker runs no more script, while its process continues: the runtime itself frees its objects.
        // The main thread ends with the process.
        if (!isMainThread) this.#cleanup = cleanup();
        const err = this.lib.ak_error_new();
        if (err === null) throw new RangeError("out of memory");
        this.err = err;
        this.own("ak_error_free", this.err);
    }

    /** Registers an object, to be freed at the latest when this thread ends. */
    own(free: Free, object: Pointer): void {
        this.#cleanup?.add(this.#free[free], object);
    }

    /** Frees an object that is owned. */
    free(free: Free, object: Pointer): void {
        this.#cleanup?.remove(this.#free[free], object);
        this.lib[free](object);
    }

    /** The object that was returned last. Numbers are cheaper to pass than bigints, and hold any address in use. */
    objectOut(): Pointer {
        const address = this.slot[0] ?? 0n;
        return address <= Number.MAX_SAFE_INTEGER ? Number(address) : address;
    }

    /** The size that was returned last. */
    sizeOut(): number {
        return join(this.size[0] ?? 0, this.size[1] ?? 0);
    }

    /** A text field of the error, or undefined. */
    errorText(field: number): string | undefined {
        if (this.lib.ak_error_view(this.err, field, this.slot, this.size) !== AK_OK) return undefined;
        return textAt(this.slot[0] ?? 0n, this.sizeOut());
    }

    /** A field of the error as bytes, or undefined. */
    errorBytes(field: number): Buffer | undefined {
        const {lib, err, size} = this;
        if (lib.ak_error_view(err, field, this.slot, size) !== AK_OK) return undefined;
        const bytes = Buffer.allocUnsafe(this.sizeOut());
        return lib.ak_error_text(err, field, bytes, bytes.length, size) === AK_OK ? bytes : undefined;
    }

    /** An integer field of the error, or undefined. */
    errorInt(field: number): number | undefined {
        if (this.lib.ak_error_int(this.err, field, this.slot) !== AK_OK) return undefined;
        return Number(BigInt.asIntN(64, this.slot[0] ?? 0n));
    }
}

/** A 64-bit integer from its halves; exact below 2^53. */
export function join(low: number, high: number): number {
    return high * 0x1_0000_0000 + low;
}

let native: Native | undefined;

/** The library. The first use in a thread loads it, so that importing this package never fails. */
export function library(): Native {
    native ??= new Native();
    return native;
}
