#include "kept_command.h"

#include <errno.h>

#include "command_limits.h"
#include "state.h"

bool kept_command_spec(const struct kept_command *command, const struct executor *executor, struct sandbox *sandbox,
                       struct command_spec *spec) {
    *spec = (struct command_spec){.argv = command->argv,
                                  .env = command->env,
                                  .workdir = command->workdir,
                                  .tree_fd = state_open_tree(sandbox),
                                  .whole_tree = true,
                                  .image_root = image_roots_find(executor->images, sandbox->image),
                                  .image = sandbox->image,
                                  .profile = sandbox->profile,
                                  .limits = limits_of_sandbox(sandbox)};
    if (spec->tree_fd < 0 && atomic_load(&sandbox->removed)) {
        errno = ESHUTDOWN;
    }
    return spec->tree_fd >= 0;
}
