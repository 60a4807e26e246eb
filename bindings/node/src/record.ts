// Reading the current record of a call. Everything is copied out, because the library's memory of it ends with the
// next step.
import * as abi from "./raw/abi.js";
import {textAt} from "./raw/koffi.js";
import {join, library} from "./raw/native.js";
import {check} from "./errors.js";
import type {Field, Operation} from "./operations.js";

/** The fields of a record by name. What is null or not there has none; `raw` tells the two apart. */
export type Fields = Record<string, unknown>;

const {ak_value: VALUE} = abi;
const WORDS = VALUE.SIZE / 4;

/** All records are filled into the same memory. */
let values = new Uint32Array(32 * WORDS);

/** The bytes that were copied by the last record, about: what it cost. */
export function weight(fields: Fields): number {
    const {raw} = fields;
    return typeof raw === "string" ? raw.length : 0;
}

/** The current record. */
export function read(call: bigint, {fields}: Operation): Fields {
    const native = library();
    if (fields.length * WORDS > values.length) values = new Uint32Array(fields.length * WORDS);
    check(native.lib.ak_call_values(call, values, values.length / WORDS, native.size, native.err));
    const record: Fields = {};
    for (let i = 0, at = 0; i < fields.length; i++, at += WORDS) {
        const type = values[at + VALUE.type / 4] ?? 0;
        const field = fields[i];
        if (type > abi.AK_TYPE_NULL && field !== undefined) record[field.name] = value(call, field, at);
    }
    return record;
}

function value(call: bigint, field: Field, at: number): unknown {
    switch (field.type) {
        case abi.AK_TYPE_TEXT:
            return text(at);
        case abi.AK_TYPE_BYTES:
            return bytes(call, field, size(at));
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

function text(at: number): string {
    const address = join(values[at + VALUE.data / 4] ?? 0, values[at + VALUE.data / 4 + 1] ?? 0);
    const length = size(at);
    return length === 0 ? "" : textAt(address, length);
}

function bytes(call: bigint, {key}: Field, length: number): Buffer {
    const native = library();
    const copy = Buffer.allocUnsafe(length);
    if (length > 0) check(native.lib.ak_call_text(call, key, copy, length, native.size, native.err));
    return copy;
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
function entries(call: bigint, {key, type}: Field, count: number): unknown {
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
