#include "event_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "command_reply.h"
#include "text.h"

/* How often a comment is sent, so that idle timeouts of clients and proxies do not end the stream of a silent command
 * (RT2). */
#ifndef STREAM_KEEP_ALIVE_MS
#define STREAM_KEEP_ALIVE_MS 15000
#endif

#define TAIL_MAX 3 /* the longest incomplete character that can be held back */

struct stream {
    struct command command;
    struct writer out; /* the event that is being sent */
    size_t sent;
    size_t held; /* bytes at the start of raw that wait for the rest of their character */
    bool finished;
    bool broken;
    char raw[COMMAND_READ_MAX + TAIL_MAX];
};

static void begin_event(struct stream *stream, const char *name) {
    writer_text(&stream->out, "event: ");
    writer_text(&stream->out, name);
    writer_text(&stream->out, "\ndata: ");
    writer_open(&stream->out, '{');
}

static void end_event(struct stream *stream) {
    writer_close(&stream->out, '}');
    writer_text(&stream->out, "\n\n");
}

static void add_error(struct stream *stream, const char *message) {
    begin_event(stream, "error");
    writer_member_text(&stream->out, "message", message);
    end_event(stream);
    stream->finished = true;
}

static void add_started(struct stream *stream, const struct launch_plan *plan, bool fast) {
    char now[CLOCK_TIME_CAP];
    struct writer *out = &stream->out;
    begin_event(stream, "started");
    writer_name(out, "command");
    writer_strings(out, plan->order.argv);
    clock_now(now, sizeof now);
    writer_member_bool(out, "fast", fast);
    writer_member_text(out, "timestamp", now);
    end_event(stream);
}

static void add_progress(struct stream *stream) {
    char hex[9];
    char name[32];
    clock_random_hex(hex);
    snprintf(name, sizeof name, "api-stream-%s", hex);
    begin_event(stream, "progress");
    writer_member_text(&stream->out, "stage", "sandbox_created");
    writer_member_text(&stream->out, "sandbox", name);
    end_event(stream);
    begin_event(stream, "progress");
    writer_member_text(&stream->out, "stage", "sandbox_started");
    end_event(stream);
}

static void add_output(struct stream *stream, const char *bytes, size_t len) {
    if (len == 0) {
        return;
    }
    begin_event(stream, "output");
    writer_member_output(&stream->out, "data", "data_base64", bytes, len);
    writer_member_text(&stream->out, "stream", "stdout");
    end_event(stream);
}

static void add_done(struct stream *stream, const struct run_result *result) {
    begin_event(stream, "done");
    writer_member_int(&stream->out, "exit_code", result->exit_code);
    writer_member_bool(&stream->out, "success", result->kind == END_EXITED && result->exit_code == 0);
    if (result->kind == END_OUT_OF_MEMORY) {
        writer_member_bool(&stream->out, "oom", true);
    }
    end_event(stream);
    stream->finished = true;
}

static void add_end(struct stream *stream, const struct run_result *result) {
    add_output(stream, stream->raw, stream->held); /* an incomplete character */
    char message[600];
    switch (result->kind) {
    case END_TOO_BIG:
        add_error(stream, COMMAND_TOO_BIG);
        break;
    case END_SANDBOX_FAILED:
        snprintf(message, sizeof message, "Sandbox unavailable: %s", result->message);
        add_error(stream, message);
        break;
    case END_NOT_FOUND:
        add_output(stream, result->message, strlen(result->message));
        add_done(stream, result);
        break;
    default:
        add_done(stream, result);
        break;
    }
}

/* Adds a piece of output, which was read behind the bytes that were held back. */
static void add_piece(struct stream *stream, size_t len) {
    size_t have = stream->held + len;
    size_t hold = text_incomplete_tail(stream->raw, have);
    add_output(stream, stream->raw, have - hold);
    memmove(stream->raw, stream->raw + have - hold, hold);
    stream->held = hold;
}

/* Waits for the next event of the command and turns it into events of the stream. */
static void advance(struct stream *stream) {
    size_t len = 0;
    switch (command_next(&stream->command, STREAM_KEEP_ALIVE_MS, stream->raw + stream->held, COMMAND_READ_MAX, &len)) {
    case COMMAND_OUTPUT:
        add_piece(stream, len);
        break;
    case COMMAND_ENDED:
        add_end(stream, &stream->command.result);
        break;
    case COMMAND_SILENT:
        writer_text(&stream->out, ": keep-alive\n\n");
        break;
    case COMMAND_STOPPING:
        add_error(stream, "The server is shutting down");
        break;
    default:
        stream->broken = true;
        break;
    }
}

static ssize_t read_events(void *body, char *buf, size_t cap) {
    struct stream *stream = body;
    while (stream->sent == stream->out.len && !stream->finished && !stream->broken) {
        stream->sent = 0;
        writer_reset(&stream->out);
        advance(stream);
        stream->broken = stream->broken || !writer_ok(&stream->out);
    }
    if (stream->broken || !writer_ok(&stream->out)) {
        return BODY_BROKEN;
    }
    size_t n = stream->out.len - stream->sent;
    if (n == 0) {
        return BODY_END;
    }
    n = n < cap ? n : cap;
    memcpy(buf, stream->out.text + stream->sent, n);
    stream->sent += n;
    return (ssize_t)n;
}

static void close_events(void *body) {
    struct stream *stream = body;
    command_close(&stream->command);
    writer_free(&stream->out);
    free(stream);
}

/* Replies with a new stream. If out of memory, replies with an error and returns NULL. */
static struct stream *open_events(struct reply *reply) {
    struct stream *stream = malloc(sizeof *stream);
    if (!stream) {
        reply_error(reply, 500, "out of memory");
        return NULL;
    }
    memset(stream, 0, offsetof(struct stream, raw));
    reply->status = 200;
    reply->events = true;
    reply->source = (struct body_source){read_events, close_events, stream, BODY_LENGTH_UNKNOWN};
    return stream;
}

void event_stream_reply_error(struct reply *reply, const char *message) {
    struct stream *stream = open_events(reply);
    if (stream) {
        add_error(stream, message);
    }
}

void event_stream_reply(struct reply *reply, const struct executor *executor, const struct launch_plan *plan, bool fast,
                        int client_fd) {
    struct stream *stream = open_events(reply);
    if (!stream) {
        return;
    }
    add_started(stream, plan, fast);
    stream->command.client_fd = client_fd;
    stream->command.stop_fd = executor->stop_fd;
    if (command_start(&stream->command, executor->spawner, plan) != COMMAND_STARTED) {
        char message[320];
        snprintf(message, sizeof message, "Sandbox unavailable: %s", stream->command.why);
        add_error(stream, message);
    } else if (!fast) {
        add_progress(stream);
    }
}
