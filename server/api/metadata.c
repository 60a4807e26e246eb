/*
 * metadata.c: PATCH /sandboxes/{name}: changes labels, description and lifecycle.
 */
#include "metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"

void metadata_read_lifecycle(struct fields *fields, struct sandbox *sandbox) {
    ak_json_value value;
    if (!fields_given(fields, "lifecycle") || !fields_value(fields, "lifecycle", false, AK_JSON_OBJECT, &value)) {
        return;
    }
    /* The members of the object, with positions relative to the start of the body. */
    struct fields inner = {.text = fields->text, .len = fields->len, .root = value};
    uint64_t stop = 0;
    uint64_t erase = 0;
    uint64_t archive = 0;
    bool stops = fields_uint(&inner, "auto_stop_after_seconds", INT64_MAX, &stop);
    bool erases = fields_uint(&inner, "auto_delete_after_seconds", INT64_MAX, &erase);
    bool archives = fields_uint(&inner, "auto_archive_after_seconds", INT64_MAX, &archive);
    if (inner.failed) {
        fields_fail(fields, inner.error);
    } else if ((stops && stop == 0) || (archives && archive == 0) || (erases && erase == 0)) {
        fields_fail(fields, "lifecycle: seconds must be at least 1");
    } else {
        sandbox->auto_stop_seconds = stop;
        sandbox->auto_archive_seconds = archive;
        sandbox->auto_delete_seconds = erase;
    }
}

/* The content of a PATCH request. */
struct patch {
    bool has_labels;
    bool has_description;
    bool has_lifecycle;
    char *labels;
    char *description;
    struct sandbox lifecycle; /* only what metadata_read_lifecycle sets */
};

static bool read_patch(const struct request *request, struct patch *patch, struct reply *reply) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    patch->has_labels = fields_given(&fields, "labels");
    patch->has_description = fields_given(&fields, "description");
    patch->has_lifecycle = fields_given(&fields, "lifecycle");
    patch->labels = patch->has_labels ? fields_map(&fields, "labels") : NULL;
    patch->description = patch->has_description ? fields_text(&fields, "description") : NULL;
    metadata_read_lifecycle(&fields, &patch->lifecycle);
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    }
    return reply->status == 0;
}

/* Swaps the members of the patch with those of the sandbox; a second call undoes it. */
static void exchange(struct patch *patch, struct sandbox *sandbox) {
    if (patch->has_labels) {
        char *labels = sandbox->labels;
        sandbox->labels = patch->labels;
        patch->labels = labels;
    }
    if (patch->has_description) {
        char *description = sandbox->description;
        sandbox->description = patch->description;
        patch->description = description;
    }
    if (patch->has_lifecycle) {
        uint64_t stop = sandbox->auto_stop_seconds;
        uint64_t archive = sandbox->auto_archive_seconds;
        uint64_t erase = sandbox->auto_delete_seconds;
        sandbox->auto_stop_seconds = patch->lifecycle.auto_stop_seconds;
        sandbox->auto_archive_seconds = patch->lifecycle.auto_archive_seconds;
        sandbox->auto_delete_seconds = patch->lifecycle.auto_delete_seconds;
        patch->lifecycle.auto_stop_seconds = stop;
        patch->lifecycle.auto_archive_seconds = archive;
        patch->lifecycle.auto_delete_seconds = erase;
    }
}

static void apply(struct patch *patch, struct sandbox *sandbox, struct reply *reply) {
    pthread_mutex_lock(&sandbox->meta_lock);
    exchange(patch, sandbox);
    bool ok = state_save(sandbox);
    int error = errno;
    if (!ok) {
        exchange(patch, sandbox);
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    if (ok) {
        reply_open(reply, 200);
        sandbox_write_info(&reply->body, sandbox);
        reply_close(reply);
    } else if (error == ENOENT) {
        reply_error(reply, 404, "Sandbox not found");
    } else {
        reply_errorf(reply, 500, "Failed to update sandbox: %s", strerror(error));
    }
}

void handle_update_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct patch patch = {0};
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox && read_patch(request, &patch, reply)) {
        apply(&patch, sandbox, reply);
    }
    free(patch.labels);
    free(patch.description);
    state_release(sandbox);
}
