#include "http_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_error(struct reply *reply, unsigned status, const char *message) {
    reply->status = status;
    writer_reset(&reply->body);
    writer_open(&reply->body, '{');
    writer_member_bool(&reply->body, "success", false);
    writer_member_text(&reply->body, "error", message);
    writer_close(&reply->body, '}');
}

void reply_errorf(struct reply *reply, unsigned status, const char *format, ...) {
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    reply_error(reply, status, message);
}

void reply_text(struct reply *reply, unsigned status, const char *text) {
    reply_open(reply, status);
    writer_string(&reply->body, text, strlen(text));
    reply_close(reply);
}

void reply_open(struct reply *reply, unsigned status) {
    reply->status = status;
    writer_reset(&reply->body);
    writer_open(&reply->body, '{');
    writer_member_bool(&reply->body, "success", true);
    writer_name(&reply->body, "data");
}

void reply_close(struct reply *reply) {
    writer_close(&reply->body, '}');
}

/* --- A text as a source --- */

struct text_body {
    struct writer text;
    size_t sent;
};

static ssize_t read_text(void *body, char *buf, size_t cap) {
    struct text_body *text = body;
    size_t left = text->text.len - text->sent;
    size_t n = left < cap ? left : cap;
    memcpy(buf, text->text.text + text->sent, n);
    text->sent += n;
    return n > 0 ? (ssize_t)n : BODY_END;
}

static void close_text(void *body) {
    struct text_body *text = body;
    writer_free(&text->text);
    free(text);
}

void reply_send_in_pieces(struct reply *reply) {
    struct text_body *text = calloc(1, sizeof *text);
    if (text) {
        text->text = reply->body;
        reply->body = (struct writer){0};
        reply->source = (struct body_source){read_text, close_text, text, text->text.len};
    }
}
