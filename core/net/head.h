/*
 * head.h: what libcurl says of the head of a reply: whether it was too large for it, and when to ask again. Thread:
 * one.
 */
#ifndef AK_HEAD_H
#define AK_HEAD_H

#include <curl/curl.h>

#include "error.h"

/* Whether a transfer ended so because the head of the reply is too large: libcurl's versions say this
 * in several ways, one of them that memory is out. Sets err then. message: libcurl's own; within: it had not come to a
 * body. */
bool ak_head_is_too_large(CURLcode result, const char *message, bool within, ak_error *err);

/* After how many milliseconds the server wants to be asked again; -1: it does not say. */
int64_t ak_head_retry_after(CURL *easy);

#endif
