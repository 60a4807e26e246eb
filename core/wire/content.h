/*
 * content.h: takes the content of a file out of a reply while the reply is still coming.
 *
 * A file travels as {"success":true,"data":{"encoding":"base64","content":"...","size":N}}. When `encoding` comes
 * before `content`, what the content stands for is decoded piece by piece and never held as a whole; the rest of the
 * reply is kept, with an empty string in the content's place. When it comes after, nobody can know how to decode, and
 * the whole reply is kept.
 *
 * A leaf beside json_text and base64. Thread class of every function: one.
 */
#ifndef AK_CONTENT_H
#define AK_CONTENT_H

#include "buffer.h"
#include "json_text.h"

typedef struct ak_content ak_content;

typedef enum {
    AK_CONTENT_OK,
    AK_CONTENT_MALFORMED, /* the content is no string, or not what its encoding says; sticky */
    AK_CONTENT_MEMORY
} ak_content_result;

/* limit: the most bytes that are kept of the reply. NULL when out of memory. */
ak_content *ak_content_new(size_t limit);
void ak_content_free(ak_content *content);

/* Takes bytes of the reply. */
ak_content_result ak_content_feed(ak_content *content, const char *bytes, size_t len);

/* Decoded bytes that wait to be read, and reading them. */
size_t ak_content_waiting(const ak_content *content);
size_t ak_content_read(ak_content *content, void *buf, size_t cap);

/* Whether the content was taken out; else rest is the whole reply. Known at the reply's end. */
bool ak_content_was_taken(const ak_content *content);
/* How many bytes the content stood for. */
uint64_t ak_content_total(const ak_content *content);
/* What is kept of the reply, and handing that over to an empty buffer. */
const ak_buffer *ak_content_rest(const ak_content *content);
void ak_content_give_rest(ak_content *content, ak_buffer *to);
/* Whether there was more to keep than the limit. */
bool ak_content_is_too_large(const ak_content *content);

#endif
