"""The plain shared library from Python's ctypes: run a command, stream one, handle an error.

Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
"""
from ctypes import CDLL, byref, c_char_p as text, c_int32 as i32, c_int64 as i64, c_size_t as size, c_void_p as handle

# From agentkernel.h: these numbers never change.
ITEM, DONE, OP_RUN, OP_RUN_STREAM = 1, 2, 2, 3
KEY_COMMAND, KEY_OUTPUT, KEY_EXIT_CODE, KEY_DATA = 1, 24, 25, 27
ERROR_MESSAGE, ERROR_EXIT_CODE, ERROR_OUTPUT = 2, 5, 6
ak = CDLL("libagentkernel.so.0")
for name, result, *arguments in [
        ("client_new", i32, handle, handle), ("client_free", None, handle), ("call_free", None, handle),
        ("call_new", i32, handle, i32, handle, handle), ("call_add_text", i32, handle, i32, text, size, handle),
        ("call_wait", i32, handle, i32, handle), ("call_cstring", text, handle, i32),
        ("call_number", i64, handle, i32, i64), ("status_name", text, i32), ("error_new", handle),
        ("error_cstring", text, handle, i32), ("error_number", i64, handle, i32, i64), ("error_free", None, handle)]:
    function = getattr(ak, "ak_" + name)
    function.restype, function.argtypes = result, arguments


def check(status):
    if status < 0:
        raise RuntimeError(ak.ak_status_name(status).decode(), ak.ak_error_cstring(err, ERROR_MESSAGE).decode())
    return status


def records(operation, *command):
    """Yields the call for each of its records."""
    call = handle()
    check(ak.ak_call_new(client, operation, byref(call), err))
    try:
        for word in map(str.encode, command):
            ak.ak_call_add_text(call, KEY_COMMAND, word, len(word), err)  # the wait reports errors of this
        while (status := check(ak.ak_call_wait(call, -1, err))) != DONE:
            if status == ITEM:  # else a signal ended the wait
                yield call
    finally:
        ak.ak_call_free(call)


err, client = ak.ak_error_new(), handle()
check(ak.ak_client_new(byref(client), err))
for call in records(OP_RUN, "echo", "hello"):
    print("run:", ak.ak_call_cstring(call, KEY_OUTPUT).decode(), end="")
for call in records(OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done"):
    print((ak.ak_call_cstring(call, KEY_DATA) or b"").decode(), end="", flush=True)
    if (code := ak.ak_call_number(call, KEY_EXIT_CODE, -1)) >= 0:
        print("exit code", code)
try:
    list(records(OP_RUN, "sh", "-c", "echo no luck; exit 3"))
except RuntimeError as error:
    print(error.args[0], "exit code", ak.ak_error_number(err, ERROR_EXIT_CODE, -1),
          ak.ak_error_cstring(err, ERROR_OUTPUT).decode(), end="")
ak.ak_client_free(client)
ak.ak_error_free(err)
