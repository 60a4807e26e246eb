/*
 * http_reply.h: what a handler answers: a status and a JSON envelope, one with a file in it, or a stream of events.
 */
#ifndef AKL_REPLY_H
#define AKL_REPLY_H

#include "writer.h"

struct file_reader;
struct stream;

struct reply {
    unsigned status;
    struct writer body;       /* application/json */
    struct stream *stream;    /* instead of a body: text/event-stream */
    struct file_reader *file; /* instead of a body: application/json */
};

/* {"success":false,"error":message}, replacing what was there. */
void reply_error(struct reply *reply, unsigned status, const char *message);

/* The same with a message made of a format. */
__attribute__((format(printf, 3, 4))) void reply_errorf(struct reply *reply, unsigned status, const char *format, ...);

/* {"success":true,"data":text} */
void reply_text(struct reply *reply, unsigned status, const char *text);

/* Writes {"success":true,"data": for the handler to go on with reply->body, and what closes it. */
void reply_open(struct reply *reply, unsigned status);
void reply_close(struct reply *reply);

#endif
