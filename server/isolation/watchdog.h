/*
 * watchdog.h: samples the resources of a sandbox, where there is no cgroup.
 *
 * Memory is the sum over the processes of the sandbox's pid namespace, each page counted once, plus the contents of its
 * tmpfs file systems and of its open memfds. Pages of files are not counted: the kernel reclaims them when it needs
 * memory. Not seen are the contents of pipes and sockets, and what a program hides deliberately: memfds in flight
 * through a socket, shared mappings whose pages it has discarded. A cgroup counts those as well.
 *
 * The disk of a kept tree is shared with others. A command may not fill it: see disk.h.
 */
#ifndef AKL_WATCHDOG_H
#define AKL_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk.h"

struct watchdog {
    uint64_t memory_bytes;     /* 0: no limit */
    uint64_t max_processes;    /* 0: no limit */
    int64_t due_ms;            /* time of the next sample, on the monotonic clock; INT64_MAX: never */
    int root_fd;               /* the sandbox's root folder; -1: not opened yet */
    int tree_fd;               /* its kept tree; -1: none */
    struct disk_space reserve; /* what must stay free on the disk of the kept tree */
    bool suspected;            /* one sample showed too much memory */
};

enum watchdog_finding { WATCHDOG_FINE, WATCHDOG_TOO_MUCH_MEMORY, WATCHDOG_TOO_MANY_PROCESSES, WATCHDOG_DISK_FULL };

/* Milliseconds of the monotonic clock. */
int64_t watchdog_now_ms(void);

/* Starts watching, without a first sample. tree_fd: its kept tree, which is duplicated; -1: none. */
void watchdog_start(struct watchdog *watchdog, uint64_t memory_bytes, uint64_t max_processes, int tree_fd);

/* Takes a sample, and sets due_ms. first: the sandbox's first process; 0 if it is not known yet. */
enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t first);

/* Closes its descriptors. */
void watchdog_end(struct watchdog *watchdog);

#endif
