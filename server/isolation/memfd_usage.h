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

/* The result of one sample; initialized to zero. */
struct memfd_usage {
    uint64_t bytes;
    size_t descriptors;              /* examined */
    ino_t known[MEMFD_USAGE_PLACES]; /* those that were counted, by hash; one without a slot may be counted again */
};

/* Sets it to zero. */
void memfd_usage_clear(struct memfd_usage *memfds);

/* Adds the memfds that the process has open. proc_fd: a /proc folder; pid: a name in it, or of a thread below one. */
void memfd_usage_add(struct memfd_usage *memfds, int proc_fd, const char *pid);

/* How much of the counted memory is also part of this process's share of mapped memory. Expensive, because it reads
 * smaps.
 */
uint64_t memfd_usage_mapped_bytes(const struct memfd_usage *memfds, int proc_fd, const char *pid);

#endif
