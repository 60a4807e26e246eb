"""What there is to try: a row is a system, or a version of a language on one."""

from __future__ import annotations

from dataclasses import dataclass

from .parts import libcurl_versions


@dataclass(frozen=True)
class System:
    name: str
    title: str
    suite: str  # of Debian or Ubuntu, as mmdebstrap knows it


@dataclass(frozen=True)
class Stage:
    name: str
    command: str  # for bash, in the tree
    user: str = "root"


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    system: System
    stages: tuple[Stage, ...]
    fresh: bool = False  # begins with a system on which nothing was installed
    packages: tuple[str, ...] = ()
    from_dist: bool = False  # gets the packages in dist/ and not the tree
    root: str = ""  # its name, if it is not the system's
    sources: tuple[str, ...] = ()  # of tools/dist, to compile
    libraries: str = ""  # the platform of those of tools/dist


SYSTEMS = {
    system.name: system
    for system in (
        System("debian12", "Debian 12", "bookworm"),
        System("debian13", "Debian 13", "trixie"),
        System("sid", "Debian sid", "sid"),
        System("ubuntu24.04", "Ubuntu 24.04", "noble"),
    )
}

# A plain user has a clone of its own; the packages are there by then.
PLAIN_USER = "tester"
_PLAIN_DEMO = (
    "cd && git config --global safe.directory /srv/agentkernel/.git && rm -rf agentkernel"
    " && git clone -q /srv/agentkernel agentkernel && cd agentkernel && ./dev demo"
)

_WHOLE = (
    Stage("demo", "./dev demo"),
    Stage("demo as a plain user", _PLAIN_DEMO, PLAIN_USER),
    Stage("check", "./dev check --keep-going"),
)


def _language(name: str, title: str, system: str, check: str, packages: tuple[str, ...] = ()) -> Row:
    stages = (
        Stage("build", "./dev setup && ./dev build"),
        Stage("tests", f'eval "$(./dev env)" && {check}'),
    )
    return Row(name, title, SYSTEMS[system], stages, packages=packages)


def _python(version: str, system: str) -> Row:
    name = f"python{version}"
    check = f"PYTHON={name} bindings/python/dev check"
    return _language(name, f"Python {version}", system, check, (name, f"{name}-dev", f"{name}-venv"))


def _node(name: str, title: str) -> Row:
    return _language(name, title, "debian13", f"bindings/node/dev check-on {name}")


def _lua(version: str, system: str) -> Row:
    title = "LuaJIT" if version == "jit" else f"Lua {version}"
    return _language(f"lua{version}", title, system, f"bindings/lua/dev check {version}")


def _ruby(name: str, title: str, system: str) -> Row:
    return _language(name, title, system, "bindings/ruby/dev check")


def _alone(system: str) -> Row:
    """The packages and nothing else on a fresh system: those that need a compiler come last."""
    parts = ("tar", "python", "node", "ruby", "lua", "c", "go", "deb")
    stages = (
        Stage("package lists", "apt-get update -q"),
        *(Stage(part, f"tools/dist/check/run {part}") for part in parts),
    )
    name, title = f"packages-{system}", f"{SYSTEMS[system].title}, the packages alone"
    return Row(name, title, SYSTEMS[system], stages, fresh=True, from_dist=True, root=name)


# What a compiler says of the headers, and what languages do, is the same whatever libcurl and libc.
_NOT_OF_THE_LIBRARY = "abi.(header|ops_compile) conformance.format examples.(ctypes|ruby-ffi|luajit-ffi|koffi.*)"
_BUILD_TOOLS = ("cmake", "ninja-build", "pkg-config", "python3")
_LIBRARIES = ("libssl-dev", "libcjson-dev", "libcmocka-dev", "libmicrohttpd-dev")


def _ctest(build: str, suites: str, left_out: str) -> Stage:
    choice = f"-R '^({'|'.join(suites.split())})' -E '^({'|'.join(left_out.split())})$'"
    # They wait more than they work. The limit is only there to end what hangs.
    options = "-j $((4 * $(nproc))) --timeout 1200 --output-on-failure --no-tests=error"
    return Stage("tests", f"ctest --test-dir {build} {options} {choice}")


def _libcurl(version: str, source: str) -> Row:
    suites = "unit abi client conformance integration local examples"
    return Row(
        f"libcurl{version}",
        f"libcurl {version} on the system's OpenSSL",
        SYSTEMS["debian13"],
        (
            Stage("build", f"tests/matrix/libcurl {version} {source}"),
            _ctest("build", suites, _NOT_OF_THE_LIBRARY),
        ),
        packages=("gcc", "libc6-dev", *_BUILD_TOOLS, *_LIBRARIES, "libnghttp2-dev", "zlib1g-dev", "bubblewrap"),
        root="libcurl",
        sources=(source,),
    )


def _musl() -> Row:
    suites = "unit test_fault abi client conformance integration server examples"
    # Python, which has glibc, cannot load the library, and expects glibc's texts of errors in two files. sse_limits
    # counts allocations, which would be those of a static cmocka, too.
    not_here = "abi.symbols unit.sse_limits server.musl server.(files|process).*"
    return Row(
        "musl",
        "musl, with the libraries of the packages",
        SYSTEMS["debian13"],
        (Stage("build", "tests/matrix/musl"), _ctest("build-musl", suites, f"{_NOT_OF_THE_LIBRARY} {not_here}")),
        packages=("gcc", "musl-tools", "linux-libc-dev", *_BUILD_TOOLS, "bubblewrap"),
        root="musl",
        sources=("cmocka",),
        libraries="x86_64-linux-musl",
    )


def _cross(architecture: str, title: str, system: str, triplet: str, cpu: str, big_endian: bool = False) -> Row:
    suites = "unit test_fault abi client conformance"
    # qemu runs the programs that ctest starts, not those that they start, nor Python. It has no SIOCOUTQNSD, without
    # which the scripted server may reset a connection before all was sent, and no clone as local: needs it. TCP_INFO
    # is one number to it.
    not_here = "abi.symbols test_fault_program test_fault_ends client.descriptors.*"
    if big_endian:
        not_here += " client.transport.*"
    foreign = (f"{name}:{architecture}" for name in ("libcurl4-openssl-dev", *_LIBRARIES))
    packages = (f"gcc-{triplet}", f"libc6-dev-{architecture}-cross", *_BUILD_TOOLS, "qemu-user", *foreign)
    build = f"build-{architecture}"
    stages = [
        Stage("packages", f"tests/matrix/foreign-packages {architecture} {' '.join(packages)}"),
        Stage("build", f"tests/matrix/cross {build} {triplet} {cpu} -DAK_BUILD_SERVER=OFF"),
        _ctest(build, suites, f"{_NOT_OF_THE_LIBRARY} {not_here}"),
    ]
    if not big_endian:  # the server's filter of system calls is for little-endian machines
        options = "-DAK_BUILD_CLIENT=OFF -DAK_BUILD_TESTS=OFF"
        stages.append(Stage("server", f"tests/matrix/cross {build}-server {triplet} {cpu} {options}"))
    return Row(architecture, title, SYSTEMS[system], tuple(stages), root=architecture)


def _macos(name: str, arch: str) -> Row:
    # Of libcurl and cJSON only the headers are used, which are the same everywhere.
    tools = ("cmake", "ninja-build", "pkg-config", "python3-venv", "lld", "llvm")
    headers = ("libcurl4-openssl-dev", "libcjson-dev")
    title = f"macOS {name}: compiled and linked only"
    stages = (Stage("compile and link", f"tests/matrix/macos {arch}"),)
    return Row(f"macos-{name}", title, SYSTEMS["debian13"], stages, packages=(*tools, *headers), root="macos")


ROWS = {
    row.name: row
    for row in (
        *(Row(system.name, system.title, system, _WHOLE, fresh=True) for system in SYSTEMS.values()),
        *(_node(f"node{version}", f"Node {version}") for version in (22, 24, 26)),
        _node("bun", "Bun"),
        _node("deno", "Deno"),
        _python("3.13", "debian13"),
        _python("3.14", "sid"),
        _python("3.15", "sid"),
        *(_lua(version, "debian13") for version in ("5.1", "5.2", "5.3", "5.4", "jit")),
        _lua("5.5", "sid"),
        _ruby("ruby3.1", "Ruby 3.1, async 1, json 2", "debian12"),
        _ruby("ruby3.3", "Ruby 3.3, async 1, json 2", "debian13"),
        _ruby("ruby3.3-json3", "Ruby 3.3, async 2, json 3", "sid"),
        _alone("debian12"),
        _alone("debian13"),
        _macos("arm64", "aarch64"),
        _macos("x86_64", "x86_64"),
        *(_libcurl(version, source) for version, source in libcurl_versions().items()),
        _musl(),
        _cross("arm64", "arm64 in qemu", "debian13", "aarch64-linux-gnu", "aarch64"),
        _cross("s390x", "big-endian s390x in qemu", "sid", "s390x-linux-gnu", "s390x", big_endian=True),
    )
}
