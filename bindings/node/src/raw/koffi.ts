// The only file that uses Koffi, so that another way to call C can replace it.
import * as koffi from "koffi";
import {immediately} from "../immediately.js";
import {SIGNATURES} from "./abi.js";
import type {Library, Pointer} from "./functions.js";

const decode: (address: Pointer, size: number) => unknown = koffi.decode.string.bind(koffi.decode);

/** The functions of a shared library, and the address of each for code that needs it. */
export interface Loaded {
    readonly functions: Library;
    readonly addressOf: (name: keyof Library) => Pointer;
}

/** Loads libagentkernel. Throws the loader's error. */
export function load(path: string): Loaded {
    // deep: libcurl must use the system's OpenSSL, and not the one linked into node.
    const library = koffi.load(path, {deep: true});
    const functions: Record<string, unknown> = {};
    for (const [name, [result, parameters]] of Object.entries(SIGNATURES)) {
        functions[name] = library.func(name, result, [...parameters]);
    }
    return {
        functions: functions as unknown as Library,
        addressOf: (name) => library.symbol(name) as Pointer,
    };
}

/** The text of a size in bytes at an address, which may contain NUL. What is not UTF-8 is replaced. */
export function textAt(address: Pointer, size: number): string {
    return decode(address, size) as string;
}

/** Copies bytes from an address. */
export function copier(): (to: Pointer | Uint8Array, from: Pointer, size: number) => void {
    return koffi.load(null).func("memcpy", "void", ["void *", "void *", "size_t"]) as never;
}

/** The address of memory of the script, valid while it is referenced. */
export function addressOf(buffer: Uint8Array | Uint32Array): number {
    return Number(koffi.address(buffer));
}

/** Makes the runtime call a C function with an argument when this thread's environment ends, however it ends. */
export interface Cleanup {
    readonly add: (fn: Pointer, argument: Pointer) => void;
    readonly remove: (fn: Pointer, argument: Pointer) => void;
}

export function cleanup(): Cleanup {
    const runtime = koffi.load(null);
    const parameters = ["void *", "void *", "void *"];
    const add = runtime.func("napi_add_env_cleanup_hook", "int", parameters);
    const remove = runtime.func("napi_remove_env_cleanup_hook", "int", parameters);
    const env = koffi.node.env;
    return {
        add: (fn, argument) => void add(env, fn, argument),
        remove: (fn, argument) => void remove(env, fn, argument),
    };
}

/**
 * Watches a descriptor in the event loop, from its creation on. Using it after it was closed crashes. Until then it
 * keeps its callback alive, whether it watches or not.
 */
export interface Watch {
    start(): void;
    stop(): void;
    close(): void;
}

let resuming = false;

/**
 * Runs promises settled by a wake in this iteration of the loop. The runtime does not know that Koffi called, so from
 * Node 26 on they would wait for the next callback of the runtime itself, such as a timer; this causes one.
 */
function resume(): void {
    if (resuming) return;
    resuming = true;
    immediately(() => {
        resuming = false;
    });
}

export function watch(fd: number, wake: () => void): Watch {
    const called = (): void => {
        wake();
        resume();
    };
    const handle = koffi.node.poll(fd, called);
    return {
        start: () => handle.start(called),
        stop: () => handle.stop(),
        close: () => handle.close(),
    };
}

/** The functions of the system's C library that wait for many descriptors at once. */
export interface System {
    readonly epollCreate: () => number;
    /** Adds a descriptor, for the next time that it is readable or for every time. Returns whether that succeeded. */
    readonly watch: (epoll: number, fd: number, once: boolean) => boolean;
    readonly unwatch: (epoll: number, fd: number) => void;
    /** Waits in a thread of the pool, with a timeout in milliseconds. */
    readonly epollWait: (epoll: number, events: Buffer, ms: number, done: (count: number) => void) => void;
    /** The same in this thread. */
    readonly epollSleep: (epoll: number, events: Buffer, ms: number) => number;
    /** Creates a descriptor that ends the wait when something is written to it. */
    readonly eventCreate: () => number;
    readonly eventWrite: (fd: number) => void;
    readonly eventRead: (fd: number) => void;
    readonly addressOf: (name: string) => Pointer;
}

const [EPOLL_CTL_ADD, EPOLL_CTL_DEL, CLOEXEC, NONBLOCK, EPOLLIN, EPOLLONESHOT] = [1, 2, 0o2000000, 0o4000, 1, 1 << 30];
/** struct epoll_event, which is packed on x86-64 only. */
const EVENT = process.arch === "x64" ? {size: 12, data: 4} : {size: 16, data: 8};
const MAX_EVENTS = 64;

/** Memory for the events of a wait. */
export function epollEvents(): Buffer {
    return Buffer.alloc(EVENT.size * MAX_EVENTS);
}

/** The descriptors of those events. */
export function readyOf(events: Buffer, count: number): number[] {
    return Array.from({length: Math.max(count, 0)}, (_, i) => events.readInt32LE(i * EVENT.size + EVENT.data));
}

export function system(): System {
    const libc = koffi.load(null);
    const create = libc.func("epoll_create1", "int", ["int"]);
    const control = libc.func("epoll_ctl", "int", ["int", "int", "int", "void *"]);
    const wait = libc.func("epoll_wait", "int", ["int", "void *", "int", "int"]);
    const event = libc.func("eventfd", "int", ["uint32_t", "int"]);
    const write = libc.func("write", "int64_t", ["int", "void *", "size_t"]);
    const read = libc.func("read", "int64_t", ["int", "void *", "size_t"]);
    const added = Buffer.alloc(EVENT.size);
    const eight = Buffer.alloc(8);
    return {
        epollCreate: () => create(CLOEXEC) as number,
        watch: (epoll, fd, once) => {
            added.writeUInt32LE(once ? EPOLLIN | EPOLLONESHOT : EPOLLIN, 0);
            added.writeInt32LE(fd, EVENT.data);
            return control(epoll, EPOLL_CTL_ADD, fd, added) === 0;
        },
        unwatch: (epoll, fd) => void control(epoll, EPOLL_CTL_DEL, fd, null),
        epollWait: (epoll, events, ms, done) => {
            wait.async(epoll, events, MAX_EVENTS, ms, (_: unknown, count: number) => {
                done(count);
            });
        },
        epollSleep: (epoll, events, ms) => wait(epoll, events, MAX_EVENTS, ms) as number,
        eventCreate: () => event(0, CLOEXEC | NONBLOCK) as number,
        eventWrite: (fd) => {
            eight.writeBigUInt64LE(1n);
            write(fd, eight, 8);
        },
        eventRead: (fd) => void read(fd, eight, 8),
        addressOf: (name) => libc.symbol(name) as Pointer,
    };
}
