/*
 * batch.c: POST /batch/run: runs commands in parallel, each in a fresh sandbox, and replies in the order of the
 * request.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_limits.h"
#include "command_reply.h"
#include "fields.h"
#include "handlers.h"
#include "thread.h"

#define COMMANDS_MAX 256
/* How many run at once. */
#define WORKERS_MAX 8

struct item {
    char **argv;
    struct executed executed;
};

struct batch {
    const struct executor *executor;
    int client_fd;
    size_t output_max;
    struct item *items;
    size_t count;
    atomic_size_t next; /* the next item that no thread has taken */
    atomic_bool cut;    /* the client has disconnected or the server stops: start no more commands */
};

static void free_items(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        fields_free_list(batch->items[i].argv);
        executed_free(&batch->items[i].executed);
    }
    free(batch->items);
}

/* --- Request --- */

static void read_item(struct fields *fields, const ak_json_value *value, size_t number, struct item *item) {
    size_t argc = 0;
    struct fields inner = fields_below(fields, value);
    item->argv = fields_list(&inner, "command", true, &argc);
    if (inner.failed) {
        fields_fail(fields, inner.error);
    } else if (argc == 0) {
        char message[64];
        snprintf(message, sizeof message, "commands[%zu]: command is required", number);
        fields_fail(fields, message);
    }
}

/* Reads the body. False if the reply is an error. */
static bool read_batch(const struct request *request, struct batch *batch, struct reply *reply) {
    struct fields fields;
    ak_json_value list;
    ak_json_value value;
    ak_json_iter iter;
    fields_parse(&fields, request->body, request->body_len);
    size_t count = fields_array(&fields, "commands", &list) ? ak_json_count(&list) : 0;
    if (!fields.failed && (count == 0 || count > COMMANDS_MAX)) {
        fields_fail(&fields, count == 0 ? "commands array is required and must not be empty"
                                        : "commands has too many entries (max 256)");
    }
    if (!fields.failed) {
        batch->items = calloc(count, sizeof *batch->items);
        batch->count = batch->items ? count : 0;
        ak_json_iter_init(&iter, &list);
        for (size_t i = 0; i < batch->count && ak_json_iter_next(&iter, NULL, &value); i++) {
            read_item(&fields, &value, i, &batch->items[i]);
        }
    }
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    } else if (!batch->items) {
        reply_error(reply, 500, "out of memory");
    }
    return reply->status == 0;
}

/* --- Running --- */

static void run_item(struct batch *batch, struct item *item) {
    struct launch_plan plan = {
        .shape = {.profile = PROFILE_MODERATE,
                  .image_root = image_roots_find(batch->executor->images, SANDBOX_DEFAULT_IMAGE)},
        .order = {.argv = (const char *const *)item->argv,
                  .image = SANDBOX_DEFAULT_IMAGE,
                  .limits = limits_of_profile(PROFILE_MODERATE),
                  .tree_fd = -1}};
    item->executed = execute(batch->executor, &plan, NULL, batch->client_fd, batch->output_max);
    if (item->executed.outcome == EXECUTE_CANCELLED) {
        atomic_store(&batch->cut, true);
    }
}

static void *work(void *data) {
    struct batch *batch = data;
    size_t i = 0;
    while (!atomic_load(&batch->cut) && (i = atomic_fetch_add(&batch->next, 1)) < batch->count) {
        run_item(batch, &batch->items[i]);
    }
    return NULL;
}

/* This thread works as well, so the batch completes even if no other thread can be started. */
static void run_all(struct batch *batch) {
    pthread_t threads[WORKERS_MAX - 1];
    size_t started = 0;
    size_t wanted = batch->count < WORKERS_MAX ? batch->count - 1 : WORKERS_MAX - 1;
    while (started < wanted && thread_start(&threads[started], THREAD_STACK, work, batch)) {
        started++;
    }
    work(batch);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* --- Reply --- */

/* Why a command failed; NULL if its output contains the reason. */
static const char *reason_of(const struct executed *executed) {
    switch (executed->outcome) {
    case EXECUTE_UNAVAILABLE:
        return executed->why;
    case EXECUTE_NO_MEMORY:
        return "out of memory";
    default:
        return executed->result.message[0] != '\0' ? executed->result.message : NULL;
    }
}

static void write_failure(struct writer *writer, const struct executed *executed) {
    const char *reason = reason_of(executed);
    writer_name(writer, "output");
    writer_text(writer, "null");
    if (reason) {
        char message[sizeof executed->result.message + 32];
        snprintf(message, sizeof message, "Command failed: %s", reason);
        writer_member_text(writer, "error", message);
    } else {
        command_reply_error(writer, "Command failed: ", &executed->output);
    }
    if (executed->outcome == EXECUTE_ENDED) {
        writer_member_int(writer, "exit_code", executed->result.exit_code);
    }
    if (executed->result.kind == END_OUT_OF_MEMORY) {
        writer_member_bool(writer, "oom", true);
    }
}

static void write_results(struct reply *reply, const struct batch *batch) {
    struct writer *writer = &reply->body;
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_name(writer, "results");
    writer_open(writer, '[');
    for (size_t i = 0; i < batch->count; i++) {
        const struct executed *executed = &batch->items[i].executed;
        writer_element(writer);
        writer_open(writer, '{');
        if (!executed_well(executed)) {
            write_failure(writer, executed);
        } else {
            command_reply_output(writer, &executed->output, "output", "output_base64");
            writer_name(writer, "error");
            writer_text(writer, "null");
        }
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
    reply_close(reply);
}

void handle_batch_run(struct api *api, struct request *request, struct reply *reply) {
    struct batch batch = {.executor = &api->executor, .client_fd = request->client_fd};
    if (read_batch(request, &batch, reply) && command_reply_available(&api->executor, reply)) {
        batch.output_max = capture_limit() / batch.count; /* a batch's reply is not larger than that of one command */
        run_all(&batch);
        if (atomic_load(&batch.cut)) {
            reply_error(reply, 503, "The server is shutting down"); /* not read by a client that has disconnected */
        } else {
            write_results(reply, &batch);
        }
    }
    free_items(&batch);
}
