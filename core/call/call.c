#include "call.h"

#include <stdlib.h>

#include "polling.h"
#include "process.h"
#include "schema.h"

/* Limit of transfer turns in one step that yield no record. */
#define MAX_TURNS 64
#define NS_PER_MS 1000000

/* ---- life ---- */

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
    call->client = ak_client_ref(client);
    call->pid = ak_process();
    call->state = AK_STATE_NEW;
    ak_error_init(&call->error);
    call->request.operation = call->reply.operation = row;
    ak_transfer_init(&call->transfer, client, &call->request, &call->reply);
    *out = call;
    return AK_OK;
}

/* A cancel that came after the end has no effect on the connection. */
static bool may_keep_connection(const ak_call *call) {
    return call->state == AK_STATE_DONE || !atomic_load(&call->cancelled);
}

void ak_call_unref(ak_call *call) {
    if (!call || atomic_fetch_sub(&call->refs, 1) != 1) {
        return;
    }
    ak_transfer_release(&call->transfer, may_keep_connection(call), call->pid != ak_process());
    ak_transfer_free(&call->transfer);
    ak_request_free(&call->request);
    ak_reply_free(&call->reply);
    ak_record_free(&call->record);
    ak_error_clear(&call->error);
    ak_client_unref(call->client);
    free(call);
}

void ak_call_request_cancel(ak_call *call) {
    atomic_store(&call->cancelled, true);
    /* In a child the timer is shared with the parent, and a thread that does not exist may hold the lock. */
    if (call->pid == ak_process()) {
        ak_transfer_wake(&call->transfer);
    }
}

/* ---- parameters ---- */

/* Parameters are bound before the first step, and not after a bind that failed. */
static ak_status check_bindable(const ak_call *call, ak_error *err) {
    if (call->bind_failed) {
        return ak_error_copy(err, &call->error);
    }
    return call->state == AK_STATE_NEW ? AK_OK
                                       : ak_error_set(err, AK_E_STATE, "parameters are bound before the first step");
}

/* The first bind that fails fails the call. */
static ak_status record_bind_failure(ak_call *call, ak_status status, ak_error *err) {
    if (status < 0 && call->state == AK_STATE_NEW && !call->bind_failed) {
        call->bind_failed = true;
        ak_error_copy(&call->error, err);
        call->error.code = status;
        call->error.operation = call->request.operation->name;
        call->error.phase = "bind";
        call->error.sent = AK_SENT_NOTHING;
        ak_error_copy(err, &call->error);
    }
    return status;
}

/* A bind uses a local error when the caller passed none, so that the call can keep the error. */
#define BIND(call, err, expression)                                                                                    \
    do {                                                                                                               \
        ak_error local;                                                                                                \
        ak_error_init(&local);                                                                                         \
        ak_error *report = (err) ? (err) : &local;                                                                     \
        ak_status status = check_bindable((call), report);                                                             \
        status = record_bind_failure((call), status == AK_OK ? (expression) : status, report);                         \
        ak_error_clear(&local);                                                                                        \
        return status;                                                                                                 \
    } while (0)

ak_status ak_call_bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    BIND(call, err, ak_request_bind_text(&call->request, key, text, len, report));
}

ak_status ak_call_bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err) {
    BIND(call, err, ak_request_bind_int(&call->request, key, value, report));
}

ak_status ak_call_bind_item(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    BIND(call, err, ak_request_bind_item(&call->request, key, text, len, report));
}

ak_status ak_call_bind_list(ak_call *call, int32_t key, ak_error *err) {
    BIND(call, err, ak_request_bind_list(&call->request, key, report));
}

ak_status ak_call_bind_entry(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text,
                             size_t len, ak_error *err) {
    BIND(call, err, ak_request_bind_entry(&call->request, key, name, name_len, text, len, report));
}

/* ---- states ---- */

bool ak_call_has_record(const ak_call *call) {
    return call->state == AK_STATE_ITEM || call->state == AK_STATE_READING;
}

bool ak_call_is_open(const ak_call *call) {
    bool ended = call->state == AK_STATE_DONE || call->state == AK_STATE_FAILED;
    return !ended && !atomic_load(&call->cancelled) && call->pid == ak_process();
}

static ak_status fail(ak_call *call, ak_error *err) {
    call->state = AK_STATE_FAILED;
    if (call->pid == ak_process()) {
        ak_transfer_stay_readable(&call->transfer);
    }
    return ak_error_copy(err, &call->error);
}

ak_status ak_call_fail(ak_call *call, ak_status code, ak_error *err) {
    call->error.code = code;
    ak_transfer_locate(&call->transfer, &call->error);
    return fail(call, err);
}

static void set_reply_options(ak_call *call) {
    const int64_t *settings = call->client->settings.integer;
    ak_reply_options *options = &call->reply.options;
    options->max_bytes = (size_t)settings[AK_CLIENT_MAX_REPLY_BYTES];
    options->max_event_bytes = (size_t)settings[AK_CLIENT_MAX_EVENT_BYTES];
    options->returns_failures = ak_request_int(&call->request, AK_KEY_CHECK, 1) == 0;
}

static ak_status begin(ak_call *call) {
    ak_status status = ak_request_complete(&call->request, &call->error);
    if (status == AK_OK) {
        status = ak_request_encode(&call->request, call->client->settings.url, &call->error);
    }
    set_reply_options(call);
    return status == AK_OK ? ak_transfer_start(&call->transfer, &call->error) : status;
}

/* Running out of descriptors before anything was sent is the only failure that the host can recover from: by closing
 * some, or by running its garbage collector. */
static bool may_restart(const ak_call *call) {
    return call->error.code == AK_E_DESCRIPTORS && call->error.sent == AK_SENT_NOTHING &&
           !atomic_load(&call->cancelled) && call->pid == ak_process();
}

/* The request is already encoded, with the content written so far, none of which was sent. */
static ak_status restart(ak_call *call) {
    ak_transfer_release(&call->transfer, true, false);
    ak_error_clear(&call->error);
    return ak_transfer_start(&call->transfer, &call->error);
}

static ak_status finish(ak_call *call) {
    if (call->reply.finished) {
        ak_transfer_drain(&call->transfer);
    }
    call->state = AK_STATE_DONE;
    ak_transfer_stay_readable(&call->transfer);
    return AK_DONE;
}

/* Yields a record if there is one, else drives the transfer until there is. */
static ak_status advance(ak_call *call, ak_error *err) {
    for (int turn = 0;; turn++) {
        ak_status status = ak_reply_next(&call->reply, &call->record, &call->error);
        if (status == AK_ITEM) {
            call->state = AK_STATE_ITEM;
            return AK_ITEM;
        }
        if (status == AK_DONE) {
            return finish(call);
        }
        if (status == AK_AGAIN && call->transfer.ended) {
            status = ak_transfer_error(&call->transfer, &call->error);
        } else if (status == AK_AGAIN) {
            /* A server may send data without records, such as comments, endlessly and faster than it is read. */
            status = turn < MAX_TURNS ? ak_transfer_drive(&call->transfer, &call->error)
                                      : ak_transfer_yield(&call->transfer, &call->error);
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

/* The only function that advances a call. err receives a copy of call->error. */
ak_status ak_call_advance(ak_call *call, ak_error *err) {
    if (call->state == AK_STATE_DONE) {
        return AK_DONE;
    }
    bool again = call->state == AK_STATE_FAILED;
    if (again && !may_restart(call)) {
        return ak_error_copy(err, &call->error);
    }
    if (call->pid != ak_process()) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_FORKED, "the call belongs to the parent process"),
                            err);
    }
    if (call->bind_failed) {
        return fail(call, err);
    }
    if (atomic_load(&call->cancelled)) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_CANCELLED, "the call was cancelled"), err);
    }
    if (call->state == AK_STATE_READING) {
        return ak_error_set(err, AK_E_STATE, "output of this record was read in part: read the rest, or free the call");
    }
    if (again || call->state == AK_STATE_NEW) {
        ak_status status = again ? restart(call) : begin(call);
        if (status < 0) {
            return ak_call_fail(call, status, err);
        }
    }
    ak_status status = advance(call, err);
    /* Checked after the timer was set: an earlier cancel may have set it too, and been overwritten. */
    if (status == AK_AGAIN && atomic_load(&call->cancelled)) {
        return ak_call_fail(call, ak_error_set(&call->error, AK_E_CANCELLED, "the call was cancelled"), err);
    }
    return status;
}

/* ---- stepping and waiting ---- */

bool ak_call_moves_content(const ak_call *call) {
    bool writes = call->request.uploads && !call->request.upload.ended;
    return (writes || call->reply.options.streams_content) && ak_call_is_open(call);
}

ak_status ak_call_step_unless_content(ak_call *call, ak_error *err) {
    if (ak_call_moves_content(call)) {
        return ak_error_set(err, AK_E_STATE, "the content goes by ak_call_%s: go on with that, or free the call",
                            call->request.uploads ? "write" : "read");
    }
    return ak_call_advance(call, err);
}

/* No wait when bytes are ready to be read or can be accepted. */
static ak_status wait_for_content(const ak_call *call, int32_t max_ms) {
    if (call->state == AK_STATE_RUNNING && max_ms != 0) {
        ak_poll_readable(ak_transfer_fd(&call->transfer), max_ms);
    }
    return AK_AGAIN;
}

ak_status ak_call_wait_for(ak_call *call, int32_t max_ms, ak_error *err) {
    if (ak_call_moves_content(call)) {
        return wait_for_content(call, max_ms);
    }
    ak_status status = ak_call_advance(call, err);
    if (status != AK_AGAIN || max_ms == 0) {
        return status;
    }
    int64_t deadline = max_ms < 0 ? AK_NEVER : ak_now() + (int64_t)max_ms * NS_PER_MS;
    while (status == AK_AGAIN) {
        int64_t left = deadline == AK_NEVER ? -1 : (deadline - ak_now() + NS_PER_MS - 1) / NS_PER_MS;
        if (deadline != AK_NEVER && left <= 0) {
            return AK_AGAIN;
        }
        if (!ak_poll_readable(ak_transfer_fd(&call->transfer), (int)left)) {
            return AK_AGAIN; /* timeout, or a signal: returns to the host */
        }
        status = ak_call_advance(call, err);
    }
    return status;
}
