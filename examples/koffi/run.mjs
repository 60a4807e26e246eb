// The plain shared library from Node through Koffi: run a command, stream one, handle an error.
//
// Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
import koffi from "koffi";
import {promisify} from "node:util";

// From agentkernel.h: these numbers never change.
const ITEM = 1, DONE = 2, OP_RUN = 2, OP_RUN_STREAM = 3;
const KEY_COMMAND = 1, KEY_OUTPUT = 24, KEY_EXIT_CODE = 25, KEY_DATA = 27;
const ERROR_MESSAGE = 2, ERROR_EXIT_CODE = 5, ERROR_OUTPUT = 6;
// deep: the library must find its own dependencies; node has an OpenSSL of its own.
const library = koffi.load("libagentkernel.so.0", {deep: true});
const handle = "void *", made = koffi.out(koffi.pointer("void *")), i32 = "int32_t", i64 = "int64_t", text = "str";
const ak = Object.fromEntries(Object.entries({
    client_new: [i32, made, handle], client_free: ["void", handle], call_new: [i32, handle, i32, made, handle],
    call_add_text: [i32, handle, i32, text, "size_t", handle], call_wait: [i32, handle, i32, handle],
    call_cstring: [text, handle, i32], call_number: [i64, handle, i32, i64], call_free: ["void", handle],
    status_name: [text, i32], error_new: [handle], error_cstring: [text, handle, i32],
    error_number: [i64, handle, i32, i64], error_free: ["void", handle],
}).map(([name, [result, ...parameters]]) => [name, library.func(`ak_${name}`, result, parameters)]));

function check(status) {
    if (status >= 0) return status;
    throw Object.assign(new Error(ak.error_cstring(err, ERROR_MESSAGE)), {name: ak.status_name(status)});
}

// Yields the call for each of its records. It waits in a thread of Koffi, so that node continues meanwhile.
const wait = promisify(ak.call_wait.async);
async function* records(operation, ...command) {
    const call = [null];
    check(ak.call_new(client[0], operation, call, err));
    try { // what is wrong with a word is reported by the wait
        for (const word of command) ak.call_add_text(call[0], KEY_COMMAND, word, Buffer.byteLength(word), err);
        for (let status; (status = check(await wait(call[0], -1, err))) !== DONE;) {
            if (status === ITEM) yield call[0];
        }
    } finally {
        ak.call_free(call[0]);
    }
}

const err = ak.error_new(), client = [null];
check(ak.client_new(client, err));
for await (const call of records(OP_RUN, "echo", "hello")) {
    process.stdout.write(`run: ${ak.call_cstring(call, KEY_OUTPUT)}`);
}
for await (const call of records(OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done")) {
    process.stdout.write(ak.call_cstring(call, KEY_DATA) ?? "");
    const code = ak.call_number(call, KEY_EXIT_CODE, -1);
    if (code >= 0) console.log("exit code", code);
}
try {
    await records(OP_RUN, "sh", "-c", "echo no luck; exit 3").next();
} catch (error) {
    const code = ak.error_number(err, ERROR_EXIT_CODE, -1);
    process.stdout.write(`${error.name} exit code ${code} ${ak.error_cstring(err, ERROR_OUTPUT)}`);
}
ak.client_free(client[0]);
ak.error_free(err);
