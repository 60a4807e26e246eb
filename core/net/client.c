#include "client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "compat.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void init_curl(void) {
    /* Never cleaned up: other users of libcurl in this process may depend on it. */
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

ak_status ak_client_create(ak_client **out, ak_error *err) {
    *out = NULL;
    pthread_once(&curl_once, init_curl);
    if (curl_ready != CURLE_OK) {
        return ak_error_set(err, AK_E_MEMORY, "libcurl cannot start: %s", curl_easy_strerror(curl_ready));
    }
    /* Resolving a name in the calling thread would block step; only libcurl at run time reports how it was built. */
    if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS)) {
        return ak_error_set(err, AK_E_ARGUMENT,
                            "this libcurl has no asynchronous resolver (AsynchDNS): build it with its threaded one");
    }
    ak_client *client = calloc(1, sizeof *client);
    if (!client) {
        return ak_error_memory(err);
    }
    atomic_init(&client->refs, 1);
    client->pool.settings = &client->settings;
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

/* Wipes the key before freeing. */
static void headers_free(ak_header_set *headers) {
    for (int i = 0; headers && i < 4; i++) {
        struct curl_slist *list = headers->of[i / 2][i % 2];
        for (struct curl_slist *node = list; node; node = node->next) {
            ak_wipe(node->data, strlen(node->data));
        }
        curl_slist_free_all(list);
    }
    free(headers);
}

struct curl_slist *ak_client_headers(const ak_client *client, bool stream, bool body) {
    return atomic_load(&client->headers)->of[stream][body];
}

void ak_client_unref(ak_client *client) {
    if (!client || atomic_fetch_sub(&client->refs, 1) != 1) {
        return;
    }
    ak_pool_free(atomic_load(&client->pool.current));
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
    /* Without "Expect:" libcurl waits a second for "100 Continue" before it sends a large body. The user agent is a
     * header because libcurl would format CURLOPT_USERAGENT again for every request. */
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
    /* The server of local: has no API key, so none is sent. */
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
        ak_wipe(authorization.data, authorization.cap);
    }
    ak_buffer_free(&authorization);
    ak_buffer_free(&agent);
    if (!ok) {
        headers_free(headers);
        return NULL;
    }
    return headers;
}

/* Without a lock: in a forked child it could be held by a thread that does not exist there. */
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
        headers_free(fresh); /* another thread was faster */
    }
    return AK_OK;
}
