/*
 * execute.h: runs a command to completion and collects its output.
 */
#ifndef AKL_EXECUTE_H
#define AKL_EXECUTE_H

#include "capture.h"
#include "executor.h"
#include "kept_command.h"

enum execute_outcome {
    EXECUTE_ENDED,       /* result has its end, output its output or why it could not be run */
    EXECUTE_UNUSABLE,    /* the sandbox's files cannot be opened; see why */
    EXECUTE_UNAVAILABLE, /* no command can be started; see why */
    EXECUTE_NOT_RUNNING, /* the sandbox is stopped, or was removed since it was found */
    EXECUTE_REMOVED,     /* the sandbox was removed before the command had ended, */
    EXECUTE_STOPPED,     /* or stopped */
    EXECUTE_NO_MEMORY,   /* out of memory for the output */
    EXECUTE_CANCELLED    /* the server stops, or the client has disconnected */
};

struct executed {
    enum execute_outcome outcome;
    struct run_result result;
    struct capture output;
    char why[256];
};

/* Runs a command in a kept sandbox or (NULL) a fresh one, and keeps up to output_max bytes of its output. Blocks until
 * it has ended, the client of client_fd has disconnected, or the server stops. To be freed. */
struct executed execute(const struct executor *executor, const struct launch_plan *plan, struct sandbox *sandbox,
                        int client_fd, size_t output_max);

/* The same for a command in a kept sandbox. is_activity: it counts as use of the sandbox. */
struct executed execute_in(const struct executor *executor, const struct kept_command *command, struct sandbox *sandbox,
                           int client_fd, bool is_activity);

void executed_free(struct executed *executed);

/* Whether it ended successfully. */
bool executed_well(const struct executed *executed);

#endif
