/*
 * upload.h: content that the caller hands in piece by piece, on its way into the body of a request. Thread: one.
 *
 * The body is {"encoding":"base64","content":"..."}; it is encoded as it is sent, and no more than a buffer of it is held.
 */
#ifndef AK_UPLOAD_H
#define AK_UPLOAD_H

#include "buffer.h"
#include "error.h"

typedef struct {
    bool ended;       /* all of it has come */
    int64_t declared; /* its size, -1: not told */
    uint64_t given;
    char carry[3]; /* not encoded yet: base64 takes three bytes at a time */
    size_t carry_len;
    ak_buffer out;
    size_t out_pos;
} ak_upload;

/* declared: the size of the content, -1: not known. AK_E_TOO_LARGE, AK_E_MEMORY. */
ak_status ak_upload_begin(ak_upload *upload, int64_t declared, ak_error *err);

/* The size of the whole body, -1 when nobody knows. */
int64_t ak_upload_body_size(const ak_upload *upload);
/* Whether as much waits as is held. */
bool ak_upload_is_full(const ak_upload *upload);

/* Takes in what there is room for. AK_E_ARGUMENT: more than was declared; AK_E_TOO_LARGE, AK_E_MEMORY. */
ak_status ak_upload_write(ak_upload *upload, const char *bytes, size_t len, size_t *taken, ak_error *err);
/* No more comes. AK_E_ARGUMENT: less than was declared; AK_E_MEMORY. */
ak_status ak_upload_end(ak_upload *upload, ak_error *err);

/* Copies what is encoded; 0 when there is nothing now. */
size_t ak_upload_take(ak_upload *upload, char *buf, size_t cap);

/* The whole body of content that is there at once, allocated by cJSON; as ak_upload_begin. */
ak_status ak_upload_encode(const char *content, size_t len, int64_t declared, char **body, size_t *body_len,
                           ak_error *err);

#endif
