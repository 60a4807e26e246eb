// Waiting on a call's descriptor without a thread and without blocking. The rules (agentkernel.h): watch after AGAIN
// only, stop before the next step, never after free; a wake means "step", not "data".
import {system, watch} from "./koffi.js";
import type {System, Watch} from "./koffi.js";

/** Waits for one descriptor at a time of one call. */
export interface Waiter {
    /** Calls `wake` once when the descriptor is readable. The event loop lives as long as it waits. */
    wait(fd: number, wake: () => void): void;
    /** Stops waiting: `wake` is not called any more. Nothing waits: nothing happens. */
    stop(fd: number): void;
}

/** How many watches of descriptors are kept for later calls over the same connections. */
const MAX_KEPT = 128;

/** The event loop's own watches. Those that rest are kept by descriptor: a call gets its predecessor's. */
class LoopWaiter implements Waiter {
    readonly #active = new Map<number, Watch>(); // what no script refers to, Koffi closes
    readonly #resting = new Map<number, Watch>();

    wait(fd: number, wake: () => void): void {
        const woken = (): void => {
            this.stop(fd);
            wake();
        };
        const resting = this.#resting.get(fd);
        if (resting === undefined) {
            this.#active.set(fd, watch(fd, woken));
        } else {
            this.#resting.delete(fd);
            this.#active.set(fd, resting);
            resting.start(woken);
        }
    }

    stop(fd: number): void {
        const active = this.#active.get(fd);
        if (active === undefined) return;
        this.#active.delete(fd);
        if (this.#resting.size < MAX_KEPT) {
            active.stop();
            this.#resting.set(fd, active);
        } else {
            active.close();
        }
    }
}

/** For runtimes whose event loop cannot watch a descriptor (Bun): one epoll for all, waited for in one thread of the pool. */
class ThreadWaiter implements Waiter {
    static readonly #READABLE_ONCE = 0x4000_0001; // EPOLLIN | EPOLLONESHOT
    static readonly #MAX_EVENTS = 64;
    /** Of struct epoll_event, which is packed on x86-64 alone, and where its data is. */
    static readonly #EVENT = process.arch === "x64" ? {size: 12, data: 4} : {size: 16, data: 8};
    readonly #system: System = system();
    readonly #epoll = this.#system.epollCreate();
    readonly #kick = this.#system.eventCreate();
    readonly #wakes = new Map<number, () => void>();
    readonly #event = Buffer.alloc(ThreadWaiter.#EVENT.size);
    readonly #events = Buffer.alloc(ThreadWaiter.#EVENT.size * ThreadWaiter.#MAX_EVENTS);
    readonly #one = Buffer.from(new BigUint64Array([1n]).buffer);
    readonly #sink = Buffer.alloc(8);
    #waiting = false;

    constructor() {
        if (this.#epoll < 0 || this.#kick < 0) throw new Error("out of file descriptors");
        this.#add(this.#kick, 1); // EPOLLIN
    }

    wait(fd: number, wake: () => void): void {
        this.#wakes.set(fd, wake);
        if (this.#add(fd, ThreadWaiter.#READABLE_ONCE) !== 0) {
            this.#wakes.delete(fd);
            throw new Error("the descriptor cannot be watched");
        }
        if (!this.#waiting) this.#turn();
    }

    stop(fd: number): void {
        if (!this.#wakes.delete(fd)) return;
        this.#system.epollRemove(this.#epoll, fd);
        // The thread's wait would hold the process although nobody waits any more.
        if (this.#wakes.size === 0 && this.#waiting) this.#system.eventWrite(this.#kick, this.#one);
    }

    #add(fd: number, events: number): number {
        this.#event.writeUInt32LE(events, 0);
        this.#event.writeInt32LE(fd, ThreadWaiter.#EVENT.data);
        return this.#system.epollAdd(this.#epoll, this.#event, fd);
    }

    #turn(): void {
        this.#waiting = true;
        this.#system.epollWait(this.#epoll, this.#events, ThreadWaiter.#MAX_EVENTS, 1000, (count) => {
            const ready: number[] = [];
            for (let i = 0; i < count; i++) {
                ready.push(this.#events.readInt32LE(i * ThreadWaiter.#EVENT.size + ThreadWaiter.#EVENT.data));
            }
            for (const fd of ready) this.#woken(fd);
            this.#waiting = this.#wakes.size > 0;
            if (this.#waiting) this.#turn();
        });
    }

    #woken(fd: number): void {
        if (fd === this.#kick) {
            this.#system.eventRead(this.#kick, this.#sink);
            return;
        }
        const wake = this.#wakes.get(fd);
        if (wake === undefined) return;
        this.#wakes.delete(fd);
        this.#system.epollRemove(this.#epoll, fd);
        wake();
    }
}

let shared: Waiter | undefined;

/** What this thread waits with. */
export function waiter(): Waiter {
    shared ??= process.versions["bun"] === undefined ? new LoopWaiter() : new ThreadWaiter();
    return shared;
}
