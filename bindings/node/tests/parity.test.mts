// All that the library's own tables list exists here: a method for each operation, an option for each parameter, a
// member for each field, a setting, a class for each error.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {test} from "node:test";
import {AgentKernel, AgentKernelError, BatchResult, DetachedLogsResponse} from "agentkernel";
import {FileReadResponse, Reply, RunOutput, StreamEvent} from "agentkernel";
import ts from "typescript";
import {built, describe, operationNames, positionalOf, tree} from "./kit.mjs";

const require = createRequire(import.meta.url);
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

// The package's declarations, as read by the TypeScript compiler.
const declared = join(built, "package", "dist", "index.d.ts");
const program = ts.createProgram([declared], {
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    module: ts.ModuleKind.NodeNext,
    strict: true,
    types: ["node"],
    typeRoots: [join(built, "node_modules", "@types")],
});
const checker = program.getTypeChecker();
const source = program.getSourceFile(declared);
const names = (type: ts.Type): string[] => type.getProperties().map((each) => each.name);

function exported(name: string): ts.Type {
    const symbol = source && checker.getSymbolAtLocation(source);
    const found = symbol && checker.getExportsOfModule(symbol).find((each) => each.name === name);
    assert.ok(found, name);
    const own = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    return checker.getDeclaredTypeOfSymbol(own);
}

function methodOf(operation: string): ts.Signature {
    const method = exported("AgentKernel").getProperty(camel(operation));
    const [signature] = method ? checker.getTypeOfSymbol(method).getCallSignatures() : [];
    assert.ok(signature, operation);
    return signature;
}

/** The members of the object that is passed last, whose type allows others, too. */
function optionsOf(operation: string): string[] {
    const last = methodOf(operation).getParameters().at(-1);
    assert.ok(last, operation);
    const type = checker.getTypeOfSymbol(last);
    const objects = (type.isUnion() ? type.types : [type]).filter((each) => each.flags & ts.TypeFlags.Object);
    return objects.flatMap(names);
}

/** The type of an operation's records. */
function recordOf(operation: string): ts.Type {
    if (describe(operation).streams) return exported("StreamEvent");
    const returned = checker.getAwaitedType(methodOf(operation).getReturnType());
    assert.ok(returned, operation);
    const results = returned.getProperty("results");
    const type = results ? checker.getTypeOfSymbol(results) : returned;
    return checker.getIndexTypeOfType(type, ts.IndexKind.Number) ?? type;
}

test("each operation has a method, each parameter an argument", () => {
    const client = new AgentKernel() as unknown as Record<string, unknown>;
    assert.ok(operationNames().length >= 38);
    for (const name of operationNames()) {
        const method = client[camel(name)];
        assert.ok(typeof method === "function", name);
        const positional = positionalOf(name);
        assert.ok(method.length >= Math.min(positional.length, 1), name);
        const parameters = [...describe(name).parameters.keys()].filter((each) => !positional.includes(each));
        const own = name === "write_file" ? ["encoding"] : []; // how a string is interpreted
        assert.deepEqual(optionsOf(name).sort(), [...parameters, ...own, "signal"].sort(), name);
        assert.equal(methodOf(name).getParameters().length, positional.length + 1, name);
    }
});

test("each field of a record has a member", () => {
    for (const name of operationNames()) {
        const fields = describe(name).fields.map((field) => field.name);
        if (name === "health") {
            assert.deepEqual(fields.sort(), ["raw", "status"]); // the method returns its status
            continue;
        }
        if (fields.length === 0) continue;
        const type = recordOf(name);
        const members = names(type);
        for (const field of fields) assert.ok(members.includes(field), `${name}: ${field}`);
        if (!type.isClass()) assert.deepEqual(members.sort(), fields.sort(), name);
    }
});

test("records of a class have their members", () => {
    for (const kind of [RunOutput, StreamEvent, FileReadResponse, BatchResult, DetachedLogsResponse, Reply]) {
        const record = new (kind as new (fields: unknown) => object)({parsed: true, type: "x"});
        for (const name of names(exported(kind.name))) {
            if (/^[a-z]/i.test(name)) assert.ok(name in record, `${kind.name}: ${name}`);
        }
    }
});

test("each setting of a client is an option", () => {
    const ledger = readFileSync(join(tree, "abi", "symbols.txt"), "utf8");
    const settings = [...ledger.matchAll(/^AK_CLIENT_(\w+) /gm)].map(([, name]) => (name ?? "").toLowerCase());
    assert.ok(settings.length >= 16);
    for (const setting of settings) {
        const option = camel(setting.replace(/_ms$/, ""));
        // A value of a wrong type is refused by type, and an option that does not exist by name.
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
