"""Lifetime of sandboxes: the TTL and its texts, expiry, and idleness."""
import contextlib
import datetime
import json
import os
import time

from harness import (PATIENCE, Background, Markers, Server, ServerTest, main, new_folder, processes, slowness, stretched,
                     wait_until)


def expiry_of(reply):
    """The time in a reply, in seconds since 1970."""
    return datetime.datetime.fromisoformat(reply[1]["data"]["expires_at"].replace(".000000000", "")).timestamp()


class Ttl(ServerTest):
    def setUp(self):
        self.name = "t" + self.id().rsplit("_", 1)[1]
        self.assertEqual(self.server.post("/sandboxes", {"name": self.name})[0], 201)

    def extend(self, body, name=None):
        return self.server.call("POST", "/sandboxes/%s/extend" % (name or self.name), body)

    def is_there(self, name=None):
        return self.server.call("GET", "/sandboxes/" + (name or self.name))[0] == 200

    def assert_left(self, reply, seconds):
        self.assertEqual(reply[0], 200, reply)
        self.assertRegex(reply[1]["data"]["expires_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$")
        left = expiry_of(reply) - time.time()
        self.assertTrue(seconds - PATIENCE < left <= seconds + 1.5, (left, seconds))

    def test_formats(self):
        total = 0
        for by, seconds in (("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("1h1m1s", 3661),
                            ("0h5s", 5), ("007", 7), (None, 3600)):
            total += seconds
            self.assert_left(self.extend({"by": by}), total)  # it adds up

    def test_nonsense(self):
        for by, message in (("2d", "Unknown TTL unit 'd' in \"2d\""), ("", "TTL string is empty"),
                            ("0", "TTL resolves to 0 seconds: \"0\""), ("0h0m", "TTL resolves to 0 seconds: \"0h0m\""),
                            ("1h30", "trailing digits without unit in \"1h30\""), ("h", "unexpected 'h' in \"h\""),
                            ("-5", "unexpected '-' in \"-5\""), (" 5", "unexpected ' ' in \" 5\""),
                            ("5 m", "Unknown TTL unit ' ' in \"5 m\""), ("1H", "Unknown TTL unit 'H' in \"1H\""),
                            ("99999999999999999999999", "TTL is too long: \"99999999999999999999999\""),
                            ("876000h1s", "TTL is too long: \"876000h1s\""), ("é", "unexpected '?' in \"é\"")):
            with self.subTest(by=by):
                self.assert_error(self.extend({"by": by}), 400, "Invalid time format: " + message)

    def test_bodies(self):
        """Invalid ones are treated as absent: an hour."""
        total = 0
        for body in (None, "", "{", "[]", {"by": 5}, {"by": ["1h"]}, {}, {"other": 1}, b"\xff"):
            total += 3600
            self.assert_left(self.extend(body), total)

    def test_a_century_is_the_most(self):
        century = 100 * 365 * 24
        self.assert_left(self.extend({"by": "%dh" % (century - 1)}), (century - 1) * 3600)
        self.assert_error(self.extend({"by": "2h"}), 400,
                          "Invalid time format: TTL is too long: the sandbox would live for more than a century")
        self.assert_left(self.extend({"by": "1"}), (century - 1) * 3600 + 1)

    def test_missing(self):
        self.assert_error(self.extend({"by": "1h"}, "nobody"), 404, "Sandbox 'nobody' not found")
        self.assert_error(self.extend({"by": "1h"}, "a--b"), 400,
                          "Sandbox name cannot contain consecutive hyphens or underscores")

    def test_end(self):
        """The sandbox is removed when its TTL is over, not before, with all its commands."""
        marker = Markers.new()
        call = Background(self.server.exec, self.name, "sh", "-c", "sleep %s; true" % marker)
        wait_until(lambda: processes(marker))
        reply = self.extend({"by": "1"})
        wait_until(lambda: not self.is_there())
        self.assertGreaterEqual(time.time(), expiry_of(reply))
        self.assertLess(time.time() - expiry_of(reply), 10 * slowness())
        self.assert_error(call.get(), 404, "Sandbox '%s' was removed" % self.name)
        self.assertEqual(processes(marker), [])
        self.assert_error(self.extend({"by": "1h"}), 404, "Sandbox '%s' not found" % self.name)
        self.assertEqual(self.server.post("/sandboxes", {"name": self.name})[0], 201)

    def test_extended(self):
        def attempt(seconds):
            self.server.post("/sandboxes", {"name": self.name})
            end = expiry_of(self.extend({"by": "%d" % seconds}))
            if self.extend({"by": "1h"})[0] == 404 and time.time() > end:
                return False
            time.sleep(end + 1.5 - time.time())
            return self.assertTrue(self.is_there())
        stretched(attempt, 1)

    def test_stopped(self):
        self.server.call("POST", "/sandboxes/%s/stop" % self.name)
        self.extend({"by": "1"})
        wait_until(lambda: not self.is_there())

    def test_order(self):
        """The first to expire is removed first, whatever the order of the requests."""
        for name, by in (("late", "1h"), ("soon", "1"), ("never", None)):
            self.assertEqual(self.server.post("/sandboxes", {"name": name})[0], 201)
            if by:
                self.extend({"by": by}, name)
        wait_until(lambda: not self.is_there("soon"))
        self.assertTrue(self.is_there("late") and self.is_there("never"))

    def test_one_with_many_files(self):
        """One whose files take long to delete does not delay the removal of another."""
        if not os.access(self.server.state, os.R_OK | os.X_OK):
            self.skipTest("the state folder is not ours")
        uuid = self.server.post("/sandboxes", {"name": "full"})[1]["data"]["uuid"]  # the list has the newest first
        fill = "import os\nfor i in range(20):\n os.mkdir('%d' % i)\n for j in range(400): os.mkdir('%d/%d' % (i, j))"
        self.assertEqual(self.server.exec("full", "python3", "-c", fill)[0], 200)
        self.extend({"by": "1"}, "full")
        self.extend({"by": "1"})
        wait_until(lambda: self.name not in os.listdir(self.server.state + "/sandboxes"))
        self.assertIn(uuid, os.listdir(self.server.state + "/work"))  # it is still being deleted
        self.assertFalse(self.is_there("full") or self.is_there())
        wait_until(lambda: os.listdir(self.server.state + "/work") == [], 100)

    def test_race(self):
        """An extension that was acknowledged before the end is effective."""
        for i in range(3):
            name = "race%d" % i
            self.assertEqual(self.server.post("/sandboxes", {"name": name})[0], 201)
            end = expiry_of(self.extend({"by": "1"}, name))
            time.sleep(max(0, end - time.time() - 0.01))
            replies = [call.get() for call in [Background(self.extend, {"by": "1h"}, name) for _ in range(4)]]
            time.sleep(0.3)
            self.assertEqual(self.is_there(name), any(reply[0] == 200 for reply in replies), replies)


class Restart(ServerTest):
    def test_over_restarts(self):
        stretched(self.restart, 5)

    def restart(self, middle):
        state = new_folder(self) + "/state"
        ends = []
        with contextlib.closing(Server(state=state)) as server:
            for name, by in (("middle", "%d" % middle), ("short", "1"), ("long", "1h")):
                server.post("/sandboxes", {"name": name})
                reply = server.post("/sandboxes/%s/extend" % name, {"by": by})
                ends.append(expiry_of(reply))
            server.process.kill()
            server.process.wait()
        time.sleep(max(0, ends[1] + 0.5 - time.time()))
        with contextlib.closing(Server(state=state)) as server:
            def names():
                return sorted(s["name"] for s in server.call("GET", "/sandboxes")[1]["data"])
            wait_until(lambda: "short" not in names())
            found = names()
            if time.time() > ends[0]:
                return False
            self.assertEqual(found, ["long", "middle"])
            wait_until(lambda: names() == ["long"])
            self.assertAlmostEqual(expiry_of(server.post("/sandboxes/long/extend", {"by": "1s"})), expiry_of(reply) + 1, 3)
            if os.access(state, os.R_OK | os.X_OK):
                wait_until(lambda: os.listdir(state + "/sandboxes") == ["long"])  # its folder is removed after its name
        return True


class Idle(ServerTest):
    """The actions of a lifecycle, which is written into the state folder: its origin does not matter here."""

    def start(self, **lifecycle):
        state = new_folder(self) + "/state"
        with contextlib.closing(Server(state=state)) as server:
            server.post("/sandboxes", {"name": "idle"})
        if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
            self.skipTest("the state folder is not ours")
        with open(state + "/sandboxes/idle/meta.json", "r+") as file:
            meta = dict(json.load(file), **lifecycle)
            file.seek(0)
            json.dump(meta, file)
            file.truncate()
        server = Server(state=state)
        self.addCleanup(server.close)
        return server

    def busy(self, server, seconds):
        """Runs a command for longer than its sandbox may be idle. False when it was idle for so long before or since."""
        ran = server.exec("idle", "sleep", str(1.5 * seconds))[0] == 200
        end = time.monotonic()
        found = server.call("GET", "/sandboxes/idle")[1].get("data", {}).get("status")
        if time.monotonic() - end > 0.8 * seconds or not ran:
            return False
        self.assertEqual(found, "running")
        return True

    def test_stop(self):
        def attempt(seconds):
            server = self.start(auto_stop_seconds=seconds)
            self.assertEqual(server.call("GET", "/sandboxes/idle")[1]["data"]["lifecycle"], {"auto_stop_after_seconds": seconds})
            begin = time.monotonic()
            if not self.busy(server, seconds):
                return False
            wait_until(lambda: server.call("GET", "/sandboxes/idle")[1]["data"]["status"] == "stopped")
            self.assertGreater(time.monotonic() - begin, 2.5 * seconds)
            return self.assertEqual(server.exec("idle", "true")[0], 500)
        stretched(attempt, 2)

    def test_not_too_early(self):
        """A second of idleness is a second, wherever within a second of the clock it begins."""
        server = self.start(auto_stop_seconds=1)
        for _ in range(20):
            time.sleep((0.9 - time.time()) % 1)
            begin = time.monotonic()
            if server.exec("idle", "true")[0] != 200:  # it was already too late for that
                server.call("POST", "/sandboxes/idle/start")
                continue
            time.sleep(0.5)
            status = server.call("GET", "/sandboxes/idle")[1]["data"]["status"]
            if time.monotonic() - begin < 1:  # else this machine was too slow for a result
                return self.assertEqual(status, "running")
            server.call("POST", "/sandboxes/idle/start")
        return self.fail("never looked within a second")

    def test_delete(self):
        def attempt(seconds):
            server = self.start(auto_delete_seconds=seconds)
            if not self.busy(server, seconds):
                return False
            return wait_until(lambda: server.call("GET", "/sandboxes/idle")[0] == 404)
        stretched(attempt, 2)

    def test_archive(self):
        """An archived sandbox keeps its files, and runs again once it is recovered and started, also with the next
        server."""
        stretched(self.archive, 2)

    def archive(self, seconds):
        state = new_folder(self) + "/state"
        path = "/sandboxes/idle"
        with contextlib.closing(Server(state=state)) as server:
            info = server.post("/sandboxes", {"name": "idle", "lifecycle": {"auto_archive_after_seconds": seconds}})[1]["data"]
            self.assertEqual((info["status"], info["lifecycle"]), ("running", {"auto_archive_after_seconds": seconds}))
            if server.exec("idle", "sh", "-c", "echo kept > file; sleep %d" % (2 * seconds))[0] != 200:
                return False
            server.call("POST", path + "/stop")  # nor is it safe from that
            wait_until(lambda: server.call("GET", path)[1]["data"]["status"] == "archived")
            server.process.kill()
            server.process.wait()
        with contextlib.closing(Server(state=state)) as server:
            info = server.call("GET", path)[1]["data"]
            self.assertEqual((info["status"], info["archived_reason"]), ("archived", "lifecycle.auto_archive_after_seconds"))
            self.assertAlmostEqual(datetime.datetime.fromisoformat(info["archived_at"].replace(".000000000", "")).timestamp(),
                                   time.time(), delta=60)
            self.assertEqual((server.exec("idle", "true")[0], server.call("GET", path + "/files/workspace/file")[0]), (500, 404))
            self.assert_error(server.call("POST", path + "/start"), 409,
                              "Failed to start sandbox: Sandbox 'idle' is archived and must be recovered first")
            # A copy of it is not archived.
            self.assertEqual(server.post("/snapshots", {"sandbox": "idle", "name": "s"})[0], 200)
            started = time.monotonic()
            copy = server.post("/snapshots/s/restore", {"as_name": "copy", "start": True})[1]["data"]
            self.assertEqual((copy["status"], "archived_at" in copy), ("running", False))
            if not self.reads(server, "copy", started + seconds):
                return False
            status, body = server.call("POST", path + "/recover")
            self.assertEqual((status, body["data"]["status"], "archived_at" in body["data"]), (200, "stopped", False))
            started = time.monotonic()
            self.assertEqual(server.call("POST", path + "/start")[0], 200)
            return self.reads(server, "idle", started + seconds)

    def reads(self, server, name, before):
        """The file exists. False if that was not determined in time."""
        status, body = server.exec(name, "cat", "file")
        if time.monotonic() > before:
            return False
        self.assertEqual((status, body["data"]["output"]), (200, "kept\n"))
        return True

    def test_a_started_one_is_not_idle_at_once(self):
        def attempt(seconds):
            server = self.start(auto_stop_seconds=seconds)
            wait_until(lambda: server.call("GET", "/sandboxes/idle")[1]["data"]["status"] == "stopped")
            started = time.monotonic()
            self.assertEqual(server.call("POST", "/sandboxes/idle/start")[0], 200)
            time.sleep(seconds / 2)
            status = server.exec("idle", "true")[0]
            return False if time.monotonic() - started > seconds else self.assertEqual(status, 200)
        stretched(attempt, 2)


if __name__ == "__main__":
    main()
