"""Compiles what the packages bring along, as static libraries, once for each platform and set of sources."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from .compiler import FLAGS, Compiler
from .settings import CACHE, SOURCES, run
from .sources import pinned, source

# Of OpenSSL what TLS with HTTP needs. Its configuration file is not read: the program's own libraries do that.
_OPENSSL = """
    no-shared no-module no-dso no-tests no-apps no-docs no-autoload-config no-engine no-legacy no-comp no-zlib
    no-dtls no-quic no-sctp no-ssl3 no-tls1 no-tls1_1 no-weak-ssl-ciphers no-psk no-srp no-srtp no-cms no-ts
    no-ct no-cmp no-ec2m no-gost no-idea no-seed no-camellia no-aria no-bf no-cast no-des no-md4 no-mdc2 no-rc2
    no-rc4 no-rmd160 no-sm2 no-sm3 no-sm4 no-whirlpool no-blake2 no-siphash no-siv no-scrypt no-argon2
    no-rfc3779 no-ocb no-async no-uplink no-ui-console no-capieng no-winstore no-slh-dsa
"""
OPENSSL = _OPENSSL.split()

# HTTP alone. No folder of certificates is built in: core/net finds the system's when it runs. .netrc and proxies are
# options that the library sets, so they stay.
CURL = {
    "BUILD_CURL_EXE": "OFF",
    "BUILD_SHARED_LIBS": "OFF",
    "BUILD_STATIC_LIBS": "ON",
    "BUILD_LIBCURL_DOCS": "OFF",
    "BUILD_MISC_DOCS": "OFF",
    "ENABLE_CURL_MANUAL": "OFF",
    "BUILD_TESTING": "OFF",
    "BUILD_EXAMPLES": "OFF",
    "HTTP_ONLY": "ON",
    "CURL_USE_OPENSSL": "ON",
    "CURL_USE_LIBPSL": "OFF",
    "CURL_USE_LIBSSH2": "OFF",
    "CURL_USE_PKGCONFIG": "OFF",
    "USE_LIBIDN2": "OFF",
    "USE_NGHTTP2": "OFF",
    "CURL_ZLIB": "OFF",
    "CURL_BROTLI": "OFF",
    "CURL_ZSTD": "OFF",
    "CURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG": "ON",
    "ENABLE_THREADED_RESOLVER": "ON",
    "CURL_DISABLE_WEBSOCKETS": "ON",
    "CURL_DISABLE_INSTALL": "OFF",
    "CURL_CA_BUNDLE": "none",
    "CURL_CA_PATH": "none",
    "CURL_CA_FALLBACK": "OFF",
}

_MICROHTTPD = """
    --disable-https --disable-bauth --disable-dauth --disable-postprocessor --disable-httpupgrade --disable-doc
    --disable-examples --disable-tools --disable-curl --disable-shared --enable-static --disable-nls
"""
MICROHTTPD = _MICROHTTPD.split()

JOBS = str(os.cpu_count() or 1)


def _write_pc(prefix: Path, name: str, version: str, libraries: str) -> None:
    folder = prefix / "lib/pkgconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pc").write_text(
        "prefix=${pcfiledir}/../..\n"
        f"Name: {name}\nDescription: {name}, static\nVersion: {version}\n"
        f"Libs: -L${{prefix}}/lib {libraries}\nCflags: -I${{prefix}}/include\n"
    )


def _openssl(compiler: Compiler, prefix: Path, work: Path) -> None:
    target = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}[compiler.arch]
    env = {"CC": str(compiler.cc), "AR": str(compiler.ar), "RANLIB": str(compiler.ranlib), "CFLAGS": FLAGS}
    configure = [str(source("openssl") / "Configure"), target, *OPENSSL]
    run(
        "configuring OpenSSL",
        ["perl", *configure, f"--prefix={prefix}", "--libdir=lib", "--openssldir=/etc/ssl"],
        work,
        env,
    )
    run("compiling OpenSSL", ["make", "-j", JOBS, "build_sw"], work, env)
    run("installing OpenSSL", ["make", "install_dev"], work, env)


def _curl(compiler: Compiler, prefix: Path, work: Path) -> None:
    options = [f"-D{name}={value}" for name, value in CURL.items()]
    options += [f"-DOPENSSL_ROOT_DIR={prefix}", "-DOPENSSL_USE_STATIC_LIBS=ON", f"-DCMAKE_INSTALL_PREFIX={prefix}"]
    options += [
        "-DCMAKE_INSTALL_LIBDIR=lib",
        "-DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY",
        f"-DCMAKE_FIND_ROOT_PATH={prefix}",
    ]
    # The crate leaves out a folder that is asked for whatever is to be built.
    folder = shutil.copytree(source("curl"), work / "source")
    # Nor does it have the version of the release, from which it is made.
    version = folder / "include/curl/curlver.h"
    version.write_text(version.read_text().replace("-DEV", ""))
    (folder / "docs").mkdir()
    (folder / "docs/CMakeLists.txt").touch()
    run("configuring libcurl", ["cmake", "-S", str(folder), "-B", str(work), *compiler.cmake(), *options])
    run("compiling libcurl", ["cmake", "--build", str(work), "--target", "install"])
    _write_pc(prefix, "libcurl", pinned("curl")["version"], "-lcurl -lssl -lcrypto -lpthread -ldl")


def _cjson(compiler: Compiler, prefix: Path, work: Path) -> None:
    folder = source("cjson")
    run("compiling cJSON", [str(compiler.cc), *FLAGS.split(), "-c", str(folder / "cJSON.c"), "-o", "cJSON.o"], work)
    (prefix / "include/cjson").mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "cJSON.h", prefix / "include/cjson")
    run("cJSON's archive", [str(compiler.ar), "rcsD", str(prefix / "lib/libcjson.a"), "cJSON.o"], work)
    _write_pc(prefix, "libcjson", pinned("cjson")["version"].split("-")[0], "-lcjson -lm")


def _microhttpd(compiler: Compiler, prefix: Path, work: Path) -> None:
    env = {"CC": str(compiler.cc), "AR": str(compiler.ar), "RANLIB": str(compiler.ranlib), "CFLAGS": FLAGS}
    host = f"--host={compiler.arch}-linux-{'musl' if compiler.musl else 'gnu'}"
    configure = str(source("libmicrohttpd") / "configure")
    run(
        "configuring libmicrohttpd",
        [configure, host, f"--prefix={prefix}", f"--libdir={prefix}/lib", *MICROHTTPD],
        work,
        env,
    )
    run("compiling libmicrohttpd", ["make", "-j", JOBS], work, env)
    run("installing libmicrohttpd", ["make", "install"], work, env)
    _write_pc(prefix, "libmicrohttpd", pinned("libmicrohttpd")["version"].split("-")[0], "-lmicrohttpd -lpthread")


def _bubblewrap(compiler: Compiler, prefix: Path, work: Path) -> None:
    """A static bwrap. It and libcap are a few files: their own build programs ask for more than they need."""
    shutil.copytree(source("libcap"), work / "cap", ignore=shutil.ignore_patterns("go", "tests", "doc"))
    make = [
        "make",
        "-C",
        "cap/libcap",
        "-j",
        JOBS,
        "libcap.a",
        f"CC={compiler.cc}",
        f"AR={compiler.ar}",
        "GOLANG=no",
        "lib=lib",
    ]
    run("compiling libcap", [*make, f"RANLIB={compiler.ranlib}", "BUILD_CC=cc", f"COPTS={FLAGS}"], work)
    folder = source("bubblewrap")
    (work / "config.h").write_text(
        f'#define PACKAGE_STRING "bubblewrap {pinned("bubblewrap")["version"].split("-")[0]}"\n'
    )
    files = [str(path) for path in sorted(folder.glob("*.c")) if not path.name.startswith("test")]
    (prefix / "bin").mkdir(exist_ok=True)
    includes = ["-D_GNU_SOURCE", "-include", "limits.h", "-I.", "-Icap/libcap/include", f"-I{folder}"]
    link = [
        "-static",
        "-pie",
        "-Wl,--gc-sections",
        "-s",
        "-o",
        str(prefix / "bin/bwrap"),
        *files,
        "cap/libcap/libcap.a",
    ]
    run("compiling bubblewrap", [str(compiler.cc), *FLAGS.split(), *includes, *link], work)


OPTIONS: dict[str, object] = {
    "openssl": OPENSSL,
    "curl": CURL,
    "libmicrohttpd": MICROHTTPD,
    "bubblewrap": pinned("libcap"),
}
Step = Callable[[Compiler, Path, Path], None]
CLIENT: dict[str, Step] = {"openssl": _openssl, "curl": _curl, "cjson": _cjson}
SERVER: dict[str, Step] = {"libmicrohttpd": _microhttpd, "bubblewrap": _bubblewrap}


def dependencies(compiler: Compiler, steps: dict[str, Step]) -> Path:
    """The folder where these are installed for the platform."""
    facts = [FLAGS, SOURCES["zig"], {name: [pinned(name), OPTIONS.get(name)] for name in steps}]
    checksum = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    prefix = CACHE / "libraries" / f"{compiler.platform}-{checksum}"
    (prefix / "lib").mkdir(parents=True, exist_ok=True)
    for name, step in steps.items():
        if not (prefix / f"{name}.complete").exists():
            print(f"   {compiler.platform}: {name} {pinned(name)['version']}", flush=True)
            work = prefix / "work"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            step(compiler, prefix, work)
            shutil.rmtree(work)
            (prefix / f"{name}.complete").touch()
    return prefix
