/*
 * sse.h: an incremental parser of server-sent events (the WHATWG rules for text/event-stream).
 *
 * Bytes go in with feed, events are pulled with next. No line is too long for it; time is linear in the bytes however they
 * are cut; only the event that is being put together is held (comments and unknown fields are dropped as they come). Data
 * is bytes: neither NUL nor invalid UTF-8 changes it.
 *
 * A leaf: it knows nothing of HTTP or JSON.
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
    AK_SSE_TOO_LARGE, /* an event passed the limit; sticky: the parser refuses everything from here on */
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

/* event_limit: the most bytes that data, type and id of one event may have together. NULL when out of memory. */
ak_sse *ak_sse_new(size_t event_limit);
void ak_sse_free(ak_sse *sse);

/* Takes bytes in. NONE when they were taken, else the sticky error. Pointers of an earlier event are void afterwards. */
ak_sse_result ak_sse_feed(ak_sse *sse, const void *bytes, size_t len);

/* The next complete event of what has been fed. An event is complete at its blank line, and a CR ends a line at once. */
ak_sse_result ak_sse_next(ak_sse *sse, ak_sse_event *event);

/* Bytes held: fed, and not yet handed out or dropped. */
size_t ak_sse_buffered(const ak_sse *sse);

/* The reconnection time the stream asked for, in milliseconds (clamped to INT64_MAX); -1 when it did not. */
int64_t ak_sse_retry_ms(const ak_sse *sse);

#endif
