/*
 * sandboxes.c: lists, returns and removes kept sandboxes.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "handlers.h"
#include "json_text.h"
#include "validate.h"

static void write_lifecycle(struct writer *writer, const struct sandbox *sandbox) {
    if (sandbox->auto_stop_seconds == 0 && sandbox->auto_archive_seconds == 0 && sandbox->auto_delete_seconds == 0) {
        return;
    }
    writer_name(writer, "lifecycle");
    writer_open(writer, '{');
    if (sandbox->auto_stop_seconds != 0) {
        writer_member_uint(writer, "auto_stop_after_seconds", sandbox->auto_stop_seconds);
    }
    if (sandbox->auto_archive_seconds != 0) {
        writer_member_uint(writer, "auto_archive_after_seconds", sandbox->auto_archive_seconds);
    }
    if (sandbox->auto_delete_seconds != 0) {
        writer_member_uint(writer, "auto_delete_after_seconds", sandbox->auto_delete_seconds);
    }
    writer_close(writer, '}');
}

static const char *status_of(const struct sandbox *sandbox) {
    return sandbox->archived_at != 0 ? "archived" : atomic_load(&sandbox->stopped) ? "stopped" : "running";
}

static void write_archived(struct writer *writer, const struct sandbox *sandbox) {
    char when[CLOCK_TIME_CAP];
    if (sandbox->archived_at != 0) {
        clock_format((struct timespec){.tv_sec = (time_t)sandbox->archived_at}, when, sizeof when);
        writer_member_text(writer, "archived_at", when);
        writer_member_text(writer, "archived_reason", "lifecycle.auto_archive_after_seconds");
    }
}

void sandbox_write_info(struct writer *writer, struct sandbox *sandbox) {
    char last_activity[CLOCK_TIME_CAP];
    state_last_activity(sandbox, last_activity);
    pthread_mutex_lock(&sandbox->meta_lock);
    writer_open(writer, '{');
    writer_member_text(writer, "name", sandbox->name);
    writer_member_text(writer, "uuid", sandbox->uuid);
    writer_member_text(writer, "status", status_of(sandbox));
    writer_member_text(writer, "backend", "bubblewrap");
    writer_member_text(writer, "image", sandbox->image);
    writer_member_uint(writer, "vcpus", sandbox->vcpus);
    writer_member_uint(writer, "memory_mb", sandbox->memory_mb);
    writer_member_text(writer, "created_at", sandbox->created_at);
    if (sandbox->created_from_template) {
        writer_member_text(writer, "created_from_template", sandbox->created_from_template);
    }
    if (sandbox->template_help_text) {
        writer_member_text(writer, "template_help_text", sandbox->template_help_text);
    }
    writer_member_bool(writer, "placeholder_secrets", false);
    if (sandbox->labels) {
        writer_name(writer, "labels");
        writer_text(writer, sandbox->labels);
    }
    if (sandbox->description) {
        writer_member_text(writer, "description", sandbox->description);
    }
    writer_member_text(writer, "last_activity_at", last_activity);
    write_archived(writer, sandbox);
    write_lifecycle(writer, sandbox);
    writer_close(writer, '}');
    pthread_mutex_unlock(&sandbox->meta_lock);
}

bool sandbox_check_name(const struct request *request, struct reply *reply) {
    char message[VALIDATE_MESSAGE];
    const char *wrong = validate_sandbox_name(request->segments[1], message);
    if (wrong) {
        reply_error(reply, 400, wrong);
    }
    return !wrong;
}

/* --- List --- */

#define FILTERS_MAX 32

/* label=K:V of the query; all must match. */
struct filter {
    const char *key;
    size_t key_len;
    const char *value;
};

/* A result above FILTERS_MAX: there are too many. */
static size_t read_filters(const struct request *request, struct filter *filters) {
    size_t count = 0;
    char *position = request->query;
    char *text = NULL;
    while (count <= FILTERS_MAX && (text = request_query_next(&position, "label"))) {
        const char *colon = strchr(text, ':');
        if (colon && count++ < FILTERS_MAX) {
            filters[count - 1] = (struct filter){.key = text, .key_len = (size_t)(colon - text), .value = colon + 1};
        }
    }
    return count;
}

static bool fits(const struct sandbox *sandbox, const struct filter *filters, size_t count) {
    ak_json_value labels;
    ak_json_value value;
    if (count == 0) {
        return true;
    }
    if (!sandbox->labels || !ak_json_parse(sandbox->labels, strlen(sandbox->labels), &labels, NULL)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!ak_json_member(&labels, filters[i].key, filters[i].key_len, &value) ||
            !ak_json_equals(&value, filters[i].value, strlen(filters[i].value))) {
            return false;
        }
    }
    return true;
}

void handle_list_sandboxes(struct api *api, struct request *request, struct reply *reply) {
    struct filter filters[FILTERS_MAX];
    size_t count = read_filters(request, filters);
    if (count > FILTERS_MAX) {
        reply_errorf(reply, 400, "too many label filters (max %d)", FILTERS_MAX);
        return;
    }
    struct sandbox **list = state_list(&api->state);
    if (!list) {
        reply_error(reply, 500, "out of memory");
        return;
    }
    reply_open(reply, 200);
    writer_open(&reply->body, '[');
    for (size_t i = 0; list[i]; i++) {
        pthread_mutex_lock(&list[i]->meta_lock);
        bool wanted = fits(list[i], filters, count);
        pthread_mutex_unlock(&list[i]->meta_lock);
        if (wanted) {
            writer_element(&reply->body);
            sandbox_write_info(&reply->body, list[i]);
        }
    }
    writer_close(&reply->body, ']');
    reply_close(reply);
    state_free_list(list);
}

/* --- One --- */

struct sandbox *sandbox_find(struct api *api, const struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return NULL;
    }
    struct sandbox *sandbox = state_find(&api->state, request->segments[1]);
    if (!sandbox) {
        reply_error(reply, 404, "Sandbox not found");
    }
    return sandbox;
}

void handle_get_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox) {
        reply_open(reply, 200);
        sandbox_write_info(&reply->body, sandbox);
        reply_close(reply);
        state_release(sandbox);
    }
}

void handle_get_sandbox_by_uuid(struct api *api, struct request *request, struct reply *reply) {
    const char *uuid = request->segments[2];
    if (!validate_uuid(uuid)) {
        reply_error(reply, 400, "Invalid sandbox UUID");
        return;
    }
    struct sandbox **list = state_list(&api->state);
    reply_error(reply, list ? 404 : 500, list ? "Sandbox not found" : "out of memory");
    for (size_t i = 0; list && list[i]; i++) {
        if (strcasecmp(list[i]->uuid, uuid) == 0) {
            reply_open(reply, 200);
            sandbox_write_info(&reply->body, list[i]);
            reply_close(reply);
        }
    }
    state_free_list(list);
}

void handle_remove_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (!sandbox) {
        return;
    }
    if (state_remove(sandbox)) {
        reply_text(reply, 200, "Sandbox removed");
    } else if (errno == ENOENT) {
        reply_error(reply, 404, "Sandbox not found");
    } else {
        reply_errorf(reply, 500, "Failed to remove sandbox: %s", strerror(errno));
    }
    state_release(sandbox);
}
