// Waiting on a call's descriptor without a thread and without blocking. The rules (agentkernel.h): watch after AGAIN
// only, stop before the next step, never after free; a wake means "step", not "data".
import {join} from "node:path";
import {isMainThread, Worker} from "node:worker_threads";
import {cleanup, epollEvents, readyOf, system, watch} from "./koffi.js";
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
    readonly #watches = new Map<number, Watch>(); // what no script refers to, Koffi closes
    /** Of those that do not rest. They refer to calls, which a watch that rests must not. */
    readonly #wakes = new Map<number, () => void>();

    wait(fd: number, wake: () => void): void {
        const resting = this.#watches.get(fd);
        if (resting === undefined)
            this.#watches.set(
                fd,
                watch(fd, () => this.#woken(fd)),
            );
        else resting.start();
        this.#wakes.set(fd, wake);
    }

    stop(fd: number): void {
        if (!this.#wakes.delete(fd)) return;
        const watch = this.#watches.get(fd);
        if (this.#watches.size - this.#wakes.size <= MAX_KEPT) {
            watch?.stop();
        } else {
            this.#watches.delete(fd);
            watch?.close();
        }
    }

    #woken(fd: number): void {
        const wake = this.#wakes.get(fd);
        this.stop(fd);
        wake?.();
    }
}

/** One epoll that holds the descriptors of all calls; how it is waited for is left open. */
abstract class EpollWaiter implements Waiter {
    protected readonly system: System = system();
    protected readonly epoll = this.system.epollCreate();
    readonly #wakes = new Map<number, () => void>();

    constructor() {
        if (this.epoll < 0) throw new Error("out of file descriptors");
    }

    wait(fd: number, wake: () => void): void {
        if (!this.system.watch(this.epoll, fd, true)) throw new Error("the descriptor cannot be watched");
        this.#wakes.set(fd, wake);
        if (this.#wakes.size === 1) this.begin();
    }

    stop(fd: number): void {
        if (!this.#wakes.delete(fd)) return;
        this.system.unwatch(this.epoll, fd);
        if (this.#wakes.size === 0) this.end();
    }

    protected get idle(): boolean {
        return this.#wakes.size === 0;
    }

    /** These descriptors may be readable. What was stopped meanwhile is passed over. */
    protected woken(fds: readonly number[]): void {
        for (const fd of fds) {
            const wake = this.#wakes.get(fd);
            this.stop(fd);
            wake?.();
        }
    }

    /** Somebody waits, where nobody did. */
    protected abstract begin(): void;
    /** Nobody waits any more. */
    protected abstract end(): void;
}

/** For Bun, whose event loop cannot watch a descriptor: the epoll is waited for in one thread of the pool. */
class PoolWaiter extends EpollWaiter {
    readonly #kick = this.system.eventCreate();
    readonly #events = epollEvents();
    #waiting = false;

    constructor() {
        super();
        if (this.#kick < 0) throw new Error("out of file descriptors");
        this.system.watch(this.epoll, this.#kick, false);
    }

    protected begin(): void {
        if (!this.#waiting) this.#turn();
    }

    // The wait that is under way would hold the process.
    protected end(): void {
        if (this.#waiting) this.system.eventWrite(this.#kick);
    }

    #turn(): void {
        this.#waiting = true;
        this.system.epollWait(this.epoll, this.#events, 1000, (count) => {
            const fds = readyOf(this.#events, count);
            if (fds.includes(this.#kick)) this.system.eventRead(this.#kick);
            this.woken(fds);
            this.#waiting = !this.idle;
            if (this.#waiting) this.#turn();
        });
    }
}

/**
 * For workers of Node and Bun. A worker can be terminated at any instruction; what Koffi would call then ends the whole
 * process, while a message is dropped. So the epoll is waited for in a thread of its own, which sends one.
 */
class WorkerWaiter extends EpollWaiter {
    /** Not 0 while somebody waits. */
    readonly #state = new Int32Array(new SharedArrayBuffer(4));
    readonly #thread: Worker;

    constructor() {
        super();
        cleanup().add(this.system.addressOf("close"), this.epoll); // when both threads have ended
        this.#thread = new Worker(join(__dirname, "waiting.js"), {
            workerData: {epoll: this.epoll, state: this.#state},
            env: {},
            execArgv: [],
            resourceLimits: {maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2},
        });
        this.#thread.on("message", (fds: number[]) => {
            this.woken(fds);
        });
        this.#thread.unref();
    }

    protected begin(): void {
        this.#thread.ref();
        Atomics.store(this.#state, 0, 1);
        Atomics.notify(this.#state, 0);
    }

    protected end(): void {
        Atomics.store(this.#state, 0, 0);
        this.#thread.unref();
    }
}

function suitable(): Waiter {
    const {bun, deno} = process.versions as Record<string, string | undefined>;
    if (deno !== undefined) return new LoopWaiter(); // in workers, too: it ends what they watch with them
    if (!isMainThread) return new WorkerWaiter();
    return bun === undefined ? new LoopWaiter() : new PoolWaiter();
}

let shared: Waiter | undefined;

/** What this thread waits with. */
export function waiter(): Waiter {
    shared ??= suitable();
    return shared;
}
