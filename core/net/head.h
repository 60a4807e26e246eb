/*
 * head.h: whether the head of a reply was too large for libcurl. Thread: one.
 */
#ifndef AK_HEAD_H
#define AK_HEAD_H

#include <curl/curl.h>

#include "error.h"

/* Whether a transfer failed because the head of the reply is too large, which versions of libcurl report in several
 * ways, one of them out of memory. Sets err then. message: libcurl's own; within: no body had arrived yet. */
bool ak_head_is_too_large(CURLcode result, const char *message, bool within, ak_error *err);

#endif
