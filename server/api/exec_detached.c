/*
 * exec_detached.c: /sandboxes/{name}/exec/detach and /exec/detached: commands that nobody waits for.
 */
#include <string.h>

#include "detached.h"
#include "handlers.h"

void handle_exec_detach(struct server *server, struct request *request, struct reply *reply) {
    struct exec_request exec = {0};
    if (sandbox_check_name(request, reply) && exec_request_read(request, &exec, reply)) {
        struct sandbox *sandbox = exec_request_sandbox(server, request, reply);
        if (sandbox != NULL) {
            detached_start(server, &exec, sandbox, reply);
        }
        state_release(sandbox);
    }
    exec_request_free(&exec);
}

void handle_list_detached(struct server *server, struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return;
    }
    struct sandbox *sandbox = state_find(&server->state, request->segments[1]);
    if (sandbox != NULL) {
        detached_write_all(sandbox, reply);
    } else {
        reply_open(reply, 200); /* the protocol has it so */
        writer_text(&reply->body, "[]");
        reply_close(reply);
    }
    state_release(sandbox);
}

/* The sandbox of a command, a reference; NULL when the reply says why not. */
static struct sandbox *find(struct server *server, const struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return NULL;
    }
    const char *name = request->segments[1];
    struct sandbox *sandbox = state_find(&server->state, name);
    if (sandbox == NULL) {
        reply_errorf(reply, 404, SANDBOX_NOT_RUNNING, name, name);
    }
    return sandbox;
}

static void reply_unknown(struct reply *reply, const char *id) {
    reply_errorf(reply, 404, "Detached command '%.64s' not found", id);
}

void handle_get_detached(struct server *server, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(server, request, reply);
    if (sandbox != NULL && !detached_write(sandbox, id, reply)) {
        reply_unknown(reply, id);
    }
    state_release(sandbox);
}

void handle_detached_logs(struct server *server, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(server, request, reply);
    char *position = request->query;
    const char *stream = request_query_next(&position, "stream");
    bool errors = stream != NULL && strcmp(stream, "stderr") == 0;
    if (sandbox != NULL && !detached_write_log(sandbox, id, errors, reply)) {
        reply_unknown(reply, id);
    }
    state_release(sandbox);
}

void handle_kill_detached(struct server *server, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(server, request, reply);
    if (sandbox != NULL && detached_end(sandbox, id)) {
        reply_text(reply, 200, "Command killed");
    } else if (sandbox != NULL) {
        reply_unknown(reply, id);
    }
    state_release(sandbox);
}
