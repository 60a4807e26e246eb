/*
 * exec.c: POST /sandboxes/{name}/exec: one command in a kept sandbox.
 */
#include "command_reply.h"
#include "exec_request.h"
#include "handlers.h"

void handle_exec_in_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct exec_request exec = {0};
    if (sandbox_check_name(request, reply) && exec_request_read(request, &exec, reply)) {
        struct sandbox *sandbox = exec_request_sandbox(api, request, reply);
        if (sandbox) {
            struct kept_command command = exec_request_command(&exec);
            struct executed executed = execute_in(&api->executor, &command, sandbox, request->client_fd, true);
            command_reply(reply, sandbox, &executed);
            executed_free(&executed);
        }
        state_release(sandbox);
    }
    exec_request_free(&exec);
}
