#include "provision.h"

static bool has_script(const struct source *source) {
    return source->init_script && source->init_script[0] != '\0';
}

bool provision_is_needed(const struct source *source) {
    return source->url || has_script(source);
}

/* Runs a command in the sandbox's home. */
static bool run(const struct executor *executor, struct sandbox *sandbox, const struct kept_command *command,
                int client_fd, struct executed *executed) {
    executed_free(executed);
    *executed = execute_in(executor, command, sandbox, client_fd, false);
    return executed_well(executed);
}

enum provision_step provision(const struct executor *executor, struct sandbox *sandbox, const struct source *source,
                              int client_fd, struct executed *executed) {
    static const char *const git_env[] = {
        "GIT_TERMINAL_PROMPT=0", "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new", NULL};
    const char *const clone[] = {"git", "clone", "--quiet", "--", source->url, ".", NULL};
    const char *const checkout[] = {"git", "checkout", "--quiet", source->ref, "--", NULL};
    const char *const script[] = {"/bin/sh", "-c", source->init_script, NULL};
    const struct {
        enum provision_step step;
        bool needed;
        struct kept_command command;
    } steps[] = {{PROVISION_CLONE, source->url != NULL, {.argv = clone, .env = git_env}},
                 {PROVISION_CHECKOUT, source->ref != NULL, {.argv = checkout, .env = git_env}},
                 {PROVISION_SCRIPT, has_script(source), {.argv = script}}};
    *executed = (struct executed){0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].needed && !run(executor, sandbox, &steps[i].command, client_fd, executed)) {
            return steps[i].step;
        }
    }
    return PROVISION_DONE;
}
