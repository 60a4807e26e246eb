#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "polling.h"
#include "process.h"

#define NS_PER_SECOND INT64_C(1000000000)
/* Tests build a variant with a shorter limit. */
#ifndef AK_IDLE_LIMIT_MS
#define AK_IDLE_LIMIT_MS 30000
#endif
#define IDLE_NS (AK_IDLE_LIMIT_MS * (NS_PER_SECOND / 1000))
/* Slightly less than the minute for which libcurl caches a name. */
#define NAME_KNOWN_NS (50 * NS_PER_SECOND)
/* When the owner of a look-up takes longer, perhaps because it is not stepped, the next call may try too. */
#define LOOKUP_TURN_NS NS_PER_SECOND

struct ak_pool {
    pid_t pid;
    pthread_mutex_t lock;
    ak_connection *idle; /* most recently used first */
    int64_t idle_count;
    CURLSH *share; /* the DNS cache */
    pthread_mutex_t share_lock;
    const void *lookup_owner;
    int64_t lookup_since;
    int64_t name_known_until;
    int64_t name_failed_at;
};

static void share_lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *user) {
    (void)easy;
    (void)data;
    (void)access;
    pthread_mutex_lock(&((ak_pool *)user)->share_lock);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *user) {
    (void)easy;
    (void)data;
    pthread_mutex_unlock(&((ak_pool *)user)->share_lock);
}

static ak_pool *new_pool(void) {
    ak_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return NULL;
    }
    pool->pid = ak_process();
    pool->share = curl_share_init();
    if (!pool->share) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->share_lock, NULL);
    curl_share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(pool->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(pool->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(pool->share, CURLSHOPT_USERDATA, pool);
    pool->name_failed_at = INT64_MIN;
    return pool;
}

static void free_all(ak_connection *connection) {
    while (connection) {
        ak_connection *next = ak_connection_idle(connection)->next;
        ak_connection_free(connection);
        connection = next;
    }
}

void ak_pool_free(ak_pool *pool) {
    if (!pool) {
        return;
    }
    if (pool->pid != ak_process()) {
        /* The parent's: only its connections are closed; a thread that does not exist here may hold its lock. */
        for (ak_connection *connection = pool->idle; connection; connection = ak_connection_idle(connection)->next) {
            ak_connection_abandon(connection);
        }
        return;
    }
    free_all(pool->idle);
    curl_share_cleanup(pool->share);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->share_lock);
    free(pool);
}

/* The pool of this process; NULL when out of memory. */
static ak_pool *pool_of(ak_pool_place *place) {
    ak_pool *pool = atomic_load(&place->current);
    if (pool && pool->pid == ak_process()) {
        return pool;
    }
    ak_pool *fresh = new_pool();
    if (!fresh) {
        return NULL;
    }
    if (atomic_compare_exchange_strong(&place->current, &pool, fresh)) {
        ak_pool_free(pool);
        return fresh;
    }
    ak_pool_free(fresh); /* another thread of this child was faster */
    return pool;
}

/* Records which connections the server has closed. One poll for many: with a full pool every call does this. */
static void note_hang_ups(ak_connection *connection) {
    ak_connection *found[AK_POLL_MOST];
    int sockets[AK_POLL_MOST];
    bool hung_up[AK_POLL_MOST];
    while (connection) {
        size_t count = 0;
        for (; connection && count < AK_POLL_MOST; connection = ak_connection_idle(connection)->next) {
            found[count] = connection;
            sockets[count++] = ak_connection_socket(connection);
        }
        ak_poll_hang_ups(sockets, hung_up, count);
        for (size_t i = 0; i < count; i++) {
            ak_connection_idle(found[i])->hung_up = hung_up[i];
        }
    }
}

/* Removes connections that were idle for too long, and those that the server has closed, which would stay in
 * CLOSE_WAIT. */
static ak_connection *take_stale(ak_pool *pool, int64_t now) {
    ak_connection *stale = NULL;
    ak_connection **link = &pool->idle;
    note_hang_ups(pool->idle);
    while (*link) {
        ak_connection *connection = *link;
        ak_idle *idle = ak_connection_idle(connection);
        if (now - idle->since < IDLE_NS && !idle->hung_up) {
            link = &idle->next;
        } else {
            *link = idle->next;
            pool->idle_count--;
            idle->next = stale;
            stale = connection;
        }
    }
    return stale;
}

ak_status ak_pool_borrow(ak_pool_place *place, ak_connection **connection, ak_error *err) {
    ak_pool *pool = pool_of(place);
    if (!pool) {
        return ak_error_memory(err);
    }
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    ak_connection *stale = take_stale(pool, now);
    *connection = pool->idle;
    if (*connection) {
        pool->idle = ak_connection_idle(*connection)->next;
        pool->idle_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    free_all(stale); /* closing may write to the network: not under the lock */
    ak_status status = AK_OK;
    if (*connection) {
        ak_connection_idle(*connection)->next = NULL;
    } else {
        status = ak_connection_new(place->settings, pool->share, connection, err);
    }
#ifdef AK_FRESH_DESCRIPTORS
    if (status == AK_OK) {
        ak_connection_renumber(*connection); /* now: from here on the call uses the number */
    }
#endif
    return status;
}

void ak_pool_return(ak_pool_place *place, ak_connection *connection, bool reusable) {
    ak_pool *pool = reusable ? pool_of(place) : NULL;
    if (!pool) {
        ak_connection_free(connection);
        return;
    }
    ak_connection *surplus = NULL;
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    ak_connection *stale = take_stale(pool, now);
    if (pool->idle_count < place->settings->integer[AK_CLIENT_MAX_IDLE]) {
        ak_idle *idle = ak_connection_idle(connection);
        idle->since = now;
        idle->next = pool->idle;
        pool->idle = connection;
        pool->idle_count++;
    } else {
        surplus = connection;
    }
    pthread_mutex_unlock(&pool->lock);
    free_all(stale);
    ak_connection_free(surplus);
}

/* ---- resolving the name ---- */

ak_lookup ak_pool_lookup(ak_pool_place *place, const void *who, int64_t waiting_since, bool *owner) {
    *owner = false;
    ak_pool *pool = place->settings->resolves ? pool_of(place) : NULL;
    if (!pool) {
        return AK_LOOKUP_PROCEED;
    }
    ak_lookup lookup = AK_LOOKUP_PROCEED;
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    if (now >= pool->name_known_until) {
        if (pool->name_failed_at >= waiting_since) {
            lookup = AK_LOOKUP_FAILED;
        } else if (pool->lookup_owner && now - pool->lookup_since < LOOKUP_TURN_NS) {
            lookup = AK_LOOKUP_WAIT;
        } else {
            pool->lookup_owner = who;
            pool->lookup_since = now;
            *owner = true;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return lookup;
}

void ak_pool_lookup_ended(ak_pool_place *place, const void *who, bool found) {
    ak_pool *pool = pool_of(place);
    if (!pool) {
        return;
    }
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    if (found) {
        pool->name_known_until = now + NAME_KNOWN_NS;
    } else {
        pool->name_failed_at = now;
    }
    if (found || pool->lookup_owner == who) {
        pool->lookup_owner = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
}

void ak_pool_lookup_dropped(ak_pool_place *place, const void *who) {
    ak_pool *pool = pool_of(place);
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    if (pool->lookup_owner == who) {
        pool->lookup_owner = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
}
