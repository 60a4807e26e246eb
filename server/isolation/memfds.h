/*
 * memfds.h: memory behind descriptors (memfds), which no process need have mapped.
 *
 * All of them lie on one file system that the kernel keeps for itself, so a descriptor's device tells what it is.
 */
#ifndef AKL_MEMFDS_H
#define AKL_MEMFDS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEMFDS_PLACES 8192 /* a power of two */

/* What was found in one look; begins as all zero. */
struct memfds {
    uint64_t bytes;
    size_t descriptors; /* looked at */
    ino_t
        known[MEMFDS_PLACES]; /* those that were counted, by hash; one that finds no place is counted again when met */
};

/* Makes it all zero. */
void memfds_clear(struct memfds *memfds);

/* Adds what the process has open. proc_fd: a /proc folder; pid: a name in it, or of a thread below one. */
void memfds_add(struct memfds *memfds, int proc_fd, const char *pid);

/* How much of what was counted this process's share of mapped memory holds, too. Dear, as smaps is. */
uint64_t memfds_mapped_bytes(const struct memfds *memfds, int proc_fd, const char *pid);

#endif
