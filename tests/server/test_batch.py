"""POST /batch/run: commands in parallel, results in the order of the request."""
import json
import time

from harness import Markers, ServerTest, main, processes, wait_until


class Batch(ServerTest):
    def batch(self, *commands):
        return self.server.post("/batch/run", {"commands": [{"command": command} for command in commands]})

    def results(self, *commands):
        status, body = self.batch(*commands)
        self.assertEqual((status, body["success"]), (200, True), body)
        return body["data"]["results"]

    def test_order(self):
        commands = [["sh", "-c", "sleep 0.$((9 - $0)); echo $0", str(i)] for i in range(10)]
        self.assertEqual(self.results(*commands), [{"output": "%d\n" % i, "error": None} for i in range(10)])

    def test_failures_are_each_their_own(self):
        results = self.results(["echo", "a b", "'c"], ["sh", "-c", "echo out; echo err >&2; exit 3"], ["no-such-program"],
                               ["sh", "-c", "kill -9 $$"], ["true"])
        self.assertEqual(results, [{"output": "a b 'c\n", "error": None},
                                   {"output": None, "error": "Command failed: out\nerr\n", "exit_code": 3},
                                   {"output": None, "error": "Command failed: no-such-program: not found", "exit_code": 127},
                                   {"output": None, "error": "Command failed: killed by signal 9 (Killed)", "exit_code": 137},
                                   {"output": "", "error": None}])

    def test_requests_that_are_refused(self):
        for body, message in (
                ({"commands": []}, "commands array is required and must not be empty"),
                ({}, "Invalid JSON: missing field `commands`"), ({"commands": None}, "Invalid JSON: invalid type: null"),
                ({"commands": [["true"]]}, "Invalid JSON: invalid type: sequence, expected an object"),
                ({"commands": [{}]}, "Invalid JSON: missing field `command`"),
                ({"commands": [{"command": ["true"]}, {"command": []}]}, "commands[1]: command is required"),
                ({"commands": [{"command": ["a\0"]}]}, "command must not contain NUL"),
                ({"commands": [{"command": "true"}]}, "Invalid JSON: invalid type: string, expected a sequence"),
                ({"commands": [{"command": ["true"]}] * 257}, "commands has too many entries (max 256)")):
            with self.subTest(body=str(body)[:60]):
                self.assert_error_starts(self.server.post("/batch/run", body), 400, message)

    def test_many_and_never_more_than_eight_at_once(self):
        marker = Markers.new()
        connection = self.server.connection()
        connection.request("POST", "/batch/run", json.dumps({"commands": [{"command": ["sleep", marker]}] * 20}))
        wait_until(lambda: len(processes(marker)) >= 8)
        time.sleep(0.5)
        self.assertEqual(len(processes(marker)), 8)
        connection.close()  # they end with the client, and no further one starts
        wait_until(lambda: not processes(marker))
        time.sleep(0.3)
        self.assertEqual(processes(marker), [])
        self.assertEqual(len(self.results(*[["true"]] * 60)), 60)

    def test_output_of_all_together_is_bounded(self):
        flood = ["sh", "-c", "head -c 9000000 /dev/zero | tr '\\0' x"]
        results = self.results(flood, ["echo", "small"], flood, flood)
        self.assertEqual(results[1], {"output": "small\n", "error": None})
        for result in (results[0], results[2], results[3]):
            self.assertEqual((len(result["output"]), result["truncated"], result["total_bytes"]), (1 << 22, True, 9000000))

    def test_exact_bytes(self):
        self.assertEqual(self.results(["printf", "\\377"]), [{"output": "\ufffd", "output_base64": "/w==", "error": None}])


if __name__ == "__main__":
    main()
