/*
 * exec_detached.c: /sandboxes/{name}/exec/detach and /exec/detached: commands that run without a caller.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command_reply.h"
#include "exec_request.h"
#include "handlers.h"

/* Each command has a pid namespace of its own; the first process in it is the launcher. */
#define PID_INSIDE 2

/* --- Writing --- */

struct writing {
    struct reply *reply;
    const char *sandbox; /* its name */
};

static void write_one(struct writer *writer, const char *sandbox, const struct detached_info *info) {
    writer_open(writer, '{');
    writer_member_text(writer, "id", info->id);
    writer_member_text(writer, "sandbox", sandbox);
    writer_name(writer, "command");
    writer_strings(writer, info->argv);
    writer_member_uint(writer, "pid", PID_INSIDE);
    writer_member_text(writer, "status", info->running ? "running" : info->exit_code == 0 ? "completed" : "failed");
    if (info->running) {
        writer_name(writer, "exit_code");
        writer_text(writer, "null");
    } else {
        writer_member_int(writer, "exit_code", info->exit_code);
    }
    writer_member_text(writer, "started_at", info->started_at);
    if (info->out_of_memory) {
        writer_member_bool(writer, "oom", true);
    }
    writer_close(writer, '}');
}

static void reply_one(const struct detached_info *info, void *context) {
    struct writing *writing = context;
    reply_open(writing->reply, 200);
    write_one(&writing->reply->body, writing->sandbox, info);
    reply_close(writing->reply);
}

static void write_element(const struct detached_info *info, void *context) {
    struct writing *writing = context;
    writer_element(&writing->reply->body);
    write_one(&writing->reply->body, writing->sandbox, info);
}

/* --- Start --- */

static void start(struct api *api, const struct exec_request *exec, struct sandbox *sandbox, struct reply *reply) {
    char why[256] = "";
    const char *name = sandbox->name;
    struct kept_command command = exec_request_command(exec);
    struct writing writing = {reply, name};
    switch (detached_start(&api->detached, &api->executor, &command, sandbox, reply_one, &writing, why)) {
    case DETACHED_STARTED:
        break;
    case DETACHED_TOO_MANY:
        reply_errorf(reply, 429, "Resource quota denied: %d detached commands are running", DETACHED_RUNNING_MAX);
        break;
    case DETACHED_TOO_MANY_HERE:
        reply_errorf(reply, 429, "Resource quota denied: %d detached commands of this sandbox are running",
                     DETACHED_KEPT_MAX);
        break;
    case DETACHED_NOT_RUNNING:
        reply_errorf(reply, 500, SANDBOX_NOT_RUNNING, name, name);
        break;
    case DETACHED_UNUSABLE:
        reply_errorf(reply, 500, "Sandbox '%s' cannot be used: %s", name, why);
        break;
    case DETACHED_FAILED:
        reply_errorf(reply, 500, "Failed to start detached command: %s", why);
        break;
    }
}

void handle_exec_detached(struct api *api, struct request *request, struct reply *reply) {
    struct exec_request exec = {0};
    if (sandbox_check_name(request, reply) && exec_request_read(request, &exec, reply)) {
        struct sandbox *sandbox = exec_request_sandbox(api, request, reply);
        if (sandbox) {
            start(api, &exec, sandbox, reply);
        }
        state_release(sandbox);
    }
    exec_request_free(&exec);
}

/* --- Queries --- */

/* A sandbox that does not exist has none, as the protocol requires. */
void handle_detached_list(struct api *api, struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return;
    }
    struct sandbox *sandbox = state_find(&api->state, request->segments[1]);
    struct writing writing = {reply, request->segments[1]};
    reply_open(reply, 200);
    writer_open(&reply->body, '[');
    if (sandbox) {
        detached_visit(sandbox, NULL, write_element, &writing);
    }
    writer_close(&reply->body, ']');
    reply_close(reply);
    state_release(sandbox);
}

/* The sandbox of a command, a reference; NULL if the reply is an error. */
static struct sandbox *find(struct api *api, const struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return NULL;
    }
    const char *name = request->segments[1];
    struct sandbox *sandbox = state_find(&api->state, name);
    if (!sandbox) {
        reply_errorf(reply, 404, SANDBOX_NOT_RUNNING, name, name);
    }
    return sandbox;
}

static void reply_unknown(struct reply *reply, const char *id) {
    reply_errorf(reply, 404, "Detached command '%.64s' not found", id);
}

void handle_detached_status(struct api *api, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(api, request, reply);
    struct writing writing = {reply, request->segments[1]};
    if (sandbox && !detached_visit(sandbox, id, reply_one, &writing)) {
        reply_unknown(reply, id);
    }
    state_release(sandbox);
}

static void reply_log(struct reply *reply, const struct capture *output, bool errors) {
    reply_open(reply, 200);
    writer_open(&reply->body, '{');
    command_reply_output(&reply->body, output, errors ? "stderr" : "stdout",
                         errors ? "stderr_base64" : "stdout_base64");
    writer_close(&reply->body, '}');
    reply_close(reply);
}

void handle_detached_logs(struct api *api, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(api, request, reply);
    char *position = request->query;
    const char *stream = request_query_next(&position, "stream");
    bool errors = stream && strcmp(stream, "stderr") == 0;
    struct capture output = {0};
    if (!sandbox) {
        return;
    }
    switch (detached_read_log(sandbox, id, errors, &output)) {
    case DETACHED_READ:
        reply_log(reply, &output, errors);
        break;
    case DETACHED_UNKNOWN:
        reply_unknown(reply, id);
        break;
    case DETACHED_UNREADABLE:
        reply_errorf(reply, 500, "Failed to read the output: %s", strerror(errno));
        break;
    }
    free(output.bytes);
    state_release(sandbox);
}

void handle_detached_kill(struct api *api, struct request *request, struct reply *reply) {
    const char *id = request->segments[4];
    struct sandbox *sandbox = find(api, request, reply);
    if (sandbox && detached_end(sandbox, id)) {
        reply_text(reply, 200, "Command killed");
    } else if (sandbox) {
        reply_unknown(reply, id);
    }
    state_release(sandbox);
}
