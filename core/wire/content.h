/*
 * content.h: extracts the content of a file from a reply as it arrives.
 *
 * A file is sent as {"success":true,"data":{"encoding":"base64","content":"...","size":N}}. When `encoding` comes
 * before `content`, the content is decoded piece by piece and never held as a whole; the rest of the reply is kept,
 * with an empty string in place of the content. When it comes after, the encoding is not known in time, and the whole
 * reply is kept.
 *
 * Depends only on buffer, json_text and base64. Thread class of every function: one.
 */
#ifndef AK_CONTENT_H
#define AK_CONTENT_H

#include "buffer.h"
#include "json_text.h"

typedef struct ak_content ak_content;

typedef enum {
    AK_CONTENT_OK,
    AK_CONTENT_MALFORMED, /* the content is not a string, or not valid in its encoding; sticky */
    AK_CONTENT_MEMORY
} ak_content_result;

/* limit: the maximum of kept bytes of the reply. NULL when out of memory. */
ak_content *ak_content_new(size_t limit);
void ak_content_free(ak_content *content);

/* Adds bytes of the reply. */
ak_content_result ak_content_feed(ak_content *content, const char *bytes, size_t len);

/* The number of decoded bytes that can be read, and reading them. */
size_t ak_content_waiting(const ak_content *content);
size_t ak_content_read(ak_content *content, void *buf, size_t cap);

/* Whether the content was extracted; else rest is the whole reply. Known at the end of the reply. */
bool ak_content_was_taken(const ak_content *content);
/* The decoded size of the content. */
uint64_t ak_content_total(const ak_content *content);
/* The kept part of the reply, and moving it to an empty buffer. */
const ak_buffer *ak_content_rest(const ak_content *content);
void ak_content_give_rest(ak_content *content, ak_buffer *to);
/* Whether the kept part exceeded the limit. */
bool ak_content_is_too_large(const ak_content *content);

#endif
