"""What `cmake --install` lays down works from wherever it is moved to, by pkg-config and by find_package, and the tree
works as a part of another one; `uninstall` leaves nothing of it. AK_BUILD is the tree as it was built."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AK_BUILD", TREE / "build"))
LIBRARY = "libagentkernel.so.0"
# Needs the library when it runs, and says which one that is.
PROGRAM = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <agentkernel_posix.h>
int main(void) {
    Dl_info info;
    ak_client *client = NULL;
    if (ak_client_new(&client, NULL) != AK_OK || ak_version() != AK_VERSION || !dladdr((void *)ak_version, &info)) {
        return 1;
    }
    ak_client_free(client);
    puts(info.dli_fname);
    return 0;
}
"""
FIND = """\
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES C)
find_package(AgentKernel %s REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE agentkernel::%s ${CMAKE_DL_LIBS})
"""
# A part of another tree: nothing of the outer one changes, and there is no more than the library.
PART = f"""\
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES C)
include(FetchContent)
FetchContent_Declare(libagentkernel SOURCE_DIR {TREE})
FetchContent_MakeAvailable(libagentkernel)
foreach(name BUILD_TYPE C_STANDARD RUNTIME_OUTPUT_DIRECTORY LIBRARY_OUTPUT_DIRECTORY EXPORT_COMPILE_COMMANDS)
  if(CMAKE_${{name}})
    message(FATAL_ERROR "CMAKE_${{name}} is ${{CMAKE_${{name}}}}")
  endif()
endforeach()
foreach(target uninstall agentkernel-local example-run ak_fault)
  if(TARGET ${{target}})
    message(FATAL_ERROR "${{target}} is there")
  endif()
endforeach()
add_executable(program program.c)
target_link_libraries(program PRIVATE agentkernel::agentkernel ${{CMAKE_DL_LIBS}})
enable_testing()
"""


def run(*command, env=None, **options):
    """What a program prints; both of its outputs when it fails."""
    done = subprocess.run([str(part) for part in command], env={**os.environ, **(env or {})}, capture_output=True,
                          text=True, **options)  # fmt: skip
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ak-install-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def build(self, text, *options):
        """A consumer made by CMake; returns its program."""
        self.write("consumer/program.c", PROGRAM)
        self.write("consumer/CMakeLists.txt", text)
        build = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        run("cmake", "-S", self.folder / "consumer", "-B", build, "-G", "Ninja", *options)
        run("cmake", "--build", build)
        return build / "program"


class Installed(Folder):
    """Installed to one place, and moved to another."""

    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "to here"
        run("cmake", "--install", BUILD, "--prefix", self.folder / "from here")
        (self.folder / "from here").rename(self.prefix)

    def find(self, name):
        found = [path for path in self.prefix.rglob(name) if path.is_file()]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def test_pkg_config(self):
        source = self.write("program.c", PROGRAM)
        env = {"PKG_CONFIG_PATH": str(self.find("agentkernel.pc").parent)}
        self.assertEqual(run("pkg-config", "--modversion", "agentkernel", env=env).strip(), self.version())
        flags = run("pkg-config", "--cflags", "--libs", "agentkernel", env=env)
        self.assertNotIn("from here", flags)
        run("sh", "-c", f'cc -o "$1" "$2" {flags.strip()} -ldl', "sh", self.folder / "program", source)
        library = self.find(LIBRARY)
        output = run(self.folder / "program", env={"LD_LIBRARY_PATH": str(library.parent)})
        self.assertTrue(pathlib.Path(output.strip()).samefile(library))

    def version(self):
        return re.search(r"^project\(agentkernel VERSION (\S+)", (TREE / "CMakeLists.txt").read_text(), re.MULTILINE)[1]

    def test_find_package(self):
        program = self.build(FIND % (self.version(), "agentkernel"), f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertTrue(pathlib.Path(run(program).strip()).samefile(self.find(LIBRARY)))
        with self.assertRaisesRegex(AssertionError, "99"):
            self.build(FIND % ("99.0", "agentkernel"), f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def test_the_static_library(self):
        if not list(self.prefix.rglob("libagentkernel.a")):
            self.skipTest("it was not built")
        program = self.build(FIND % ("", "static"), f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertTrue(pathlib.Path(run(program).strip()).samefile(program))
        needed = run("readelf", "-d", program)
        self.assertNotIn("libagentkernel", needed)
        env = {"PKG_CONFIG_PATH": str(self.find("agentkernel.pc").parent)}
        flags = run("pkg-config", "--static", "--libs", "agentkernel", env=env)
        self.assertRegex(flags, r"-lagentkernel.* -lcurl.* -lcjson")

    def test_the_programs_own_files(self):
        for name in ("LICENSE", "README.md", "reference.md", "agentkernel_ops.h", "agentkernel.i"):
            self.find(name)
        page = self.find("agentkernel-local.1").read_text()
        service = self.find("agentkernel-local.service").read_text()
        self.find("agentkernel-local.socket")
        self.assertIn(f"\nExecStart={self.folder}/from here/bin/agentkernel-local --listen-fd 3 ", service)
        told = re.findall(r"^  --([a-z-]+)", run(self.find("agentkernel-local"), "--help"), re.MULTILINE)
        described = re.findall(r"^\.It Fl -([a-z-]+)", page, re.MULTILINE)
        self.assertEqual(sorted(described), sorted(told))


class Uninstalled(Folder):
    def test_it_leaves_nothing(self):
        other = self.write("lib/other", "")
        run("cmake", "--install", BUILD, "--prefix", self.folder)
        run("cmake", "--build", BUILD, "--target", "uninstall")
        left = [path for path in self.folder.rglob("*") if not path.is_dir() or "agentkernel" in path.name.lower()]
        self.assertEqual(left, [other])


class Part(Folder):
    def test_of_another_tree(self):
        program = self.build(PART)
        run(program)
        build = program.parent
        self.assertEqual(
            {path.name for path in build.iterdir() if path.name.startswith(("bin", "lib", "include"))}, set()
        )
        self.assertIn("Total Tests: 0", run("ctest", "-N", "--test-dir", build))
        self.assertEqual([path.name for path in build.rglob("*.a")], [])
        with self.assertRaises(AssertionError):
            run("cmake", "--build", build, "--target", "uninstall")


if __name__ == "__main__":
    unittest.main()
