"""The header stands alone, and every compiler takes it without a warning, as C and as C++.

Usage: check_header.py INCLUDE_DIR
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wundef", "-Werror"]
C_ONLY = ["-Wstrict-prototypes", "-Wold-style-definition"]
CXX_ONLY = ["-Wold-style-cast"]
C_DIALECTS, CXX_DIALECTS = ["c99", "c11"], ["c++11", "c++17"]
# Compiler, language, dialects, whether it must be there.
COMPILERS = [
    ("gcc", "c", C_DIALECTS, True),
    ("g++", "c++", CXX_DIALECTS, True),
    ("clang", "c", C_DIALECTS, False),
    ("clang++", "c++", CXX_DIALECTS, False),
]
# Included first and twice; its layout and an expression of each kind are looked at.
PROGRAM = """#include <agentkernel.h>
#include <agentkernel.h>
typedef char size_is_abi[sizeof(void *) != 8 || sizeof(ak_value) == 32 ? 1 : -1];
ak_status use(ak_call *call, ak_error *err);
ak_status use(ak_call *call, ak_error *err) {
    return AK_OK-AK_E_STATE + AK_TIMEOUT_NONE + ak_call_step(call, err);
}
"""
# A compiler that lets this through does not apply the warnings, and the test means nothing.
BAD = PROGRAM + "int narrow(long long n);\nint narrow(long long n) { return n; }\n"


def compiles(compiler, language, dialect, include, source):
    extra = C_ONLY if language == "c" else CXX_ONLY
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "use." + ("c" if language == "c" else "cc"))
        path.write_text(source)
        command = [compiler, "-x", language, f"-std={dialect}", *WARNINGS, *extra, "-I", include, "-fsyntax-only",
                   str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


def main():
    include = sys.argv[1]
    failures = 0
    for compiler, language, dialects, needed in COMPILERS:
        if not shutil.which(compiler):
            print(f"{compiler}: not there" + (", but needed" if needed else ""))
            failures += needed
            continue
        for dialect in dialects:
            result = compiles(compiler, language, dialect, include, PROGRAM)
            careless = compiles(compiler, language, dialect, include, BAD).returncode == 0
            bad = result.returncode != 0 or careless
            failures += bad
            print(f"{compiler} -std={dialect}: {'FAILED' if bad else 'ok'}{' (no warnings)' if careless else ''}")
            print(result.stderr, end="")
    return 1 if failures else 0


sys.exit(main())
