/*
 * call.h: a call: a request, the transfer that carries it, the reply, and the record that the reply yielded last. The
 * functions of agentkernel.h sit on these. Thread: one, but for ak_call_request_cancel.
 *
 * call.c has its life, parameters, states and the waiting, call_content.c what goes in or out in pieces.
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
    bool bind_failed; /* error says why */
    ak_error error;   /* why the call failed */
    ak_request request;
    ak_transfer transfer;
    ak_reply reply;
    ak_record record;
};

ak_status ak_call_create(ak_client *client, int32_t operation, ak_call **call, ak_error *err);
void ak_call_unref(ak_call *call);
void ak_call_request_cancel(ak_call *call);
/* Whether a record is there to be read. */
bool ak_call_has_record(const ak_call *call);
/* ak_call_step, but for calls whose content goes in pieces. */
ak_status ak_call_advance(ak_call *call, ak_error *err);
/* Makes what is in call->error, with this code, the end of the call. */
ak_status ak_call_fail(ak_call *call, ak_status code, ak_error *err);
/* Whether it may move at all: it has not ended, was not cancelled and belongs to this process. */
bool ak_call_is_open(const ak_call *call);

/* A parameter that cannot be what it is given fails the call. */
ak_status ak_call_bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_call_bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err);
ak_status ak_call_bind_item(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_call_bind_list(ak_call *call, int32_t key, ak_error *err);
ak_status ak_call_bind_entry(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text,
                             size_t len, ak_error *err);

ak_status ak_call_step_unless_content(ak_call *call, ak_error *err);
ak_status ak_call_wait_for(ak_call *call, int32_t max_ms, ak_error *err);
/* Whether content goes in or out in pieces, which a step must not come between. */
bool ak_call_moves_content(const ak_call *call);

/* call_content.c */
ak_status ak_call_read_output(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err);
ak_status ak_call_write_content(ak_call *call, const void *data, size_t len, size_t *taken, ak_error *err);

#endif
