/*
 * watchdog.h: what a sandbox uses, sampled, where no cgroup keeps count.
 *
 * Memory is the sum over the processes of the sandbox's pid namespace, each page counted once, and what lies in its
 * tmpfs file systems. Pages of files are left out: the kernel takes them back when it needs them. What no process has
 * mapped is not seen: contents of memfds, System V segments, pipes and sockets. A cgroup counts those, too.
 */
#ifndef AKL_WATCHDOG_H
#define AKL_WATCHDOG_H

#include <stdint.h>
#include <sys/types.h>

struct watchdog {
    uint64_t memory_bytes;  /* 0: no limit */
    uint64_t max_processes; /* 0: no limit */
    int64_t due_ms;         /* when to look next, on the monotonic clock; INT64_MAX: never */
    int root_fd;            /* the sandbox's root folder; -1: not opened yet */
};

enum watchdog_finding { WATCHDOG_FINE, WATCHDOG_TOO_MUCH_MEMORY, WATCHDOG_TOO_MANY_PROCESSES };

/* Milliseconds of the monotonic clock. */
int64_t watchdog_now_ms(void);

/* Starts watching; nothing is looked at yet. */
void watchdog_start(struct watchdog *watchdog, uint64_t memory_bytes, uint64_t max_processes);

/* Looks, and sets due_ms. first: the sandbox's first process; 0 when it is not known yet. */
enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t first);

/* Closes what was opened. */
void watchdog_end(struct watchdog *watchdog);

#endif
