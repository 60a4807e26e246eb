/*
 * upload.h: content that the caller hands in piece by piece, on its way into the body of a request.
 *
 * The body is {"encoding":"base64","content":"..."}; it is encoded as it goes, and no more than a buffer of it is held.
 */
#ifndef AK_UPLOAD_H
#define AK_UPLOAD_H

#include "buffer.h"
#include "error.h"

/* The most that servers take in one request. */
#define AK_MAX_BODY_BYTES (16 * 1024 * 1024)

typedef struct {
    bool active;      /* content comes by ak_call_write */
    bool ended;       /* all of it has come */
    bool paused;      /* libcurl waits for more */
    int64_t declared; /* its size, -1: not told */
    uint64_t given;
    char carry[3]; /* not encoded yet: base64 takes three bytes at a time */
    size_t carry_len;
    ak_buffer out;
    size_t out_pos;
} ak_upload;

struct ak_call;

/* Makes the body of a call whose content was bound, or gets ready for ak_upload_write. AK_E_TOO_LARGE, AK_E_MEMORY, or
 * AK_E_ARGUMENT when there is no content at all. */
ak_status ak_upload_begin(struct ak_call *call, ak_error *err);
/* The size of the whole body, -1 when nobody knows. */
int64_t ak_upload_body_size(const ak_upload *upload);
/* Copies what is encoded; 0 when there is nothing now. */
size_t ak_upload_take(ak_upload *upload, char *buf, size_t cap);
/* ak_call_write. */
ak_status ak_upload_write(struct ak_call *call, const void *data, size_t len, size_t *taken, ak_error *err);
void ak_upload_free(ak_upload *upload);

#endif
