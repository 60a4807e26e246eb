#include "call.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "process.h"

/* Turns of libcurl after the final event, to see whether the reply is whole and the connection may be kept. */
#define LAST_ROUNDS 4
/* Turns of the transfer in one step that brought no record. */
#define MAX_TURNS 64

ak_status ak_call_create(ak_client *client, int32_t operation, ak_call **out, ak_error *err) {
    *out = NULL;
    const ak_operation *row = ak_operation_find(operation);
    if (!client || !row) {
        return ak_error_set(err, AK_E_ARGUMENT, client ? "unknown operation %d" : "no client (operation %d)",
                            (int)operation);
    }
    ak_status status = ak_client_fix(client, err);
    if (status != AK_OK) {
        return status;
    }
    ak_call *call = calloc(1, sizeof *call);
    if (!call) {
        return ak_error_memory(err);
    }
    atomic_init(&call->refs, 1);
    atomic_init(&call->cancelled, false);
    pthread_mutex_init(&call->wake_lock, NULL);
    call->client = ak_client_ref(client);
    call->operation = row;
    call->pid = ak_process();
    call->state = AK_STATE_NEW;
    ak_error_init(&call->error);
    *out = call;
    return AK_OK;
}

void ak_call_unref(ak_call *call) {
    if (!call || atomic_fetch_sub(&call->refs, 1) != 1) {
        return;
    }
    ak_transfer_release(call);
    ak_bind_free(call);
    ak_buffer_free(&call->url);
    cJSON_free(call->made_body);
    ak_upload_free(&call->upload);
    ak_response_free(&call->response);
    ak_record_free(&call->record);
    ak_error_clear(&call->error);
    pthread_mutex_destroy(&call->wake_lock);
    ak_client_unref(call->client);
    free(call);
}

void ak_call_request_cancel(ak_call *call) {
    atomic_store(&call->cancelled, true);
    if (call->pid != ak_process()) {
        return; /* the timer is the parent's too, and the lock may be held by a thread that is not here */
    }
    pthread_mutex_lock(&call->wake_lock);
    if (call->lane) {
        ak_poller_kick(&call->lane->poller);
    }
    pthread_mutex_unlock(&call->wake_lock);
}

/* ---- states ---- */

static ak_status fail(ak_call *call, ak_error *err) {
    call->state = AK_STATE_FAILED;
    if (call->lane && call->pid == ak_process()) {
        ak_lane_stay_readable(call->lane);
    }
    return ak_error_copy(err, &call->error);
}

ak_status ak_call_fail(ak_call *call, ak_status code, ak_error *err) {
    call->error.code = code;
    ak_transfer_locate(call, &call->error);
    return fail(call, err);
}

static ak_status begin(ak_call *call) {
    ak_status status = ak_bind_check_required(call, &call->error);
    if (status == AK_OK) {
        status = ak_bind_merge_maps(call, &call->error);
    }
    if (status == AK_OK) {
        status = ak_request_encode(call, &call->error);
    }
    if (status == AK_OK) {
        status = ak_transfer_start(call, &call->error);
    }
    return status;
}

/* What lacked descriptors before anything was sent is the one failure that the host can mend: by closing some, or by
 * having its garbage collector find those that were forgotten. */
static bool may_begin_again(const ak_call *call) {
    return call->error.code == AK_E_DESCRIPTORS && call->error.sent == AK_SENT_NOTHING &&
           !atomic_load(&call->cancelled) && call->pid == ak_process();
}

/* The request is made already, with the content that was handed in; of that nothing was taken. */
static ak_status begin_again(ak_call *call) {
    ak_transfer_release(call);
    ak_error_clear(&call->error);
    call->transfer_ended = false;
    call->transfer_result = CURLE_OK;
    return ak_transfer_start(call, &call->error);
}

/* Reads what is left of the reply without waiting for it. */
static void drain_end(ak_call *call) {
    for (int round = 0; round < LAST_ROUNDS && !call->transfer_ended; round++) {
        ak_lane_result result = ak_lane_drive(call->lane, &call->transfer_result);
        call->transfer_ended = result == AK_LANE_ENDED;
        if (result == AK_LANE_IDLE) {
            return;
        }
    }
}

static ak_status finish(ak_call *call) {
    if (call->response.finished) {
        drain_end(call);
    }
    call->state = AK_STATE_DONE;
    ak_lane_stay_readable(call->lane);
    return AK_DONE;
}

/* Records until there are none, bytes until there are records. */
static ak_status advance(ak_call *call, ak_error *err) {
    for (int turn = 0;; turn++) {
        ak_status status = ak_response_next(call, &call->error);
        if (status == AK_ITEM) {
            call->state = AK_STATE_ITEM;
            return AK_ITEM;
        }
        if (status == AK_DONE) {
            return finish(call);
        }
        if (status == AK_AGAIN) {
            /* A server may send what makes no record, such as comments, for ever and faster than we read. */
            status = turn < MAX_TURNS ? ak_transfer_drive(call, &call->error) : ak_transfer_yield(call, &call->error);
        }
        if (status < 0) {
            return ak_call_fail(call, status, err);
        }
        if (status == AK_AGAIN) {
            call->state = AK_STATE_RUNNING;
            return AK_AGAIN;
        }
    }
}

/* The one place where a call moves. err gets what call->error latched. */
ak_status ak_call_advance(ak_call *call, ak_error *err) {
    if (call->state == AK_STATE_DONE) {
        return AK_DONE;
    }
    bool again = call->state == AK_STATE_FAILED;
    if (again && !may_begin_again(call)) {
        return ak_error_copy(err, &call->error);
    }
    if (call->pid != ak_process()) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_FORKED, "the call belongs to the parent process"),
                            err);
    }
    if (call->error.code != AK_OK && !again) {
        return fail(call, err); /* a bind failed */
    }
    if (atomic_load(&call->cancelled)) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_CANCELLED, "the call was cancelled"), err);
    }
    if (call->state == AK_STATE_READING) {
        return ak_error_set(err, AK_E_STATE, "output of this record was read in part: read the rest, or free the call");
    }
    if (again || call->state == AK_STATE_NEW) {
        ak_status status = again ? begin_again(call) : begin(call);
        if (status < 0) {
            return ak_call_fail(call, status, err);
        }
    }
    ak_status status = advance(call, err);
    /* Looked at after the timer was set: a cancel before that may have set it too, and lost. */
    if (status == AK_AGAIN && atomic_load(&call->cancelled)) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_CANCELLED, "the call was cancelled"), err);
    }
    return status;
}

bool ak_call_moves_content(const ak_call *call) {
    bool ended = call->state == AK_STATE_DONE || call->state == AK_STATE_FAILED;
    bool moves = (call->upload.active && !call->upload.ended) || call->reads_content;
    return moves && !ended && !atomic_load(&call->cancelled) && call->pid == ak_process();
}

ak_status ak_call_go_on(ak_call *call, ak_error *err) {
    if (ak_call_moves_content(call)) {
        return ak_error_set(err, AK_E_STATE, "the content goes by ak_call_%s: go on with that, or free the call",
                            call->upload.active ? "write" : "read");
    }
    return ak_call_advance(call, err);
}

ak_status ak_call_read_output(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err) {
    *len = 0;
    if (!(call->operation->flags & AK_OP_READABLE)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s has no output to read", call->operation->name);
    }
    if (!buf || cap == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "reading needs a buffer");
    }
    if (call->state == AK_STATE_NEW && call->operation->id == AK_OP_READ_FILE) {
        call->reads_content = true;
    }
    for (;;) {
        bool current = call->state == AK_STATE_ITEM || call->state == AK_STATE_READING;
        if (current && call->record.has_output && !atomic_load(&call->cancelled) && call->pid == ak_process()) {
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
