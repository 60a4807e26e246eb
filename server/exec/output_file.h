/*
 * output_file.h: an unnamed file that stores the beginning of an output.
 */
#ifndef AKL_OUTPUT_FILE_H
#define AKL_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"

struct output_file {
    int fd;
    size_t len;     /* bytes in the file */
    uint64_t total; /* including what was not kept */
};

/* Creates one in a folder; it disappears when it is closed. False with errno. */
bool output_file_open(struct output_file *file, int folder_fd);

/* Appends up to the limit of capture_limit and returns how many bytes were written. It does not update len: another
 * thread may be reading. */
size_t output_file_write(const struct output_file *file, const char *bytes, size_t len);

/* Reads it into a capture that is all zero and to be freed. False with errno. */
bool output_file_read(const struct output_file *file, struct capture *capture);

#endif
