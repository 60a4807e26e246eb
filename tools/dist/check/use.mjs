// From packages alone: a command, a stream, a sandbox and its files by local:, and a command through a TLS connection.
import assert from "node:assert";
import {readFileSync} from "node:fs";
import {AgentKernel} from "agentkernel";

const client = new AgentKernel({baseUrl: "local:"});
process.stdout.write((await client.run(["echo", "hello"])).output);
let text = "";
for await (const event of client.runStream(["sh", "-c", "echo one; echo two"])) text += event.text ?? "";
assert.equal(text, "one\ntwo\n");
await client.sandbox("check-node", async (sandbox) => {
    await sandbox.writeFile("/tmp/data", Buffer.from([0, 255]));
    assert.deepEqual((await sandbox.readFile("/tmp/data")).contentBytes, Buffer.from([0, 255]));
    assert.equal((await sandbox.run(["sh", "-c", "wc -c </tmp/data"])).output.trim(), "2");
});
client.close();
const safe = new AgentKernel({baseUrl: process.env.CHECK_URL, caFile: process.env.CHECK_CA});
assert.equal((await safe.run(["echo", "safe"])).output, "safe\n");
safe.close();
const foreign = readFileSync("/proc/self/maps", "utf8").match(/lib(curl|cjson).*/g);
assert.equal(foreign, null);
