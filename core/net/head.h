/*
 * head.h: what comes before a body: how large it may be, and when the server wants to be asked again. Thread: one.
 */
#ifndef AK_HEAD_H
#define AK_HEAD_H

#include <curl/curl.h>

#include "error.h"

/* All headers of a reply, and of the answers before it. libcurl has a limit of its own, of 300 kB in some versions. */
#define AK_MAX_HEAD_BYTES (256 * 1024)

/* Counts a header of so many bytes; false when there were too many. */
bool ak_head_count(size_t *total, size_t len);

/* Whether a transfer ended so because the head of the reply is too large: libcurl's versions say this
 * in several ways, one of them that memory is out. Sets err then. message: libcurl's own; within: it had not come to a
 * body. */
bool ak_head_is_too_large(CURLcode result, const char *message, bool within, ak_error *err);

/* After how many milliseconds the server wants to be asked again; -1: it does not say. */
int64_t ak_head_retry_after(CURL *easy);

#endif
