/*
 * spawner_wire.h: what the server sends to the spawner, and the spawner's own main program.
 */
#ifndef AKL_SPAWNER_WIRE_H
#define AKL_SPAWNER_WIRE_H

#include <limits.h>
#include <stdint.h>

#include "cgroup.h"
#include "spawner.h"

/* One message per command. With it come descriptors, in this order; the last two may be missing. */
enum { SPAWN_FD_OUTPUT, SPAWN_FD_CONTROL, SPAWN_FD_BLOCK, SPAWN_FD_TREE, SPAWN_FD_ERRORS, SPAWN_FD_MAX };

/* What the server sends later, on the command's control socket: one byte. */
#define SPAWN_KILL 'K'
#define SPAWN_TERMINATE 'T'

struct spawn_request {
    enum profile profile;
    struct limits limits;
    bool whole_tree;
    char image_root[PATH_MAX]; /* empty: none. Sent only as far as it is filled */
};

/* First message the other way: whether the spawner is ready. */
struct spawn_ready {
    bool ready;
    char why[256];
};

struct spawner_process {
    int server_fd; /* the spawner's end of the socket */
    const char *bwrap_path;
    struct cgroup cgroup;
};

/* Runs the spawner until the server is gone, then ends everything below it. Does not return. */
_Noreturn void spawner_process_run(const struct spawner_process *process);

#endif
