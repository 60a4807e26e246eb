/*
 * call.h: a call: what was bound, where it stands, what has come. The doors of agentkernel.h sit on these functions.
 *
 * call.c has its life and its states, bind.c the parameters, request.c the encoding, transfer.c the I/O and the
 * deadlines, response.c what becomes of a reply.
 */
#ifndef AK_CALL_H
#define AK_CALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "client.h"
#include "content.h"
#include "record.h"
#include "sse.h"
#include "upload.h"

/* A bound parameter. */
typedef struct {
    bool set;
    int64_t integer;
    char *text;      /* NUL-terminated */
    size_t text_len; /* bytes may hold NUL */
    ak_buffer items; /* char *, each NUL-terminated. Of a map: names and values by turns; of lists: NULL begins each */
} ak_bound;

/* What the reply's head said, and its body as far as it is kept. */
typedef struct {
    long status; /* 0: no answer yet */
    bool is_events;
    size_t head; /* bytes of headers */
    bool head_too_large;
    bool too_large;
    bool no_memory;
    bool malformed; /* the content in it */
    ak_buffer body;
    ak_sse *sse;
    ak_content *content; /* of a file that is read while it comes */
    /* A list is handed out element by element. */
    ak_json_iter list;
    bool opened;    /* the body was parsed and its envelope taken off */
    bool exhausted; /* nothing more will come of it */
    bool finished;  /* a stream's final event was handed out */
} ak_response;

/* Times on the clock of ak_now; AK_NEVER: none. */
typedef struct {
    int64_t started;
    int64_t connect;
    int64_t total;
    int64_t idle_ns; /* a stream's allowed silence */
    int64_t idle;    /* when the present silence has lasted too long */
} ak_deadlines;

struct ak_call {
    atomic_uint refs;
    atomic_bool cancelled;
    pthread_mutex_t wake_lock; /* held to wake the lane and to let it go */
    ak_client *client;
    const ak_operation *operation;
    pid_t pid;
    int32_t state;
    ak_error error; /* latched: a failed bind, or why the call failed */
    bool poisoned;  /* by a failed bind: error has it */
    ak_bound bound[AK_MAX_PARAMETERS];
    /* the request */
    ak_buffer url;
    const char *body; /* what is sent: made_body, or what was bound; NULL: none */
    char *made_body;  /* allocated by cJSON */
    size_t body_len;
    ak_upload upload;
    bool reads_content; /* the caller wants it as it comes: see content.h */
    /* under way */
    ak_lane *lane;
    ak_deadlines deadlines;
    bool gated; /* waiting for somebody else's look-up of the name */
    bool owns_gate;
    bool connected; /* the request has begun to go out */
    size_t fed;     /* bytes of a stream that came in this turn */
    bool paused;    /* and more were there than one turn takes */
    bool transfer_ended;
    CURLcode transfer_result;
    char curl_message[CURL_ERROR_SIZE];
    ak_response response;
    ak_record record;
};

/* bind.c */
ak_status ak_bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err);
ak_status ak_bind_add(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_bind_put(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text, size_t len,
                      ak_error *err);
ak_status ak_bind_add_list(ak_call *call, int32_t key, ak_error *err);
/* Once, when all is bound: of the entries of a map that have one name the last counts. */
ak_status ak_bind_merge_maps(ak_call *call, ak_error *err);
ak_status ak_bind_check_required(const ak_call *call, ak_error *err);
/* A bound parameter, NULL when it is not bound. */
const ak_bound *ak_bound_of(const ak_call *call, int32_t key);
/* The value of a bound parameter, or the fallback. */
int64_t ak_bound_int(const ak_call *call, int32_t key, int64_t fallback);
void ak_bind_free(ak_call *call);

/* request.c: makes url and body from the table and what is bound. */
ak_status ak_request_encode(ak_call *call, ak_error *err);
/* GET, POST, ...; *len bytes, not terminated. */
const char *ak_request_method(const ak_call *call, size_t *len);

/* transfer.c */
ak_status ak_transfer_start(ak_call *call, ak_error *err);
/* Moves bytes if it can: AK_OK when something happened, AK_AGAIN when nothing is pending (deadlines are judged and the
 * timer is set), or the error that ends the call. */
ak_status ak_transfer_drive(ak_call *call, ak_error *err);
/* More may be pending, but it is the host's turn: AK_AGAIN with the descriptor readable, or a deadline has passed. */
ak_status ak_transfer_yield(ak_call *call, ak_error *err);
/* What a transfer that ended badly means. */
ak_status ak_transfer_error(ak_call *call, ak_error *err);
/* Fills the fields of an error that say where the call was. */
void ak_transfer_locate(const ak_call *call, ak_error *err);
/* Gives the lane back or closes it. */
void ak_transfer_release(ak_call *call);

/* response.c: the next record of what has come: AK_ITEM, AK_DONE (no more records), AK_AGAIN (more bytes are needed) or
 * an error. */
ak_status ak_response_next(ak_call *call, ak_error *err);
void ak_response_free(ak_response *response);

/* call.c */
ak_status ak_call_create(ak_client *client, int32_t operation, ak_call **call, ak_error *err);
ak_status ak_call_go_on(ak_call *call, ak_error *err);
/* Whether step has to keep out, because content goes in or out piece by piece. */
bool ak_call_moves_content(const ak_call *call);
/* The same for the doors that move content, which step must not come between. */
ak_status ak_call_advance(ak_call *call, ak_error *err);
/* Makes what is in call->error, with this code, the end of the call. */
ak_status ak_call_fail(ak_call *call, ak_status code, ak_error *err);
ak_status ak_call_read_output(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err);
void ak_call_request_cancel(ak_call *call);
void ak_call_unref(ak_call *call);

#endif
