/*
 * server.h: what all requests share.
 */
#ifndef AKL_SERVER_H
#define AKL_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "listener.h"
#include "options.h"
#include "probe.h"
#include "spawner.h"
#include "state.h"

struct server {
    struct options options;
    struct listener listener;
    struct state state;
    struct probe_result probe; /* whether commands can be isolated here; found out once, at start */
    struct spawner *spawner;   /* NULL when they cannot */
    int stop_fd;               /* becomes readable, and stays so, when the server stops */
    int64_t started_ms;        /* on the monotonic clock */
    atomic_int active;         /* requests being answered */
    /* Belonging to detached.c. */
    pthread_mutex_t detached_lock;
    pthread_cond_t detached_done;
    size_t detached_running; /* threads of detached commands */
};

#endif
