/*
 * disk.h: the space that must stay free on the disk of the state folder.
 *
 * The disk is shared with others, so no operation may fill it: DISK_RESERVE_BYTES stay free if that much is free at the
 * beginning, else half of what is free then; the same applies to the number of files.
 */
#ifndef AKL_DISK_H
#define AKL_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk_space {
    uint64_t bytes;
    uint64_t files;
};

/* What is available to unprivileged users on the file system of fd; the maximum if that is unknown. */
struct disk_space disk_free(int fd);

/* Whether that file system is in memory. */
bool disk_is_memory(int fd);

/* The reserve, computed from what is free now. */
struct disk_space disk_reserve(int fd);

/* Whether less than the reserve is free. */
bool disk_is_low(struct disk_space free, struct disk_space reserve);

#endif
