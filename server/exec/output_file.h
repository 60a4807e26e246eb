/*
 * output_file.h: a file without a name that keeps the beginning of an output.
 */
#ifndef AKL_OUTPUT_FILE_H
#define AKL_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"

struct output_file {
    int fd;
    size_t len;     /* what the file holds */
    uint64_t total; /* with what was not kept */
};

/* Opens one in a folder; nothing of it is left when it is closed. False with errno. */
bool output_file_open(struct output_file *file, int folder_fd);

/* Writes behind what the file holds, as far as capture_limit allows, and returns how much. It does not count: another
 * thread may be reading. */
size_t output_file_write(const struct output_file *file, const char *bytes, size_t len);

/* Reads it into a capture that is all zero and to be freed. False with errno. */
bool output_file_read(const struct output_file *file, struct capture *capture);

#endif
