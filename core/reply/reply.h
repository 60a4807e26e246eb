/*
 * reply.h: what a server answers: fed with its bytes, it yields records. No I/O. Thread: one.
 *
 * A reply is an envelope around one record, a list of them or nothing; or a stream of events; or a file, whose content
 * is handed out while it comes.
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

/* Why a reply takes no more bytes. */
typedef enum {
    AK_REPLY_SOUND,
    AK_REPLY_HEAD_TOO_LARGE,
    AK_REPLY_TOO_LARGE,
    AK_REPLY_MALFORMED, /* the content in it */
    AK_REPLY_NO_MEMORY
} ak_reply_fault;

/* What stands beside the body. The texts are the transfer's, and stay as long as that. */
typedef struct {
    long status; /* 0: no answer yet */
    const char *content_type;
    const char *redirect; /* where a redirect leads */
    int64_t retry_after_ms;
} ak_reply_head;

/* The settings of a client and parameters of a call that matter here. */
typedef struct {
    size_t max_bytes;
    size_t max_event_bytes;
    bool returns_failures; /* of commands and requests: a record, no error */
    bool streams_content;  /* of a file, while it comes */
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
    ak_json_iter list; /* handed out element by element */
    bool ended;        /* all of it is here */
    bool opened;       /* the body was parsed and its envelope taken off */
    bool exhausted;    /* nothing more will come of it */
    bool finished;     /* a stream's final event was handed out */
} ak_reply;

void ak_reply_free(ak_reply *reply);

/* Counts a header of so many bytes; false when there were too many. */
bool ak_reply_count_header(ak_reply *reply, size_t len);
/* The body begins. */
void ak_reply_begin(ak_reply *reply, long status, const char *content_type);
/* Whether what it is fed can be handed out before the end: then it should not be fed faster than it is read. */
bool ak_reply_is_incremental(const ak_reply *reply);
/* Takes bytes of the body; false when it takes no more, and fault says why. */
bool ak_reply_feed(ak_reply *reply, const char *bytes, size_t len);
/* Nothing more comes, and whole: nothing lacks. */
void ak_reply_end(ak_reply *reply, const ak_reply_head *head, bool whole);
/* Whether nothing of a body has come. */
bool ak_reply_is_empty(const ak_reply *reply);

/* reply_error.c: what a fault means, what a redirect, and what a server answers that did not do what it was asked. */
ak_status ak_reply_fault_error(const ak_reply *reply, ak_error *err);
ak_status ak_reply_redirect_error(const ak_reply *reply, ak_error *err);
/* root: the body, as far as it is JSON. */
ak_status ak_reply_server_error(const ak_reply *reply, const ak_json_value *root, ak_error *err);

/* The next record of what has come: AK_ITEM, AK_DONE (no more records), AK_AGAIN (more bytes are needed, or its end) or
 * an error. */
ak_status ak_reply_next(ak_reply *reply, ak_record *record, ak_error *err);

#endif
