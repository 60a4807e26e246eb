/*
 * create.c: POST /sandboxes: makes a kept sandbox.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_limits.h"
#include "command_reply.h"
#include "fields.h"
#include "handlers.h"
#include "metadata.h"
#include "source.h"
#include "validate.h"

/* What the full server supports and this one does not. Refused, because a sandbox without it would not be what was
 * requested. null is treated as absent where the protocol does so. */
static const struct {
    const char *name;
    enum { LIST, MAP, OBJECT_OR_NULL } kind;
} unsupported[] = {{"volumes", LIST},        {"secrets", LIST}, {"secret_files", LIST},
                   {"secret_mappings", MAP}, {"ports", LIST},   {"network", OBJECT_OR_NULL}};

/* Replies with an error if a backend other than this one is requested. */
static void check_backend(struct fields *fields, struct reply *reply) {
    char *backend = fields_text(fields, "backend");
    enum backend_check check = backend ? validate_backend(backend) : BACKEND_OURS;
    if (check == BACKEND_KNOWN) {
        reply_errorf(reply, 422, "Backend '%s' is unavailable. Use GET /backends to see ready backends", backend);
    } else if (check == BACKEND_UNKNOWN) {
        reply_errorf(reply, 400, "Unknown backend '%.64s'. Valid options: " VALIDATE_BACKENDS, backend);
    }
    free(backend);
}

/* Whether the member requests anything. */
static bool asks_for(struct fields *fields, size_t i) {
    ak_json_value value;
    char **list = NULL;
    char *text = NULL;
    size_t count = 0;
    switch (unsupported[i].kind) {
    case LIST:
        list = fields_list(fields, unsupported[i].name, false, &count);
        break;
    case MAP:
        text = fields_map(fields, unsupported[i].name);
        count = text != NULL;
        break;
    case OBJECT_OR_NULL:
        count = fields_given(fields, unsupported[i].name) &&
                fields_value(fields, unsupported[i].name, false, AK_JSON_OBJECT, &value);
        break;
    }
    fields_free_list(list);
    free(text);
    return count > 0;
}

static void check_unsupported(struct fields *fields, struct reply *reply) {
    for (size_t i = 0; reply->status == 0 && i < sizeof unsupported / sizeof unsupported[0]; i++) {
        if (asks_for(fields, i)) {
            bool ports = strcmp(unsupported[i].name, "ports") == 0;
            reply_errorf(
                reply, 422, "%s is not supported by agentkernel-local%s", unsupported[i].name,
                ports ? ": what listens in a sandbox, unless its profile is restrictive, listens on this machine" : "");
        }
    }
    if (reply->status == 0 && fields_bool(fields, "placeholder_secrets", false, false)) {
        reply_error(reply, 422, "placeholder_secrets is not supported by agentkernel-local");
    }
}

/* Profile, CPUs and memory. Defaults are those of the full server: 1 CPU and 512 MB, less in the restrictive profile.
 * The request takes precedence over the profile. */
static void read_limits(struct fields *fields, struct sandbox *wanted, struct reply *reply) {
    uint64_t vcpus = 1;
    uint64_t memory_mb = 512;
    char *profile = fields_text(fields, "profile");
    wanted->profile = PROFILE_MODERATE;
    if (profile && !profile_parse(profile, &wanted->profile)) {
        reply_errorf(reply, 400, "Invalid profile '%.64s'. Use: permissive, moderate, restrictive", profile);
    }
    free(profile);
    bool restrictive = wanted->profile == PROFILE_RESTRICTIVE;
    bool asked = fields_uint(fields, "vcpus", SANDBOX_VCPUS_MAX, &vcpus);
    if (!fields_uint(fields, "memory_mb", SANDBOX_MEMORY_MB_MAX, &memory_mb) && restrictive) {
        memory_mb = limits_of_profile(PROFILE_RESTRICTIVE).memory_bytes >> 20;
    }
    wanted->vcpus = (uint32_t)vcpus;
    wanted->cpu_percent = (uint32_t)vcpus * 100;
    if (!asked && restrictive) {
        wanted->cpu_percent = (uint32_t)(limits_of_profile(PROFILE_RESTRICTIVE).cpus * 100);
    }
    wanted->memory_mb = memory_mb;
    if (vcpus == 0 || memory_mb == 0) {
        fields_fail(fields, vcpus == 0 ? "vcpus must be at least 1" : "memory_mb must be at least 1");
    }
}

/* Reads the name, the image, and the members that are only stored. */
static void read_description(struct fields *fields, struct sandbox *wanted) {
    char message[VALIDATE_MESSAGE];
    char *name = fields_required_text(fields, "name");
    const char *wrong = name ? validate_sandbox_name(name, message) : NULL;
    if (wrong) {
        fields_fail(fields, wrong);
    } else if (name) {
        snprintf(wanted->name, sizeof wanted->name, "%s", name);
    }
    free(name);
    wanted->image = fields_text(fields, "image");
    if (!wanted->image && !fields->failed) {
        wanted->image = strdup(SANDBOX_DEFAULT_IMAGE);
    }
    wrong = wanted->image ? validate_image(wanted->image, message) : "out of memory";
    if (wrong) {
        fields_fail(fields, wrong);
    }
    wanted->labels = fields_map(fields, "labels");
    wanted->description = fields_text(fields, "description");
    wanted->created_from_template = fields_text(fields, "created_from_template");
    wanted->template_help_text = fields_text(fields, "template_help_text");
    free(fields_text(fields, "agent")); /* used by the full server only */
    metadata_read_lifecycle(fields, wanted);
}

/* Reads the body. False if the reply is an error. */
static bool read_create_request(const struct request *request, struct sandbox *wanted, struct source *source,
                                struct reply *reply) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    read_description(&fields, wanted);
    source_read(&fields, source);
    if (!fields.failed && reply->status == 0) {
        check_backend(&fields, reply);
    }
    if (!fields.failed && reply->status == 0) {
        check_unsupported(&fields, reply);
    }
    if (!fields.failed && reply->status == 0) {
        read_limits(&fields, wanted, reply);
    }
    if (!fields.failed && reply->status == 0 && source->url && wanted->profile == PROFILE_RESTRICTIVE) {
        reply_error(reply, 422, "source_url needs a network, which the restrictive profile has not");
    }
    if (fields.failed && reply->status == 0) {
        reply_error(reply, 400, fields.error);
    }
    return reply->status == 0;
}

static void reply_created(struct reply *reply, struct sandbox *sandbox) {
    reply_open(reply, 201);
    sandbox_write_info(&reply->body, sandbox);
    reply_close(reply);
}

/* Fills a new sandbox. False if the reply is an error. */
static bool fetch(struct api *api, const struct request *request, struct sandbox *made, const struct source *source,
                  struct reply *reply) {
    if (!source_fetch(api, request, made, source, reply)) {
        return false;
    }
    bool finished = state_finish(made);
    if (!finished) {
        reply_errorf(reply, 500, "Failed to create sandbox: %s", strerror(errno));
    }
    return finished;
}

static void create(struct api *api, const struct request *request, const struct sandbox *wanted,
                   const struct source *source, struct reply *reply) {
    struct sandbox *made = NULL;
    switch (state_create(&api->state, wanted, -1, &made)) {
    case STATE_OK:
        if (!provision_is_needed(source) || fetch(api, request, made, source, reply)) {
            reply_created(reply, made);
        } else {
            state_remove(made);
        }
        break;
    case STATE_EXISTS:
        reply_errorf(reply, 409, "Sandbox '%s' already exists", wanted->name);
        break;
    case STATE_FAILED:
        reply_errorf(reply, 500, "Failed to create sandbox: %s", strerror(errno));
        break;
    }
    state_release(made);
}

void handle_create_sandbox(struct api *api, struct request *request, struct reply *reply) {
    struct sandbox wanted = {0};
    struct source source = {0};
    bool ok = read_create_request(request, &wanted, &source, reply);
    wanted.unfinished = provision_is_needed(&source);
    if (ok && command_reply_available(&api->executor, reply)) {
        create(api, request, &wanted, &source, reply);
    }
    source_free(&source);
    free(wanted.image);
    free(wanted.labels);
    free(wanted.description);
    free(wanted.created_from_template);
    free(wanted.template_help_text);
}
