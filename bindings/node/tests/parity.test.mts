// Whatever the library can do, as it says itself, is here: a method for each operation, an option for each parameter, a
// member for each field, a setting, a class for each error.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {
    AgentKernel,
    AgentKernelError,
    BatchResult,
    DetachedLogsResponse,
    FileReadResponse,
    Reply,
    RunOutput,
    StreamEvent,
} from "agentkernel";
import type {
    BackendDiscovery,
    BatchFileWriteResponse,
    CallOptions,
    CreateSandboxOptions,
    DetachedCommand,
    DetachedLogsOptions,
    ExecDetachedOptions,
    ExecOptions,
    ExtendTtlOptions,
    ExtendTtlResponse,
    FileWriteOptions,
    ListSandboxesOptions,
    RequestOptions,
    ResizeSandboxOptions,
    RestoreSnapshotOptions,
    RunOptions,
    RunStreamOptions,
    SandboxInfo,
    ServerStats,
    ServerStatus,
    SnapshotMeta,
    TakeSnapshotOptions,
    UpdateSandboxOptions,
} from "agentkernel";
import {createRequire} from "node:module";
import {built, describe, operationNames, positionalOf, tree} from "./kit.mjs";

const require = createRequire(import.meta.url);
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

// The compiler holds these against the types: each has all the members, and no other.
const call: Record<keyof CallOptions, 0> = {signal: 0, timeout: 0, connectTimeout: 0};
const choice = {image: 0, profile: 0, fast: 0} as const;
const run: Record<keyof RunOptions, 0> = {...call, ...choice, check: 0};
const runStream: Record<keyof RunStreamOptions, 0> = {...call, ...choice, idleTimeout: 0};
const detached: Record<keyof ExecDetachedOptions, 0> = {...call, env: 0, workdir: 0, sudo: 0};
const exec: Record<keyof ExecOptions, 0> = {...detached, check: 0};
const list: Record<keyof ListSandboxesOptions, 0> = {...call, labels: 0};
const resize: Record<keyof ResizeSandboxOptions, 0> = {...call, vcpus: 0, memory_mb: 0};
const update: Record<keyof UpdateSandboxOptions, 0> = {...list, description: 0, lifecycle: 0};
const create: Record<keyof CreateSandboxOptions, 0> = {
    ...resize,
    ...update,
    image: 0,
    profile: 0,
    backend: 0,
    source_url: 0,
    source_ref: 0,
    volumes: 0,
    secrets: 0,
    secret_files: 0,
    ports: 0,
    network: 0,
    agent: 0,
    placeholder_secrets: 0,
    secret_mappings: 0,
    init_script: 0,
    created_from_template: 0,
    template_help_text: 0,
};
const extend: Record<keyof ExtendTtlOptions, 0> = {...call, by: 0};
const write: Record<Exclude<keyof FileWriteOptions, "encoding">, 0> = {...call, size: 0};
const logs: Record<keyof DetachedLogsOptions, 0> = {...call, stream: 0};
const take: Record<keyof TakeSnapshotOptions, 0> = {...call, sandbox: 0, name: 0};
const restore: Record<keyof RestoreSnapshotOptions, 0> = {...call, as_name: 0, start: 0};
const request: Record<keyof RequestOptions, 0> = {...call, body: 0, check: 0};
/** Of operations that are not here, the options are those of every call. */
const options: Readonly<Record<string, Readonly<Record<string, 0>>>> = {
    run,
    run_stream: runStream,
    list_sandboxes: list,
    create_sandbox: create,
    exec_in_sandbox: exec,
    resize_sandbox: resize,
    update_sandbox: update,
    write_file: write,
    exec_detached: detached,
    detached_logs: logs,
    extend_ttl: extend,
    take_snapshot: take,
    restore_snapshot: restore,
    request,
};
const snapshot: Record<keyof SnapshotMeta, 0> = {
    name: 0,
    sandbox: 0,
    image_tag: 0,
    backend: 0,
    base_image: 0,
    vcpus: 0,
    memory_mb: 0,
    created_at: 0,
    raw: 0,
};
const command: Record<keyof DetachedCommand, 0> = {
    id: 0,
    status: 0,
    sandbox: 0,
    command: 0,
    pid: 0,
    exit_code: 0,
    started_at: 0,
    raw: 0,
};
const written: Record<keyof BatchFileWriteResponse, 0> = {written: 0, raw: 0};
const extended: Record<keyof ExtendTtlResponse, 0> = {expires_at: 0, raw: 0};
const backends: Record<keyof BackendDiscovery, 0> = {default_backend: 0, backends: 0, raw: 0};
const status: Record<keyof ServerStatus, 0> = {version: 0, backend: 0, api_key_configured: 0, raw: 0};
const stats: Record<keyof ServerStats, 0> = {
    sandbox_count: 0,
    sandbox_limit: 0,
    backend: 0,
    uptime_seconds: 0,
    version: 0,
    resource_usage: 0,
    raw: 0,
};
const sandbox: Record<keyof SandboxInfo, 0> = {
    name: 0,
    status: 0,
    uuid: 0,
    backend: 0,
    ip: 0,
    image: 0,
    vcpus: 0,
    memory_mb: 0,
    created_at: 0,
    created_from_template: 0,
    template_help_text: 0,
    ports: 0,
    endpoints: 0,
    secret_files: 0,
    placeholder_secrets: 0,
    proxy_port: 0,
    secret_mappings: 0,
    labels: 0,
    description: 0,
    last_activity_at: 0,
    workspace_revision: 0,
    archived_at: 0,
    archived_reason: 0,
    lifecycle: 0,
    raw: 0,
};

/** A record of a class, from no fields. */
function empty(kind: object): object {
    return new (kind as new (fields: unknown) => object)({parsed: true, type: "x"});
}
/** The records of the operations, by the first of their names that is here. Entries of logs have all that was sent. */
const records: readonly (readonly [RegExp, object])[] = [
    [/^(run|exec_in_sandbox)$/, empty(RunOutput)],
    [/^run_stream$/, empty(StreamEvent)],
    [/^read_file$/, empty(FileReadResponse)],
    [/^write_files$/, written],
    [/^batch_run$/, empty(BatchResult)],
    [/^detached_logs$/, empty(DetachedLogsResponse)],
    [/^(exec_detached|detached_\w+)$/, command],
    [/^extend_ttl$/, extended],
    [/^(take|list|get)_snapshots?$/, snapshot],
    [/^get_backends$/, backends],
    [/^get_status$/, status],
    [/^get_stats$/, stats],
    [/^request$/, empty(Reply)],
    [/./, sandbox],
];

test("each operation has a method, each parameter an argument", () => {
    const client = new AgentKernel() as unknown as Record<string, unknown>;
    const names = operationNames();
    assert.ok(names.length >= 38);
    for (const name of names) {
        const method = client[camel(name)];
        assert.ok(typeof method === "function", name);
        const positional = positionalOf(name);
        const taken = options[name] ?? call;
        const {parameters} = describe(name);
        for (const parameter of parameters.keys()) {
            assert.ok(positional.includes(parameter) !== parameter in taken, `${name}: ${parameter}`);
        }
        assert.ok(method.length >= Math.min(positional.length, 1), name);
        for (const option of Object.keys(taken)) {
            assert.ok(option === "signal" || parameters.has(option), `${name} has no ${option}`);
        }
    }
});

test("each field of a record has a member", () => {
    for (const name of operationNames()) {
        const fields = describe(name).fields.map((field) => field.name);
        if (name === "health") {
            assert.deepEqual(fields.sort(), ["raw", "status"]); // the method gives its status
            continue;
        }
        if (name === "get_sandbox_logs") continue;
        const record = records.find(([names]) => names.test(name))?.[1] ?? {};
        for (const field of fields) assert.ok(field in record || `${field}Bytes` in record, `${name}: ${field}`);
    }
});

test("each setting of a client is an option", () => {
    const ledger = readFileSync(join(tree, "abi", "symbols.txt"), "utf8");
    const settings = [...ledger.matchAll(/^AK_CLIENT_(\w+) /gm)].map(([, name]) => (name ?? "").toLowerCase());
    assert.ok(settings.length >= 16);
    for (const setting of settings) {
        const option = camel(setting.replace(/_ms$/, ""));
        // A value of no type at all is refused by its type, and an option that is not there by its name.
        assert.throws(
            () => new AgentKernel({[option]: Symbol.iterator} as object),
            new RegExp(`^TypeError: ${option} must be`),
        );
    }
    assert.throws(() => new AgentKernel({color: "red"} as object), /there is no setting color/);
});

test("each status of an error has a class", () => {
    const {failure} = require(join(built, "package", "dist", "errors.js")) as {
        failure: (status: number) => AgentKernelError;
    };
    const ledger = readFileSync(join(tree, "abi", "symbols.txt"), "utf8");
    const plain: string[] = [];
    for (const [, name, number] of ledger.matchAll(/^(AK_E_\w+) (-\d+) /gm)) {
        const error = failure(Number(number));
        assert.ok(error instanceof AgentKernelError);
        assert.equal(error.code, name);
        assert.equal(error.name, error.constructor.name);
        if (error.constructor === AgentKernelError) plain.push(error.code ?? "");
    }
    assert.deepEqual(plain.sort(), ["AK_E_BUFFER", "AK_E_FORKED", "AK_E_MEMORY", "AK_E_STATE"]);
    assert.equal(failure(-9999).code, "AK_E_9999");
});

test("an option that the operation does not take is refused", async () => {
    const client = new AgentKernel();
    const wrong = {chekc: false} as object;
    await assert.rejects(client.run(["x"], wrong), {
        code: "AK_E_ARGUMENT",
        message: "run takes no chekc",
        sent: "nothing",
    });
    await assert.rejects(client.run("x" as never), {name: "TypeError", message: /command must be a list of strings/});
    await assert.rejects(client.run(["\ud800"]), {code: "AK_E_ARGUMENT", message: /half a surrogate pair/});
    await assert.rejects(client.run(["x"], {timeout: "1" as never}), {name: "TypeError"});
    await assert.rejects(client.run(["x"], {timeout: -1}), {code: "AK_E_ARGUMENT"});
    await assert.rejects(client.createSandbox("box", {vcpus: 1.5}), {name: "TypeError"});
    await assert.rejects(client.createSandbox("box", {vcpus: 2n ** 70n}), {code: "AK_E_ARGUMENT"});
});
