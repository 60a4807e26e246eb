/*
 * pool.h: the idle connections of a client, and who looks the server's name up. Thread: any.
 *
 * A pool belongs to one process: a forked child gets a new one, because a lock that another thread held at the fork
 * stays locked in the child for ever.
 */
#ifndef AK_POOL_H
#define AK_POOL_H

#include "connection.h"
#include "settings.h"

typedef struct ak_pool ak_pool;

/* Where a client has its pool, and what it is made for. */
typedef struct {
    ak_pool *_Atomic current; /* of the process that looked last; NULL: none was needed yet */
    const ak_settings *settings;
} ak_pool_place;

/* Borrows the connection that was used last, or a new one. */
ak_status ak_pool_borrow(ak_pool_place *place, ak_connection **connection, ak_error *err);
/* Gives it back for another call (reusable), or closes it. */
void ak_pool_return(ak_pool_place *place, ak_connection *connection, bool reusable);
void ak_pool_free(ak_pool *pool);

/* Names are looked up by a thread of libcurl's for every transfer, so that 200 calls to a slow name would make 200
 * threads. Here the first looks it up, and the others find it in the shared cache. */
typedef enum {
    AK_LOOKUP_PROCEED, /* with *owner set: tell how the look-up ended */
    AK_LOOKUP_WAIT,    /* somebody is looking it up: ask again soon */
    AK_LOOKUP_FAILED   /* who looked it up while this call waited did not find it */
} ak_lookup;

ak_lookup ak_pool_lookup(ak_pool_place *place, const void *who, int64_t waiting_since, bool *owner);
void ak_pool_lookup_ended(ak_pool_place *place, const void *who, bool found);
/* The owner goes away without an answer (cancelled, freed, timed out): the next one may try. */
void ak_pool_lookup_dropped(ak_pool_place *place, const void *who);

#endif
