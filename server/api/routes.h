/*
 * routes.h: which operation a method and path stand for.
 */
#ifndef AKL_ROUTES_H
#define AKL_ROUTES_H

#include "handlers.h"

struct route {
    const char *method;
    const char *segments[REQUEST_SEGMENTS]; /* "*" fits any, "**" any number of them; NULL ends them */
    handler *handle;                        /* NULL: not there, but known to need no key */
    bool public;                            /* needs no key */
    bool takes_body;
};

/* The route of a request, NULL when there is none. */
const struct route *routes_find(const struct request *request);

#endif
