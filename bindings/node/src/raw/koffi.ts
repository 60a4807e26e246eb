// All that is known of Koffi is in this file, so that another way to call C can take its place.
import * as koffi from "koffi";
import {immediately} from "../immediately.js";
import {SIGNATURES} from "./abi.js";
import type {Library, Pointer} from "./abi.js";

const decode: (address: Pointer, size: number) => unknown = koffi.decode.string.bind(koffi.decode);

/** The functions of a shared library, and the address of each for code that wants one. */
export interface Loaded {
    readonly functions: Library;
    readonly addressOf: (name: keyof Library) => Pointer;
}

/** Loads libagentkernel. Throws what the loader says. */
export function load(path: string): Loaded {
    // deep: libcurl must find the system's OpenSSL, and not the one that node itself is made of.
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

/** The text at an address: exactly so many bytes of UTF-8, NUL among them or not. What is no UTF-8 is replaced. */
export function textAt(address: Pointer, size: number): string {
    return decode(address, size) as string;
}

/** Copies bytes from an address. */
export function copier(): (to: Pointer | Uint8Array, from: Pointer, size: number) => void {
    return koffi.load(null).func("memcpy", "void", ["void *", "void *", "size_t"]) as never;
}

/** Where the bytes of memory of the script are, for as long as it is held. */
export function addressOf(buffer: Uint8Array | Uint32Array): number {
    return Number(koffi.address(buffer));
}

/** Has the runtime call a function of C with an argument when this thread's environment ends, in whatever way. */
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
 * Watches a descriptor in the event loop, from its beginning on. One that was closed must not be touched again: it would
 * crash. What it calls is held until then, whether it watches or not.
 */
export interface Watch {
    start(): void;
    stop(): void;
    close(): void;
}

let goingOn = false;

/**
 * Has what a wake settled gone on with in this turn of the loop. Koffi calls without the runtime's knowing, so from
 * Node 26 on that would wait for whatever the runtime itself calls next, such as a timer; so it is given something to call.
 */
function goOn(): void {
    if (goingOn) return;
    goingOn = true;
    immediately(() => {
        goingOn = false;
    });
}

export function watch(fd: number, wake: () => void): Watch {
    const called = (): void => {
        wake();
        goOn();
    };
    const handle = koffi.node.poll(fd, called);
    return {
        start: () => handle.start(called),
        stop: () => handle.stop(),
        close: () => handle.close(),
    };
}

/** What is needed of the system's C library to wait for many descriptors at once. */
export interface System {
    readonly epollCreate: () => number;
    /** Whether a descriptor could be added: for the next time that it is readable only, or for every time. */
    readonly watch: (epoll: number, fd: number, once: boolean) => boolean;
    readonly unwatch: (epoll: number, fd: number) => void;
    /** In a thread of the pool, at most so many milliseconds. */
    readonly epollWait: (epoll: number, events: Buffer, ms: number, done: (count: number) => void) => void;
    /** The same, here: the thread sleeps. */
    readonly epollSleep: (epoll: number, events: Buffer, ms: number) => number;
    /** A descriptor that wakes the wait when something is written to it. */
    readonly eventCreate: () => number;
    readonly eventWrite: (fd: number) => void;
    readonly eventRead: (fd: number) => void;
    readonly addressOf: (name: string) => Pointer;
}

const [EPOLL_CTL_ADD, EPOLL_CTL_DEL, CLOEXEC, NONBLOCK, EPOLLIN, EPOLLONESHOT] = [1, 2, 0o2000000, 0o4000, 1, 1 << 30];
/** struct epoll_event, which is packed on x86-64 alone. */
const EVENT = process.arch === "x64" ? {size: 12, data: 4} : {size: 16, data: 8};
const MAX_EVENTS = 64;

/** Memory for what a wait finds. */
export function epollEvents(): Buffer {
    return Buffer.alloc(EVENT.size * MAX_EVENTS);
}

/** The descriptors that a wait found. */
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
