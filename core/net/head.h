/*
 * head.h: what libcurl says of the head of a reply: whether it was too large for it. Thread:
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

#endif
