/*
 * reply.h: a server's reply: takes its bytes and yields records. No I/O. Thread: one.
 *
 * A reply is an envelope around one record, a list of them or nothing; or a stream of events; or a file, whose content
 * is returned as it arrives.
 */
#ifndef AK_REPLY_H
#define AK_REPLY_H

#include "content.h"
#include "error.h"
#include "json_text.h"
#include "operations.h"
#include "record.h"
#include "sse.h"
#include "value_limits.h"

/* Why a reply accepts no more bytes. */
typedef enum {
    AK_REPLY_SOUND,
    AK_REPLY_HEAD_TOO_LARGE,
    AK_REPLY_TOO_LARGE,
    AK_REPLY_MALFORMED, /* the content in it */
    AK_REPLY_NO_MEMORY
} ak_reply_fault;

/* What comes besides the body. The texts belong to the transfer, and are valid as long as it. */
typedef struct {
    long status; /* 0: no reply yet */
    const char *content_type;
    const char *redirect; /* target of a redirect */
    int64_t retry_after_ms;
} ak_reply_head;

/* The relevant settings of a client and parameters of a call. */
typedef struct {
    size_t max_bytes;
    size_t max_event_bytes;
    bool returns_failures; /* of commands and requests: as a record, not an error */
    bool streams_content;  /* of a file, as it arrives */
} ak_reply_options;

typedef struct {
    const ak_operation *operation;
    ak_reply_options options;
    ak_reply_head head;
    size_t head_bytes;
    bool is_events;
    ak_reply_fault fault;
    ak_buffer body; /* as far as it is kept */
    ak_sse *sse;
    ak_content *content;
    ak_json_iter list; /* returned element by element */
    bool ended;        /* completely received */
    bool opened;       /* the body was parsed and its envelope removed */
    bool exhausted;    /* no more records follow */
    bool finished;     /* a stream's final event was returned */
} ak_reply;

void ak_reply_free(ak_reply *reply);

/* Counts a header of len bytes; false when the limit is exceeded. */
bool ak_reply_count_header(ak_reply *reply, size_t len);
/* Called at the start of the body. */
void ak_reply_begin(ak_reply *reply, long status, const char *content_type);
/* Whether records can be read before the end: then it should not be fed faster than it is read. */
bool ak_reply_is_incremental(const ak_reply *reply);
/* Adds bytes of the body; false when it accepts no more, and fault has the reason. */
bool ak_reply_feed(ak_reply *reply, const char *bytes, size_t len);
/* Called at the end of the reply; whole: it is complete. */
void ak_reply_end(ak_reply *reply, const ak_reply_head *head, bool whole);
/* Whether nothing of a body was received. */
bool ak_reply_is_empty(const ak_reply *reply);

/* reply_error.c: errors for a fault, for a redirect, and for a failure that the server reports. */
ak_status ak_reply_fault_error(const ak_reply *reply, ak_error *err);
ak_status ak_reply_redirect_error(const ak_reply *reply, ak_error *err);
/* root: the body if it is JSON, else absent. */
ak_status ak_reply_server_error(const ak_reply *reply, const ak_json_value *root, ak_error *err);

/* The next record of what was received: AK_ITEM, AK_DONE (no more records), AK_AGAIN (more bytes, or the end, are
 * needed) or an error. */
ak_status ak_reply_next(ak_reply *reply, ak_record *record, ak_error *err);

#endif
