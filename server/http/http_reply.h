/*
 * http_reply.h: the reply of a handler: a status and a JSON envelope, or a body that is made while it is sent.
 */
#ifndef AKL_HTTP_REPLY_H
#define AKL_HTTP_REPLY_H

#include <stdbool.h>

#include "body_source.h"
#include "writer.h"

struct reply {
    unsigned status;
    struct writer body;        /* application/json */
    struct body_source source; /* instead of it, where it has a read */
    bool events;               /* the source is a stream of events, which a client may read at any speed */
};

/* {"success":false,"error":message}, replacing what was there. */
void reply_error(struct reply *reply, unsigned status, const char *message);

/* The same with a message made of a format. */
__attribute__((format(printf, 3, 4))) void reply_errorf(struct reply *reply, unsigned status, const char *format, ...);

/* {"success":true,"data":text} */
void reply_text(struct reply *reply, unsigned status, const char *text);

/* Writes {"success":true,"data": for the handler to add to reply->body, and what closes it. */
void reply_open(struct reply *reply, unsigned status);
void reply_close(struct reply *reply);

/* Makes a source of the body. Without memory it stays one that is sent at once. */
void reply_send_in_pieces(struct reply *reply);

#endif
