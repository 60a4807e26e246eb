/*
 * bwrap_program.h: the bubblewrap to execute.
 */
#ifndef AKL_BWRAP_PROGRAM_H
#define AKL_BWRAP_PROGRAM_H

#include <stdio.h>

struct bwrap_program {
    const char *path; /* in messages it is always called so */
    int fd;           /* -1: executed by its path; else by this, because that may be out of reach */
};

#define BWRAP_FILE_CAP 32

/* What finds the program, for system calls that take a path. text is only memory for it. */
static inline const char *bwrap_program_file(const struct bwrap_program *program, char text[BWRAP_FILE_CAP]) {
    snprintf(text, BWRAP_FILE_CAP, "/proc/self/fd/%d", program->fd);
    return program->fd < 0 ? program->path : text;
}

#endif
