/*
 * client.h: the state shared by calls: the settings, the request headers and the pool of connections. Thread: any.
 */
#ifndef AK_CLIENT_H
#define AK_CLIENT_H

#include <curl/curl.h>

#include "pool.h"
#include "settings.h"

/* The request headers, created once; shared by all transfers, never modified. */
typedef struct {
    struct curl_slist *of[2][2]; /* [stream][body] */
} ak_header_set;

struct ak_client {
    _Atomic unsigned refs;
    ak_settings settings;
    ak_header_set *_Atomic headers; /* set with the first call: settings no longer change */
    ak_pool_place pool;
};

ak_status ak_client_create(ak_client **client, ak_error *err);
ak_client *ak_client_ref(ak_client *client);
void ak_client_unref(ak_client *client);

/* Creates what depends on the settings, which cannot change afterwards. Called by the first call. */
ak_status ak_client_fix(ak_client *client, ak_error *err);
/* The headers of a request for a stream or not, with a body or not. */
struct curl_slist *ak_client_headers(const ak_client *client, bool stream, bool body);

#endif
