/*
 * client.h: settings, the idle lanes, and the gate that lets only one call at a time look a name up. Thread: any.
 *
 * Everything that a lock guards is in the pool, which belongs to one process: a forked child gets a new one, because a
 * lock that another thread held at the fork stays locked in the child for ever.
 */
#ifndef AK_CLIENT_H
#define AK_CLIENT_H

#include "connection.h"
#include "settings.h"

typedef struct ak_pool ak_pool;

/* The request headers, made once; read by many transfers, changed by none. */
typedef struct {
    struct curl_slist *of[2][2]; /* [stream][body] */
} ak_header_set;

struct ak_client {
    _Atomic unsigned refs;
    ak_settings settings;
    ak_header_set *_Atomic headers; /* there since the first call was made: settings no longer change */
    ak_pool *_Atomic pool;
};

ak_status ak_client_create(ak_client **client, ak_error *err);
ak_client *ak_client_ref(ak_client *client);
void ak_client_unref(ak_client *client);

/* Makes what depends on the settings; from here on they cannot change. Called by the first call. */
ak_status ak_client_fix(ak_client *client, ak_error *err);

/* Borrows a lane: the one that was used last, or a new one. */
ak_status ak_client_borrow(ak_client *client, ak_lane **lane, ak_error *err);
/* Gives it back for another call (reusable), or closes it. */
void ak_client_return(ak_client *client, ak_lane *lane, bool reusable);

/* The name gate. Names are looked up by a thread of libcurl's for every transfer, so that 200 calls to a slow name
 * would make 200 threads; with the gate the first looks it up and the others find it in the shared cache. */
typedef enum {
    AK_GATE_OPEN,  /* go on; with *owner set: tell the gate how the look-up ended */
    AK_GATE_WAIT,  /* somebody is looking it up: ask again soon */
    AK_GATE_FAILED /* who looked it up while this call waited did not find it */
} ak_gate;

ak_gate ak_client_gate(ak_client *client, const void *who, int64_t waiting_since, bool *owner);
void ak_client_gate_done(ak_client *client, const void *who, bool found);
/* The owner goes away without an answer (cancelled, freed, timed out): the next one may try. */
void ak_client_gate_drop(ak_client *client, const void *who);

#endif
