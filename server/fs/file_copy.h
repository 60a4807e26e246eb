/*
 * file_copy.h: copies the contents of one file.
 */
#ifndef AKL_FILE_COPY_H
#define AKL_FILE_COPY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk.h"

#define FILE_COPY_BUFFER 65536

/* For many files that go to one file system. */
struct file_copy {
    const atomic_bool *stop;
    int disk_fd;
    struct disk_space reserve;
    char buf[FILE_COPY_BUFFER];
};

/* to_fd: any file on the target file system; it stays the caller's. */
void file_copy_begin(struct file_copy *copy, int to_fd, const atomic_bool *stop);

/* False with errno: ECANCELED when *stop is true, ENOSPC when `bytes` more would leave too little of the disk. */
bool file_copy_may_go_on(const struct file_copy *copy, uint64_t bytes);

/* Copies the first `size` bytes of a file, with their holes, to an empty one: by sharing blocks, within the kernel, or
 * by reading and writing, whichever works first. If the file has become shorter, the rest is zeros. False with
 * errno. */
bool file_copy_data(struct file_copy *copy, int from_fd, int to_fd, off_t size);

#endif
