#include "http_reply.h"

#include <stdarg.h>
#include <stdio.h>
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
    (void)vsnprintf(message, sizeof message, format, args);
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
