/*
 * http.h: the HTTP server: libmicrohttpd with a thread for each connection, so that handlers may block.
 */
#ifndef AKL_HTTP_H
#define AKL_HTTP_H

#include "server.h"

struct http;

/* Starts to answer on server->listener. NULL on failure. */
struct http *http_start(struct server *server);

/* Stops accepting; requests in flight go on. */
void http_stop_accepting(struct http *http);

/* Cuts all connections and ends all threads. server->stop_fd must be readable by now. */
void http_stop(struct http *http);

#endif
