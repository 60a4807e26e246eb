/*
 * spawner.h: runs commands under bubblewrap, from a process of its own.
 *
 * The spawner is forked once, before the server has any thread, and lives as long as the server: it is single-threaded
 * (so fork is safe), it is the parent of every bwrap (the parent-death signal follows a thread, and this one stays), it
 * is a subreaper, and it kills everything below it when the server's end of its socket closes, however the server died.
 * Between the two stands the keeper, which does the same when the spawner is killed.
 *
 * The server's threads talk to it with spawner_run; what they get is two descriptors that belong to one command.
 */
#ifndef AKL_SPAWNER_H
#define AKL_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"

/* Home of a sandboxed command and its working directory when none is asked for. */
#define SANDBOX_HOME "/workspace"

/* What the sandboxed command may use. 0 means no limit of that kind. */
struct limits {
    uint64_t memory_bytes;
    double cpus;
    uint64_t max_processes; /* threads count as processes */
};

struct command_spec {
    const char *const *argv; /* NULL-terminated, passed to the command byte for byte */
    const char *const *env;  /* NULL-terminated "KEY=VALUE" entries on top of the fixed ones; may be NULL */
    const char *workdir;     /* absolute path inside the sandbox; NULL: its home */
    int tree_fd;     /* directory of a kept sandbox, bound as its home; -1: a fresh one that goes with the command */
    bool whole_tree; /* tree_fd holds more than the home; see kept_root.h */
    const char *image_root; /* directory of the host to use as the root file system; NULL: the host's own toolchain */
    const char *image;      /* the image name as asked for: decides a few environment variables; may be NULL */
    enum profile profile;
    struct limits limits;
    bool separate_errors; /* stderr in a pipe of its own; only with a tree_fd */
};

/* A running command. */
struct running {
    int output_fd;  /* read end of one pipe with stdout and stderr in order; O_CLOEXEC | O_NONBLOCK */
    int error_fd;   /* the same for stderr alone, when that was asked for; else -1 */
    int control_fd; /* readable when the command has ended; closing it kills the command and all its children */
};

enum end_kind {
    END_EXITED,    /* exit_code is the command's own */
    END_SIGNALED,  /* killed by a signal: exit_code is 128 + signal */
    END_NOT_FOUND, /* the program does not exist (exit_code 127), or it or the working directory cannot be used (126);
                      message says which and why, in the program's own bytes: it need not be UTF-8 */
    END_TOO_BIG,   /* E2BIG: arguments and environment are larger than the kernel takes; exit_code 126 */
    END_OUT_OF_MEMORY, /* killed for passing its memory limit; exit_code 137 */
    END_SANDBOX_FAILED /* bubblewrap could not build the sandbox; message says why; exit_code 125 */
};

struct run_result {
    enum end_kind kind;
    int exit_code;
    char message[512];
};

struct spawner_options {
    const char *bwrap_path; /* from the probe */
    /* cgroup v2 folder whose subtree belongs to the server, for limits; NULL: the server's own cgroup when it is
     * delegated and holds no other process; "": none. */
    const char *cgroup_root;
};

struct spawner;

/* Forks the spawner. Called once, before any thread exists, after privileges were dropped. NULL on failure, with the
 * reason in why. */
struct spawner *spawner_start(const struct spawner_options *options, char *why, size_t why_cap);

/* Ends the spawner and with it every command; returns when none is left (bounded: SIGKILL does not wait). Frees
 * spawner: no other thread may use it any more. NULL is fine. */
void spawner_stop(struct spawner *spawner);

/* False when the spawner was killed: nothing can be run any more, and nothing runs. Any thread. */
bool spawner_alive(const struct spawner *spawner);

/* How limits are enforced, for GET /status; static text. Any thread.
 * memory: "cgroup", or "watchdog" (each process by RLIMIT_DATA, the sum of the sandbox by sampling).
 * cpu:    "cgroup", or "affinity" (at most the next whole number of CPUs, at a lower priority when it is a fraction: a
 *         command can undo the former). */
const char *spawner_memory_mode(const struct spawner *spawner);
const char *spawner_cpu_mode(const struct spawner *spawner);

/* Starts a command. Any thread. False with the reason in why when it could not even be handed over; failures that show
 * later (no such program, no sandbox) are results. Everything in spec may go when this returns, tree_fd too. */
bool spawner_run(struct spawner *spawner, const struct command_spec *spec, struct running *out, char *why,
                 size_t why_cap);

/* Reads how the command ended, at most timeout_ms later (-1: no bound); call when control_fd is readable. False: not
 * yet. All processes of the command are gone, and all they wrote is in the pipe, when this returns true. Yields the
 * result once; a spawner that was killed makes it END_SANDBOX_FAILED. One thread at a time per command. */
bool running_result(struct running *running, struct run_result *result, int timeout_ms);

/* Kills the command and everything it started; the result still comes, at once. Any thread, any number of times, as
 * long as running_close was not called. */
void running_kill(struct running *running);

/* Asks the command to end: sends SIGTERM to it (to its own process only), if it runs already, else kills it. Any
 * thread, as running_kill. */
void running_terminate(struct running *running);

/* Closes the descriptors (kills what still runs). Descriptors of -1 are fine. */
void running_close(struct running *running);

#endif
