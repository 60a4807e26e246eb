#include "client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "process.h"

#define NS_PER_SECOND INT64_C(1000000000)
/* Tests build a variant that does not keep them waiting. */
#ifndef AK_IDLE_LIMIT_MS
#define AK_IDLE_LIMIT_MS 30000
#endif
#define IDLE_NS (AK_IDLE_LIMIT_MS * (NS_PER_SECOND / 1000))
/* A little less than the minute for which libcurl's cache holds a name. */
#define NAME_KNOWN_NS (50 * NS_PER_SECOND)
/* When the owner of the gate takes longer, perhaps because nobody steps it, the next call may try too. */
#define GATE_TURN_NS NS_PER_SECOND

struct ak_pool {
    pid_t pid;
    pthread_mutex_t lock;
    ak_lane *idle; /* the one used last comes first */
    int64_t idle_count;
    CURLSH *share; /* the cache of names */
    pthread_mutex_t share_lock;
    const void *gate_owner;
    int64_t gate_since;
    int64_t name_known_until;
    int64_t name_failed_at;
};

/* ---- the pool ---- */

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

static ak_pool *pool_new(void) {
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

static void lanes_free(ak_lane *lane) {
    while (lane) {
        ak_lane *next = lane->next;
        ak_lane_free(lane);
        lane = next;
    }
}

static void pool_free(ak_pool *pool) {
    if (!pool) {
        return;
    }
    if (pool->pid != ak_process()) {
        /* The parent's: its connections are closed here and no more, its lock may be held by a thread that is not. */
        for (ak_lane *lane = pool->idle; lane; lane = lane->next) {
            ak_lane_abandon(lane);
        }
        return;
    }
    lanes_free(pool->idle);
    curl_share_cleanup(pool->share);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->share_lock);
    free(pool);
}

/* The pool of this process; NULL when out of memory. */
static ak_pool *pool_of(ak_client *client) {
    ak_pool *pool = atomic_load(&client->pool);
    if (pool && pool->pid == ak_process()) {
        return pool;
    }
    ak_pool *fresh = pool_new();
    if (!fresh) {
        return NULL;
    }
    if (atomic_compare_exchange_strong(&client->pool, &pool, fresh)) {
        pool_free(pool);
        return fresh;
    }
    pool_free(fresh); /* another thread of this child was first */
    return pool;
}

/* Notes which servers have closed their end. Many lanes in one look: with a full pool this is done in every call. */
static void note_hang_ups(ak_lane *lane) {
    ak_lane *lanes[AK_POLLER_LOOK];
    int sockets[AK_POLLER_LOOK];
    bool hung_up[AK_POLLER_LOOK];
    while (lane) {
        size_t count = 0;
        for (; lane && count < AK_POLLER_LOOK; lane = lane->next) {
            lanes[count] = lane;
            sockets[count++] = ak_lane_connection(lane);
        }
        ak_poller_hang_ups(sockets, hung_up, count);
        for (size_t i = 0; i < count; i++) {
            lanes[i]->hung_up = hung_up[i];
        }
    }
}

/* Takes out what has been idle for too long, and what the server has closed: it would rest in CLOSE_WAIT. */
static ak_lane *take_stale(ak_pool *pool, int64_t now) {
    ak_lane *stale = NULL;
    ak_lane **link = &pool->idle;
    note_hang_ups(pool->idle);
    while (*link) {
        ak_lane *lane = *link;
        if (now - lane->idle_since < IDLE_NS && !lane->hung_up) {
            link = &lane->next;
        } else {
            *link = lane->next;
            pool->idle_count--;
            lane->next = stale;
            stale = lane;
        }
    }
    return stale;
}

ak_status ak_client_borrow(ak_client *client, ak_lane **lane, ak_error *err) {
    ak_pool *pool = pool_of(client);
    if (!pool) {
        return ak_error_memory(err);
    }
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    ak_lane *stale = take_stale(pool, now);
    *lane = pool->idle;
    if (*lane) {
        pool->idle = (*lane)->next;
        pool->idle_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    lanes_free(stale); /* closing may write to the network: not under the lock */
    ak_status status = AK_OK;
    if (*lane) {
        (*lane)->next = NULL;
    } else {
        status = ak_lane_new(&client->settings, pool->share, lane, err);
    }
#ifdef AK_FRESH_DESCRIPTORS
    if (status == AK_OK) {
        ak_poller_renumber(&(*lane)->poller); /* now: from here on the number is the call's */
    }
#endif
    return status;
}

void ak_client_return(ak_client *client, ak_lane *lane, bool reusable) {
    ak_pool *pool = reusable ? pool_of(client) : NULL;
    if (!pool) {
        ak_lane_free(lane);
        return;
    }
    ak_lane *surplus = NULL;
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    ak_lane *stale = take_stale(pool, now);
    if (pool->idle_count < client->settings.integer[AK_CLIENT_MAX_IDLE]) {
        lane->idle_since = now;
        lane->next = pool->idle;
        pool->idle = lane;
        pool->idle_count++;
    } else {
        surplus = lane;
    }
    pthread_mutex_unlock(&pool->lock);
    lanes_free(stale);
    ak_lane_free(surplus);
}

/* ---- the name gate ---- */

ak_gate ak_client_gate(ak_client *client, const void *who, int64_t waiting_since, bool *owner) {
    *owner = false;
    ak_pool *pool = client->settings.resolves ? pool_of(client) : NULL;
    if (!pool) {
        return AK_GATE_OPEN;
    }
    ak_gate gate = AK_GATE_OPEN;
    int64_t now = ak_now();
    pthread_mutex_lock(&pool->lock);
    if (now >= pool->name_known_until) {
        if (pool->name_failed_at >= waiting_since) {
            gate = AK_GATE_FAILED;
        } else if (pool->gate_owner && now - pool->gate_since < GATE_TURN_NS) {
            gate = AK_GATE_WAIT;
        } else {
            pool->gate_owner = who;
            pool->gate_since = now;
            *owner = true;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return gate;
}

void ak_client_gate_done(ak_client *client, const void *who, bool found) {
    ak_pool *pool = pool_of(client);
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
    if (found || pool->gate_owner == who) {
        pool->gate_owner = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
}

void ak_client_gate_drop(ak_client *client, const void *who) {
    ak_pool *pool = pool_of(client);
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    if (pool->gate_owner == who) {
        pool->gate_owner = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
}

/* ---- the client ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void init_curl(void) {
    /* Never undone: other users of libcurl in this process must not lose it. */
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

ak_status ak_client_create(ak_client **out, ak_error *err) {
    *out = NULL;
    pthread_once(&curl_once, init_curl);
    if (curl_ready != CURLE_OK) {
        return ak_error_set(err, AK_E_MEMORY, "libcurl cannot start: %s", curl_easy_strerror(curl_ready));
    }
    /* A name that is looked up in the calling thread would block step; only libcurl itself can say how it was built. */
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        return ak_error_set(err, AK_E_ARGUMENT,
                            "this libcurl has no asynchronous resolver (AsynchDNS): build it with its threaded one");
    }
    ak_client *client = calloc(1, sizeof *client);
    if (!client) {
        return ak_error_memory(err);
    }
    atomic_init(&client->refs, 1);
    ak_status status = ak_settings_init(&client->settings, err);
    if (status != AK_OK) {
        free(client);
        return status;
    }
    *out = client;
    return AK_OK;
}

ak_client *ak_client_ref(ak_client *client) {
    if (client) {
        atomic_fetch_add(&client->refs, 1);
    }
    return client;
}

/* Freed with the key wiped. */
static void headers_free(ak_header_set *headers) {
    for (int i = 0; headers && i < 4; i++) {
        struct curl_slist *list = headers->of[i / 2][i % 2];
        for (struct curl_slist *node = list; node; node = node->next) {
            explicit_bzero(node->data, strlen(node->data));
        }
        curl_slist_free_all(list);
    }
    free(headers);
}

void ak_client_unref(ak_client *client) {
    if (!client || atomic_fetch_sub(&client->refs, 1) != 1) {
        return;
    }
    pool_free(atomic_load(&client->pool));
    headers_free(atomic_load(&client->headers));
    ak_settings_free(&client->settings);
    free(client);
}

static bool add_header(struct curl_slist **list, const char *text) {
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer) {
        *list = longer;
    }
    return longer != NULL;
}

static bool make_agent(const ak_settings *settings, ak_buffer *agent) {
    char own[64];
    const char *suffix = settings->text[AK_CLIENT_USER_AGENT];
    snprintf(own, sizeof own, "User-Agent: libagentkernel/%d.%d.%d", AK_VERSION / 1000000, AK_VERSION / 1000 % 1000,
             AK_VERSION % 1000);
    return ak_buffer_append_text(agent, own) &&
           (!suffix || (ak_buffer_append(agent, " ", 1) && ak_buffer_append_text(agent, suffix))) &&
           ak_buffer_terminate(agent);
}

static bool add_headers(struct curl_slist **list, bool stream, bool body, const char *agent,
                        const char *authorization) {
    /* Without "Expect:" libcurl waits a second for "100 Continue" before it sends a large body. The agent is here
     * because libcurl would format one that is an option anew for every request. */
    bool ok =
        add_header(list, "Expect:") && add_header(list, agent) && (!authorization || add_header(list, authorization));
    if (stream) {
        ok = ok && add_header(list, "Accept: text/event-stream") && add_header(list, "Cache-Control: no-cache") &&
             add_header(list, "Accept-Encoding: identity");
    } else {
        ok = ok && add_header(list, "Accept: application/json");
    }
    return ok && (!body || add_header(list, "Content-Type: application/json"));
}

static ak_header_set *headers_new(const ak_settings *settings) {
    ak_header_set *headers = calloc(1, sizeof *headers);
    /* Our own server has no key to compare with, so it is not shown one. */
    const char *key = settings->local ? NULL : settings->text[AK_CLIENT_API_KEY];
    ak_buffer agent = {0}, authorization = {0};
    bool ok =
        headers && make_agent(settings, &agent) &&
        (!key || (ak_buffer_reserve(&authorization, strlen(key) + 64) && /* once: no copy of the key is left behind */
                  ak_buffer_append_text(&authorization, "Authorization: Bearer ") &&
                  ak_buffer_append_text(&authorization, key) && ak_buffer_terminate(&authorization)));
    for (int i = 0; i < 4 && ok; i++) {
        ok = add_headers(&headers->of[i / 2][i % 2], i / 2, i % 2, agent.data, authorization.data);
    }
    if (authorization.data) {
        explicit_bzero(authorization.data, authorization.cap);
    }
    ak_buffer_free(&authorization);
    ak_buffer_free(&agent);
    if (!ok) {
        headers_free(headers);
        return NULL;
    }
    return headers;
}

/* Without a lock, which a forked child could find held by a thread that it does not have. */
ak_status ak_client_fix(ak_client *client, ak_error *err) {
    if (atomic_load(&client->headers)) {
        return AK_OK;
    }
    ak_header_set *fresh = headers_new(&client->settings);
    if (!fresh) {
        return ak_error_memory(err);
    }
    ak_header_set *none = NULL;
    if (!atomic_compare_exchange_strong(&client->headers, &none, fresh)) {
        headers_free(fresh); /* another thread was first */
    }
    return AK_OK;
}
