// Runs the cases of tests/conformance through the public interface. Methods, arguments and options are found by their
// names and types in the library.
import {isDeepStrictEqual} from "node:util";
import {AgentKernel, AgentKernelError, RunStream} from "agentkernel";
import type {AgentKernelOptions} from "agentkernel";
import {abi, describe, isObject, positionalOf} from "./kit.mjs";
import type {FaultServer, Json, JsonObject} from "./kit.mjs";

const MEMBERS = {
    file: ["version", "cases"],
    case: ["id", "about", "shows", "client", "server", "client_error", "calls", "requests", "connections"],
    call: ["operation", "arguments", "records", "error"],
    request: ["method", "target", "headers", "json", "body"],
    error: [
        "code",
        "http_status",
        "exit_code",
        "retry_after_ms",
        "server_text",
        "output",
        "sent",
        "phase",
        "operation",
        "message_has",
        "message_lacks",
    ],
};

/** An underscore and a letter of a setting's wire name become an upper-case letter. */
const camel = (name: string): string =>
    name.replace(/_ms$/, "").replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function known(what: JsonObject, members: readonly string[]): void {
    for (const name of Object.keys(what)) {
        if (!members.includes(name)) throw new Error(`unknown member ${name}`);
    }
}

/** The cases of a file, with repeated texts written out. */
export function casesOf(text: string): JsonObject[] {
    const file = JSON.parse(text) as JsonObject;
    known(file, MEMBERS.file);
    if (file["version"] !== 1) throw new Error(`unknown version ${JSON.stringify(file["version"])}`);
    return (file["cases"] as JsonObject[]).map((each) => {
        const {server, ...rest} = each;
        return {...(expanded(rest) as JsonObject), ...(server === undefined ? {} : {server})};
    });
}

function expanded(value: Json): Json {
    if (Array.isArray(value)) return value.map(expanded);
    if (!isObject(value)) return value;
    if ("repeat" in value) {
        known(value, ["repeat", "times"]);
        return (value["repeat"] as string).repeat(value["times"] as number);
    }
    const result: JsonObject = {};
    for (const [name, each] of Object.entries(value)) {
        Object.defineProperty(result, name, {value: expanded(each), enumerable: true, writable: true});
    }
    return result;
}

const bytesOf = (value: Json): Buffer =>
    isObject(value) ? Buffer.from(value["base64"] as string, "base64") : Buffer.from(value as string);
const textOf = (value: Json): string => bytesOf(value).toString();

/** By the methods of operations, or by the method that makes any call by name. */
export type Way = "methods" | "call";

/** Runs cases, some at once because a few wait for deadlines, and returns the failure of each. */
export async function failuresOfAll(cases: JsonObject[], fault: FaultServer, way: Way): Promise<string[][]> {
    const wrong: string[][] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
        for (let i; (i = next++) < cases.length; ) wrong[i] = await failuresOf(cases[i] ?? {}, fault, way);
    };
    await Promise.all([worker(), worker(), worker(), worker(), worker(), worker()]);
    return wrong;
}

/** Runs one case, and returns its failure. */
export async function failuresOf(one: JsonObject, fault: FaultServer, way: Way): Promise<string[]> {
    const wrong: string[] = [];
    const say = (what: string): void => void wrong.push(`${JSON.stringify(one["id"])}: ${what}`);
    try {
        known(one, MEMBERS.case);
        for (const name of ["id", "about", "server", "calls", "requests"]) {
            if (!(name in one)) throw new Error(`lacks ${name}`);
        }
        await using server = await fault.script(one["server"] ?? {});
        const client = makeClient(one, server.answer, say);
        try {
            for (const call of one["calls"] as JsonObject[]) await runCall(call, client, way, say);
        } finally {
            client?.close();
        }
        const requests = one["requests"] as JsonObject[];
        if (wrong.length === 0)
            await server.say("await", {counter: "complete", least: requests.length, timeout_ms: 20000});
        compareLog(one, await server.say("log"), say);
    } catch (error) {
        say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    return wrong;
}

type Say = (what: string) => void;

function makeClient(one: JsonObject, places: JsonObject, say: Say): AgentKernel | undefined {
    const options: Record<string, unknown> = {baseUrl: places["url"]};
    for (const [name, value] of Object.entries((one["client"] ?? {}) as JsonObject)) {
        options[camel(name)] = name.endsWith("_ms") ? timeout(value) : scalar(value, places);
    }
    let failure: unknown;
    try {
        const client = new AgentKernel(options as AgentKernelOptions);
        if (one["client_error"] === undefined) return client;
        client.close();
    } catch (error) {
        failure = error;
    }
    compareError(failure, one["client_error"] as JsonObject | undefined, say);
    return undefined;
}

function timeout(value: Json): number | undefined {
    return value === "none" ? Infinity : value === "default" ? undefined : (value as number);
}

function scalar(value: Json, places: JsonObject): unknown {
    if (isObject(value) && "base64" in value) return textOf(value);
    if (typeof value !== "string") return value;
    let text = value;
    for (const place of ["url", "port", "ca_file", "client_certificate_file", "client_key_file"]) {
        const answer = places[place];
        text = text.replaceAll(
            `$${place.toUpperCase()}`,
            typeof answer === "number" ? String(answer) : ((answer ?? "") as string),
        );
    }
    return text;
}

function argument(name: string, value: Json, type: number | undefined): unknown {
    if (name.endsWith("_ms")) return timeout(value);
    if (type === abi.AK_TYPE_BYTES) return bytesOf(value);
    if (type === abi.AK_TYPE_JSON) {
        if (!isObject(value) || Object.keys(value).join() !== "json") throw new Error(`${name} is {"json": value}`);
        return value["json"];
    }
    if (type === abi.AK_TYPE_INT && typeof value === "string") return BigInt(value);
    if (type === abi.AK_TYPE_LISTS) return (value as Json[][]).map((list) => list.map(textOf));
    if (Array.isArray(value)) return value.map((each) => textOf(each));
    if (!isObject(value)) return value;
    if (type === abi.AK_TYPE_TEXT) return textOf(value);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, textOf(each)]));
}

async function runCall(call: JsonObject, client: AgentKernel | undefined, way: Way, say: Say): Promise<void> {
    known(call, MEMBERS.call);
    if (client === undefined) throw new Error("there is no client to call");
    const operation = call["operation"] as string;
    const {parameters, streams} = describe(operation);
    const options: Record<string, unknown> = {};
    for (const [name, value] of Object.entries((call["arguments"] ?? {}) as JsonObject)) {
        const own = name === "total_timeout_ms" ? "timeout" : name.endsWith("_ms") ? camel(name) : name;
        options[own] = argument(name, value, parameters.get(own)?.type);
    }
    const records: unknown[] = [];
    let failure: unknown;
    try {
        for await (const record of recordsOf(client, operation, options, way)) records.push(record);
    } catch (error) {
        failure = error;
    }
    const wanted = call["records"] as JsonObject[];
    // A method of a list returns it, or only its error.
    if (way === "methods" && !streams && failure !== undefined) wanted.length = 0;
    if (records.length !== wanted.length) {
        say(`${operation}: ${records.length} records, not ${wanted.length} (${String(failure)})`);
    }
    wanted.forEach((fields, i) => compareRecord(records[i], fields, `${operation}[${i}]`, say));
    compareError(failure, call["error"] as JsonObject | undefined, say);
}

/** Calls the method of an operation, and returns its results as a list. */
async function* recordsOf(
    client: AgentKernel,
    operation: string,
    options: Record<string, unknown>,
    way: Way,
): AsyncGenerator {
    if (way === "call") {
        yield* client.call(operation, options);
        return;
    }
    if (operation === "health") {
        yield {status: await client.health(options)}; // the method returns no more
        return;
    }
    const method = (client as unknown as Record<string, unknown>)[camel(operation)];
    if (typeof method !== "function") throw new Error(`no method for ${operation}`);
    const rest = {...options};
    const positional = positionalOf(operation).map((name) => {
        const value = rest[name];
        Reflect.deleteProperty(rest, name);
        return value;
    });
    const result = (method as (...all: unknown[]) => unknown).call(client, ...positional, rest);
    if (result instanceof RunStream) {
        yield* result;
        return;
    }
    const settled = await (result as Promise<unknown>);
    if (isObject(settled) && Array.isArray(settled["results"])) yield* settled["results"] as unknown[];
    else if (Array.isArray(settled)) yield* settled as unknown[];
    else if (settled !== undefined) yield settled;
}

/** A field of a natural record. */
function fieldOf(record: unknown, name: string): unknown {
    const members = record as Record<string, unknown>;
    return `${name}Bytes` in members ? members[`${name}Bytes`] : members[name];
}

function compareRecord(record: unknown, wanted: JsonObject, place: string, say: Say): void {
    for (const [name, want] of Object.entries(wanted)) {
        if (name === "raw" && isObject(record) && Object.keys(record).join() === "status") continue; // health
        const got = record === undefined ? undefined : fieldOf(record, name);
        if (!sameField(got, want)) say(`${place}.${name} is ${shown(got)}, not ${JSON.stringify(want)}`);
    }
}

function shown(value: unknown): string {
    return Buffer.isBuffer(value)
        ? JSON.stringify(value.toString("latin1"))
        : typeof value === "bigint"
          ? `${value}n`
          : JSON.stringify(value);
}

function sameField(got: unknown, want: Json): boolean {
    if (want === "null" || want === "absent") return got === undefined || got === null;
    const [[kind, value] = ["", null], ...others] = Object.entries(want as JsonObject);
    if (others.length > 0) throw new Error(`a field has one type: ${JSON.stringify(want)}`);
    switch (kind) {
        case "text":
            return got === textOf(value);
        case "bytes":
            return Buffer.isBuffer(got) && got.equals(bytesOf(value));
        case "int":
            return typeof value === "string" ? got === BigInt(value) : got === value;
        case "bool":
            return got === value;
        case "list":
            return (
                Array.isArray(got) &&
                got.length === (value as Json[]).length &&
                got.every((each, i) => sameEntry(each, (value as Json[])[i]))
            );
        case "map": {
            if (!isObject(got)) return false;
            const names = Object.keys(value as JsonObject);
            return (
                isDeepStrictEqual(Object.keys(got).sort(), names.sort()) &&
                names.every((name) => sameEntry(got[name], (value as JsonObject)[name]))
            );
        }
        case "json":
            return isDeepStrictEqual(
                typeof got === "string" || Buffer.isBuffer(got) ? parsed(got.toString()) : got,
                value,
            );
        case "json_text":
            return Buffer.isBuffer(got) ? got.equals(bytesOf(value)) : got === textOf(value);
        default:
            throw new Error(`unknown type ${kind}`);
    }
}

function sameEntry(got: unknown, want: Json | undefined): boolean {
    if (isObject(want) && "json" in want) return isDeepStrictEqual(parsed(got), want["json"]);
    return got === (want === null || want === undefined ? want : textOf(want));
}

function parsed(text: unknown): unknown {
    try {
        return JSON.parse(text as string);
    } catch {
        return undefined;
    }
}

function compareError(got: unknown, want: JsonObject | undefined, say: Say): void {
    if (want === undefined) {
        if (got !== undefined) say(`failed: ${got instanceof Error ? (got.stack ?? got.message) : shown(got)}`);
        return;
    }
    known(want, MEMBERS.error);
    if (want["code"] === undefined) say("an error has a code");
    if (!(got instanceof AgentKernelError)) {
        say(`is ${got instanceof Error ? got.message : shown(got)}, not the error ${JSON.stringify(want["code"])}`);
        return;
    }
    const fields: Record<string, unknown> = {
        code: got.code,
        http_status: got.status,
        exit_code: got.exitCode,
        retry_after_ms: got.retryAfter,
        server_text: got.serverText,
        output: got.outputBytes,
        sent: got.sent,
        phase: got.phase,
        operation: got.operation,
    };
    for (const [name, value] of Object.entries(want)) {
        if (name.startsWith("message_")) {
            for (const text of value as string[]) {
                if (got.message.includes(text) !== (name === "message_has")) say(`${name} ${text}: ${got.message}`);
            }
            continue;
        }
        const has = fields[name];
        const same =
            value === null
                ? has === undefined
                : Buffer.isBuffer(has)
                  ? has.equals(bytesOf(value))
                  : has === (isObject(value) ? textOf(value) : value);
        if (!same) say(`error.${name} is ${shown(has)}, not ${JSON.stringify(value)} (${got.message})`);
    }
}

function compareLog(one: JsonObject, log: JsonObject, say: Say): void {
    const wanted = one["requests"] as JsonObject[];
    const requests = log["requests"] as JsonObject[];
    if (requests.length !== wanted.length) say(`${requests.length} requests, not ${wanted.length}`);
    wanted.forEach((want, i) => {
        const got = requests[i];
        if (got !== undefined) compareRequest(got, want, `request ${i}`, say);
    });
    const connections = (log["connections"] as Json[]).length;
    if ("connections" in one && one["connections"] !== connections) say(`${connections} connections`);
}

function compareRequest(got: JsonObject, want: JsonObject, place: string, say: Say): void {
    known(want, MEMBERS.request);
    for (const name of ["method", "target"]) {
        if (name in want && got[name] !== want[name]) say(`${place}: ${name} is ${JSON.stringify(got[name])}`);
    }
    const headers = got["headers"] as [string, string][];
    for (const [name, value] of Object.entries((want["headers"] ?? {}) as JsonObject)) {
        if (isObject(value)) known(value, ["contains"]);
        const has = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, each]) => each);
        const same =
            value === null
                ? has.length === 0
                : has.length === 1 &&
                  (isObject(value) ? (has[0] ?? "").includes(value["contains"] as string) : has[0] === value);
        if (!same) say(`${place}: header ${name} is ${JSON.stringify(has)}, not ${JSON.stringify(value)}`);
    }
    const body = Buffer.from(got["body"] as string, "base64");
    if ("json" in want && !isDeepStrictEqual(parsed(body.toString()), want["json"]))
        say(`${place}: body is ${body.toString().slice(0, 300)}`);
    if (want["body"] !== undefined && !body.equals(bytesOf(want["body"])))
        say(`${place}: body is ${body.toString().slice(0, 300)}`);
}
