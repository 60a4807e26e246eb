// Copies a file into a sandbox, processes it there, and copies the result back.
//
// Uses the server at AGENTKERNEL_BASE_URL; AGENTKERNEL_BASE_URL=local: needs none to be running.
import {randomBytes} from "node:crypto";
import {mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {AgentKernel} from "agentkernel";

const client = new AgentKernel();
const folder = await mkdtemp(join(tmpdir(), "node-files-"));
try {
    const local = join(folder, "random");
    await writeFile(local, randomBytes(1_000_000));
    await client.sandbox("node-files", async (sandbox) => {
        await sandbox.upload(local, "/tmp/random");
        const sum = await sandbox.run(["sha256sum", "/tmp/random"]);
        console.log(`sum in the sandbox: ${sum.output.slice(0, 64)}`);

        await sandbox.download("/tmp/random", join(folder, "again"));
        const [sent, came] = [await readFile(local), await readFile(join(folder, "again"))];
        console.log(`came back the same: ${sent.equals(came)}`);

        await sandbox.writeFile("/tmp/list", ["two\n", "one\n"]);
        for await (const piece of sandbox.createReadStream("/tmp/list")) process.stdout.write(piece);
    });
} finally {
    await rm(folder, {recursive: true});
}
