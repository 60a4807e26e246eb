// Events: records of many fields, of which each event has few, while there may be very many events.
import {inspect} from "node:util";
import type {InspectOptions} from "node:util";
import * as abi from "./raw/abi.js";
import type {Pointer} from "./raw/functions.js";
import type {Field} from "./bind.js";
import {EventMembers, MEMBER} from "./generated/event.js";
import {bool, bytes, isSet, size, text, value, WORDS} from "./record.js";
import type {Fields, Piece} from "./record.js";
import type {StreamEventType} from "./types.js";

/** Stands for a text that is parsed from the payload when it is read. */
export const IN_TEXT = Symbol("in the text");

/** Up to this size a payload is kept as text alone, if that is exact. */
const LEAN = 65536;

/** The fields of an event: those that most have, and the others, if it has any. */
export class EventFields {
    type = "";
    /** The payload: as text if that is exact, else its bytes. */
    raw: string | Piece = "";
    parsed = true;
    /** The output, from any of the members that may contain it. */
    data: Piece | undefined = undefined;
    id: string | undefined = undefined;
    more: Fields | undefined = undefined;
}

/**
 * The event whose values begin at an index. Where the payload is text that was read without replacing anything, members
 * that are text are parsed from it when they are read, which is rare. Bytes are not: text cannot represent all of them.
 */
export function readEvent(values: Uint32Array, start: number, call: Pointer, fields: readonly Field[]): EventFields {
    const found = new EventFields();
    let lean = false;
    let at = start - WORDS;
    for (const field of fields) {
        at += WORDS;
        if (!isSet(values, at)) continue;
        switch (field.key) {
            case abi.AK_KEY_TYPE:
                found.type = text(values, at);
                break;
            case abi.AK_KEY_RAW: {
                const payload = size(values, at) <= LEAN ? text(values, at) : undefined;
                lean = payload?.includes("\ufffd") === false;
                found.raw = lean && payload !== undefined ? payload : bytes(values, at);
                break;
            }
            case abi.AK_KEY_PARSED:
                found.parsed = bool(values, at);
                break;
            case abi.AK_KEY_ID: // of the stream, not of the payload
                found.id = text(values, at);
                break;
            case abi.AK_KEY_DATA:
                found.data = bytes(values, at);
                break;
            default:
                found.more ??= {};
                found.more[field.name] =
                    lean && field.type === abi.AK_TYPE_TEXT ? IN_TEXT : value(values, at, call, field);
        }
    }
    return found;
}

/** An event of a running command. Which members it has depends on its type. */
export class StreamEvent extends EventMembers {
    readonly type: StreamEventType;
    readonly #fields: EventFields;
    #data: Record<string, unknown> | undefined;

    /** @internal */
    constructor(fields: EventFields) {
        super();
        this.type = fields.type;
        this.#fields = fields;
    }

    /** The payload. If it is not a JSON object, it is the text under the name `raw`. */
    get data(): Record<string, unknown> {
        this.#data ??= this.parsed ? (JSON.parse(this.raw) as Record<string, unknown>) : {raw: this.raw};
        return this.#data;
    }

    /** The payload as the server sent it, as text; bytes that are not UTF-8 are replaced. */
    get raw(): string {
        const {raw} = this.#fields;
        return typeof raw === "string" ? raw : raw.text;
    }

    /** The payload as the server sent it, exactly. */
    get rawBytes(): Buffer {
        const {raw} = this.#fields;
        return typeof raw === "string" ? Buffer.from(raw) : raw.bytes;
    }

    /** Whether the payload is a JSON object. */
    get parsed(): boolean {
        return this.#fields.parsed;
    }

    /** The bytes of output in this event, exactly; undefined if it has none. */
    get output(): Buffer | undefined {
        return this.dataBytes ?? this.outputBytes;
    }

    /** `output` as text; bytes that are not UTF-8 are replaced. */
    get text(): string | undefined {
        return (this.#fields.data ?? (this.#fields.more?.["output"] as Piece | undefined))?.text;
    }

    /** The payload's member `data`, exactly: the command's output, in an output event. */
    get dataBytes(): Buffer | undefined {
        return this.#fields.data?.bytes;
    }

    /** The payload's member `output`, exactly: a failed command's output, in the done event of some servers. */
    get outputBytes(): Buffer | undefined {
        return (this.#fields.more?.["output"] as Piece | undefined)?.bytes;
    }

    /** The last event id of the stream. */
    get id(): string | undefined {
        return this.#fields.id;
    }

    /** Whether the stream ends with this event: done or error. */
    get isFinal(): boolean {
        return this.type === "done" || this.type === "error";
    }

    /** @internal */
    protected override [MEMBER](name: string): unknown {
        const value = this.#fields.more?.[name];
        return value === IN_TEXT ? (this.data[name] as string).toWellFormed() : value;
    }

    toJSON(): {type: string; data: unknown} {
        return {type: this.type, data: this.data};
    }

    [inspect.custom](_depth: number, options: InspectOptions): string {
        return `StreamEvent ${inspect(this.toJSON(), options)}`;
    }
}
