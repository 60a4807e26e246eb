/*
 * authorize.h: request authorization: checks of Host, Origin and the API key, before anything else.
 */
#ifndef AKL_AUTHORIZE_H
#define AKL_AUTHORIZE_H

#include <stdbool.h>
#include <stddef.h>

/* The headers that matter; NULL: not sent. */
struct authorize_headers {
    const char *host;
    size_t host_count;
    bool http_1_0; /* such a request may do without Host */
    const char *origin;
    const char *fetch_site;
    const char *authorization;
};

struct authorize_rules {
    const char *listen_host; /* accepted as Host in addition to loopback names; NULL: none */
    bool any_host;           /* accept every Host */
    const char *api_key;     /* NULL: no key is required */
};

/* Status and message of the refusal; 0 if the request is allowed. public: no key is needed. */
unsigned authorize_request(const struct authorize_rules *rules, const struct authorize_headers *headers, bool public,
                           const char **message);

#endif
