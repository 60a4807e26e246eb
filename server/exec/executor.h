/*
 * executor.h: the context for running commands. Set up at start, constant afterwards.
 */
#ifndef AKL_EXECUTOR_H
#define AKL_EXECUTOR_H

#include "image_roots.h"
#include "probe.h"
#include "spawner.h"

struct executor {
    struct probe_result probe; /* whether commands can be isolated here */
    struct spawner *spawner;   /* NULL when they cannot */
    int stop_fd;               /* readable once the server stops */
    const struct image_roots *images;
};

#endif
