/*
 * http_reply.h: the reply of a handler: a status and a JSON envelope, or a body that is generated while it is sent.
 */
#ifndef AKL_HTTP_REPLY_H
#define AKL_HTTP_REPLY_H

#include <stdbool.h>

#include "body_source.h"
#include "writer.h"

struct reply {
    unsigned status;
    struct writer body;        /* application/json */
    struct body_source source; /* used instead of body if its read is set */
    bool events;               /* the source is a stream of events, which the client may read at any speed */
};

/* {"success":false,"error":message}, replacing the previous content. */
void reply_error(struct reply *reply, unsigned status, const char *message);

/* The same with a formatted message. */
__attribute__((format(printf, 3, 4))) void reply_errorf(struct reply *reply, unsigned status, const char *format, ...);

/* {"success":true,"data":text} */
void reply_text(struct reply *reply, unsigned status, const char *text);

/* Begin and end {"success":true,"data":...}; in between the handler writes the data to reply->body. */
void reply_open(struct reply *reply, unsigned status);
void reply_close(struct reply *reply);

/* Turns the body into a source. If out of memory, it is sent at once. */
void reply_send_in_pieces(struct reply *reply);

#endif
