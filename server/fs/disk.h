/*
 * disk.h: the space that must stay free on the disk of the state folder.
 *
 * The disk is shared with others, so no operation may use it up: DISK_RESERVE_BYTES stay free if there is that much,
 * else half of what was free at the beginning; the same holds for the number of files.
 */
#ifndef AKL_DISK_H
#define AKL_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk_space {
    uint64_t bytes;
    uint64_t files;
};

/* What unprivileged users may still use of the file system behind fd; the maximum when that is unknown. */
struct disk_space disk_free(int fd);

/* Whether that file system is in memory. */
bool disk_is_memory(int fd);

/* The reserve, computed from what is free now. */
struct disk_space disk_reserve(int fd);

/* Whether less than the reserve is free. */
bool disk_is_low(struct disk_space free, struct disk_space reserve);

#endif
