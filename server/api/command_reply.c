#include "command_reply.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

bool command_reply_available(const struct executor *executor, struct reply *reply) {
    if (!executor->spawner) {
        reply_errorf(reply, 503, "Sandbox unavailable: %s", executor->probe.message);
        return false;
    }
    if (!spawner_alive(executor->spawner)) {
        reply_error(reply, 503,
                    "Sandbox unavailable: the process that starts sandboxes was killed. Restart the server");
        return false;
    }
    return true;
}

void command_reply_output(struct writer *writer, const struct capture *output, const char *name,
                          const char *base64_name) {
    writer_member_output(writer, name, base64_name, output->bytes, output->len);
    if (output->total > output->len) {
        writer_member_bool(writer, "truncated", true);
        writer_member_uint(writer, "total_bytes", output->total);
    }
}

void command_reply_error(struct writer *writer, const char *what, const struct capture *output) {
    struct writer message = {0};
    size_t shown = output->len;
    if (shown > ERROR_OUTPUT_MAX) {
        shown = ERROR_OUTPUT_MAX - text_incomplete_tail(output->bytes, ERROR_OUTPUT_MAX);
    }
    writer_text(&message, what);
    writer_raw(&message, output->bytes, shown);
    if (writer_ok(&message)) {
        writer_member_string(writer, "error", message.text, message.len);
    } else {
        writer_member_text(writer, "error", what);
    }
    writer_free(&message);
}

/* The 409 of a failed command. */
static void reply_failed(struct reply *reply, const struct run_result *result, const struct capture *output) {
    char what[80];
    bool oom = result->kind == END_OUT_OF_MEMORY;
    snprintf(what, sizeof what,
             oom ? "Command was killed, out of memory (exit code %d): " : "Command exited with code %d: ",
             result->exit_code);
    struct writer *writer = &reply->body;
    reply->status = 409;
    writer_reset(writer);
    writer_open(writer, '{');
    writer_member_bool(writer, "success", false);
    command_reply_error(writer, what, output);
    writer_member_int(writer, "exit_code", result->exit_code);
    command_reply_output(writer, output, "output", "output_base64");
    if (oom) {
        writer_member_bool(writer, "oom", true);
    }
    writer_close(writer, '}');
}

static void reply_ended(struct reply *reply, const struct executed *executed) {
    if (executed->result.kind == END_TOO_BIG) {
        reply_error(reply, 400, COMMAND_TOO_BIG);
    } else if (executed->result.kind == END_SANDBOX_FAILED) {
        reply_errorf(reply, 503, "Sandbox unavailable: %s", executed->result.message);
    } else if (!executed_well(executed)) {
        reply_failed(reply, &executed->result, &executed->output);
    } else {
        reply_open(reply, 200);
        writer_open(&reply->body, '{');
        command_reply_output(&reply->body, &executed->output, "output", "output_base64");
        writer_close(&reply->body, '}');
        reply_close(reply);
    }
}

void command_reply(struct reply *reply, const struct sandbox *sandbox, const struct executed *executed) {
    const char *name = sandbox ? sandbox->name : "";
    switch (executed->outcome) {
    case EXECUTE_ENDED:
        reply_ended(reply, executed);
        break;
    case EXECUTE_UNUSABLE:
        reply_errorf(reply, 500, "Sandbox '%s' cannot be used: %s", name, executed->why);
        break;
    case EXECUTE_UNAVAILABLE:
        reply_errorf(reply, 503, "Sandbox unavailable: %s", executed->why);
        break;
    case EXECUTE_NOT_RUNNING:
        reply_errorf(reply, 500, SANDBOX_NOT_RUNNING, name, name);
        break;
    case EXECUTE_REMOVED:
        reply_errorf(reply, 404, "Sandbox '%s' was removed", name);
        break;
    case EXECUTE_STOPPED:
        reply_errorf(reply, 409, "Sandbox '%s' was stopped", name);
        break;
    case EXECUTE_NO_MEMORY:
        reply_error(reply, 500, "out of memory");
        break;
    case EXECUTE_CANCELLED: /* not read by a client that has disconnected */
        reply_error(reply, 503, "The server is shutting down");
        break;
    }
}
