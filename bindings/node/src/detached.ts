// Waiting for a detached command: the server is polled, with growing pauses.
import {setTimeout as sleep} from "node:timers/promises";
import {milliseconds} from "./bind.js";
import type {DetachedCommand} from "./generated/records.js";
import type {CallOptions} from "./types.js";

/** The first and the longest pause between two polls, in milliseconds. */
const FIRST_PAUSE = 10;
const LAST_PAUSE = 1000;

/** The command once it has ended. */
export async function ended(
    poll: (options: CallOptions) => Promise<DetachedCommand>,
    {timeout = Infinity, ...options}: CallOptions,
): Promise<DetachedCommand> {
    milliseconds("timeout", timeout); // throws if it is invalid
    const until = performance.now() + timeout;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
        // After the deadline, or when the signal is aborted, the poll fails.
        const left = Math.max(until - performance.now(), 0);
        const command = await poll(left === Infinity ? options : {...options, timeout: left});
        if (command.status !== "running") return command;
        await sleep(Math.min(pause, Math.max(until - performance.now(), 0)), undefined, {
            signal: options.signal,
        }).catch(() => undefined);
    }
}
