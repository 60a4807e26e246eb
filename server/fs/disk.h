/*
 * disk.h: what must stay free on the disk of the state folder.
 *
 * The disk belongs to others as well. Nothing that is done here for a caller may use it up: DISK_RESERVE_BYTES stay
 * free if there is so much, else half of what was free at the beginning; and likewise with files.
 */
#ifndef AKL_DISK_H
#define AKL_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk_space {
    uint64_t bytes;
    uint64_t files;
};

/* What plain users may still use of the file system behind fd; all there is when that cannot be told. */
struct disk_space disk_free(int fd);

/* Whether that file system is in memory. */
bool disk_is_memory(int fd);

/* What is to stay free, judged by what is free now. */
struct disk_space disk_reserve(int fd);

/* Whether less is free than is to stay so. */
bool disk_is_low(struct disk_space free, struct disk_space reserve);

#endif
