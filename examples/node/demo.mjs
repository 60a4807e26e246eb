// Runs commands in sandboxes: a stream, a sandbox that keeps its files, a command that fails, and one that is aborted.
//
// Uses the server at AGENTKERNEL_BASE_URL; AGENTKERNEL_BASE_URL=local: needs none to be running.
import {AgentKernel, CommandError} from "agentkernel";

const client = new AgentKernel();

console.log("Node: a command, as it goes");
const script = "for i in 1 2 3; do echo line $i; sleep 0.1; done";
for await (const event of client.runStream(["sh", "-c", script])) {
    if (event.type === "output") process.stdout.write(`  ${event.text}`);
    if (event.type === "done") console.log(`  exit code ${event.exit_code}`);
}

console.log("Node: a sandbox that keeps its files");
await client.sandbox("node-demo", async (sandbox) => {
    await sandbox.run(["sh", "-c", "echo kept > note"]);
    process.stdout.write(`  ${(await sandbox.run(["cat", "note"])).output}`);
});

console.log("Node: five commands at once, one of which fails");
const results = await Promise.allSettled(
    [0, 1, 2, 3, 4].map((i) => client.run(["sh", "-c", `echo ${i}; exit $((${i} == 3))`])),
);
for (const {value, reason} of results) {
    if (reason === undefined) process.stdout.write(`  ${value.output}`);
    else if (reason instanceof CommandError) console.log(`  exit code ${reason.exitCode}: ${reason.output.trim()}`);
    else throw reason;
}

console.log("Node: a command that is aborted");
try {
    await client.run(["sleep", "60"], {signal: AbortSignal.timeout(200)});
} catch (error) {
    console.log(`  ${error.name}`);
}
client.close();
