"""agentkernel_ops.h and agentkernel_posix.h stand alone, and every compiler takes them without a warning, whether they
are used or not; a program that uses them exports nothing and needs nothing of the library but what agentkernel.h has.

Usage: check_ops_compile.py SOURCE_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wundef", "-Wvla", "-Werror"]
C_ONLY = ["-Wstrict-prototypes", "-Wold-style-definition"]
CXX_ONLY = ["-Wold-style-cast"]
POSIX_UNUSED = "#include <agentkernel_posix.h>\n#include <agentkernel_posix.h>\n"
XOPEN = "#define _XOPEN_SOURCE 700\n" + POSIX_UNUSED
UNUSED = "#include <agentkernel_ops.h>\n#include <agentkernel_ops.h>\n"
USE = """#include <agentkernel_ops.h>
ak_status use(ak_client *client, ak_error *err);
ak_status use(ak_client *client, ak_error *err) {
    %s
    ak_status status = ak_run(client, command, options, &result, err);
    ak_run_result_free(&result);
    return status;
}
"""
# Compound literals are C's, designated initialisers in C++ are C++20's.
C_USE = USE % """ak_run_result result = {0};
    const char *const *command = (const char *const[]){"echo", "hello", NULL};
    const ak_run_options *options = &(ak_run_options){.image = "alpine", .fast = AK_NO, .timeout_ms = 1};"""
CXX_USE = USE % """ak_run_result result = {};
    const char *const command[] = {"echo", "hello", nullptr};
    ak_run_options set = {};
    set.image = "alpine";
    const ak_run_options *options = &set;"""
CXX20_USE = USE % """ak_run_result result = {};
    const char *const command[] = {"echo", "hello", nullptr};
    const ak_run_options set = {.image = "alpine", .fast = AK_NO, .timeout_ms = 1};
    const ak_run_options *options = &set;"""
# Members that some systems' <stdio.h> has macros for, by the names that they have everywhere.
STDIO = """#include <%s>
#include <agentkernel_ops.h>
size_t show(ak_detached_logs_result *logs);
size_t show(ak_detached_logs_result *logs) {
    const bool both = logs->has.stdout_data && !logs->null.stderr_data;
    return both ? fwrite(logs->stdout_data, 1, logs->stdout_len, stdout) + logs->stderr_len : 0;
}
"""
MUSL_STDIO = "#include <stdio.h>\n" + "".join(f"#undef {x}\n#define {x} ({x})\n" for x in ("stdout", "stderr"))
STDIO_USES = [STDIO % "stdio.h", STDIO % "musl_stdio.h"]
C_SOURCES = {"c99": [UNUSED, C_USE, XOPEN, *STDIO_USES], "c11": [UNUSED, C_USE, XOPEN, *STDIO_USES],
             "gnu99": [POSIX_UNUSED], "gnu11": [POSIX_UNUSED]}
CXX_SOURCES = {"c++11": [UNUSED, POSIX_UNUSED, CXX_USE, *STDIO_USES], "c++14": [UNUSED, POSIX_UNUSED, CXX_USE],
               "c++17": [UNUSED, POSIX_UNUSED, CXX_USE], "c++20": [UNUSED, POSIX_UNUSED, CXX_USE, CXX20_USE, *STDIO_USES]}
# Compiler, language, what it must take, whether it must be there.
COMPILERS = [
    ("gcc", "c", C_SOURCES, True),
    ("g++", "c++", CXX_SOURCES, True),
    ("musl-gcc", "c", C_SOURCES, False),
    ("clang", "c", C_SOURCES, False),
    ("clang++", "c++", CXX_SOURCES, False),
]
# Each must be told which macro is missing.
LACKING = [POSIX_UNUSED, "#define _POSIX_C_SOURCE 200809L\n" + POSIX_UNUSED, "#define _XOPEN_SOURCE 600\n" + POSIX_UNUSED,
           "#include <stdio.h>\n" + XOPEN]
ENOUGH = ["#define _DEFAULT_SOURCE\n" + POSIX_UNUSED, "#define _GNU_SOURCE\n" + POSIX_UNUSED,
          "#define _POSIX_C_SOURCE 200809L\n" + XOPEN]
# What a C programmer must hear about: an unknown option, an option of another operation, a text for a number.
BAD = [C_USE.replace(".image", ".imagine"), C_USE.replace(".image", ".workdir"), C_USE.replace("= 1}", '= "1"}'),
       C_USE.replace("ak_run_result result", "ak_sandbox result")]


def compiles(compiler, language, dialect, include, source, *more):
    extra = C_ONLY if language == "c" else CXX_ONLY
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "use." + ("c" if language == "c" else "cc"))
        path.write_text(source)
        pathlib.Path(folder, "musl_stdio.h").write_text(MUSL_STDIO)
        command = [compiler, f"-std={dialect}", *WARNINGS, *extra, "-isystem", folder, "-I", include,
                   *(more or ["-fsyntax-only"]), str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


def check_compilers(include):
    failures = 0
    for compiler, language, sources, needed in COMPILERS:
        if not shutil.which(compiler):
            print(f"{compiler}: not there" + (", but needed" if needed else ""))
            failures += needed
            continue
        for dialect, texts in sources.items():
            results = [compiles(compiler, language, dialect, include, text) for text in texts]
            bad = any(result.returncode != 0 for result in results)
            failures += bad
            print(f"{compiler} -std={dialect}: {'FAILED' if bad else 'ok'}")
            print("".join(result.stderr for result in results), end="")
    for source in BAD:
        if compiles("gcc", "c", "c99", include, source).returncode == 0:
            print(f"gcc lets this through:\n{source}")
            failures += 1
    return failures


def check_macros(include):
    """agentkernel_posix.h in a strict dialect names the macro that is missing, and asks for none where there is enough."""
    told = "agentkernel_posix.h needs POSIX: add -D_XOPEN_SOURCE=700"
    failures = 0
    for texts, expected in ((LACKING, True), (ENOUGH, False)):
        for text in texts:
            result = compiles("gcc", "c", "c11", include, text)
            if (told in result.stderr) is not expected or (result.returncode != 0) is not expected:
                print(f"{text}{result.stderr}")
                failures += 1
    return failures


def check_symbols(include):
    """An object that uses the header defines its own function only, and asks for the library's and libc's only."""
    header = pathlib.Path(include, "agentkernel.h").read_text()
    library = set(re.findall(r"^AK_API\b[^;(]*?\b(ak_\w+)\s*\(", header, flags=re.M))
    with tempfile.TemporaryDirectory() as folder:
        objects = pathlib.Path(folder, "use.o")
        result = compiles("gcc", "c", "c99", include, C_USE, "-O0", "-c", "-o", str(objects))
        if result.returncode != 0:
            print(result.stderr)
            return 1
        lines = subprocess.run(["nm", "-g", str(objects)], capture_output=True, text=True, timeout=60).stdout.split("\n")
    defined = {line.split()[-1] for line in lines if line and " U " not in line}
    needed = {line.split()[-1] for line in lines if " U " in line}
    strangers = {name for name in needed if name.startswith("ak_")} - library
    print(f"defines {sorted(defined)}, needs {len(needed)} others")
    return (defined != {"use"}) + bool(strangers) + (not needed & library)


def main():
    include = str(pathlib.Path(sys.argv[1], "abi", "include"))
    return 1 if check_compilers(include) + check_macros(include) + check_symbols(include) else 0


sys.exit(main())
