/*
 * lifecycle.c: starting, stopping and resizing kept sandboxes, and their lifetime.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "fields.h"
#include "handlers.h"
#include "validate.h"
#include "value_rules.h"

static void reply_failure(struct reply *reply, const char *operation, int error) {
    if (error == ENOENT) {
        reply_error(reply, 404, "Sandbox not found");
    } else {
        reply_errorf(reply, 500, "Failed to %s sandbox: %s", operation, strerror(error));
    }
}

/* A start takes no members; the protocol requires that unknown ones are refused here. False if the reply is an
 * error. */
static bool check_start_request(const struct request *request, struct reply *reply) {
    struct fields fields;
    ak_json_iter iter;
    ak_json_value key;
    ak_json_value value;
    if (request->body_len == 0) {
        return true;
    }
    fields_parse(&fields, request->body, request->body_len);
    if (fields.failed) {
        reply_errorf(reply, 400, "invalid start request JSON: %s", fields.error + strlen("Invalid JSON: "));
        return false;
    }
    ak_json_iter_init(&iter, &fields.root);
    if (ak_json_iter_next(&iter, &key, &value)) {
        reply_errorf(reply, 400, "invalid start request JSON: unknown field %.*s", (int)(key.len < 64 ? key.len : 64),
                     key.text);
        return false;
    }
    return true;
}

void handle_start_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox && check_start_request(request, reply)) {
        if (state_start(sandbox)) {
            reply_text(reply, 200, "Sandbox started");
        } else if (errno == EALREADY) {
            reply_errorf(reply, 409, "Failed to start sandbox: Sandbox '%s' is already running", sandbox->name);
        } else if (errno == EBUSY) {
            reply_errorf(reply, 409, "Failed to start sandbox: Sandbox '%s' is archived and must be recovered first",
                         sandbox->name);
        } else {
            reply_failure(reply, "start", errno);
        }
    }
    state_release(sandbox);
}

/* Succeeds for an unknown name, too: nothing runs, which is what was requested. */
void handle_stop_sandbox(struct api *api, struct request *request, struct reply *reply) {
    if (!sandbox_check_name(request, reply)) {
        return;
    }
    struct sandbox *sandbox = state_find(&api->state, request->segments[1]);
    if (!sandbox || state_stop(sandbox) || errno == ENOENT) {
        reply_text(reply, 200, "Sandbox stopped");
    } else {
        reply_failure(reply, "stop", errno);
    }
    state_release(sandbox);
}

/* Pause, resume and fork preserve the memory of processes, which needs a virtual machine. */
static void refuse_full_state(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox) {
        reply_error(reply, 422,
                    "Backend 'bubblewrap' does not support full-state pause, resume, or fork; use the Firecracker "
                    "backend");
    }
    state_release(sandbox);
}

void handle_pause_sandbox(struct api *api, struct request *request, struct reply *reply) {
    refuse_full_state(api, request, reply);
}

void handle_resume_sandbox(struct api *api, struct request *request, struct reply *reply) {
    refuse_full_state(api, request, reply);
}

void handle_fork_sandbox(struct api *api, struct request *request, struct reply *reply) {
    refuse_full_state(api, request, reply);
}

struct size {
    bool has_vcpus;
    bool has_memory;
    uint64_t vcpus;
    uint64_t memory_mb;
};

/* False if the reply is an error. */
static bool read_size(const struct request *request, struct size *size, struct reply *reply) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    size->has_vcpus = fields_uint(&fields, "vcpus", SANDBOX_VCPUS_MAX, &size->vcpus);
    size->has_memory = fields_uint(&fields, "memory_mb", SANDBOX_MEMORY_MB_MAX, &size->memory_mb);
    if (size->has_vcpus && size->vcpus == 0) {
        fields_fail(&fields, "vcpus must be at least 1");
    }
    if (size->has_memory && size->memory_mb == 0) {
        fields_fail(&fields, "memory_mb must be at least 1");
    }
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    }
    return !fields.failed;
}

static bool resize(struct sandbox *sandbox, const struct size *size) {
    pthread_mutex_lock(&sandbox->meta_lock);
    uint32_t vcpus = sandbox->vcpus;
    uint32_t cpu_percent = sandbox->cpu_percent;
    uint64_t memory_mb = sandbox->memory_mb;
    if (size->has_vcpus) {
        sandbox->vcpus = (uint32_t)size->vcpus;
        sandbox->cpu_percent = (uint32_t)size->vcpus * 100;
    }
    if (size->has_memory) {
        sandbox->memory_mb = size->memory_mb;
    }
    bool ok = state_save(sandbox);
    int error = errno;
    if (!ok) {
        sandbox->vcpus = vcpus;
        sandbox->cpu_percent = cpu_percent;
        sandbox->memory_mb = memory_mb;
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok;
}

/* Extends the time to live of a sandbox, counted from now if it has none or has expired. 0 with errno on failure;
 * EOVERFLOW: the result exceeds AK_TTL_MAX_SECONDS. */
static uint64_t extend(struct sandbox *sandbox, uint64_t seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t from = (uint64_t)now.tv_sec + (now.tv_nsec > 0);
    pthread_mutex_lock(&sandbox->meta_lock);
    uint64_t before = sandbox->expires_at;
    uint64_t after = (before > from ? before : from) + seconds;
    bool fits = after <= from + AK_TTL_MAX_SECONDS;
    sandbox->expires_at = fits ? after : before;
    bool ok = fits && state_save(sandbox);
    int error = fits ? errno : EOVERFLOW;
    if (!ok) {
        sandbox->expires_at = before;
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok ? after : 0;
}

/* The protocol treats an invalid body as absent. False if the reply is an error. */
static bool read_extend_request(const struct request *request, uint64_t *seconds, struct reply *reply) {
    struct fields fields;
    char message[VALIDATE_MESSAGE];
    fields_parse(&fields, request->body, request->body_len);
    char *by = fields_text(&fields, "by");
    const char *wrong = validate_ttl(!by || fields.failed ? "1h" : by, seconds, message);
    if (wrong) {
        reply_errorf(reply, 400, "Invalid time format: %s", wrong);
    }
    free(by);
    return !wrong;
}

void handle_extend_ttl(struct api *api, struct request *request, struct reply *reply) {
    const char *name = request->segments[1];
    uint64_t seconds = 0;
    if (!sandbox_check_name(request, reply) || !read_extend_request(request, &seconds, reply)) {
        return;
    }
    struct sandbox *sandbox = state_find(&api->state, name);
    uint64_t expires_at = sandbox ? extend(sandbox, seconds) : 0;
    if (expires_at != 0) {
        char text[CLOCK_TIME_CAP];
        clock_format((struct timespec){.tv_sec = (time_t)expires_at}, text, sizeof text);
        reply_open(reply, 200);
        writer_open(&reply->body, '{');
        writer_member_text(&reply->body, "expires_at", text);
        writer_close(&reply->body, '}');
        reply_close(reply);
    } else if (!sandbox || errno == ENOENT) {
        reply_errorf(reply, 404, "Sandbox '%s' not found", name);
    } else if (errno == EOVERFLOW) {
        reply_error(reply, 400, "Invalid time format: TTL is too long: the sandbox would live for more than a century");
    } else {
        reply_failure(reply, "extend the time of", errno);
    }
    state_release(sandbox);
}

static void reply_info(struct reply *reply, struct sandbox *sandbox) {
    reply_open(reply, 200);
    sandbox_write_info(&reply->body, sandbox);
    reply_close(reply);
}

/* Running commands keep the limits they were started with. */
void handle_resize_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct size size = {0};
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox && read_size(request, &size, reply)) {
        if (resize(sandbox, &size)) {
            reply_info(reply, sandbox);
        } else {
            reply_failure(reply, "resize", errno);
        }
    }
    state_release(sandbox);
}

/* An archived sandbox keeps its files in place; after this it is only stopped. */
void handle_recover_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox *sandbox = sandbox_find(api, request, reply);
    if (sandbox && state_recover(sandbox)) {
        reply_info(reply, sandbox);
    } else if (sandbox) {
        reply_failure(reply, "recover", errno);
    }
    state_release(sandbox);
}
