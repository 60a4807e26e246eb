/*
 * pool.h: the idle connections of a client, and which call resolves the server's name. Thread: any.
 *
 * A pool belongs to one process: a forked child gets a new one, because a lock that another thread held at the fork
 * stays locked in the child.
 */
#ifndef AK_POOL_H
#define AK_POOL_H

#include "connection.h"
#include "settings.h"

typedef struct ak_pool ak_pool;

/* A client's pool and its settings. */
typedef struct {
    ak_pool *_Atomic current; /* of the process that used it last; NULL: none was needed yet */
    const ak_settings *settings;
} ak_pool_place;

/* Borrows the connection that was used last, or a new one. */
ak_status ak_pool_borrow(ak_pool_place *place, ak_connection **connection, ak_error *err);
/* Returns it for another call (reusable), or closes it. */
void ak_pool_return(ak_pool_place *place, ak_connection *connection, bool reusable);
void ak_pool_free(ak_pool *pool);

/* libcurl resolves names in a thread per transfer, so 200 calls to a slow name would create 200 threads. Instead, the
 * first call resolves it, and the others find it in the shared cache. */
typedef enum {
    AK_LOOKUP_PROCEED, /* with *owner set: report how the look-up ended */
    AK_LOOKUP_WAIT,    /* another call resolves it: try again soon */
    AK_LOOKUP_FAILED   /* the look-up that this call waited for failed */
} ak_lookup;

ak_lookup ak_pool_lookup(ak_pool_place *place, const void *who, int64_t waiting_since, bool *owner);
void ak_pool_lookup_ended(ak_pool_place *place, const void *who, bool found);
/* The owner ends without a result (cancelled, freed, timed out): the next one may try. */
void ak_pool_lookup_dropped(ak_pool_place *place, const void *who);

#endif
