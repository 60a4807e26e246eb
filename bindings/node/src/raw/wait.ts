// Waits on a call's descriptor without a thread and without blocking. The rules (agentkernel.h): watch only after AGAIN,
// stop before the next step, never after free; a wake means "step", not "data".
import {join} from "node:path";
import {isMainThread, Worker} from "node:worker_threads";
import {cleanup, epollEvents, readyOf, system, watch} from "./koffi.js";
import type {System, Watch} from "./koffi.js";

/** Waits for one descriptor at a time of one call. */
export interface Waiter {
    /** Calls `wake` once when the descriptor is readable. Keeps the event loop alive while it waits. */
    wait(fd: number, wake: () => void): void;
    /** Stops waiting: `wake` is no longer called. Does nothing for a descriptor that is not waited for. */
    stop(fd: number): void;
}

/** How many watches of descriptors are kept for later calls over the same connections. */
const MAX_KEPT = 128;

/** The event loop's own watches. Idle ones are kept by descriptor, for the next call over the same connection. */
class LoopWaiter implements Waiter {
    readonly #watches = new Map<number, Watch>(); // Koffi closes those without references
    /** The callbacks of watches that are not idle. They refer to calls, which an idle watch must not. */
    readonly #wakes = new Map<number, () => void>();

    wait(fd: number, wake: () => void): void {
        const idle = this.#watches.get(fd);
        if (idle === undefined)
            this.#watches.set(
                fd,
                watch(fd, () => this.#woken(fd)),
            );
        else idle.start();
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

/** One epoll for the descriptors of all calls. Subclasses wait for it. */
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

    /** These descriptors may be readable. Those that were stopped meanwhile are skipped. */
    protected woken(fds: readonly number[]): void {
        for (const fd of fds) {
            const wake = this.#wakes.get(fd);
            this.stop(fd);
            wake?.();
        }
    }

    /** The first descriptor is waited for. */
    protected abstract begin(): void;
    /** The last descriptor is no longer waited for. */
    protected abstract end(): void;
}

/** For Bun, whose event loop cannot watch descriptors: one thread of the pool waits for the epoll. */
class PoolWaiter extends EpollWaiter {
    readonly #wakeup = this.system.eventCreate();
    readonly #events = epollEvents();
    #waiting = false;

    constructor() {
        super();
        if (this.#wakeup < 0) throw new Error("out of file descriptors");
        this.system.watch(this.epoll, this.#wakeup, false);
    }

    protected begin(): void {
        if (!this.#waiting) this.#turn();
    }

    // A pending wait would keep the process alive.
    protected end(): void {
        if (this.#waiting) this.system.eventWrite(this.#wakeup);
    }

    #turn(): void {
        this.#waiting = true;
        this.system.epollWait(this.epoll, this.#events, 1000, (count) => {
            const fds = readyOf(this.#events, count);
            if (fds.includes(this.#wakeup)) this.system.eventRead(this.#wakeup);
            this.woken(fds);
            this.#waiting = !this.idle;
            if (this.#waiting) this.#turn();
        });
    }
}

/**
 * For workers of Node and Bun. A worker can be terminated at any instruction; a callback of Koffi then ends the whole
 * process, while a message is dropped. So a dedicated thread waits for the epoll, and sends a message.
 */
class WorkerWaiter extends EpollWaiter {
    /** Not 0 while a descriptor is waited for. */
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
    if (deno !== undefined) return new LoopWaiter(); // in workers, too: it closes their watches with them
    if (!isMainThread) return new WorkerWaiter();
    return bun === undefined ? new LoopWaiter() : new PoolWaiter();
}

let shared: Waiter | undefined;

/** The waiter of this thread. */
export function waiter(): Waiter {
    shared ??= suitable();
    return shared;
}
