// The plain shared library from Node through Koffi: run a command, stream one, meet an error.
//
// Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
import koffi from "koffi";
import {promisify} from "node:util";

// deep: the library must find its own dependencies; node has an OpenSSL of its own.
const library = koffi.load("libagentkernel.so.0", {deep: true});
for (const name of ["ak_client", "ak_call", "ak_error"]) koffi.opaque(name);
const ak = Object.fromEntries([
    "int32_t ak_constant(const char *name, size_t len, _Out_ int64_t *value)",
    "const char *ak_status_name(int32_t status)",
    "int32_t ak_client_new(_Out_ ak_client **client, ak_error *err)",
    "void ak_client_free(ak_client *client)",
    "int32_t ak_call_new(ak_client *client, int32_t operation, _Out_ ak_call **call, ak_error *err)",
    "int32_t ak_call_add_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err)",
    "int32_t ak_call_wait(ak_call *call, int32_t max_ms, ak_error *err)",
    "int32_t ak_call_view(ak_call *call, int32_t key, _Out_ void **data, _Out_ size_t *len, ak_error *err)",
    "int32_t ak_call_int(ak_call *call, int32_t key, _Out_ int64_t *value, ak_error *err)",
    "void ak_call_free(ak_call *call)",
    "ak_error *ak_error_new()",
    "int32_t ak_error_code(ak_error *err)",
    "int32_t ak_error_view(ak_error *err, int32_t field, _Out_ void **data, _Out_ size_t *len)",
    "int32_t ak_error_int(ak_error *err, int32_t field, _Out_ int64_t *value)",
    "void ak_error_free(ak_error *err)",
].map((line) => [/ak_(\w+)\(/.exec(line)[1], library.func(line)]));

// AK.OP_RUN and all the others, from the library itself.
const AK = new Proxy({}, {get(_, name) {
    const value = [0];
    return ak.constant(`AK_${name}`, name.length + 3, value) === 0 ? Number(value[0]) : undefined;
}});

function data(door, handle, key, ...more) {
    const start = [null], size = [0];
    if (door(handle, key, start, size, ...more) !== AK.OK) return "";
    return Buffer.from(koffi.decode(start[0], "uint8_t", Number(size[0]))).toString();
}

function number(door, handle, key, ...more) {
    const value = [0];
    return door(handle, key, value, ...more) === AK.OK ? Number(value[0]) : undefined;
}

function check(status) {
    if (status < 0) throw new Error(`${ak.status_name(status)}: ${data(ak.error_view, err, AK.ERROR_MESSAGE)}`);
    return status;
}

// The call, at each of its records. It waits in a thread of Koffi's, so that node goes on meanwhile.
const wait = promisify(ak.call_wait.async);
async function* records(operation, ...command) {
    const call = [null];
    check(ak.call_new(client[0], operation, call, err));
    try {
        for (const word of command) ak.call_add_text(call[0], AK.KEY_COMMAND, word, Buffer.byteLength(word), err);
        for (let status; (status = check(await wait(call[0], 100, err))) !== AK.DONE;) {
            if (status === AK.ITEM) yield call[0];
        }
    } finally {
        ak.call_free(call[0]);
    }
}

const err = ak.error_new(), client = [null];
check(ak.client_new(client, err));
for await (const call of records(AK.OP_RUN, "echo", "hello")) {
    process.stdout.write(`run: ${data(ak.call_view, call, AK.KEY_OUTPUT, err)}`);
}
for await (const call of records(AK.OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done")) {
    process.stdout.write(data(ak.call_view, call, AK.KEY_DATA, err));
    const code = number(ak.call_int, call, AK.KEY_EXIT_CODE, err);
    if (code !== undefined) console.log(`exit code ${code}`);
}
try {
    await records(AK.OP_RUN, "sh", "-c", "echo no luck; exit 3").next();
} catch {
    console.log(ak.status_name(ak.error_code(err)), "exit code", number(ak.error_int, err, AK.ERROR_EXIT_CODE),
        data(ak.error_view, err, AK.ERROR_OUTPUT).trimEnd());
}
ak.client_free(client[0]);
ak.error_free(err);
