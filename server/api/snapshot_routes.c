/*
 * snapshot_routes.c: /snapshots: takes, returns, removes and restores copies of kept sandboxes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_reply.h"
#include "fields.h"
#include "handlers.h"
#include "snapshots.h"
#include "validate.h"

static void write_snapshot(struct writer *writer, const struct snapshot *snapshot) {
    char tag[SANDBOX_NAME_CAP + 32];
    snprintf(tag, sizeof tag, "agentkernel-local:%s", snapshot->name);
    writer_open(writer, '{');
    writer_member_text(writer, "name", snapshot->name);
    writer_member_text(writer, "sandbox", snapshot->of.name);
    writer_member_text(writer, "image_tag", tag);
    writer_member_text(writer, "backend", "bubblewrap");
    writer_member_text(writer, "base_image", snapshot->of.image);
    writer_member_uint(writer, "vcpus", snapshot->of.vcpus);
    writer_member_uint(writer, "memory_mb", snapshot->of.memory_mb);
    writer_member_text(writer, "created_at", snapshot->taken_at);
    writer_close(writer, '}');
}

/* Checks a name that has its own prefix in error texts. False if the reply is an error. */
static bool check_name(const char *what, const char *name, struct reply *reply) {
    char message[VALIDATE_MESSAGE];
    const char *wrong = validate_sandbox_name(name, message);
    if (wrong) {
        reply_errorf(reply, 400, "%s%s", what, wrong);
    }
    return !wrong;
}

static bool check_snapshot_name(const char *name, struct reply *reply) {
    return check_name("Invalid snapshot name: ", name, reply);
}

static void reply_failure(struct reply *reply, const char *operation, const char *name) {
    if (errno == ENOENT) {
        reply_errorf(reply, 404, "Snapshot '%s' not found", name);
    } else if (errno == ECANCELED) {
        reply_error(reply, 503, "The server is shutting down");
    } else {
        reply_errorf(reply, 500, "Failed to %s snapshot: %s", operation, strerror(errno));
    }
}

void handle_list_snapshots(struct api *api, struct request *request, struct reply *reply) {
    size_t count = 0;
    (void)request;
    struct snapshot *list = snapshots_list(&api->state, &count);
    if (!list) {
        reply_errorf(reply, 500, "Failed to list snapshots: %s", strerror(errno));
        return;
    }
    reply_open(reply, 200);
    writer_open(&reply->body, '[');
    for (size_t i = 0; i < count; i++) {
        writer_element(&reply->body);
        write_snapshot(&reply->body, &list[i]);
    }
    writer_close(&reply->body, ']');
    reply_close(reply);
    snapshots_free_list(list, count);
}

static void take(struct api *api, const char *sandbox_name, const char *name, struct reply *reply) {
    struct snapshot snapshot = {0};
    struct sandbox *sandbox = state_find(&api->state, sandbox_name);
    bool ok = sandbox && snapshots_take(sandbox, name, &snapshot);
    if (ok) {
        reply_open(reply, 200);
        write_snapshot(&reply->body, &snapshot);
        reply_close(reply);
    } else if (!sandbox || (errno == ENOENT && atomic_load(&sandbox->removed))) {
        reply_errorf(reply, 404, "Sandbox '%s' not found", sandbox_name);
    } else if (errno == ECANCELED) {
        reply_error(reply, 503, "The server is shutting down");
    } else {
        reply_errorf(reply, 500, "Failed to take snapshot: %s", strerror(errno));
    }
    snapshot_free(&snapshot);
    state_release(sandbox);
}

void handle_take_snapshot(struct api *api, struct request *request, struct reply *reply) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    char *sandbox = fields_required_text(&fields, "sandbox");
    char *name = fields_required_text(&fields, "name");
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    } else if (check_name("", sandbox, reply) && check_snapshot_name(name, reply)) {
        take(api, sandbox, name, reply);
    }
    free(sandbox);
    free(name);
}

void handle_get_snapshot(struct api *api, struct request *request, struct reply *reply) {
    const char *name = request->segments[1];
    struct snapshot snapshot = {0};
    if (!check_snapshot_name(name, reply)) {
        return;
    }
    if (snapshots_read(&api->state, name, &snapshot)) {
        reply_open(reply, 200);
        write_snapshot(&reply->body, &snapshot);
        reply_close(reply);
    } else {
        reply_failure(reply, "read", name);
    }
    snapshot_free(&snapshot);
}

void handle_delete_snapshot(struct api *api, struct request *request, struct reply *reply) {
    const char *name = request->segments[1];
    if (!check_snapshot_name(name, reply)) {
        return;
    }
    if (snapshots_remove(&api->state, name)) {
        reply_text(reply, 200, "Snapshot deleted");
    } else {
        reply_failure(reply, "delete", name);
    }
}

/* Reads the body of a restore. The protocol treats an invalid one as absent. */
static char *read_restore_request(const struct request *request, bool *start) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    char *as_name = fields_text(&fields, "as_name");
    *start = fields_bool(&fields, "start", true, false);
    if (fields.failed) {
        *start = false;
        free(as_name);
        return NULL;
    }
    return as_name;
}

static void restore(struct api *api, const char *name, const char *as_name, bool start, struct reply *reply) {
    struct sandbox *made = NULL;
    switch (snapshots_restore(&api->state, name, as_name, !start, &made)) {
    case STATE_OK:
        reply_open(reply, 200);
        sandbox_write_info(&reply->body, made);
        reply_close(reply);
        break;
    case STATE_EXISTS:
        reply_errorf(reply, 409, "Sandbox '%s' already exists", as_name);
        break;
    case STATE_FAILED:
        reply_failure(reply, "restore", name);
        break;
    }
    state_release(made);
}

void handle_restore_snapshot(struct api *api, struct request *request, struct reply *reply) {
    const char *name = request->segments[1];
    char usual[SANDBOX_NAME_CAP + 16];
    bool start = false;
    struct snapshot snapshot = {0};
    if (!check_snapshot_name(name, reply) || !command_reply_available(&api->executor, reply)) {
        return;
    }
    char *as_name = read_restore_request(request, &start);
    if (!snapshots_read(&api->state, name, &snapshot)) {
        reply_failure(reply, "restore", name);
    } else {
        snprintf(usual, sizeof usual, "%s-restored", snapshot.of.name);
        const char *wanted = as_name ? as_name : usual;
        if (check_name("Invalid restore name: ", wanted, reply)) {
            restore(api, name, wanted, start, reply);
        }
    }
    snapshot_free(&snapshot);
    free(as_name);
}
