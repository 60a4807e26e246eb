"""The exported symbols, the header, the version script, the ledger and the table of constants say the same.

Usage: check_symbols.py LIBRARY SOURCE_DIR NM READELF
"""
import collections
import ctypes
import pathlib
import re
import subprocess
import sys

# Every family that a reader must be able to tell apart by number. Flags and operations share the prefix AK_OP_.
FLAGS = {"AK_OP_STREAMS", "AK_OP_IDEMPOTENT", "AK_OP_READABLE", "AK_OP_MANY", "AK_OP_WRITABLE", "AK_KEY_REQUIRED", "AK_KEY_SETTING"}
STATUSES = {"AK_OK", "AK_ITEM", "AK_DONE", "AK_AGAIN", "AK_NULL", "AK_ABSENT"}
FAMILIES = ("AK_OP_", "AK_KEY_", "AK_CLIENT_", "AK_ERROR_", "AK_STATE_", "AK_TYPE_", "AK_SENT_", "AK_TIMEOUT_")
# Fewer than these means that this script has stopped finding them.
LEAST_FUNCTIONS = 40
LEAST_CONSTANTS = 100

problems = []


def compare(what, got, wanted):
    for name in sorted(set(got) - set(wanted)):
        problems.append(f"{what}: {name} is too much")
    for name in sorted(set(wanted) - set(got)):
        problems.append(f"{what}: {name} is missing")


def once(what, names):
    for name, times in collections.Counter(names).items():
        if times > 1:
            problems.append(f"{what}: {name} is there {times} times")
    return set(names)


def read_header(path):
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S).replace("\\\n", " ")
    functions = once("header", re.findall(r"^AK_API\b[^;(]*?\b(ak_\w+)\s*\(", text, flags=re.M))
    found = re.findall(r"^#define[ \t]+(AK_\w+)[ \t]+\(?(-?\d+)\)?[ \t]*$", text, flags=re.M)
    once("header", [name for name, _ in found])
    for name in re.findall(r"^#define[ \t]+(AK_\w+)", text, flags=re.M):
        if name != "AK_API" and name not in dict(found):
            problems.append(f"header: {name} is not a plain number")
    return functions, {name: int(number) for name, number in found}


def read_ledger(path):
    functions, constants, names = set(), {}, []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"(\w+) (-|-?\d+) (\d+\.\d+\.\d+)", line)
        if not match:
            problems.append(f"ledger: cannot read {line!r}")
            continue
        names.append(match[1])
        if match[2] == "-":
            functions.add(match[1])
        else:
            constants[match[1]] = int(match[2])
    once("ledger", names)
    return functions, constants


def family_of(name):
    if name in FLAGS:
        return name[:7] + "flags"
    if name in STATUSES or (name.startswith("AK_E_")):
        return "status"
    return next((family for family in FAMILIES if name.startswith(family)), None)


def check_numbers(constants):
    seen = {}
    for name, number in constants.items():
        family = family_of(name)
        if family is None:
            problems.append(f"header: {name} belongs to no family this script knows")
        elif (family, number) in seen:
            problems.append(f"header: {name} and {seen[family, number]} are both {number}")
        seen[family, number] = name


def check_library(path, constants, version):
    library = ctypes.CDLL(path)
    library.ak_constant.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int64)]
    library.ak_version.restype = ctypes.c_uint32
    for name, number in {**constants, "AK_VERSION": version}.items():
        value = ctypes.c_int64()
        status = library.ak_constant(name.encode(), len(name), ctypes.byref(value))
        if status != 0 or value.value != number:
            problems.append(f"ak_constant: {name} gives status {status}, value {value.value}, not {number}")
    if library.ak_version() != version:
        problems.append(f"ak_version: {library.ak_version()}, the header says {version}")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main():
    library, source, nm, readelf = sys.argv[1:]
    abi = pathlib.Path(source, "abi")
    functions, constants = read_header(abi / "include" / "agentkernel.h")
    version = constants.pop("AK_VERSION", None)
    if len(functions) < LEAST_FUNCTIONS or len(constants) < LEAST_CONSTANTS or version is None:
        problems.append(f"header: only {len(functions)} functions and {len(constants)} constants were found")

    lines = [line.split() for line in run(nm, "-D", "--defined-only", library).splitlines()]
    exported = [words[-1].split("@")[0] for words in lines if words[-2] != "A"]  # A: the version's own symbol
    compare("exported", once("exported", exported), functions)
    compare("exported with a version", {words[-1].replace("@@AGENTKERNEL_0", "@@") for words in lines
                                        if words[-2] != "A"}, {name + "@@" for name in functions})
    mapped = re.findall(r"^\s*(\w+);", (abi / "agentkernel.map").read_text(), flags=re.M)
    compare("version script", once("version script", mapped), functions)

    ledger_functions, ledger_constants = read_ledger(abi / "symbols.txt")
    compare("ledger", ledger_functions, functions)
    compare("ledger", ledger_constants, constants)
    for name in set(constants) & set(ledger_constants):
        if constants[name] != ledger_constants[name]:
            problems.append(f"{name}: {constants[name]} in the header, {ledger_constants[name]} in the ledger")
    tables = pathlib.Path(source, "core/schema/tables.c").read_text()
    table = re.findall(r"^    \{\"(AK_\w+)\", \1\},$", tables, flags=re.M)
    compare("table of constants", once("table of constants", table), set(constants) | {"AK_VERSION"})

    check_numbers(constants)
    check_library(library, constants, version)
    if not re.search(r"\(SONAME\).*\[libagentkernel\.so\.0\]", run(readelf, "-d", library)):
        problems.append("the SONAME is not libagentkernel.so.0")

    for problem in problems:
        print(problem)
    print(f"{len(functions)} functions, {len(constants)} constants, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
