// The types of the library's functions, derived from their Koffi declarations.
import type {SIGNATURES} from "./abi.js";

/** The address of an object of the library, or of bytes. */
export type Pointer = number | bigint;
/** An argument that is a pointer: an address, memory of the script, or null. */
export type Place = Pointer | Uint8Array | Uint32Array | BigUint64Array | null;

type Integer<T> = T extends "int64_t" ? number | bigint : number;
type Argument<T> = T extends "void *" ? Place : Integer<T>;
type Result<T> = T extends "void"
    ? undefined
    : T extends "const char *"
      ? string | null
      : T extends "void *"
        ? Pointer | null
        : Integer<T>;
type Arguments<T extends readonly string[]> = {-readonly [I in keyof T]: Argument<T[I]>};

export type Library = {
    readonly [N in keyof typeof SIGNATURES]: (
        ...values: Arguments<(typeof SIGNATURES)[N][1]>
    ) => Result<(typeof SIGNATURES)[N][0]>;
};
