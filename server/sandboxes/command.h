/*
 * command.h: one command of one request: its start, its events, its end.
 */
#ifndef AKL_COMMAND_H
#define AKL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox.h"
#include "spawner.h"

/* The longest that is read at once. */
#define COMMAND_READ_MAX 65536

struct command {
    /* Set by the caller before command_start. */
    struct sandbox *sandbox; /* with a reference, to be kept until command_close; NULL: a fresh tree */
    int client_fd;           /* the connection that waits for it; -1: none */
    int stop_fd;             /* readable when the server stops */
    /* Private to command.c. */
    struct running running;
    struct command *next; /* in the sandbox's list */
    bool started;
    bool open[2];      /* the pipes of output and, if it has one of its own, stderr have not ended */
    unsigned turn;     /* which of them is read first */
    atomic_bool ended; /* the result is known; nothing more will be written to the pipes */
    atomic_bool cut;   /* it was ended because its sandbox was stopped or removed */
    struct run_result result;
    char why[256]; /* of COMMAND_UNAVAILABLE */
};

enum command_start {
    COMMAND_STARTED,
    COMMAND_NOT_RUNNING, /* the sandbox is stopped or being removed */
    COMMAND_UNAVAILABLE  /* the spawner could not start it */
};

/* Starts a command, which ends when its sandbox is removed or stopped. The struct is the caller's, zeroed except for
 * what the caller has set, and must not be moved until command_close. */
enum command_start command_start(struct command *command, struct spawner *spawner, const struct launch_plan *plan);

enum command_event {
    COMMAND_OUTPUT, /* *len bytes were read from stdout */
    COMMAND_ERRORS, /* the same, from stderr, of a command with separate_errors */
    COMMAND_ENDED,  /* all output has been read; command->result is set */
    COMMAND_SILENT, /* nothing happened for timeout_ms */
    COMMAND_CLIENT_GONE,
    COMMAND_REMOVED, /* the sandbox was removed meanwhile */
    COMMAND_STOPPED, /* the sandbox was stopped meanwhile */
    COMMAND_STOPPING /* the server stops */
};

/* Waits at most timeout_ms (-1: no bound) for the next of these. After one of the last four the command must be
 * closed. */
enum command_event command_next(struct command *command, int timeout_ms, char *buf, size_t cap, size_t *len);

/* Kills the command if it still runs and closes the descriptors. Allowed on a command that was never started. */
void command_close(struct command *command);

/* Whether a command runs in a sandbox. */
bool command_any(struct sandbox *sandbox);

/* Kills all commands of a sandbox and waits until none of their processes is left. The sandbox must be marked as
 * removed or stopped, so that none is added. */
void command_end_all(struct sandbox *sandbox);

#endif
