// All that is known of Koffi is in this file, so that another way to call C can take its place.
import * as koffi from "koffi";
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

/** Has the runtime call a function of C with an argument when this thread's environment ends, in whatever way. */
export interface Cleanup {
    add(fn: Pointer, argument: Pointer): void;
    remove(fn: Pointer, argument: Pointer): void;
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

/** Watches descriptors in the event loop. A watch that was closed must not be touched again: it would crash. */
export interface Watch {
    start(wake: () => void): void;
    stop(): void;
    close(): void;
}

export function watch(fd: number, wake: () => void): Watch {
    return koffi.node.poll(fd, wake);
}

/** The functions of the system's C library that the portable waiter needs. */
export interface System {
    epollCreate(): number;
    epollAdd(epoll: number, event: Uint8Array, fd: number): number;
    epollRemove(epoll: number, fd: number): number;
    /** In a thread of the pool, at most so many milliseconds. */
    epollWait(epoll: number, events: Uint8Array, max: number, ms: number, done: (count: number) => void): void;
    /** A descriptor that wakes the wait when something is written to it. */
    eventCreate(): number;
    eventWrite(fd: number, eight: Uint8Array): void;
    eventRead(fd: number, eight: Uint8Array): void;
}

export function system(): System {
    const libc = koffi.load(null);
    const [add, remove, cloexec, nonblock] = [1, 2, 0o2000000, 0o4000];
    const create = libc.func("epoll_create1", "int", ["int"]);
    const control = libc.func("epoll_ctl", "int", ["int", "int", "int", "void *"]);
    const wait = libc.func("epoll_wait", "int", ["int", "void *", "int", "int"]);
    const event = libc.func("eventfd", "int", ["uint32_t", "int"]);
    const write = libc.func("write", "int64_t", ["int", "void *", "size_t"]);
    const read = libc.func("read", "int64_t", ["int", "void *", "size_t"]);
    return {
        epollCreate: () => create(cloexec) as number,
        epollAdd: (epoll, what, fd) => control(epoll, add, fd, what) as number,
        epollRemove: (epoll, fd) => control(epoll, remove, fd, null) as number,
        epollWait: (epoll, events, max, ms, done) => {
            wait.async(epoll, events, max, ms, (_: unknown, count: number) => { done(count); });
        },
        eventCreate: () => event(0, cloexec | nonblock) as number,
        eventWrite: (fd, eight) => void write(fd, eight, 8),
        eventRead: (fd, eight) => void read(fd, eight, 8),
    };
}
