/*
 * spawner_wire.h: the protocol between the server and the spawner, and the main function of the spawner.
 *
 * A command is one message: the shape of launch_plan.h, with its descriptors.
 */
#ifndef AKL_SPAWNER_WIRE_H
#define AKL_SPAWNER_WIRE_H

#include <stdbool.h>

#include "bwrap_program.h"
#include "cgroup.h"

/* Sent later by the server on the command's control socket: one byte. */
#define SPAWN_KILL 'K'
#define SPAWN_TERMINATE 'T'

/* The first message from the spawner: whether it is ready. */
struct spawn_ready {
    bool ready;
    char why[256];
};

struct spawner_process {
    int server_fd; /* the spawner's end of the socket */
    struct bwrap_program bwrap;
    struct cgroup cgroup;
};

/* Runs the spawner until the server ends, then kills its descendants. Does not return. */
_Noreturn void spawner_process_run(const struct spawner_process *process);

#endif
