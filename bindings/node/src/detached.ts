// Waiting for a command that was left alone: the server is asked, ever more seldom.
import {setTimeout as sleep} from "node:timers/promises";
import {milliseconds} from "./bind.js";
import type {DetachedCommand} from "./records.js";
import type {CallOptions} from "./types.js";

/** How long to wait between two looks, in milliseconds: at first, and at most. */
const FIRST_PAUSE = 10;
const LAST_PAUSE = 1000;

/** The command once it has ended. */
export async function ended(
    look: (options: CallOptions) => Promise<DetachedCommand>,
    {timeout = Infinity, ...options}: CallOptions,
): Promise<DetachedCommand> {
    milliseconds("timeout", timeout); // which says what is wrong with it
    const until = performance.now() + timeout;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
        // Without time, or aborted, it is the look that fails.
        const left = Math.max(until - performance.now(), 0);
        const command = await look(left === Infinity ? options : {...options, timeout: left});
        if (command.status !== "running") return command;
        await sleep(Math.min(pause, Math.max(until - performance.now(), 0)), undefined, {
            signal: options.signal,
        }).catch(() => undefined);
    }
}
