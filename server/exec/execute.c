#include "execute.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "state.h"

/* The sandbox was removed or stopped. */
static enum execute_outcome outcome_of_end(const struct sandbox *sandbox) {
    return atomic_load(&sandbox->removed) ? EXECUTE_REMOVED : EXECUTE_NOT_RUNNING;
}

static enum execute_outcome outcome_of(enum command_event event, const struct sandbox *sandbox) {
    switch (event) {
    case COMMAND_ENDED:
        return EXECUTE_ENDED;
    case COMMAND_REMOVED:
        return outcome_of_end(sandbox);
    case COMMAND_STOPPED:
        return EXECUTE_STOPPED;
    default:
        return EXECUTE_CANCELLED;
    }
}

/* Follows a command that has been started. */
static void follow(struct command *command, struct executed *executed) {
    enum command_event event = COMMAND_ENDED;
    if (!capture_collect(&executed->output, command, &event)) {
        executed->outcome = EXECUTE_NO_MEMORY;
        return;
    }
    executed->outcome = outcome_of(event, command->sandbox);
    executed->result = command->result;
    if (executed->outcome == EXECUTE_ENDED && executed->result.kind == END_NOT_FOUND) {
        capture_set(&executed->output, executed->result.message);
    }
}

struct executed execute(const struct executor *executor, const struct launch_plan *plan, struct sandbox *sandbox,
                        int client_fd, size_t output_max) {
    struct executed executed = {.output = {.max = output_max}};
    struct command command = {.sandbox = sandbox, .client_fd = client_fd, .stop_fd = executor->stop_fd};
    switch (command_start(&command, executor->spawner, plan)) {
    case COMMAND_UNAVAILABLE:
        executed.outcome = EXECUTE_UNAVAILABLE;
        memcpy(executed.why, command.why, sizeof executed.why);
        return executed;
    case COMMAND_NOT_RUNNING:
        executed.outcome = outcome_of_end(sandbox);
        return executed;
    case COMMAND_STARTED:
        break;
    }
    follow(&command, &executed);
    if (sandbox) {
        bool known = executed.outcome == EXECUTE_ENDED && executed.result.kind != END_SANDBOX_FAILED;
        audit_command(&sandbox->state->audit, sandbox, plan->order.argv, known ? &executed.result.exit_code : NULL);
    }
    command_close(&command);
    return executed;
}

struct executed execute_in(const struct executor *executor, const struct kept_command *command, struct sandbox *sandbox,
                           int client_fd, bool is_activity) {
    struct launch_plan plan;
    if (!kept_command_plan(command, executor, sandbox, &plan)) {
        int error = errno;
        struct executed executed = {.outcome = error == ESHUTDOWN ? EXECUTE_NOT_RUNNING : EXECUTE_UNUSABLE};
        snprintf(executed.why, sizeof executed.why, "%s", strerror(error));
        return executed;
    }
    if (is_activity) {
        state_touch(sandbox);
    }
    struct executed executed = execute(executor, &plan, sandbox, client_fd, capture_limit());
    if (is_activity && !atomic_load(&sandbox->removed)) {
        state_touch(sandbox);
    }
    close(plan.order.tree_fd);
    return executed;
}

void executed_free(struct executed *executed) {
    free(executed->output.bytes);
    executed->output = (struct capture){0};
}

bool executed_well(const struct executed *executed) {
    return executed->outcome == EXECUTE_ENDED && executed->result.kind == END_EXITED && executed->result.exit_code == 0;
}
