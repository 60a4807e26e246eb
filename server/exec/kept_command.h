/*
 * kept_command.h: a command in a kept sandbox: the request, and its launch plan.
 */
#ifndef AKL_KEPT_COMMAND_H
#define AKL_KEPT_COMMAND_H

#include <stdbool.h>

#include "executor.h"
#include "sandbox.h"

struct kept_command {
    const char *const *argv;
    const char *const *env; /* NULL-terminated; may be NULL */
    const char *workdir;    /* NULL: the sandbox's home */
};

/* Fills in a plan, whose tree_fd is the caller's to close. False with errno: ESHUTDOWN when the sandbox was removed
 * since it was found. */
bool kept_command_plan(const struct kept_command *command, const struct executor *executor, struct sandbox *sandbox,
                       struct launch_plan *plan);

#endif
