"""The library, the server and bubblewrap of each platform, which fill every package. README.md has the layout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .compiler import FLAGS, Compiler, compiler
from .dependencies import CLIENT, SERVER, dependencies
from .settings import NATIVE, PLATFORMS, TREE, StepError, run
from .sources import pinned, source

NEWEST_GLIBC = (2, 28)
LIBC = {
    "libc.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "libm.so.6",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so",
}


def _build(tool: Compiler, prefix: Path, work: Path, server: bool) -> None:
    """The tree by its own CMakeLists, with nothing of this system's."""
    options = [
        f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DAK_BUILD_TESTS=OFF",
        "-DAK_BUILD_EXAMPLES=OFF",
        f"-DAK_BUILD_SERVER={'ON' if server else 'OFF'}",
        f"-DAK_BUILD_CLIENT={'OFF' if server else 'ON'}",
        "-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--gc-sections -s",
        f"-DCMAKE_C_FLAGS={FLAGS} -ffile-prefix-map={TREE}=.",
    ]
    if server:
        options += ["-DCMAKE_EXE_LINKER_FLAGS=-static -pie -Wl,--gc-sections -s"]
    env = {"PKG_CONFIG_LIBDIR": f"{prefix}/lib/pkgconfig", "PKG_CONFIG_PATH": ""}
    target = "agentkernel-local" if server else "agentkernel"
    run(f"configuring {target}", ["cmake", "-S", str(TREE), "-B", str(work), *tool.cmake(), *options], env=env)
    run(f"compiling {target}", ["cmake", "--build", str(work), "--target", target])


def _exported(path: Path) -> list[str]:
    lines = run("nm", ["nm", "-D", "--defined-only", str(path)]).splitlines()
    return [line.split()[-1].split("@")[0] for line in lines]


def _inspect(path: Path) -> None:
    """The promises of the library: its names, and nothing needed but an old libc."""
    foreign = [name for name in _exported(path) if not name.startswith("ak_") and not name.startswith("AGENTKERNEL_")]
    if foreign:
        raise StepError(f"{path} exports {', '.join(foreign[:10])}")
    dynamic = run("readelf", ["readelf", "-dVW", str(path)])
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    if needed - LIBC:
        raise StepError(f"{path} needs {', '.join(sorted(needed - LIBC))}")
    newest = max((tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([0-9.]+)", dynamic)), default=(0,))
    if newest > NEWEST_GLIBC:
        raise StepError(f"{path} needs glibc {newest}")


def _one_object(tool: Compiler, objects: list[Path], archives: list[Path], symbols: list[str], out: Path) -> None:
    """All of the library in one object that shows only the public names: for static linking, and for Go."""
    binutils = f"{tool.arch}-linux-gnu-"
    roots = [word for name in symbols for word in ("-u", name)]
    raw = out.with_suffix(".raw.o")
    link = [f"{binutils}ld", "-r", "--gc-sections", *roots, "-o", str(raw), *map(str, objects)]
    run("linking one object", [*link, "--start-group", *map(str, archives), "--end-group"])
    names = out.with_suffix(".names")
    names.write_text("\n".join(symbols) + "\n")
    run(
        "hiding names", [f"{binutils}objcopy", f"--keep-global-symbols={names}", "--strip-unneeded", str(raw), str(out)]
    )
    raw.unlink()
    names.unlink()


def _client(tool: Compiler, out: Path) -> None:
    prefix = dependencies(tool, CLIENT)
    work = out / "build"
    _build(tool, prefix, work, server=False)
    lib = out / "lib"
    lib.mkdir()
    library = lib / "libagentkernel.so.0"
    shutil.copy(work / "lib/libagentkernel.so.0", library)
    (lib / "libagentkernel.so").symlink_to(library.name)
    _inspect(library)
    objects = sorted((work / "abi/CMakeFiles/agentkernel.dir").rglob("*.o"))
    archives = [prefix / f"lib/lib{name}.a" for name in ("curl", "ssl", "crypto", "cjson")]
    symbols = [name for name in _exported(library) if name.startswith("ak_")]
    _one_object(tool, objects, archives, symbols, lib / "agentkernel.o")
    run("the archive", [str(tool.ar), "rcsD", str(lib / "libagentkernel.a"), str(lib / "agentkernel.o")])
    shutil.copytree(TREE / "abi/include", out / "include")


def _server(arch: str) -> Path:
    """The server and bwrap, static: one of each for every system of the processor."""
    made = NATIVE.parent / f"server-{arch}"
    shutil.rmtree(made, ignore_errors=True)
    tool = compiler(f"{arch}-linux-musl", made)
    prefix = dependencies(tool, SERVER)
    _build(tool, prefix, made / "work", server=True)
    (made / "bin").mkdir()
    shutil.copy(made / "work/bin/agentkernel-local", made / "bin")
    shutil.copy(prefix / "bin/bwrap", made / "bin")
    shutil.rmtree(made / "work")
    return made / "bin"


def _licenses(out: Path) -> None:
    folder = out / "share/licenses"
    folder.mkdir(parents=True)
    shutil.copy(TREE / "LICENSE", folder / "agentkernel.txt")
    for name in dict.fromkeys([*CLIENT, *SERVER, "libcap"]):
        shutil.copy(source(name) / pinned(name)["license_file"], folder / f"{name}.txt")


def build(platforms: list[str]) -> None:
    """Fills build/native with these."""
    shutil.rmtree(NATIVE, ignore_errors=True)
    servers: dict[str, Path] = {}
    for platform in platforms:
        out = NATIVE / platform
        tool = compiler(platform, out)
        if tool.arch not in servers:
            print(f"== the server for {tool.arch}", flush=True)
            servers[tool.arch] = _server(tool.arch)
        print(f"== the library for {platform}", flush=True)
        _client(tool, out)
        shutil.copytree(servers[tool.arch], out / "bin")
        _licenses(out)


def sizes() -> str:
    """A line for each file that is packed."""
    names = ("lib/libagentkernel.so.0", "lib/agentkernel.o", "bin/agentkernel-local", "bin/bwrap")
    return "\n".join(
        f"{(NATIVE / platform / name).stat().st_size / 1e6:7.2f} MB  {platform}/{name}"
        for platform in PLATFORMS
        for name in names
        if (NATIVE / platform / name).exists()
    )
