// The operations, as described by the library's own tables, and binding the arguments of their calls.
import * as abi from "./raw/abi.js";
import type {Pointer} from "./raw/functions.js";
import {library} from "./raw/native.js";
import type {Native} from "./raw/native.js";
import {check, failure, invalid} from "./errors.js";

/** A parameter of an operation. */
export interface Parameter {
    readonly name: string;
    readonly key: number;
    readonly type: number;
    readonly required: boolean;
    readonly timeout: boolean;
}

/** A field of an operation's records. */
export interface Field {
    readonly name: string;
    readonly key: number;
    readonly type: number;
}

export interface Operation {
    readonly name: string;
    readonly id: number;
    readonly streams: boolean;
    readonly parameters: ReadonlyMap<string, Parameter>;
    /** In the order in which the library fills them. */
    readonly fields: readonly Field[];
}

/** Options of this library have names in camel case; fields have their names on the wire. */
const SETTINGS: Readonly<Record<string, string>> = {
    timeout_ms: "timeout",
    connect_timeout_ms: "connectTimeout",
    idle_timeout_ms: "idleTimeout",
    total_timeout_ms: "timeout", // bounds a whole stream, as timeout bounds any other call
};

const known = new Map<string, Operation>();

/** The operation of that name. */
export function operation(name: string): Operation {
    let found = known.get(name);
    if (found === undefined) {
        found = describe(name);
        known.set(name, found);
    }
    return found;
}

/** The names of all operations of the library. */
export function operationNames(): string[] {
    const {lib} = library();
    return keys((index) => lib.ak_operation_at(index)).map((id) => lib.ak_operation_name(id) ?? "");
}

function describe(name: string): Operation {
    const {lib} = library();
    const id = keys((index) => lib.ak_operation_at(index)).find((each) => lib.ak_operation_name(each) === name);
    if (id === undefined) throw invalid(`the library has no operation ${name}`);
    const parameters = keys((index) => lib.ak_parameter_at(id, index)).map((key) => {
        const own = lib.ak_key_name(key) ?? "";
        return {
            name: SETTINGS[own] ?? own,
            key,
            type: lib.ak_parameter_type(id, key),
            required: (lib.ak_parameter_flags(id, key) & abi.AK_KEY_REQUIRED) !== 0,
            timeout: own in SETTINGS,
        };
    });
    return {
        name,
        id,
        streams: (lib.ak_operation_flags(id) & abi.AK_OP_STREAMS) !== 0,
        parameters: new Map(parameters.map((each) => [each.name, each])),
        fields: keys((index) => lib.ak_field_at(id, index)).map((key) => {
            return {name: lib.ak_key_name(key) ?? "", key, type: lib.ak_field_type(id, key)};
        }),
    };
}

function keys(at: (index: number) => number): number[] {
    const found: number[] = [];
    for (let key; (key = at(found.length)) !== 0; ) found.push(key);
    return found;
}

/** Creates a call of an operation, with the arguments that are not undefined. The caller owns it. */
export function prepare(client: Pointer, what: Operation, values: Readonly<Record<string, unknown>>): Pointer {
    const native = library();
    check(native.lib.ak_call_new(client, what.id, native.slot, native.err));
    const call = native.objectOut();
    native.own("ak_call_free", call);
    try {
        for (const [name, value] of Object.entries(values)) {
            if (value === undefined) continue;
            const parameter = what.parameters.get(name);
            if (parameter === undefined) throw invalid(`${what.name} takes no ${name}`);
            const status = bind(native, call, parameter, value);
            if (status < 0) throw failure(status);
        }
    } catch (error) {
        native.free("ak_call_free", call);
        throw error;
    }
    return call;
}

function bind(native: Native, call: Pointer, {key, name, type, timeout}: Parameter, value: unknown): number {
    const {lib, err} = native;
    if (timeout) return lib.ak_call_set_int(call, key, milliseconds(name, value), err);
    switch (type) {
        case abi.AK_TYPE_TEXT: {
            const text = encoded(native.scratch, name, value);
            return lib.ak_call_set_text(call, key, text.bytes, text.size, err);
        }
        case abi.AK_TYPE_BOOL:
            if (typeof value !== "boolean") throw wrong(name, "a boolean", value);
            return lib.ak_call_set_int(call, key, Number(value), err);
        case abi.AK_TYPE_INT:
            return lib.ak_call_set_int(call, key, integer(name, value), err);
        case abi.AK_TYPE_BYTES: {
            const {bytes, size} = content(native.scratch, name, value);
            return lib.ak_call_set_text(call, key, bytes, size, err);
        }
        case abi.AK_TYPE_JSON: {
            const text = encoded(native.scratch, name, json(name, value));
            return lib.ak_call_set_text(call, key, text.bytes, text.size, err);
        }
        case abi.AK_TYPE_MAP:
            return bindMap(native, call, key, name, value);
        case abi.AK_TYPE_LISTS:
            return bindLists(native, call, key, name, value);
        default: // env is a list, and may come as a map
            if (Array.isArray(value)) return bindList(native, call, key, name, value);
            if (typeof value !== "object" || value === null) {
                const hint = name === "command" ? ' (["sh", "-c", "..."] runs a command line)' : "";
                throw wrong(name, `a list of strings${hint}`, value);
            }
            return bindEntries(native, call, key, name, value);
    }
}

function bindList({lib, err, scratch}: Native, call: Pointer, key: number, name: string, value: unknown[]): number {
    let status: number = abi.AK_OK;
    for (let i = 0; i < value.length && status >= 0; i++) {
        const text = encoded(scratch, `each entry of ${name}`, value[i]);
        status = lib.ak_call_add_text(call, key, text.bytes, text.size, err);
    }
    return status;
}

function bindEntries({lib, err, scratch}: Native, call: Pointer, key: number, name: string, value: object): number {
    const half = scratch.length / 2;
    for (const [left, right] of Object.entries(value)) {
        const first = encoded(scratch.subarray(0, half), `each name of ${name}`, left);
        const second = encoded(scratch.subarray(half), `each value of ${name}`, right);
        const status = lib.ak_call_put_text(call, key, first.bytes, first.size, second.bytes, second.size, err);
        if (status < 0) return status;
    }
    return abi.AK_OK;
}

/** An empty map differs from none. */
function bindMap(native: Native, call: Pointer, key: number, name: string, value: unknown): number {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw wrong(name, "an object of strings", value);
    }
    const status = native.lib.ak_call_set_text(call, key, native.scratch, 0, native.err);
    return status < 0 ? status : bindEntries(native, call, key, name, value);
}

function bindLists(native: Native, call: Pointer, key: number, name: string, value: unknown): number {
    if (!Array.isArray(value)) throw wrong(name, "a list of lists of strings", value);
    for (const list of value as unknown[]) {
        if (!Array.isArray(list)) throw wrong(`each entry of ${name}`, "a list of strings", list);
        let status = native.lib.ak_call_add_list(call, key, native.err);
        if (status >= 0) status = bindList(native, call, key, name, list);
        if (status < 0) return status;
    }
    return abi.AK_OK;
}

/** Bytes as they are, or text as UTF-8. */
export function content(scratch: Buffer, name: string, value: unknown): {bytes: Uint8Array; size: number} {
    if (value instanceof Uint8Array) return {bytes: value, size: value.length};
    if (typeof value !== "string") throw wrong(name, "a string or a Uint8Array", value);
    return encoded(scratch, name, value);
}

function json(name: string, value: unknown): string {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw wrong(name, "a value that JSON has", value);
    return text;
}

/** Text as UTF-8, in the given memory if it fits. */
export function encoded(scratch: Buffer, name: string, value: unknown): {bytes: Buffer; size: number} {
    if (typeof value !== "string") throw wrong(name, "a string", value);
    if (!value.isWellFormed()) throw invalid(`${name}: half a surrogate pair is no text`);
    if (value.length * 3 <= scratch.length) return {bytes: scratch, size: scratch.write(value)};
    const bytes = Buffer.from(value);
    return {bytes, size: bytes.length};
}

/** A timeout for the library: Infinity is none. */
export function milliseconds(name: string, value: unknown): number {
    if (typeof value !== "number") throw wrong(name, "a number of milliseconds", value);
    if (value === Infinity) return abi.AK_TIMEOUT_NONE;
    if (!(value >= 0)) throw invalid(`${name}: must be 0 or more milliseconds, or Infinity for none`);
    return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);
}

/** An integer for the library. One beyond 64 bits becomes the nearest that fits, which the library refuses. */
export function integer(name: string, value: unknown): bigint {
    if (typeof value !== "bigint" && !Number.isInteger(value)) throw wrong(name, "an integer", value);
    const exact = BigInt(value as number | bigint);
    const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
    return exact < least ? least : exact > most ? most : exact;
}

/** The error for an argument of the wrong type. */
export function wrong(name: string, wanted: string, value: unknown): TypeError {
    return new TypeError(`${name} must be ${wanted}, not ${value === null ? "null" : typeof value}`);
}
