#include "execute.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "handlers.h"
#include "json_text.h"
#include "text.h"

/* How much of it the error text of a failed command repeats. */
#define ERROR_OUTPUT_MAX 4096

struct limits execute_limits(enum profile profile) {
    switch (profile) {
    case PROFILE_PERMISSIVE:
        return (struct limits){.max_processes = 4096};
    case PROFILE_RESTRICTIVE:
        return (struct limits){.memory_bytes = (uint64_t)256 << 20, .cpus = 0.5, .max_processes = 256};
    default:
        return (struct limits){.memory_bytes = (uint64_t)512 << 20, .max_processes = 1024};
    }
}

struct limits execute_limits_of(struct sandbox *sandbox) {
    struct limits limits = execute_limits(sandbox->profile);
    (void)pthread_mutex_lock(&sandbox->meta_lock);
    limits.memory_bytes = sandbox->memory_mb << 20;
    limits.cpus = sandbox->cpu_percent / 100.0;
    (void)pthread_mutex_unlock(&sandbox->meta_lock);
    return limits;
}

bool execute_available(const struct server *server, struct reply *reply) {
    if (server->spawner == NULL) {
        reply_errorf(reply, 503, "Sandbox unavailable: %s", server->probe.message);
        return false;
    }
    if (!spawner_alive(server->spawner)) {
        reply_error(reply, 503,
                    "Sandbox unavailable: the process that starts sandboxes was killed. Restart the server");
        return false;
    }
    return true;
}

/* The 409 of a failed command. */
static void reply_failed(struct reply *reply, const struct run_result *result, const struct capture *capture) {
    char what[80];
    bool oom = result->kind == END_OUT_OF_MEMORY;
    (void)snprintf(what, sizeof what,
                   oom ? "Command was killed, out of memory (exit code %d): " : "Command exited with code %d: ",
                   result->exit_code);
    size_t shown = capture->len;
    if (shown > ERROR_OUTPUT_MAX) {
        shown = ERROR_OUTPUT_MAX - text_incomplete_tail(capture->bytes, ERROR_OUTPUT_MAX);
    }
    struct writer message = {0};
    writer_text(&message, what);
    writer_raw(&message, capture->bytes, shown);
    struct writer *writer = &reply->body;
    reply->status = 409;
    writer_reset(writer);
    writer_open(writer, '{');
    writer_member_bool(writer, "success", false);
    if (writer_ok(&message)) {
        writer_member_string(writer, "error", message.text, message.len);
    } else {
        writer_member_text(writer, "error", what);
    }
    writer_member_int(writer, "exit_code", result->exit_code);
    capture_write(writer, capture, "output", "output_base64");
    if (oom) {
        writer_member_bool(writer, "oom", true);
    }
    writer_close(writer, '}');
    writer_free(&message);
}

static void reply_ended(struct reply *reply, const struct run_result *result, struct capture *capture) {
    switch (result->kind) {
    case END_TOO_BIG:
        reply_error(reply, 400, "Argument list too long: command and environment are larger than the kernel takes");
        return;
    case END_SANDBOX_FAILED:
        reply_errorf(reply, 503, "Sandbox unavailable: %s", result->message);
        return;
    case END_NOT_FOUND:
        capture_set(capture, result->message);
        break;
    default:
        break;
    }
    if (result->kind != END_EXITED || result->exit_code != 0) {
        reply_failed(reply, result, capture);
        return;
    }
    reply_open(reply, 200);
    writer_open(&reply->body, '{');
    capture_write(&reply->body, capture, "output", "output_base64");
    writer_close(&reply->body, '}');
    reply_close(reply);
}

/* The sandbox went, or was stopped, before the command began. */
static void reply_gone(struct reply *reply, const struct sandbox *sandbox) {
    if (atomic_load(&sandbox->removed)) {
        reply_errorf(reply, 404, "Sandbox '%s' was removed", sandbox->name);
    } else {
        reply_errorf(reply, 500, SANDBOX_NOT_RUNNING, sandbox->name, sandbox->name);
    }
}

void execute(struct server *server, const struct request *request, const struct command_spec *spec,
             struct sandbox *sandbox, struct reply *reply) {
    struct command command;
    char why[256] = "";
    enum command_start start =
        command_start(&command, server->spawner, spec, sandbox, request->client_fd, server->stop_fd, why, sizeof why);
    if (start == COMMAND_UNAVAILABLE) {
        reply_errorf(reply, 503, "Sandbox unavailable: %s", why);
        return;
    }
    if (start == COMMAND_NOT_RUNNING) {
        reply_gone(reply, sandbox);
        return;
    }
    struct capture capture = {.max = capture_limit()};
    enum command_event event = COMMAND_ENDED;
    bool collected = capture_collect(&capture, &command, &event);
    if (!collected) {
        reply_error(reply, 500, "out of memory");
    } else if (event == COMMAND_REMOVED) {
        reply_gone(reply, sandbox);
    } else if (event == COMMAND_STOPPED) {
        reply_errorf(reply, 409, "Sandbox '%s' was stopped", sandbox->name);
    } else if (event == COMMAND_ENDED) {
        reply_ended(reply, &command.result, &capture);
    } else {
        /* Of a client that has gone nobody reads this. */
        reply_error(reply, 503, "The server is shutting down");
    }
    if (sandbox != NULL) {
        bool known = event == COMMAND_ENDED && command.result.kind != END_SANDBOX_FAILED;
        audit_command(&sandbox->state->audit, sandbox, spec->argv, known ? &command.result.exit_code : NULL);
    }
    command_close(&command);
    free(capture.bytes);
}
