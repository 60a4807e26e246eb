"""Snapshots: what is copied, byte for byte, what is not, and that only the tree is read."""
import contextlib
import os
import subprocess
import time

from harness import AS_ROOT, Background, Server, ServerTest, main, new_folder, wait_until, within

# Prints everything that a copy must preserve of a tree: kinds, permissions, sizes, times, contents, links, which names
# are one file, and roughly how much of a file is on the disk.
DESCRIBE = """
import hashlib, os, stat, sys
seen = {}
def walk(path):
    s = os.lstat(path)
    what = [path.decode('utf8', 'backslashreplace'), stat.filemode(s.st_mode)]
    if not stat.S_ISDIR(s.st_mode):
        what += [s.st_nlink, seen.setdefault(s.st_ino, path.decode('utf8', 'backslashreplace'))]
    if path != b'.':
        what += [s.st_mtime_ns]
    if stat.S_ISREG(s.st_mode):
        os.chmod(path, 0o600)
        data = open(path, 'rb').read()
        what += [len(data), hashlib.sha256(data).hexdigest(), s.st_blocks * 512 <= len(data) // 2]
        os.chmod(path, stat.S_IMODE(s.st_mode))
        os.utime(path, ns=(s.st_atime_ns, s.st_mtime_ns))
    if stat.S_ISLNK(s.st_mode):
        what += [os.readlink(path).decode('utf8', 'backslashreplace')]
    print(what)
    if stat.S_ISDIR(s.st_mode):
        os.chmod(path, 0o700)
        for name in sorted(os.listdir(path)):
            walk(os.path.join(path, name))
        os.chmod(path, stat.S_IMODE(s.st_mode))
        os.utime(path, ns=(s.st_atime_ns, s.st_mtime_ns))
walk(b'.')
"""

PLANT = r"""
mkdir -p d/e/f empty '  spaces
and newline'
printf 'a\000b\377' > d/bytes; head -c 3000000 /dev/urandom > d/large; : > d/nothing
python3 -c "open(b'd/e/\xff\xc3', 'w').write('name')"
truncate -s 50M sparse; printf tail >> sparse; truncate -s 60M sparse
ln d/large d/e/hard; ln d/large hard-too; ln -s d/large soft; ln -s /etc/passwd absolute; ln -s nowhere dangling; ln -s . self
ln -P soft soft-hard; mkfifo pipe; ln pipe pipe-hard
echo run > program; chmod 6755 program; echo shut > shut; chmod 0 shut; mkdir closed; echo in > closed/in; chmod 0 closed
mkdir noenter; echo x > noenter/x; chmod 600 noenter; mkdir sticky; chmod 3777 sticky
touch -d '2001-02-03 04:05:06.789' d/bytes; touch -h -d '2002-02-03' soft; touch -d '2003-02-03' d/e pipe
chmod 750 .
"""


class Snapshots(ServerTest):
    def create(self, name, **members):
        self.assertEqual(self.server.post("/sandboxes", dict(name=name, **members))[0], 201)

    def sh(self, name, script, *args):
        status, body = self.server.exec(name, "sh", "-c", script, "sh", *args)
        self.assertEqual(status, 200, body)
        return body["data"]["output"]

    def detach(self, sandbox, *command):
        self.assertEqual(self.server.post("/sandboxes/%s/exec/detach" % sandbox, {"command": command})[0], 200)

    def take(self, sandbox, name):
        return self.server.post("/snapshots", {"sandbox": sandbox, "name": name})

    def took(self, sandbox, name):
        status, body = self.take(sandbox, name)
        self.assertEqual(status, 200, body)
        return body["data"]

    def restore(self, name, body=None):
        return self.server.call("POST", "/snapshots/%s/restore" % name, body)

    def restored(self, name, as_name):
        status, body = self.restore(name, {"as_name": as_name, "start": True})
        self.assertEqual(status, 200, body)
        return body["data"]

    def remove(self, *names):
        for name in names:
            self.assertEqual(self.server.call("DELETE", "/sandboxes/" + name)[0], 200)


class Copies(Snapshots):
    def test_all_comes_back(self):
        self.create("rich")
        self.sh("rich", PLANT)
        before = self.server.exec("rich", "python3", "-c", DESCRIBE)[1]["data"]["output"]
        self.took("rich", "rich-snap")
        self.assertEqual(self.server.exec("rich", "python3", "-c", DESCRIBE)[1]["data"]["output"], before)
        self.remove("rich")
        self.restored("rich-snap", "again")
        after = self.server.exec("again", "python3", "-c", DESCRIBE)[1]["data"]["output"]
        self.assertEqual(after.split("\n"), before.split("\n"))
        self.assertGreater(before.count("\n"), 25)
        # A copy of a copy is identical, too, and they are independent.
        self.took("again", "second")
        self.restored("second", "third")
        self.assertEqual(self.server.exec("third", "python3", "-c", DESCRIBE)[1]["data"]["output"], before)
        self.sh("third", "echo changed > d/large")
        self.assertEqual(self.server.exec("again", "python3", "-c", DESCRIBE)[1]["data"]["output"], before)

    def test_what_is_left_out(self):
        self.create("socket")
        self.server.exec("socket", "python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('s'); open('f', 'w')")
        self.took("socket", "socket-snap")
        self.restored("socket-snap", "socket-copy")
        self.assertEqual(self.sh("socket-copy", "ls"), "f\n")

    def test_depth(self):
        """Deeper than the limits of paths and descriptors, including closed directories."""
        self.create("deep")
        self.server.exec("deep", "python3", "-c", "import os\nfor i in range(3000):\n os.mkdir('d'); os.chdir('d')\n"
                         "open('end', 'w').write('bottom'); os.chmod('.', 0)")
        self.took("deep", "deep-snap")
        self.restored("deep-snap", "deep-copy")
        find = "import os\nfor i in range(3000):\n os.chdir('d') if i < 2999 else (os.chmod('d', 0o700), os.chdir('d'))\n" \
               "print(open('end').read())"
        self.assertEqual(self.server.exec("deep-copy", "python3", "-c", find)[1]["data"]["output"], "bottom\n")
        self.remove("deep", "deep-copy")
        self.assertEqual(self.server.call("DELETE", "/snapshots/deep-snap")[0], 200)

    def test_copies_of_one_tree_at_once(self):
        """What is closed is opened while it is read: no copy sees, keeps or reverts permissions that another has
        changed."""
        self.create("closed")
        self.sh("closed", "for i in $(seq 40); do mkdir $i; echo x > $i/f; chmod 0 $i/f $i; done")
        self.took("closed", "closed-snap")
        takes = [Background(self.take, "closed", "closed-%d" % i) for i in range(3)]
        restores = [Background(self.restore, "closed-snap", {"as_name": "opened-%d" % i, "start": True}) for i in range(6)]
        for call in takes + restores:
            status, body = call.get()
            self.assertEqual(status, 200, body)
        modes = "stat -c %a [0-9]* | sort | uniq -c; chmod 700 *; stat -c %a */f | sort | uniq -c; chmod 600 */f; cat */f | wc -l"
        for name in ("closed", *("opened-%d" % i for i in range(6))):
            self.assertEqual(self.sh(name, modes).split(), ["40", "0", "40", "0", "40"])

    def test_permissions_after_a_copy_that_fails(self):
        """Whatever ends a copy, the original's permissions are restored, also at great depth."""
        self.create("unreadable")
        build = "import os, fcntl, signal\nfor i in range(200):\n os.mkdir('d'); os.chdir('d')\n" \
                "f = os.open('leased', os.O_RDWR | os.O_CREAT); fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n" \
                "os.chdir('..')\nfor i in range(199):\n os.chmod('d', 0); os.chdir('..')\n" \
                "os.chmod('d', 0); open('ready', 'w')\nsignal.signal(signal.SIGIO, signal.SIG_IGN)\nsignal.pause()"
        self.detach("unreadable", "python3", "-c", build)
        wait_until(lambda: "ready" in self.sh("unreadable", "ls"))
        self.assert_error_starts(self.take("unreadable", "none"), 500, "Failed to take snapshot: ")
        count = "import os\nopen_ones = 0\nfor i in range(200):\n open_ones += os.stat('d').st_mode & 0o777 != 0\n" \
                " os.chmod('d', 0o700); os.chdir('d')\nprint(open_ones)"
        self.assertEqual(self.server.exec("unreadable", "python3", "-c", count)[1]["data"]["output"], "0\n")

    def test_width(self):
        self.create("wide")
        self.server.exec("wide", "python3", "-c", "import os\nfor i in range(5000):\n os.mkdir('d%d' % i); open('f%d' % i, 'w')")
        self.took("wide", "wide-snap")
        self.restored("wide-snap", "wide-copy")
        self.assertEqual(self.sh("wide-copy", "ls | wc -l; ls -d d* | wc -l"), "10000\n5000\n")

    def test_a_tree_that_changes(self):
        """Every file is copied as it is found, and a snapshot of a busy sandbox is always made."""
        self.create("busy")
        change = "i=0; while :; do mkdir -p a/b a/c; echo $i > a/b/f; mv a/b/f a/c/g; mv a x; ln -s x a; rm -r a x; i=$((i+1)); done"
        self.detach("busy", "sh", "-c", change + " 2>/dev/null")
        wait_until(lambda: self.server.exec("busy", "ls")[1]["data"]["output"])
        for _ in range(20):
            self.took("busy", "busy-snap")
        self.server.call("POST", "/sandboxes/busy/stop")

    def test_x2_snapshot_races(self):
        """X2: a directory that is replaced by a link to the host while it is copied is not followed."""
        outside = new_folder(self)
        os.chmod(outside, 0o755)
        os.mkdir(outside + "/d")
        with open(outside + "/secret", "w") as file:
            file.write("of the host")
        rounds = 1000 if os.environ.get("AK_TEST_LONG") else 40
        self.create("swap")
        swap = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
os.makedirs('real/d'); open('real/secret', 'w').write('mine'); os.symlink(sys.argv[1], 'link')
open('file', 'w').write('mine'); os.symlink(sys.argv[1] + '/secret', 'file-link'); os.mkfifo('pipe')
while True:
    for a, b in (('real', 'link'), ('file', 'file-link'), ('file', 'pipe'), ('real', 'pipe')):
        libc.renameat2(-100, a.encode(), -100, b.encode(), 2)
"""
        self.detach("swap", "python3", "-c", swap, outside)
        wait_until(lambda: "pipe" in self.server.exec("swap", "ls")[1]["data"]["output"])
        for i in range(rounds):
            self.took("swap", "swap-snap")
            if os.access(self.server.state, os.R_OK | os.X_OK):
                found = subprocess.run(["grep", "-rs", "--devices=skip", "of the host", self.server.state + "/snapshots"],
                                       capture_output=True, text=True)
                self.assertEqual(found.stdout, "")
        self.restored("swap-snap", "swap-copy")
        self.server.call("POST", "/sandboxes/swap/stop")

    def test_reflinks(self):
        """Where the file system can share blocks, a copy allocates none of its own."""
        if not AS_ROOT:
            self.skipTest("only root can mount one")
        folder = new_folder(self)
        with open(folder + "/disk", "wb") as disk:
            disk.truncate(600 << 20)
        os.mkdir(folder + "/mount")
        for make in (["mkfs.xfs", "-q", "-m", "reflink=1"], ["mkfs.btrfs", "-q"]):
            with contextlib.suppress(OSError):
                if subprocess.run([*make, folder + "/disk"], capture_output=True).returncode == 0 and \
                        subprocess.run(["mount", "-o", "loop", folder + "/disk", folder + "/mount"]).returncode == 0:
                    break
        else:
            self.skipTest("no such file system here")
        try:
            with contextlib.closing(Server(state=folder + "/mount/state")) as server:
                server.post("/sandboxes", {"name": "a"})
                server.exec("a", "sh", "-c", "head -c 100000000 /dev/urandom > f; sync")
                before = os.statvfs(folder + "/mount").f_bfree
                self.assertEqual(server.post("/snapshots", {"sandbox": "a", "name": "s"})[0], 200)
                after = os.statvfs(folder + "/mount")
                self.assertLess((before - after.f_bfree) * after.f_frsize, 20000000)
        finally:
            subprocess.run(["umount", folder + "/mount"])


class Operations(Snapshots):
    def test_meta(self):
        self.create("meta", image="python:3.12", vcpus=2, memory_mb=99, labels={"a": "b"}, description="d")
        meta = self.took("meta", "m1")
        self.assertRegex(meta.pop("created_at"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$")
        self.assertEqual(meta, {"name": "m1", "sandbox": "meta", "image_tag": "agentkernel-local:m1", "backend": "bubblewrap",
                                "base_image": "python:3.12", "vcpus": 2, "memory_mb": 99})
        whole = self.server.call("GET", "/snapshots/m1")[1]["data"]
        self.assertIn(whole, self.server.call("GET", "/snapshots")[1]["data"])
        self.took("meta", "m0")
        listed = self.server.call("GET", "/snapshots")[1]["data"]
        names = [s["name"] for s in listed]
        self.assertEqual(names.index("m0") - names.index("m1"), 1)
        self.assertEqual([s["created_at"] for s in listed], sorted(s["created_at"] for s in listed))
        info = self.restored("m1", "meta-again")
        self.assertEqual([info[key] for key in ("name", "image", "vcpus", "memory_mb", "labels", "description", "status")],
                         ["meta-again", "python:3.12", 2, 99, {"a": "b"}, "d", "running"])

    def test_restore(self):
        self.create("src")
        self.sh("src", "echo x > f")
        self.took("src", "s")
        status, body = self.restore("s")
        self.assertEqual((status, body["data"]["name"], body["data"]["status"]), (200, "src-restored", "stopped"))
        self.assertEqual(self.server.exec("src-restored", "cat", "f")[0], 500)
        self.assertEqual(self.server.call("POST", "/sandboxes/src-restored/start")[0], 200)
        self.assertEqual(self.sh("src-restored", "cat f"), "x\n")
        self.assert_error(self.restore("s"), 409, "Sandbox 'src-restored' already exists")
        self.assert_error(self.restore("s", {"as_name": "a--b"}), 400,
                          "Invalid restore name: Sandbox name cannot contain consecutive hyphens or underscores")
        for i, body in enumerate(("{", "[]", {"as_name": 1}, {"as_name": None, "start": "yes"})):
            self.remove("src-restored")
            self.assertEqual(self.restore("s", body)[1]["data"]["name"], "src-restored")
        self.assert_error(self.restore("none"), 404, "Snapshot 'none' not found")

    def test_refusals(self):
        self.create("known")
        for body, message in (({"sandbox": "known"}, "Invalid JSON: missing field `name`"),
                              ({"name": "x"}, "Invalid JSON: missing field `sandbox`"), ("{", "Invalid JSON: "),
                              ({"sandbox": "known", "name": None}, "Invalid JSON: invalid type: null"),
                              ({"sandbox": "known", "name": ""}, "Invalid snapshot name: Sandbox name cannot be empty"),
                              ({"sandbox": "known", "name": "../x"}, "Invalid snapshot name: Sandbox name must start"),
                              ({"sandbox": "a b", "name": "x"}, "Sandbox name contains invalid character")):
            self.assert_error_starts(self.server.post("/snapshots", body), 400, message)
        self.assert_error(self.take("nobody", "x"), 404, "Sandbox 'nobody' not found")
        for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/restore")):
            self.assert_error(self.server.call(method, "/snapshots/none" + rest), 404, "Snapshot 'none' not found")
            self.assert_error_starts(self.server.call(method, "/snapshots/..%2fx" + rest), 400, "Invalid snapshot name: ")

    def test_replaced_and_removed(self):
        self.create("twice")
        for text in ("one", "two"):
            self.sh("twice", "echo %s > f" % text)
            self.took("twice", "t")
        self.restored("t", "twice-copy")
        self.assertEqual(self.sh("twice-copy", "cat f"), "two\n")
        self.assertEqual(self.server.call("DELETE", "/snapshots/t"), (200, {"success": True, "data": "Snapshot deleted"}))
        self.assert_error(self.server.call("DELETE", "/snapshots/t"), 404, "Snapshot 't' not found")
        self.remove("twice")  # they are independent
        self.assertEqual(self.sh("twice-copy", "cat f"), "two\n")
        if os.access(self.server.state, os.R_OK | os.X_OK):
            self.assertEqual(os.listdir(self.server.state + "/work"), [])

    def test_everything_at_once(self):
        """Concurrent taking, restoring and removing of the same names: every reply is valid, and everything restored is
        complete."""
        self.create("all")
        self.sh("all", "for i in $(seq 200); do echo $i > $i; done")
        self.took("all", "shared")

        def restore_and_count(i):
            name = "copy-%d" % i
            status, body = self.restore("shared", {"as_name": name, "start": True})
            if status == 404:
                return
            self.assertEqual(status, 200, body)
            self.assertEqual(self.sh(name, "ls | wc -l"), "200\n")
            self.remove(name)
        calls = []
        for i in range(8):
            calls += [Background(restore_and_count, i), Background(self.take, "all", "shared")]
            if i % 4 == 3:
                calls.append(Background(self.server.call, "DELETE", "/snapshots/shared"))
        for call in calls:
            call.get()

    def test_one_that_is_replaced_is_always_there(self):
        self.create("often")
        self.took("often", "o")
        end = time.monotonic() + (15 if os.environ.get("AK_TEST_LONG") else 2)
        missing = []

        def take():
            while time.monotonic() < end:
                self.took("often", "o")

        def look():
            while time.monotonic() < end:
                if self.server.call("GET", "/snapshots/o")[0] != 200 or \
                        "o" not in [s["name"] for s in self.server.call("GET", "/snapshots")[1]["data"]]:
                    missing.append(1)
        for call in [Background(take) for _ in range(3)] + [Background(look) for _ in range(3)]:
            call.get()
        self.assertEqual(missing, [])

    def test_removal_of_the_sandbox_meanwhile(self):
        for _ in range(5):
            self.create("leaving")
            self.sh("leaving", "for i in $(seq 500); do echo $i > $i; done")
            call = Background(self.take, "leaving", "left")
            self.remove("leaving")
            status, body = call.get()
            if status == 200:
                self.restored("left", "left-copy")
                self.assertEqual(self.sh("left-copy", "ls | wc -l"), "500\n")
                self.remove("left-copy")
                self.server.call("DELETE", "/snapshots/left")
            else:
                self.assert_error((status, body), 404, "Sandbox 'leaving' not found")

    def test_restart_and_stop(self):
        state = new_folder(self) + "/state"
        with contextlib.closing(Server(state=state)) as server:
            server.post("/sandboxes", {"name": "a"})
            server.exec("a", "sh", "-c", "for i in $(seq 3000); do echo $i > $i; done")
            meta = server.post("/snapshots", {"sandbox": "a", "name": "s"})[1]["data"]
            call = Background(server.post, "/snapshots", {"sandbox": "a", "name": "s"})
            time.sleep(0.02)
            with within(10):
                self.assertEqual(server.terminate(), 0)
            with contextlib.suppress(Exception):
                call.get()  # whatever the reply was
        with contextlib.closing(Server(state=state)) as server:
            self.assertIn(meta["name"], [s["name"] for s in server.call("GET", "/snapshots")[1]["data"]])
            self.assertEqual(server.post("/snapshots/s/restore", {"as_name": "b", "start": True})[0], 200)
            self.assertEqual(server.exec("b", "sh", "-c", "ls | wc -l")[1]["data"]["output"], "3000\n")
            if os.access(state, os.R_OK | os.X_OK):
                self.assertEqual(os.listdir(state + "/work"), [])


if __name__ == "__main__":
    main()
