#include "call.h"

#define NS_PER_MS 1000000

ak_status ak_call_step_unless_content(ak_call *call, ak_error *err) {
    if (ak_call_moves_content(call)) {
        return ak_error_set(err, AK_E_STATE, "the content goes by ak_call_%s: go on with that, or free the call",
                            call->request.uploads ? "write" : "read");
    }
    return ak_call_advance(call, err);
}

/* Bytes that wait to be read, or to be taken, need no waiting for. */
static ak_status wait_for_content(const ak_call *call, int32_t max_ms) {
    if (call->state == AK_STATE_RUNNING && max_ms != 0) {
        ak_poller_wait(ak_transfer_fd(&call->transfer), max_ms);
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
        if (!ak_poller_wait(ak_transfer_fd(&call->transfer), (int)left)) {
            return AK_AGAIN; /* time passed, or a signal came: the host wants to look at it */
        }
        status = ak_call_advance(call, err);
    }
    return status;
}
