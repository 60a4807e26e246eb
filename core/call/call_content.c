#include "call.h"

#include "process.h"

/* ---- out ---- */

ak_status ak_call_read_output(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err) {
    const ak_operation *operation = call->request.operation;
    *len = 0;
    if (!(operation->flags & AK_OP_READABLE)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s has no output to read", operation->name);
    }
    if (!buf || cap == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "reading needs a buffer");
    }
    if (call->state == AK_STATE_NEW && operation->id == AK_OP_READ_FILE) {
        call->reply.options.streams_content = true;
    }
    for (;;) {
        if (ak_call_has_record(call) && call->record.has_output && ak_call_is_open(call)) {
            *len = ak_record_read(&call->record, buf, cap);
            call->state = ak_record_output_done(&call->record) ? AK_STATE_ITEM : AK_STATE_READING;
            if (*len) {
                return AK_OK;
            }
        }
        ak_status status = ak_call_advance(call, err);
        if (status != AK_ITEM || !call->record.has_output) {
            return status;
        }
    }
}

/* ---- in ---- */

/* Starts the call with the first piece. */
static ak_status begin_writing(ak_call *call, ak_error *err) {
    if (ak_request_bound(&call->request, AK_KEY_CONTENT)) {
        return ak_error_set(err, AK_E_STATE, "the content was bound already");
    }
    call->request.uploads = true;
    call->request.upload.declared = -1;
    return ak_call_advance(call, err);
}

/* Advances the call when that may make room or end it. AK_AGAIN: the upload accepts content. */
static ak_status make_room(ak_call *call, ak_error *err) {
    bool over = !call->request.uploads || call->request.upload.ended;
    if (call->state == AK_STATE_RUNNING && over) {
        return ak_error_set(err, AK_E_STATE, "the content has been handed in");
    }
    bool full = ak_upload_is_full(&call->request.upload);
    if (!full && call->state == AK_STATE_RUNNING && ak_call_is_open(call)) {
        return AK_AGAIN;
    }
    ak_status status = ak_call_advance(call, err);
    if (status == AK_AGAIN && over) { /* it had failed, and was restarted */
        return ak_error_set(err, AK_E_STATE, "the content has been handed in");
    }
    return status; /* the end; a server may reply before all content is sent */
}

ak_status ak_call_write_content(ak_call *call, const void *data, size_t len, size_t *taken, ak_error *err) {
    const ak_operation *operation = call->request.operation;
    ak_upload *upload = &call->request.upload;
    *taken = 0;
    if (!(operation->flags & AK_OP_WRITABLE)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s takes no content", operation->name);
    }
    if (!data && len) {
        return ak_error_set(err, AK_E_ARGUMENT, "the pointer to the content is NULL");
    }
    ak_status status = call->state == AK_STATE_NEW ? begin_writing(call, err) : AK_AGAIN;
    if (status == AK_AGAIN) {
        status = make_room(call, err);
    }
    if (status != AK_AGAIN) {
        return status;
    }
    status = len == 0 ? ak_upload_end(upload, &call->error) : ak_upload_write(upload, data, len, taken, &call->error);
    if (status != AK_OK) {
        return ak_call_fail(call, status, err);
    }
    if (len && *taken == 0) {
        return AK_AGAIN;
    }
    ak_transfer_resume_upload(&call->transfer);
    return AK_OK;
}
