// Fairness to the event loop. Events that are already in memory are returned without waiting, and settled promises run
// before anything else in the loop: so after a while all streams wait for its next iteration.
import {immediately} from "./immediately.js";

/** How much all streams together return in one iteration: events, and units of 4 KiB. About a millisecond. */
const SHARE = 256;

let spent = 0;
let next: Promise<void> | undefined;

/** Accounts for an event, or a piece of output, by its size in bytes. */
export function spend(bytes: number): void {
    spent += 1 + bytes / 4096;
}

/** A promise of the next iteration; undefined while this one's share is not used up. */
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
