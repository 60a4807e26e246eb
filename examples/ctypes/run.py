"""The plain shared library from Python's ctypes: run a command, stream one, meet an error.

Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
"""
from ctypes import CDLL, byref, c_char_p, c_int32, c_int64, c_size_t, c_void_p, string_at

ak = CDLL("libagentkernel.so.0")
TYPES = {"p": c_void_p, "s": c_char_p, "n": c_size_t, "i": c_int32}
for name, types in {"constant": "snp", "status_name": "i", "client_new": "pp", "client_free": "p", "call_new": "pipp",
                    "call_add_text": "pisnp", "call_wait": "pip", "call_view": "pippp", "call_int": "pipp",
                    "call_free": "p", "error_code": "p", "error_view": "pipp", "error_int": "pip",
                    "error_free": "p"}.items():
    getattr(ak, "ak_" + name).argtypes = [TYPES[letter] for letter in types]
ak.ak_error_new.restype, ak.ak_status_name.restype = c_void_p, c_char_p


def constant(name):
    value = c_int64()
    assert ak.ak_constant(name.encode(), len(name), byref(value)) == 0, name
    return value.value


def data(door, handle, key, *more):
    start, size = c_void_p(), c_size_t()
    door(handle, constant(key), byref(start), byref(size), *more)
    return string_at(start, size.value).decode() if start else ""


def number(door, handle, key, *more):
    value = c_int64()
    return value.value if door(handle, constant(key), byref(value), *more) == constant("AK_OK") else None


def check(status):
    if status < 0:
        raise RuntimeError(ak.ak_status_name(status).decode() + ": " + data(ak.ak_error_view, err, "AK_ERROR_MESSAGE"))
    return status


def records(operation, *command):
    """Yields the call at each of its records. Waits in turns, so that Ctrl-C is heard."""
    call = c_void_p()
    check(ak.ak_call_new(client, constant(operation), byref(call), err))
    try:
        for word in map(str.encode, command):
            ak.ak_call_add_text(call, constant("AK_KEY_COMMAND"), word, len(word), err)
        while (status := check(ak.ak_call_wait(call, 100, err))) != constant("AK_DONE"):
            if status == constant("AK_ITEM"):
                yield call
    finally:
        ak.ak_call_free(call)


err, client = ak.ak_error_new(), c_void_p()
check(ak.ak_client_new(byref(client), err))
for call in records("AK_OP_RUN", "echo", "hello"):
    print("run:", data(ak.ak_call_view, call, "AK_KEY_OUTPUT", err), end="")
for call in records("AK_OP_RUN_STREAM", "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done"):
    print(data(ak.ak_call_view, call, "AK_KEY_DATA", err), end="", flush=True)
    if (code := number(ak.ak_call_int, call, "AK_KEY_EXIT_CODE", err)) is not None:
        print("exit code", code)
try:
    list(records("AK_OP_RUN", "sh", "-c", "echo no luck; exit 3"))
except RuntimeError:
    print(ak.ak_status_name(ak.ak_error_code(err)).decode(), "exit code",
          number(ak.ak_error_int, err, "AK_ERROR_EXIT_CODE"), data(ak.ak_error_view, err, "AK_ERROR_OUTPUT"), end="")
ak.ak_client_free(client)
ak.ak_error_free(err)
