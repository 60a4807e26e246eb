// The thread that waits for a worker's descriptors and reports the readable ones.
import {parentPort, workerData} from "node:worker_threads";
import {epollEvents, readyOf, system} from "./koffi.js";

/** How long a wait cannot be interrupted, in milliseconds, and so how long the worker may take to end. */
const SLICE = 50;

const {epoll, state} = workerData as {epoll: number; state: Int32Array};
const {epollSleep} = system();
const events = epollEvents();

for (;;) {
    Atomics.wait(state, 0, 0); // while no descriptor is waited for
    const count = epollSleep(epoll, events, SLICE);
    if (count > 0) parentPort?.postMessage(readyOf(events, count));
}
