/*
 * call.h: a call: a request, the transfer that carries it, the reply, and the current record. The functions of
 * agentkernel.h are built on these. Thread: one, except ak_call_request_cancel.
 *
 * call.c has lifetime, parameters, states and waiting, call_content.c content written or read piece by piece.
 */
#ifndef AK_CALL_H
#define AK_CALL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "client.h"
#include "record.h"
#include "reply.h"
#include "request.h"
#include "transfer.h"

struct ak_call {
    atomic_uint refs;
    atomic_bool cancelled;
    ak_client *client;
    pid_t pid;
    int32_t state;
    bool bind_failed; /* error has the reason */
    ak_error error;   /* why the call failed */
    ak_request request;
    ak_transfer transfer;
    ak_reply reply;
    ak_record record;
};

ak_status ak_call_create(ak_client *client, int32_t operation, ak_call **call, ak_error *err);
void ak_call_unref(ak_call *call);
void ak_call_request_cancel(ak_call *call);
/* Whether there is a current record. */
bool ak_call_has_record(const ak_call *call);
/* ak_call_step without the check for content that is written or read piece by piece. */
ak_status ak_call_advance(ak_call *call, ak_error *err);
/* Fails the call with call->error and this code. */
ak_status ak_call_fail(ak_call *call, ak_status code, ak_error *err);
/* Whether it may advance: it has not ended, was not cancelled and belongs to this process. */
bool ak_call_is_open(const ak_call *call);

/* An invalid parameter fails the call. */
ak_status ak_call_bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_call_bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err);
ak_status ak_call_bind_item(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_call_bind_list(ak_call *call, int32_t key, ak_error *err);
ak_status ak_call_bind_entry(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text,
                             size_t len, ak_error *err);

ak_status ak_call_step_unless_content(ak_call *call, ak_error *err);
ak_status ak_call_wait_for(ak_call *call, int32_t max_ms, ak_error *err);
/* Whether content is being written or read piece by piece; stepping is not allowed then. */
bool ak_call_moves_content(const ak_call *call);

/* call_content.c */
ak_status ak_call_read_output(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err);
ak_status ak_call_write_content(ak_call *call, const void *data, size_t len, size_t *taken, ak_error *err);

#endif
