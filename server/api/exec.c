/*
 * exec.c: POST /sandboxes/{name}/exec: one command in a kept sandbox.
 */
#include <unistd.h>

#include "exec_request.h"
#include "execute.h"
#include "handlers.h"

static void run_in(struct server *server, struct request *request, const struct exec_request *exec,
                   struct sandbox *sandbox, struct reply *reply) {
    struct command_spec spec;
    if (!exec_request_spec(server, exec, sandbox, &spec, reply)) {
        return;
    }
    state_touch(sandbox);
    execute(server, request, &spec, sandbox, reply);
    if (!atomic_load(&sandbox->removed)) {
        state_touch(sandbox);
    }
    (void)close(spec.tree_fd);
}

void handle_exec(struct server *server, struct request *request, struct reply *reply) {
    struct exec_request exec = {0};
    if (sandbox_check_name(request, reply) && exec_request_read(request, &exec, reply)) {
        struct sandbox *sandbox = exec_request_sandbox(server, request, reply);
        if (sandbox != NULL) {
            run_in(server, request, &exec, sandbox, reply);
        }
        state_release(sandbox);
    }
    exec_request_free(&exec);
}
