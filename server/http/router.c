#include "router.h"

#include <string.h>

static bool fits(const struct route *route, const struct request *request) {
    if (strcmp(route->method, request->method) != 0) {
        return false;
    }
    for (size_t i = 0; i < REQUEST_SEGMENTS; i++) {
        const char *wanted = route->segments[i];
        if (wanted && strcmp(wanted, "**") == 0) {
            return true;
        }
        if (i == request->segment_count) {
            return !wanted;
        }
        if (!wanted || (strcmp(wanted, "*") != 0 && strcmp(wanted, request->segments[i]) != 0)) {
            return false;
        }
    }
    return request->segment_count == REQUEST_SEGMENTS;
}

const struct route *router_find(const struct routes *routes, const struct request *request) {
    for (size_t i = 0; i < routes->count; i++) {
        if (fits(&routes->first[i], request)) {
            return &routes->first[i];
        }
    }
    return NULL;
}
