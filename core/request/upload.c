#include "upload.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base64.h"
#include "call.h"
#include "process.h"

/* How much encoded content is held for libcurl. */
#define HELD_BYTES (64 * 1024)

static const char prefix[] = "{\"encoding\":\"base64\",\"content\":\"";
static const char suffix[] = "\"}";
#define AROUND_BYTES (sizeof prefix + sizeof suffix - 2)
/* The largest content: the rest of a body that is full. */
#define MAX_CONTENT_BYTES ((AK_MAX_BODY_BYTES - AROUND_BYTES) / 4 * 3)

static ak_status too_large(ak_error *err, uint64_t size) {
    return ak_error_set(err, AK_E_TOO_LARGE,
                        "the content has %s%llu bytes; servers take requests of at most %d, which is content of %zu",
                        size > MAX_CONTENT_BYTES ? "" : "more than ", (unsigned long long)size, AK_MAX_BODY_BYTES,
                        (size_t)MAX_CONTENT_BYTES);
}

static ak_status encode_bound(ak_call *call, const ak_bound *content, ak_error *err) {
    if (content->text_len > MAX_CONTENT_BYTES) {
        return too_large(err, content->text_len);
    }
    int64_t declared = ak_bound_int(call, AK_KEY_SIZE, -1);
    if (declared >= 0 && (uint64_t)declared != content->text_len) {
        return ak_error_set(err, AK_E_ARGUMENT, "the content has %zu bytes, its size says %lld", content->text_len,
                            (long long)declared);
    }
    size_t encoded = ak_base64_encoded_size(content->text_len);
    call->made_body = cJSON_malloc(AROUND_BYTES + encoded + 1);
    if (!call->made_body) {
        return ak_error_memory(err);
    }
    char *p = call->made_body;
    memcpy(p, prefix, sizeof prefix - 1);
    p += sizeof prefix - 1;
    ak_base64_encode(content->text, content->text_len, p, encoded);
    memcpy(p + encoded, suffix, sizeof suffix);
    call->body = call->made_body;
    call->body_len = AROUND_BYTES + encoded;
    return AK_OK;
}

ak_status ak_upload_begin(ak_call *call, ak_error *err) {
    ak_upload *upload = &call->upload;
    const ak_bound *content = ak_bound_of(call, AK_KEY_CONTENT);
    if (content) {
        return encode_bound(call, content, err);
    }
    if (!upload->active) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: content is required", call->operation->name);
    }
    upload->declared = ak_bound_int(call, AK_KEY_SIZE, -1);
    if (upload->declared > (int64_t)MAX_CONTENT_BYTES) {
        return too_large(err, (uint64_t)upload->declared);
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

void ak_upload_free(ak_upload *upload) {
    ak_buffer_free(&upload->out);
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

/* libcurl may never take the last of it, when more comes each time before that. */
static void forget_taken(ak_upload *upload) {
    ak_buffer *out = &upload->out;
    if (upload->out_pos) {
        out->len -= upload->out_pos;
        memmove(out->data, out->data + upload->out_pos, out->len);
        upload->out_pos = 0;
    }
}

/* Encodes in threes; what is left over is carried to the next piece. */
static bool take_in(ak_upload *upload, const char *bytes, size_t len) {
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

static void wake(ak_call *call) {
    if (call->upload.paused) {
        call->upload.paused = false;
        curl_easy_pause(call->lane->easy, CURLPAUSE_CONT);
    }
}

static ak_status end_content(ak_call *call, ak_error *err) {
    ak_upload *upload = &call->upload;
    if (upload->declared >= 0 && upload->given != (uint64_t)upload->declared) {
        return ak_call_fail(call,
                            ak_error_set(&call->error, AK_E_ARGUMENT, "the content has %llu bytes, its size says %lld",
                                         (unsigned long long)upload->given, (long long)upload->declared),
                            err);
    }
    if (!append_encoded(&upload->out, upload->carry, upload->carry_len) ||
        !ak_buffer_append(&upload->out, suffix, sizeof suffix - 1)) {
        return ak_call_fail(call, ak_error_memory(&call->error), err);
    }
    upload->ended = true;
    wake(call);
    return AK_OK;
}

static ak_status check_amount(ak_call *call, size_t len, ak_error *err) {
    const ak_upload *upload = &call->upload;
    if (upload->declared >= 0 && len > (uint64_t)upload->declared - upload->given) {
        ak_error_set(&call->error, AK_E_ARGUMENT, "the content has more bytes than its size says (%lld)",
                     (long long)upload->declared);
        return ak_call_fail(call, AK_E_ARGUMENT, err);
    }
    if (len > MAX_CONTENT_BYTES - upload->given) {
        return ak_call_fail(call, too_large(&call->error, MAX_CONTENT_BYTES), err);
    }
    return AK_OK;
}

/* Begins the call with the first piece. */
static ak_status begin(ak_call *call, ak_error *err) {
    if (ak_bound_of(call, AK_KEY_CONTENT)) {
        return ak_error_set(err, AK_E_STATE, "the content was bound already");
    }
    call->upload.active = true;
    call->upload.declared = -1;
    return ak_call_advance(call, err);
}

ak_status ak_upload_write(ak_call *call, const void *data, size_t len, size_t *taken, ak_error *err) {
    *taken = 0;
    ak_upload *upload = &call->upload;
    if (!(call->operation->flags & AK_OP_WRITABLE)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s takes no content", call->operation->name);
    }
    if (!data && len) {
        return ak_error_set(err, AK_E_ARGUMENT, "the pointer to the content is NULL");
    }
    ak_status status = call->state == AK_STATE_NEW ? begin(call, err) : AK_AGAIN;
    if (status != AK_AGAIN) {
        return status;
    }
    bool over = !upload->active || upload->ended;
    if (call->state == AK_STATE_RUNNING && over) {
        return ak_error_set(err, AK_E_STATE, "the content has been handed in");
    }
    bool full = upload->out.len - upload->out_pos >= HELD_BYTES;
    if (full || call->state != AK_STATE_RUNNING || atomic_load(&call->cancelled) || call->pid != ak_process()) {
        status = ak_call_advance(call, err);
        if (status != AK_AGAIN) {
            return status; /* the end, which the server may bring before the content is through */
        }
        if (over) { /* it had failed, and has begun again */
            return ak_error_set(err, AK_E_STATE, "the content has been handed in");
        }
    }
    if (len == 0) {
        return end_content(call, err);
    }
    status = check_amount(call, len, err);
    size_t held = upload->out.len - upload->out_pos;
    if (status != AK_OK || held >= HELD_BYTES) {
        return status == AK_OK ? AK_AGAIN : status;
    }
    size_t room = (HELD_BYTES - held) / 4 * 3 + 3;
    size_t n = len < room ? len : room;
    forget_taken(upload);
    if (!take_in(upload, data, n)) {
        return ak_call_fail(call, ak_error_memory(&call->error), err);
    }
    wake(call);
    *taken = n;
    return AK_OK;
}
