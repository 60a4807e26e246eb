/*
 * upload.h: content that the caller writes piece by piece, encoded into the body of a request. Thread: one.
 *
 * The body is {"encoding":"base64","content":"..."}; it is encoded as it is sent, and at most one buffer of it is held.
 */
#ifndef AK_UPLOAD_H
#define AK_UPLOAD_H

#include "buffer.h"
#include "error.h"

typedef struct {
    bool ended;       /* all content was written */
    int64_t declared; /* its size, -1: unknown */
    uint64_t given;
    char carry[3]; /* not encoded yet: base64 takes three bytes at a time */
    size_t carry_len;
    ak_buffer out;
    size_t out_pos;
} ak_upload;

/* declared: the size of the content, -1: unknown. AK_E_TOO_LARGE, AK_E_MEMORY. */
ak_status ak_upload_begin(ak_upload *upload, int64_t declared, ak_error *err);

/* The size of the whole body, -1 when unknown. */
int64_t ak_upload_body_size(const ak_upload *upload);
/* Whether the buffer is full. */
bool ak_upload_is_full(const ak_upload *upload);

/* Accepts what there is room for. AK_E_ARGUMENT: more than was declared; AK_E_TOO_LARGE, AK_E_MEMORY. */
ak_status ak_upload_write(ak_upload *upload, const char *bytes, size_t len, size_t *taken, ak_error *err);
/* Ends the content. AK_E_ARGUMENT: less than was declared; AK_E_MEMORY. */
ak_status ak_upload_end(ak_upload *upload, ak_error *err);

/* Copies encoded bytes; 0 when none are available. */
size_t ak_upload_take(ak_upload *upload, char *buf, size_t cap);

/* Encodes the whole body of complete content, allocated by cJSON; errors as ak_upload_begin. */
ak_status ak_upload_encode(const char *content, size_t len, int64_t declared, char **body, size_t *body_len,
                           ak_error *err);

#endif
