/*
 * body_source.h: a body that is generated while it is sent.
 */
#ifndef AKL_BODY_SOURCE_H
#define AKL_BODY_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The largest piece that is requested at once. */
#define BODY_PIECE_MAX 65536

/* What read returns instead of a length. */
#define BODY_END (-1)
#define BODY_BROKEN (-2)

/* The length of a body that lasts until BODY_END. */
#define BODY_LENGTH_UNKNOWN UINT64_MAX

struct body_source {
    /* Copies the next bytes of the body, at least one and at most cap; waits for them if none are available yet.
     * BODY_END after the last one; BODY_BROKEN if the body cannot be completed: the connection is closed, so that the
     * client does not take it for complete. One thread at a time. */
    ssize_t (*read)(void *body, char *buf, size_t cap);
    /* Frees the body. */
    void (*close)(void *body);
    void *body;
    uint64_t length;
};

#endif
