/*
 * logs.c: GET /sandboxes/{name}/logs: the audit log's entries about a sandbox.
 */
#include "handlers.h"

void handle_get_sandbox_logs(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (!sandbox) {
        return;
    }
    reply_open(reply, 200);
    if (audit_write(&api->state.audit, sandbox->name, &reply->body)) {
        reply_close(reply);
    } else {
        reply_error(reply, 500, "Failed to read the audit log");
    }
    state_release(sandbox);
}
