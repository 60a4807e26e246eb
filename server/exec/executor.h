/*
 * executor.h: what commands are run with. Set up at start, constant afterwards.
 */
#ifndef AKL_EXECUTOR_H
#define AKL_EXECUTOR_H

#include "image_roots.h"
#include "probe.h"
#include "spawner.h"

struct executor {
    struct probe_result probe; /* whether commands can be isolated here */
    struct spawner *spawner;   /* NULL when they cannot */
    int stop_fd;               /* becomes readable, and stays so, when the server stops */
    const struct image_roots *images;
};

#endif
