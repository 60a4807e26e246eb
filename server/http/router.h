/*
 * router.h: finds the operation for a method and a path.
 */
#ifndef AKL_ROUTER_H
#define AKL_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "http_reply.h"
#include "http_request.h"

/* The context of the handlers; opaque here. */
struct api;

/* Handles a request and fills in the reply; may block. Any thread. */
typedef void handler(struct api *api, struct request *request, struct reply *reply);

struct route {
    const char *method;
    const char *segments[REQUEST_SEGMENTS]; /* "*" matches any segment, "**" any number of them; NULL-terminated */
    handler *handle;                        /* NULL: not implemented; only listed as public */
    bool public;                            /* needs no key */
    bool takes_body;
};

struct routes {
    const struct route *first;
    size_t count;
};

/* The route of a request; NULL when there is none. */
const struct route *router_find(const struct routes *routes, const struct request *request);

#endif
