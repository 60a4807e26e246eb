"""Checks the case files: against schema.json, for what a schema cannot say, and every script with the server itself.

usage: check_cases.py PATH_OF_AK_FAULT_SERVER
"""
import json
import pathlib
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("this test needs the package python3-jsonschema (or: pip install jsonschema)")

HERE = pathlib.Path(__file__).resolve().parent


def no_twins(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"a member stands twice: {[name for name, _ in pairs]}")
    return members


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_twins)


class Server:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=30)


def waits(tree):
    """All that a script waits for."""
    if isinstance(tree, list):
        for item in tree:
            yield from waits(item)
    elif isinstance(tree, dict):
        yield from ([tree["wait"]] if "wait" in tree else [])
        for item in tree.values():
            yield from waits(item)


def texts_and_numbers(tree):
    if isinstance(tree, list):
        for item in tree:
            yield from texts_and_numbers(item)
    elif isinstance(tree, dict):
        for name, item in tree.items():
            yield name
            yield from texts_and_numbers(item)
    else:
        yield tree


def check_values(case):
    """What some JSON parser of some language does not keep as it is written."""
    for value in texts_and_numbers(case):
        if isinstance(value, str) and "\0" in value:
            yield "NUL is written as base64"
        if isinstance(value, int) and abs(value) > 2**53:
            yield f"{value} is written as text"


def check_script(server, case):
    if "release" in waits(case["server"]):
        yield "nobody gives a permit for {\"wait\": \"release\"}"
    if case["server"].keys() & {"host", "port", "unix"}:
        yield "a script must run anywhere, several at a time"
    answer = server.ask(op="script", script=case["server"])
    if not answer["ok"]:
        yield f"ak-fault-server refuses the script: {answer['error']}"
        return
    server.ask(op="stop", id=answer["id"])


def check_calls(case):
    for call in case["calls"]:
        error = call.get("error", {})
        if error.get("phase") == "bind" and case.get("connections") != 0 and len(case["calls"]) == 1:
            yield "fails before it sends, so it says \"connections\": 0"
        for name, value in {**case.get("client", {}), **call.get("arguments", {})}.items():
            if name.endswith("timeout_ms") and isinstance(value, int) and 0 < value < 300:
                yield f"{name} of {value} is too short for a slow machine"


def check_file(path, validator, server, ids):
    tree = load(path)
    errors = list(validator.iter_errors(tree))
    for error in errors:
        best = jsonschema.exceptions.best_match([error])
        yield f"{path.name}: {best.json_path}: {best.message[:300]}"
    for case in [] if errors else tree["cases"]:
        problems = [*check_values(case), *check_script(server, case), *check_calls(case)]
        if case["id"] in ids:
            problems.append("the id is used twice")
        ids.add(case["id"])
        for problem in problems:
            yield f"{path.name}: {case['id']}: {problem}"


def main():
    schema = load(HERE / "schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    server = Server(sys.argv[1])
    ids = set()
    problems = []
    for path in sorted((HERE / "cases").glob("*.json")):
        problems += check_file(path, validator, server, ids)
    problems += [] if ids else ["there are no cases"]
    problems += [] if server.end() == 0 else ["ak-fault-server did not end well"]
    print("\n".join(problems) or f"{len(ids)} cases")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
