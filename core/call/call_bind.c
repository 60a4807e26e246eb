#include "call.h"

/* Parameters are bound before the first step, and not after one that failed. */
static ak_status check_bindable(const ak_call *call, ak_error *err) {
    if (call->bind_failed) {
        return ak_error_copy(err, &call->error);
    }
    return call->state == AK_STATE_NEW ? AK_OK
                                       : ak_error_set(err, AK_E_STATE, "parameters are bound before the first step");
}

/* The first bind that fails is the end of the call. */
static ak_status note_failure(ak_call *call, ak_status status, ak_error *err) {
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

/* A bind reports into an error of its own when the caller gave none, so that the call can keep it. */
#define BIND(call, err, expression)                                                                                    \
    do {                                                                                                               \
        ak_error local;                                                                                                \
        ak_error_init(&local);                                                                                         \
        ak_error *report = (err) ? (err) : &local;                                                                     \
        ak_status status = check_bindable((call), report);                                                             \
        status = note_failure((call), status == AK_OK ? (expression) : status, report);                                \
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
