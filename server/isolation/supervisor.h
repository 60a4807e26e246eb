/*
 * supervisor.h: the process between the server and the spawner.
 *
 * The spawner ends all its descendants when the server ends. The supervisor handles the case that the spawner itself is
 * killed: its children become the supervisor's, which ends them. Processes remain only if both are killed at the same
 * moment, and even then every complete sandbox dies with its bwrap.
 */
#ifndef AKL_SUPERVISOR_H
#define AKL_SUPERVISOR_H

#include "spawner_wire.h"

/* Runs the supervisor: forks the spawner, waits for its end or for the server's (lifeline_fd: read end of a pipe that
 * is never written to), and leaves no process behind. Closes all other descriptors except stderr. Does not return. */
_Noreturn void supervisor_run(const struct spawner_process *process, int lifeline_fd);

#endif
