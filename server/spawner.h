/*
 * spawner.h: runs commands under bubblewrap, from a process of its own.
 *
 * The spawner is forked once, before the server has any thread, and lives as long as the server: it is single-threaded (so
 * fork is safe), it is the parent of every bwrap (the parent-death signal follows a thread, and this one stays), it is a
 * subreaper, and it kills everything below it when the server's end of its socket closes, however the server died.
 *
 * The server's threads talk to it with spawner_run; what they get is two descriptors that belong to one command.
 */
#ifndef AK_LOCAL_SPAWNER_H
#define AK_LOCAL_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum profile { PROFILE_PERMISSIVE, PROFILE_MODERATE, PROFILE_RESTRICTIVE };

/* What the sandboxed command may use. 0 means no limit of that kind. */
struct limits {
    uint64_t memory_bytes;
    double cpus;
    uint64_t max_processes;
};

struct command_spec {
    const char *const *argv; /* NULL-terminated, passed to the command byte for byte */
    const char *const *env;  /* NULL-terminated "KEY=VALUE" entries on top of the fixed ones; may be NULL */
    const char *workdir;     /* absolute path inside the sandbox; NULL: its home */
    int tree_fd;             /* directory of a kept sandbox, bound as its home; -1: a fresh one that goes with the command */
    const char *image_root;  /* directory of the host to use as the root file system; NULL: the host's own toolchain */
    const char *image;       /* the image name as asked for: decides a few environment variables; may be NULL */
    enum profile profile;
    struct limits limits;
};

/* A running command. */
struct running {
    int output_fd;  /* read end of one pipe with stdout and stderr in order; O_CLOEXEC | O_NONBLOCK */
    int control_fd; /* readable when the command has ended; closing it kills the command and all its children */
};

enum end_kind {
    END_EXITED,        /* exit_code is the command's own */
    END_SIGNALED,      /* killed by a signal: exit_code is 128 + signal */
    END_NOT_FOUND,     /* the program does not exist or cannot be executed: exit_code 127 or 126, message says why */
    END_TOO_BIG,       /* E2BIG: arguments and environment are larger than the kernel takes */
    END_OUT_OF_MEMORY, /* killed for passing its memory limit; exit_code 137 */
    END_SANDBOX_FAILED /* bubblewrap could not build the sandbox; message says why */
};

struct run_result {
    enum end_kind kind;
    int exit_code;
    char message[512];
};

struct spawner;

/* Forks the spawner. Called once, before any thread exists, after privileges were dropped. bwrap_path comes from the probe.
 * NULL on failure, with the reason in why. */
struct spawner *spawner_start(const char *bwrap_path, char *why, size_t why_cap);

/* Ends the spawner and with it every command; returns when none is left (bounded: SIGKILL does not wait). */
void spawner_stop(struct spawner *spawner);

/* Starts a command. Any thread. False with the reason in why when it could not even be handed over; failures that show
 * later (no such program, no sandbox) are results. */
bool spawner_run(struct spawner *spawner, const struct command_spec *spec, struct running *out, char *why, size_t why_cap);

/* Reads how the command ended, at most timeout_ms later (-1: no bound); call when control_fd is readable. False: not yet. All
 * processes of the command are gone, and all they wrote is in the pipe, when this returns true. */
bool running_result(struct running *running, struct run_result *result, int timeout_ms);

/* Kills the command and everything it started; the result still comes, at once. */
void running_kill(struct running *running);

/* Closes both descriptors (kills what still runs). */
void running_close(struct running *running);

#endif
