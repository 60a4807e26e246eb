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

/* Starts to answer. What the options point to stays the caller's, until http_stop. NULL on failure. */
struct http *http_start(const struct http_options *options);

/* Stops accepting; requests in flight are still answered. */
void http_stop_accepting(struct http *http);

/* Waits until no request is being answered, at most so long. */
void http_drain_requests(struct http *http, int timeout_ms);

/* Cuts all connections and ends all threads: none may be in a handler that waits for something else. */
void http_stop(struct http *http);

#endif
