import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {after, test} from "node:test";
import {casesOf, failuresOfAll} from "./conformance.mjs";
import {FaultServer, tree} from "./kit.mjs";

const fault = new FaultServer();
after(() => fault.end());
const folder = join(tree, "tests", "conformance");
const files = readdirSync(join(folder, "cases")).filter((name) => name.endsWith(".json"));

for (const way of ["methods", "call"] as const) {
    for (const file of files) {
        test(`conformance by ${way}: ${file}`, async () => {
            const cases = casesOf(readFileSync(join(folder, "cases", file), "utf8"));
            assert.ok(cases.length > 0);
            assert.equal((await failuresOfAll(cases, fault, way)).flat().join("\n"), "");
        });
    }
}

test("conformance: what must fail does", async () => {
    const cases = casesOf(readFileSync(join(folder, "must_fail.json"), "utf8"));
    assert.ok(cases.length > 0);
    const wrong = await failuresOfAll(cases, fault, "methods");
    const passed = cases.filter((_, i) => wrong[i]?.length === 0).map((one) => one["id"]);
    assert.deepEqual(passed, []);
});
