#!/usr/bin/env bash
# cffi 2.1.1 (CPython 3.11 and 3.14): the destructor given to ffi.gc() does not wait until nothing refers to the handle.
# When the cycle collector takes the handle together with an object whose __del__ uses it, and the handle is the older
# one, the destructor runs first: __del__ still has the handle, which looks as before, and points to what was freed.
# (The cycle is an object that refers to itself. Nothing is really freed here: the destructor only notes the call.)
# Output seen:
#   older handle: destructor, then __del__ with <cdata 'int *' ...>
#   newer handle: __del__ with <cdata 'int *' ...>, then destructor
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check cffi==2.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import gc
import re

from cffi import FFI

ffi = FFI()
gc.disable()
seen = []


class User:
    def __init__(self):
        self.me = self

    def __del__(self):
        seen.append("__del__ with " + re.sub(" [^ ]*>$", " ...>", repr(self.handle)))


def order(handle_first):
    seen.clear()
    memory = ffi.new("int *")
    user = None if handle_first else User()
    handle = ffi.gc(memory, lambda _: seen.append("destructor"))
    user = user or User()
    user.handle = handle
    del user, handle
    gc.collect()
    return ", then ".join(seen)


older, newer = order(True), order(False)
print("older handle:", older)
print("newer handle:", newer)
assert older.startswith("destructor, then __del__ with <cdata 'int *'"), older
assert newer.endswith(", then destructor"), newer
PYTHON
