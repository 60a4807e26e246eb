/*
 * http.h: the HTTP server: libmicrohttpd with a thread for each connection, so that handlers may block.
 */
#ifndef AKL_HTTP_H
#define AKL_HTTP_H

#include "authorize.h"
#include "router.h"

struct http;

struct http_options {
    int listen_fd;
    struct authorize_rules access;
    struct routes routes;
    struct api *api; /* for the handlers */
};

/* Starts serving. What the options point to must stay valid until http_stop. NULL on failure. */
struct http *http_start(const struct http_options *options);

/* Stops accepting; requests in flight are completed. */
void http_stop_accepting(struct http *http);

/* Waits at most timeout_ms until no request is in progress. */
void http_drain_requests(struct http *http, int timeout_ms);

/* Closes all connections and ends all threads. Handlers must not be blocked on anything else. */
void http_stop(struct http *http);

#endif
