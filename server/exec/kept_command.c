#include "kept_command.h"

#include <errno.h>

#include "command_limits.h"
#include "state.h"

bool kept_command_plan(const struct kept_command *command, const struct executor *executor, struct sandbox *sandbox,
                       struct launch_plan *plan) {
    *plan = (struct launch_plan){.shape = {.profile = sandbox->profile,
                                           .whole_tree = true,
                                           .image_root = image_roots_find(executor->images, sandbox->image)},
                                 .order = {.argv = command->argv,
                                           .env = command->env,
                                           .workdir = command->workdir,
                                           .image = sandbox->image,
                                           .limits = limits_of_sandbox(sandbox),
                                           .tree_fd = state_open_tree(sandbox)}};
    if (plan->order.tree_fd < 0 && atomic_load(&sandbox->removed)) {
        errno = ESHUTDOWN;
    }
    return plan->order.tree_fd >= 0;
}
