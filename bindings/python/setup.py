"""Builds the extension: the core's C sources and the raw layer over them, in one self-contained module.

In the source tree the sources are those of the tree; a source distribution has copies in native/. With
AGENTKERNEL_NATIVE, as `pack` sets it, the module is linked with the compiled library of that folder instead, which is
put beside it with the programs that it needs: agentkernel-local and bwrap.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from header import Header  # noqa: E402

NATIVE = os.environ.get("AGENTKERNEL_NATIVE")
ROOT = HERE / "native" if (HERE / "native").is_dir() else HERE.parents[1]
HEADER = ROOT / "abi/include/agentkernel.h"
CORE = ROOT / "core"  # a folder for each layer
# One wheel is for all versions; Pythons without a GIL have another ABI, and get a wheel for the version that builds it.
ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
PACKAGES = "libcurl4-openssl-dev libcjson-dev pkg-config"


def pkg_config(*arguments: str) -> list[str]:
    """The output of pkg-config, or an exit with the packages to install."""
    command = ["pkg-config", *arguments, "libcurl >= 7.88", "libcjson"]
    try:
        return shlex.split(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    except FileNotFoundError:
        raise SystemExit(f"agentkernel: pkg-config is needed (Debian: apt install {PACKAGES})") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"agentkernel: libcurl 7.88 or newer and libcjson are needed (Debian: apt install {PACKAGES})\n"
            f"{error.stderr}"
        ) from None


class BuildExtension(build_ext):
    def build_extension(self, ext: Extension) -> None:
        ext.include_dirs = [str(HEADER.parent), *map(str, CORE.glob("*/"))]
        ext.define_macros = [
            ("_GNU_SOURCE", None),
            ("Py_LIMITED_API", "0x030a0000") if ABI3 else ("_CFFI_NO_LIMITED_API", None),
        ]
        ext.extra_compile_args = [
            "-std=gnu11",
            "-O2",
            "-fvisibility=hidden",
            "-fno-strict-aliasing",
            "-pthread",
            "-Wall",
            "-Wextra",
        ]
        ext.depends = [str(path) for path in [HEADER, *CORE.glob("*/*.h")]]
        if ext.name == "agentkernel._native":
            self._prepare_native(ext)
        super().build_extension(ext)

    def _prepare_native(self, ext: Extension) -> None:
        """Makes the raw layer from the header, and adds the core to it."""
        from cffi import FFI

        header = Header(HEADER)
        folder = Path(self.build_temp).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        ffi = FFI()
        ffi.cdef(header.cdef())
        ffi.set_source(ext.name, '#include "agentkernel.h"')
        raw = folder / "_native.c"
        ffi.emit_c_code(str(raw))
        # Only the module's entry point is visible, so this copy cannot conflict with a libagentkernel in the process.
        exports = folder / "exports.map"
        exports.write_text("{ global: PyInit_*; local: *; };\n", encoding="ascii")
        package = (
            HERE / "src/agentkernel" if self.inplace or self.editable_mode else Path(self.build_lib) / "agentkernel"
        )
        package.mkdir(parents=True, exist_ok=True)
        (package / "_native.pyi").write_text(header.stub(), encoding="utf-8")
        # nodelete: a thread of libcurl's resolver may outlive the module.
        ext.extra_link_args = [f"-Wl,--version-script={exports}", "-Wl,-z,nodelete", "-Wl,-z,relro", "-pthread"]
        if NATIVE:
            ext.sources = [str(raw)]
            ext.extra_link_args += [f"-L{NATIVE}/lib", "-lagentkernel", "-Wl,-rpath,$ORIGIN"]
            for path in ("lib/libagentkernel.so.0", "bin/agentkernel-local", "bin/bwrap"):
                os.chmod(shutil.copy(Path(NATIVE, path), package), 0o755)
        else:
            sources = [*sorted(CORE.glob("*/*.c")), ROOT / "abi/abi.c"]
            ext.sources = [str(raw), *map(str, sources)]
            ext.define_macros.append(("AK_VERSION_TEXT", f'"{header.version}"'))
            ext.extra_compile_args += pkg_config("--cflags")
            ext.extra_link_args += pkg_config("--libs")


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        paths = [HEADER, ROOT / "abi/abi.c", *CORE.glob("*/*.[ch]")]
        for path in paths:
            target = Path(base_dir) / "native" / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


setup(
    version=Header(HEADER).version,
    ext_modules=[
        Extension("agentkernel._native", sources=[], py_limited_api=ABI3),
        Extension("agentkernel._events", sources=["src/events.c"], py_limited_api=ABI3),
    ],
    cmdclass={"build_ext": BuildExtension, "sdist": SourceDistribution},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if ABI3 else {},
)
