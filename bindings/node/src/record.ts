// Reading the current record of a call. Everything is copied out, because the library's memory of it ends with the
// next step.
import type {Pointer} from "./raw/abi.js";
import * as abi from "./raw/abi.js";
import {addressOf, copier, textAt} from "./raw/koffi.js";
import {join, library} from "./raw/native.js";
import type {Field, Operation} from "./bind.js";
import {check, failure} from "./errors.js";

/** The fields of a record by name. What is null or not there has none; `raw` tells the two apart. */
export type Fields = Record<string, unknown>;

const {ak_value: VALUE} = abi;
const WORDS = VALUE.SIZE / 4;

const copy = copier();

/** All records are filled into the same memory. */
let values = new Uint32Array(32 * WORDS);
let valuesAddress = addressOf(values);

/** The bytes that were copied by the last record, about: what it cost. */
export function weight(fields: Fields | EventFields): number {
    const {raw} = fields;
    return raw instanceof Piece ? raw.size : typeof raw === "string" ? raw.length : 0;
}

/** The current record. */
export function read(call: Pointer, operation: Operation): Fields {
    fill(call, operation.fields);
    const record: Fields = {};
    for (let i = 0, at = 0; i < operation.fields.length; i++, at += WORDS) {
        const field = operation.fields[i];
        if ((values[at + VALUE.type / 4] ?? 0) > abi.AK_TYPE_NULL && field !== undefined) {
            record[field.name] = value(call, field, at);
        }
    }
    return record;
}

/** Stands for a text that is read from the payload when it is asked for. */
export const IN_TEXT = Symbol("in the text");

/** Up to this size the payload is kept as text alone, where that says all. */
const LEAN = 65536;

/** What every event has, and the other fields of those that have more. */
export class EventFields {
    type = "";
    /** The payload: text that says all of it exactly, or its bytes. */
    raw: string | Piece = "";
    parsed = true;
    /** The output, which may have come in more ways than one. */
    data: Piece | undefined = undefined;
    id: string | undefined = undefined;
    more: Fields | undefined = undefined;
}

/**
 * The current event. Where nothing was replaced when its payload was read as text, its members that are text are read
 * from that by the language's parser when they are asked for, which is rare. Bytes are not: no text can carry all.
 */
export function readEvent(call: Pointer, {fields}: Operation): EventFields {
    fill(call, fields);
    const event = new EventFields();
    let lean = false;
    for (let i = 0, at = 0; i < fields.length; i++, at += WORDS) {
        const field = fields[i];
        if ((values[at + VALUE.type / 4] ?? 0) <= abi.AK_TYPE_NULL || field === undefined) continue;
        switch (field.key) {
            case abi.AK_KEY_TYPE:
                event.type = text(at);
                break;
            case abi.AK_KEY_RAW: {
                const payload = size(at) <= LEAN ? text(at) : undefined;
                lean = payload?.includes("\ufffd") === false;
                event.raw = lean && payload !== undefined ? payload : bytes(at);
                break;
            }
            case abi.AK_KEY_PARSED:
                event.parsed = values[at + VALUE.integer / 4] !== 0;
                break;
            case abi.AK_KEY_ID: // of the stream, not of the payload
                event.id = text(at);
                break;
            case abi.AK_KEY_DATA:
                event.data = bytes(at);
                break;
            default:
                event.more ??= {};
                event.more[field.name] = lean && field.type === abi.AK_TYPE_TEXT ? IN_TEXT : value(call, field, at);
        }
    }
    return event;
}

function fill(call: Pointer, fields: readonly Field[]): void {
    const native = library();
    if (fields.length * WORDS > values.length) {
        values = new Uint32Array(fields.length * WORDS);
        valuesAddress = addressOf(values);
    }
    // By addresses: that costs less than handing over the arrays.
    const {err, lib, sizeAddress} = native;
    const status = lib.ak_call_values(call, valuesAddress, values.length / WORDS, sizeAddress, err);
    if (status < 0) throw failure(status);
}

function value(call: Pointer, field: Field, at: number): unknown {
    switch (field.type) {
        case abi.AK_TYPE_TEXT:
            return text(at);
        case abi.AK_TYPE_BYTES:
            return bytes(at);
        case abi.AK_TYPE_INT:
            return number(at);
        case abi.AK_TYPE_BOOL:
            return values[at + VALUE.integer / 4] !== 0;
        case abi.AK_TYPE_JSON:
            return field.key === abi.AK_KEY_RAW ? text(at) : parsed(text(at));
        default:
            return entries(call, field, values[at + VALUE.integer / 4] ?? 0);
    }
}

function size(at: number): number {
    return join(values[at + VALUE.size / 4] ?? 0, values[at + VALUE.size / 4 + 1] ?? 0);
}

function address(at: number): number {
    return join(values[at + VALUE.data / 4] ?? 0, values[at + VALUE.data / 4 + 1] ?? 0);
}

function text(at: number): string {
    const length = size(at);
    return length === 0 ? "" : textAt(address(at), length);
}

/** Bytes of a record. A Buffer of them is made when it is asked for: that costs more than the bytes, often. */
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

    /** The bytes as text; what is no UTF-8 is replaced. */
    get text(): string {
        return this.#slab.toString("utf8", this.#start, this.#end);
    }

    get bytes(): Buffer {
        return this.#slab.subarray(this.#start, this.#end);
    }
}

/** Memory that small pieces are cut from, as Buffer's own pool. */
const SLAB = 8192;
let slab = Buffer.alloc(0);
let slabAddress = 0;
let used = 0;

function bytes(at: number): Piece {
    const length = size(at);
    if (length > SLAB / 4) {
        const own = Buffer.allocUnsafeSlow(length);
        copy(own, address(at), length);
        return new Piece(own, 0, length);
    }
    if (length > slab.length - used) {
        slab = Buffer.allocUnsafeSlow(SLAB);
        slabAddress = addressOf(slab);
        used = 0;
    }
    if (length > 0) copy(slabAddress + used, address(at), length);
    used += length;
    return new Piece(slab, used - length, used);
}

/** A number where it is exact, else a bigint. */
function number(at: number): number | bigint {
    const low = values[at + VALUE.integer / 4] ?? 0;
    const high = (values[at + VALUE.integer / 4 + 1] ?? 0) | 0;
    const near = join(low, high);
    return Number.isSafeInteger(near) ? near : (BigInt(high) << 32n) | BigInt(low);
}

/** JSON that is the server's or the user's own, which the library has checked: the language reads it. */
function parsed(json: string): unknown {
    try {
        return JSON.parse(json);
    } catch {
        return undefined; // deeper than the language takes; raw still shows it
    }
}

/** A list, or a map, of text. */
function entries(call: Pointer, {key, type}: Field, count: number): unknown {
    const {lib, slot, size: length, err} = library();
    const one = (door: "ak_call_view_at" | "ak_call_key_at", index: number): string | null => {
        const status = check(lib[door](call, key, index, slot, length, err));
        if (status !== abi.AK_OK) return null;
        const bytesOfIt = join(length[0] ?? 0, length[1] ?? 0);
        return bytesOfIt === 0 ? "" : textAt(slot[0] ?? 0n, bytesOfIt);
    };
    const indices = Array.from({length: count}, (_, index) => index);
    const list = indices.map((index) => one("ak_call_view_at", index));
    if (type === abi.AK_TYPE_LIST) return list;
    return Object.fromEntries(indices.map((index) => [one("ak_call_key_at", index), list[index]]));
}
