/*
 * sse.h: an incremental parser of server-sent events (the WHATWG rules for text/event-stream).
 *
 * Bytes are fed with feed, events are pulled with next. Lines may have any length; time is linear in the bytes however
 * they are split; only the current event is held (comments and unknown fields are dropped as they arrive). Data is
 * bytes: NUL and invalid UTF-8 are preserved. An event with one data line is returned in place.
 *
 * Independent of HTTP and JSON. Thread class of every function: one (a parser belongs to one thread at a
 * time).
 */
#ifndef AK_SSE_H
#define AK_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ak_sse ak_sse;

typedef enum {
    AK_SSE_NONE = 0,  /* no complete event in what has been fed */
    AK_SSE_EVENT,     /* *event holds one */
    AK_SSE_TOO_LARGE, /* an event exceeded the limit; sticky: the parser rejects everything from here on */
    AK_SSE_MEMORY     /* out of memory; sticky as well */
} ak_sse_result;

/* One event. The pointers are valid until the next call on the parser. type is "message" when none was given. */
typedef struct {
    const char *type;
    size_t type_len;
    const char *data;
    size_t data_len;
    const char *id; /* the last event id of the stream, "" if there was none */
    size_t id_len;
} ak_sse_event;

/* event_limit: the most bytes that data, type and id of one event may have together, as sent: an event without a type
 * counts nothing for "message", one without an id counts the last id, which it carries. Owned by the caller; NULL when
 * out of memory. */
ak_sse *ak_sse_new(size_t event_limit);

/* NULL is allowed. */
void ak_sse_free(ak_sse *sse);

/* Copies len bytes (nothing is parsed yet). NONE when they were accepted, else the sticky error. Pointers of an earlier
 * event are invalid afterwards. Memory is bounded by the event limit and what is fed between two NONEs of ak_sse_next,
 * so callers pull until NONE before they feed more. */
ak_sse_result ak_sse_feed(ak_sse *sse, const void *bytes, size_t len);

/* The next complete event of what has been fed. An event is complete at its blank line, and a CR ends a line at once.
 * *event is set only with EVENT. TOO_LARGE comes at the first byte past the limit, after all events before it. */
ak_sse_result ak_sse_next(ak_sse *sse, ak_sse_event *event);

/* Bytes held: fed, and not yet returned or dropped. The last event id is not included. */
size_t ak_sse_buffered(const ak_sse *sse);

/* The reconnection time that the stream requested, in milliseconds (clamped to INT64_MAX); -1 if none. */
int64_t ak_sse_retry_ms(const ak_sse *sse);

/* The last event id of the stream as of the last blank line, *len bytes; "" when there is none. An event without data
 * also sets it, so it may be newer than that of the last event. Valid until the next call of ak_sse_feed or
 * ak_sse_next. */
const char *ak_sse_last_id(const ak_sse *sse, size_t *len);

#endif
