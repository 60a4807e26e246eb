/*
 * memfd_usage.h: memory of memfds, which need not be mapped by any process.
 *
 * All memfds are on one internal file system of the kernel, so the device of a descriptor identifies them.
 */
#ifndef AKL_MEMFD_USAGE_H
#define AKL_MEMFD_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEMFD_USAGE_PLACES 8192 /* a power of two */

/* What was found in one look; begins as all zero. */
struct memfd_usage {
    uint64_t bytes;
    size_t descriptors;              /* looked at */
    ino_t known[MEMFD_USAGE_PLACES]; /* those that were counted, by hash; one that finds no place is counted again when
                                        met */
};

/* Makes it all zero. */
void memfd_usage_clear(struct memfd_usage *memfds);

/* Adds what the process has open. proc_fd: a /proc folder; pid: a name in it, or of a thread below one. */
void memfd_usage_add(struct memfd_usage *memfds, int proc_fd, const char *pid);

/* How much of the counted memory is in this process's share of mapped memory, too. Expensive, because it reads smaps.
 */
uint64_t memfd_usage_mapped_bytes(const struct memfd_usage *memfds, int proc_fd, const char *pid);

#endif
