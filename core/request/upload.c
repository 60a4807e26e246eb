#include "upload.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base64.h"
#include "value_limits.h"

/* How much encoded content is held for libcurl. */
#define HELD_BYTES (64 * 1024)

static const char prefix[] = "{\"encoding\":\"base64\",\"content\":\"";
static const char suffix[] = "\"}";
#define AROUND_BYTES (sizeof prefix + sizeof suffix - 2)
/* The largest content: what fits into a body of the maximum size. */
#define MAX_CONTENT_BYTES ((AK_MAX_BODY_BYTES - AROUND_BYTES) / 4 * 3)

static ak_status too_large(ak_error *err, uint64_t size) {
    return ak_error_set(err, AK_E_TOO_LARGE,
                        "the content has %s%llu bytes; servers take requests of at most %d, which is content of %zu",
                        size > MAX_CONTENT_BYTES ? "" : "more than ", (unsigned long long)size, AK_MAX_BODY_BYTES,
                        (size_t)MAX_CONTENT_BYTES);
}

ak_status ak_upload_encode(const char *content, size_t len, int64_t declared, char **body, size_t *body_len,
                           ak_error *err) {
    if (len > MAX_CONTENT_BYTES) {
        return too_large(err, len);
    }
    if (declared >= 0 && (uint64_t)declared != len) {
        return ak_error_set(err, AK_E_ARGUMENT, "the content has %zu bytes, its size says %lld", len,
                            (long long)declared);
    }
    size_t encoded = ak_base64_encoded_size(len);
    char *p = cJSON_malloc(AROUND_BYTES + encoded + 1);
    if (!p) {
        return ak_error_memory(err);
    }
    *body = p;
    *body_len = AROUND_BYTES + encoded;
    memcpy(p, prefix, sizeof prefix - 1);
    p += sizeof prefix - 1;
    ak_base64_encode(content, len, p, encoded);
    memcpy(p + encoded, suffix, sizeof suffix);
    return AK_OK;
}

ak_status ak_upload_begin(ak_upload *upload, int64_t declared, ak_error *err) {
    upload->declared = declared;
    if (declared > (int64_t)MAX_CONTENT_BYTES) {
        return too_large(err, (uint64_t)declared);
    }
    return ak_buffer_append(&upload->out, prefix, sizeof prefix - 1) ? AK_OK : ak_error_memory(err);
}

int64_t ak_upload_body_size(const ak_upload *upload) {
    return upload->declared < 0 ? -1 : (int64_t)(AROUND_BYTES + ak_base64_encoded_size((size_t)upload->declared));
}

size_t ak_upload_take(ak_upload *upload, char *buf, size_t cap) {
    size_t waiting = upload->out.len - upload->out_pos;
    size_t n = cap < waiting ? cap : waiting;
    if (n) {
        memcpy(buf, upload->out.data + upload->out_pos, n);
        upload->out_pos += n;
    }
    if (upload->out_pos == upload->out.len) {
        upload->out.len = upload->out_pos = 0;
    }
    return n;
}

/* ---- writing ---- */

static bool append_encoded(ak_buffer *out, const char *bytes, size_t len) {
    size_t size = ak_base64_encoded_size(len);
    if (!ak_buffer_reserve(out, size)) {
        return false;
    }
    out->len += ak_base64_encode(bytes, len, out->data + out->len, size);
    return true;
}

/* Needed because libcurl may never empty the buffer while more content keeps being written. */
static void drop_taken(ak_upload *upload) {
    ak_buffer *out = &upload->out;
    if (upload->out_pos) {
        out->len -= upload->out_pos;
        memmove(out->data, out->data + upload->out_pos, out->len);
        upload->out_pos = 0;
    }
}

/* Encodes in groups of three; the remainder is carried to the next piece. */
static bool encode_piece(ak_upload *upload, const char *bytes, size_t len) {
    upload->given += len;
    while (len && upload->carry_len && upload->carry_len < 3) {
        upload->carry[upload->carry_len++] = *bytes++;
        len--;
    }
    if (upload->carry_len == 3) {
        upload->carry_len = 0;
        if (!append_encoded(&upload->out, upload->carry, 3)) {
            return false;
        }
    }
    size_t whole = len / 3 * 3;
    if (whole && !append_encoded(&upload->out, bytes, whole)) {
        return false;
    }
    for (size_t i = whole; i < len; i++) {
        upload->carry[upload->carry_len++] = bytes[i];
    }
    return true;
}

ak_status ak_upload_end(ak_upload *upload, ak_error *err) {
    if (upload->declared >= 0 && upload->given != (uint64_t)upload->declared) {
        return ak_error_set(err, AK_E_ARGUMENT, "the content has %llu bytes, its size says %lld",
                            (unsigned long long)upload->given, (long long)upload->declared);
    }
    if (!append_encoded(&upload->out, upload->carry, upload->carry_len) ||
        !ak_buffer_append(&upload->out, suffix, sizeof suffix - 1)) {
        return ak_error_memory(err);
    }
    upload->ended = true;
    return AK_OK;
}

static ak_status check_amount(const ak_upload *upload, size_t len, ak_error *err) {
    if (upload->declared >= 0 && len > (uint64_t)upload->declared - upload->given) {
        return ak_error_set(err, AK_E_ARGUMENT, "the content has more bytes than its size says (%lld)",
                            (long long)upload->declared);
    }
    return len > MAX_CONTENT_BYTES - upload->given ? too_large(err, MAX_CONTENT_BYTES) : AK_OK;
}

static size_t held(const ak_upload *upload) {
    return upload->out.len - upload->out_pos;
}

bool ak_upload_is_full(const ak_upload *upload) {
    return held(upload) >= HELD_BYTES;
}

ak_status ak_upload_write(ak_upload *upload, const char *bytes, size_t len, size_t *taken, ak_error *err) {
    *taken = 0;
    ak_status status = check_amount(upload, len, err);
    if (status != AK_OK || ak_upload_is_full(upload)) {
        return status;
    }
    size_t room = (HELD_BYTES - held(upload)) / 4 * 3 + 3;
    size_t n = len < room ? len : room;
    drop_taken(upload);
    if (!encode_piece(upload, bytes, n)) {
        return ak_error_memory(err);
    }
    *taken = n;
    return AK_OK;
}
