// Records, copied from the arrays of `ak_value` that the library fills, which are valid only until the next step.
import {inspect} from "node:util";
import type {InspectOptions} from "node:util";
import * as abi from "./raw/abi.js";
import type {Pointer} from "./raw/functions.js";
import {addressOf, copier, textAt} from "./raw/koffi.js";
import {join, library} from "./raw/native.js";
import type {Field} from "./bind.js";
import {check, failure} from "./errors.js";

/** The fields of a record by name. Null and missing fields are both absent; `raw` tells them apart. */
export type Fields = Record<string, unknown>;

/** A record without bytes: an object of its fields. @internal */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the only cast of these records
export function natural<T>(fields: Fields): T {
    return Object.defineProperty(fields, "raw", {enumerable: false}) as T;
}

/** A record with bytes. */
export abstract class ByteRecord {
    readonly #raw: string | undefined;

    /** @internal */
    constructor(fields: Fields) {
        this.#raw = fields["raw"] as string | undefined;
    }

    /** The record as the server sent it (JSON), with members that this version does not know. */
    get raw(): string | undefined {
        return this.#raw;
    }

    /** The fields that came; what is text and bytes is only text. */
    toJSON(): unknown {
        const came = ([name, value]: [string, unknown]): boolean => value !== undefined && !name.endsWith("Bytes");
        return Object.fromEntries(Object.entries(this).filter(came));
    }

    /** @internal */
    [inspect.custom](_depth: number, options: InspectOptions): string {
        return `${this.constructor.name} ${inspect(ByteRecord.prototype.toJSON.call(this), options)}`;
    }
}

/** Up to this size bytes become text at once: that is cheaper than a property that does it when it is read. */
const SHORT = 4096;

/** Makes bytes as text a property of a record like any other. @internal */
export function show(record: ByteRecord, name: string, bytes: Buffer | null | undefined, encoding?: "base64"): void {
    if (bytes && bytes.length > SHORT) {
        let text: string | undefined;
        const get = (): string => (text ??= bytes.toString(encoding));
        Object.defineProperty(record, name, {get, enumerable: true, configurable: true});
    } else {
        (record as unknown as Fields)[name] = bytes?.toString(encoding) ?? bytes;
    }
}

/** A field that is bytes. @internal */
export function bytesOf(fields: Fields, name: string): Buffer | undefined {
    return (fields[name] as Piece | undefined)?.bytes;
}

const {ak_value: VALUE} = abi;
/** An `ak_value` in words of four bytes. Indices below count words. */
export const WORDS = VALUE.SIZE / 4;

const copy = copier();

/** The values of the current record, of any call. */
let current = new Uint32Array(32 * WORDS);
let currentAddress = addressOf(current);

/** Has the library fill in the values of the current record. */
export function fill(call: Pointer, fields: readonly Field[]): Uint32Array {
    if (fields.length * WORDS > current.length) {
        current = new Uint32Array(fields.length * WORDS);
        currentAddress = addressOf(current);
    }
    // Passing addresses is cheaper than passing the arrays.
    const {err, lib, sizeAddress} = library();
    const status = lib.ak_call_values(call, currentAddress, current.length / WORDS, sizeAddress, err);
    if (status < 0) throw failure(status);
    return current;
}

/** The record whose values begin at an index: one for each of its fields, in their order. */
export function read(values: Uint32Array, start: number, call: Pointer, fields: readonly Field[]): Fields {
    const found: Fields = {};
    let at = start;
    for (const field of fields) {
        if (isSet(values, at)) found[field.name] = value(values, at, call, field);
        at += WORDS;
    }
    return found;
}

/** Roughly how many bytes were copied for a record: its cost. */
export function weight({raw}: {raw?: unknown}): number {
    return raw instanceof Piece ? raw.size : typeof raw === "string" ? raw.length : 0;
}

export function isSet(values: Uint32Array, at: number): boolean {
    return (values[at + VALUE.type / 4] ?? 0) > abi.AK_TYPE_NULL;
}

export function value(values: Uint32Array, at: number, call: Pointer, field: Field): unknown {
    switch (field.type) {
        case abi.AK_TYPE_TEXT:
            return text(values, at);
        case abi.AK_TYPE_BYTES:
            return bytes(values, at);
        case abi.AK_TYPE_INT:
            return number(values, at);
        case abi.AK_TYPE_BOOL:
            return bool(values, at);
        case abi.AK_TYPE_JSON:
            return field.key === abi.AK_KEY_RAW ? text(values, at) : parsed(text(values, at));
        default:
            return entries(call, field, values[at + VALUE.integer / 4] ?? 0);
    }
}

export function bool(values: Uint32Array, at: number): boolean {
    return values[at + VALUE.integer / 4] !== 0;
}

export function size(values: Uint32Array, at: number): number {
    return join(values[at + VALUE.size / 4] ?? 0, values[at + VALUE.size / 4 + 1] ?? 0);
}

function address(values: Uint32Array, at: number): number {
    return join(values[at + VALUE.data / 4] ?? 0, values[at + VALUE.data / 4 + 1] ?? 0);
}

export function text(values: Uint32Array, at: number): string {
    const length = size(values, at);
    return length === 0 ? "" : textAt(address(values, at), length);
}

/** Bytes of a record. The Buffer is created when it is read, because it often costs more than the bytes. */
export class Piece {
    readonly #slab: Buffer;
    readonly #start: number;
    readonly #end: number;

    constructor(slab: Buffer, start: number, end: number) {
        this.#slab = slab;
        this.#start = start;
        this.#end = end;
    }

    get size(): number {
        return this.#end - this.#start;
    }

    /** The bytes as text; what is not UTF-8 is replaced. */
    get text(): string {
        return this.#slab.toString("utf8", this.#start, this.#end);
    }

    get bytes(): Buffer {
        return this.#slab.subarray(this.#start, this.#end);
    }
}

/** Memory that small pieces are cut from, like Buffer's own pool. */
const SLAB = 8192;
let slab = Buffer.alloc(0);
let slabAddress = 0;
let used = 0;

export function bytes(values: Uint32Array, at: number): Piece {
    const length = size(values, at);
    if (length > SLAB / 4) {
        const own = Buffer.allocUnsafeSlow(length);
        copy(own, address(values, at), length);
        return new Piece(own, 0, length);
    }
    if (length > slab.length - used) {
        slab = Buffer.allocUnsafeSlow(SLAB);
        slabAddress = addressOf(slab);
        used = 0;
    }
    if (length > 0) copy(slabAddress + used, address(values, at), length);
    used += length;
    return new Piece(slab, used - length, used);
}

/** An integer: a number if that is exact, else a bigint. */
function number(values: Uint32Array, at: number): number | bigint {
    const low = values[at + VALUE.integer / 4] ?? 0;
    const high = (values[at + VALUE.integer / 4 + 1] ?? 0) | 0;
    const near = join(low, high);
    return Number.isSafeInteger(near) ? near : (BigInt(high) << 32n) | BigInt(low);
}

/** Arbitrary JSON, which the library has checked. */
function parsed(json: string): unknown {
    try {
        return JSON.parse(json);
    } catch {
        return undefined; // nested too deeply for JSON.parse; raw still has it
    }
}

/** A list or a map of text in the current record. */
function entries(call: Pointer, {key, type}: Field, count: number): unknown {
    const native = library();
    const {lib, slot, size: length, err} = native;
    const one = (view: "ak_call_view_at" | "ak_call_key_at", index: number): string | null => {
        if (check(lib[view](call, key, index, slot, length, err)) !== abi.AK_OK) return null;
        const bytes = native.sizeOut();
        return bytes === 0 ? "" : textAt(slot[0] ?? 0n, bytes);
    };
    const indices = Array.from({length: count}, (_, index) => index);
    const list = indices.map((index) => one("ak_call_view_at", index));
    if (type === abi.AK_TYPE_LIST) return list;
    return Object.fromEntries(indices.map((index) => [one("ak_call_key_at", index), list[index]]));
}
