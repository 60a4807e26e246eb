// Whatever the library can do, as it says itself, is here: a method for each operation, an option for each parameter, a
// member for each field, a setting, a class for each error.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {test} from "node:test";
import {AgentKernel, AgentKernelError, RunOutput, StreamEvent} from "agentkernel";
import type {CreateSandboxOptions, ExecOptions, RunOptions, RunStreamOptions, SandboxInfo} from "agentkernel";
import {built, tree} from "./kit.mjs";

interface Operation {
    parameters: Map<string, {name: string; required: boolean}>;
    fields: {name: string}[];
}
const require = createRequire(import.meta.url);
const {operation, operationNames} = require(join(built, "package", "dist", "operations.js")) as {
    operation: (name: string) => Operation;
    operationNames: () => string[];
};
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

// The compiler holds these against the types: each has all the members, and no other.
const call = {signal: 0, timeout: 0, connectTimeout: 0};
const choice = {image: 0, profile: 0, fast: 0};
const run: Record<keyof RunOptions, 0> = {...call, ...choice, check: 0} as Record<keyof RunOptions, 0>;
const runStream = {...call, ...choice, idleTimeout: 0} as Record<keyof RunStreamOptions, 0>;
const exec = {...call, check: 0, env: 0, workdir: 0, sudo: 0} as Record<keyof ExecOptions, 0>;
const create = {
    ...call,
    image: 0,
    vcpus: 0,
    memory_mb: 0,
    profile: 0,
    backend: 0,
    source_url: 0,
    source_ref: 0,
    volumes: 0,
    secrets: 0,
    secret_files: 0,
} as Record<keyof CreateSandboxOptions, 0>;
const options: Record<string, Record<string, number>> = {
    health: call,
    run,
    run_stream: runStream,
    list_sandboxes: call,
    create_sandbox: create,
    get_sandbox: call,
    remove_sandbox: call,
    exec_in_sandbox: exec,
    stop_sandbox: call,
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

test("each operation has a method, each parameter an argument", () => {
    const client = new AgentKernel() as unknown as Record<string, unknown>;
    const names = operationNames();
    assert.ok(names.length >= 8);
    for (const name of names) {
        assert.equal(typeof client[camel(name)], "function", name);
        for (const parameter of operation(name).parameters.values()) {
            if (parameter.required) assert.ok(["name", "command"].includes(parameter.name), parameter.name);
            else assert.ok(parameter.name in (options[name] ?? {}), `${name}: ${parameter.name}`);
        }
        for (const option of Object.keys(options[name] ?? {})) {
            assert.ok(option === "signal" || operation(name).parameters.has(option), `${name} has no ${option}`);
        }
    }
});

test("each field of a record has a member", () => {
    const bytes: Record<string, string> = {output: "outputBytes", data: "dataBytes"};
    const of = (kind: typeof RunOutput | typeof StreamEvent): Record<string, unknown> => {
        const fields = {parsed: true, type: "x"};
        return new (kind as unknown as new (fields: unknown) => Record<string, unknown>)(fields);
    };
    for (const name of operationNames()) {
        const fields = operation(name).fields.map((field) => field.name);
        if (name === "health")
            assert.deepEqual(fields.sort(), ["raw", "status"]); // the method gives its status
        else if (name === "run_stream")
            for (const field of fields) assert.ok((bytes[field] ?? field) in of(StreamEvent), field);
        else if (fields.includes("output"))
            for (const field of fields) assert.ok((bytes[field] ?? field) in of(RunOutput), field);
        else for (const field of fields) assert.ok(field in sandbox, `${name}: ${field}`);
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
