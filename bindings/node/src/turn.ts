// The event loop's share. Events that are in memory already are handed out without waiting, and promises that are
// settled run before anything else of the loop: so after some of it everybody waits for the loop's next turn.

import {immediately} from "./immediately.js";

/** How much is handed out in one turn, by all streams together: events, and 4 KiB of them. About a millisecond. */
const SHARE = 256;

let spent = 0;
let next: Promise<void> | undefined;

/** Accounts for an event, or a piece of output, of so many bytes. */
export function spend(bytes: number): void {
    spent += 1 + bytes / 4096;
}

/** What to wait for before going on; undefined while there is something left of this turn. */
export function turnOver(): Promise<void> | undefined {
    if (spent < SHARE) return undefined;
    next ??= new Promise((resolve) => {
        immediately(() => {
            spent = 0;
            next = undefined;
            resolve();
        });
    });
    return next;
}
