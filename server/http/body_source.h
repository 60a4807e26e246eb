/*
 * body_source.h: a body that is made while it is sent.
 */
#ifndef AKL_BODY_SOURCE_H
#define AKL_BODY_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The largest piece that is asked for at once. */
#define BODY_PIECE_MAX 65536

/* What read answers instead of a length. */
#define BODY_END (-1)
#define BODY_BROKEN (-2)

/* The length of a body that lasts until BODY_END. */
#define BODY_LENGTH_UNKNOWN UINT64_MAX

struct body_source {
    /* Copies the next bytes of the body, at least one and at most cap; waits for them when there are none yet. BODY_END
     * after the last one; BODY_BROKEN when there will be no end: the connection is cut, so that nobody takes what was
     * sent for whole. One thread at a time. */
    ssize_t (*read)(void *body, char *buf, size_t cap);
    /* Frees the body. */
    void (*close)(void *body);
    void *body;
    uint64_t length;
};

#endif
