/*
 * api.h: the context of the handlers, and the table of operations.
 */
#ifndef AKL_API_H
#define AKL_API_H

#include "detached.h"
#include "executor.h"
#include "router.h"
#include "state.h"

struct api {
    struct state state;
    struct executor executor;
    struct detached_threads detached;
    bool has_key;       /* requests need one */
    int64_t started_ms; /* on the monotonic clock */
};

extern const struct routes api_routes;

#endif
