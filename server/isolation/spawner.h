/*
 * spawner.h: runs commands under bubblewrap, from a separate process.
 *
 * The spawner is forked once, before the server has any thread, and lives as long as the server: it is single-threaded
 * (so fork is safe), it is the parent of every bwrap (the parent-death signal is tied to a thread, and this one
 * persists), it is a subreaper, and it kills all its descendants when the server's end of its socket closes, however
 * the server died. The supervisor between the two does the same when the spawner is killed.
 *
 * The server's threads call spawner_run and get two descriptors that belong to one command.
 */
#ifndef AKL_SPAWNER_H
#define AKL_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "bwrap_program.h"
#include "launch_plan.h"
#include "run_result.h"

/* A running command. */
struct running {
    int output_fd;  /* read end of one pipe with stdout and stderr in order; O_CLOEXEC | O_NONBLOCK */
    int error_fd;   /* the same for stderr alone, if requested; else -1 */
    int control_fd; /* readable when the command has ended; closing it kills the command and all its children */
};

struct spawner_options {
    struct bwrap_program bwrap; /* from the probe; its descriptor is the caller's */
    /* cgroup v2 folder whose subtree belongs to the server, for limits; NULL: the server's own cgroup when it is
     * delegated and holds no other process; "": none. */
    const char *cgroup_root;
};

struct spawner;

/* Forks the spawner. Called once, before any thread exists, after privileges were dropped. NULL on failure, with the
 * reason in why. */
struct spawner *spawner_start(const struct spawner_options *options, char *why, size_t why_cap);

/* Ends the spawner and with it every command; returns when none is left (bounded: SIGKILL does not wait). Frees
 * spawner: no other thread may use it any more. NULL is allowed. */
void spawner_stop(struct spawner *spawner);

/* False if the spawner was killed: no command can be started any more, and none runs. Any thread. */
bool spawner_alive(const struct spawner *spawner);

/* How limits are enforced, for GET /status; static text. Any thread.
 * memory: "cgroup", or "watchdog" (each process by RLIMIT_DATA, the sum of the sandbox by sampling).
 * cpu:    "cgroup", or "affinity" (at most the next whole number of CPUs, at a lower priority when it is a fraction: a
 *         command can undo the former). */
const char *spawner_memory_mode(const struct spawner *spawner);
const char *spawner_cpu_mode(const struct spawner *spawner);

/* Starts a command. Any thread. False with the reason in why if it could not be passed to the spawner; later failures
 * (no such program, no sandbox) are results. Everything in the plan may be freed when this returns, and tree_fd
 * closed. */
bool spawner_run(struct spawner *spawner, const struct launch_plan *plan, struct running *out, char *why,
                 size_t why_cap);

/* Reads the result of the command, waiting at most timeout_ms (-1: no bound); call when control_fd is readable. False:
 * timeout. When it returns true, all processes of the command have ended, and all they wrote is in the pipe. Returns
 * the result once; END_SANDBOX_FAILED if the spawner was killed. One thread at a time per command. */
bool running_result(struct running *running, struct run_result *result, int timeout_ms);

/* Kills the command and everything it started; the result still arrives, at once. Any thread, any number of times,
 * until running_close is called. */
void running_kill(struct running *running);

/* Sends SIGTERM to the command (to its own process only) if it runs already, otherwise kills it. Any thread, as
 * running_kill. */
void running_terminate(struct running *running);

/* Closes the descriptors (kills what still runs). Descriptors of -1 are ignored. */
void running_close(struct running *running);

#endif
