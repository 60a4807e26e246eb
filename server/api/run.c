/*
 * run.c: POST /run and POST /run/stream: one command in a fresh sandbox, which is removed afterwards.
 */
#include <stdlib.h>

#include "command_limits.h"
#include "command_reply.h"
#include "event_stream.h"
#include "fields.h"
#include "handlers.h"
#include "validate.h"

/* The request of both operations. */
struct run_request {
    char **command;
    size_t count;
    char *image;
    enum profile profile;
    bool fast;
};

static void free_run_request(struct run_request *run) {
    fields_free_list(run->command);
    free(run->image);
}

/* Reads the body. False if the reply is an error. */
static bool read_run_request(const struct request *request, struct run_request *run, struct reply *reply) {
    struct fields fields;
    fields_parse(&fields, request->body, request->body_len);
    run->command = fields_list(&fields, "command", true, &run->count);
    run->image = fields_text(&fields, "image");
    run->fast = fields_bool(&fields, "fast", false, true);
    char *profile = fields_text(&fields, "profile");
    if (!profile || !profile_parse(profile, &run->profile)) {
        run->profile = PROFILE_MODERATE; /* as the protocol requires: an unknown profile means the default here */
    }
    free(profile);
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    }
    return !fields.failed;
}

static struct launch_plan make_plan(const struct executor *executor, const struct run_request *run) {
    const char *image = run->image ? run->image : SANDBOX_DEFAULT_IMAGE;
    return (struct launch_plan){
        .shape = {.profile = run->profile, .image_root = image_roots_find(executor->images, image)},
        .order = {.argv = (const char *const *)run->command,
                  .image = image,
                  .limits = limits_of_profile(run->profile),
                  .tree_fd = -1}};
}

void handle_run(struct api *api, struct request *request, struct reply *reply) {
    struct run_request run = {0};
    char message[VALIDATE_MESSAGE];
    if (read_run_request(request, &run, reply)) {
        const char *wrong = run.count == 0 ? "command is required" : NULL;
        if (!wrong && run.image) {
            wrong = validate_image(run.image, message);
        }
        if (wrong) {
            reply_error(reply, 400, wrong);
        } else if (command_reply_available(&api->executor, reply)) {
            struct launch_plan plan = make_plan(&api->executor, &run);
            struct executed executed = execute(&api->executor, &plan, NULL, request->client_fd, capture_limit());
            command_reply(reply, NULL, &executed);
            executed_free(&executed);
        }
    }
    free_run_request(&run);
}

void handle_run_stream(struct api *api, struct request *request, struct reply *reply) {
    struct run_request run = {0};
    if (read_run_request(request, &run, reply)) {
        if (run.count == 0) {
            event_stream_reply_error(reply, "command is required");
        } else if (command_reply_available(&api->executor, reply)) {
            struct launch_plan plan = make_plan(&api->executor, &run);
            event_stream_reply(reply, &api->executor, &plan, run.fast, request->client_fd);
        }
    }
    free_run_request(&run);
}
