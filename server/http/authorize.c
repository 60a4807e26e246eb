#include "authorize.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "weaken.h"

/* Splits "host", "host:port", "[v6]" or "[v6]:port". False for anything else. */
static bool split_host(const char *text, char *host, size_t cap) {
    const char *end = NULL;
    if (text[0] == '[') {
        text++;
        end = strchr(text, ']');
        if (!end || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
    } else {
        end = text + strcspn(text, ":");
    }
    const char *port = strchr(end, ':');
    if (port && strspn(port + 1, "0123456789") != strlen(port + 1)) {
        return false;
    }
    size_t len = (size_t)(end - text);
    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    return true;
}

/* A web page of another site can make a browser send requests here under that site's name, once its name server
 * resolves the name to 127.0.0.1. So only names are accepted that no other site can own. */
static bool host_is_ours(const struct authorize_rules *rules, const char *text) {
    char host[256];
    if (rules->any_host || WEAKENED("host-check")) {
        return true;
    }
    if (!split_host(text, host, sizeof host)) {
        return false;
    }
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127) {
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6)) {
        return true;
    }
    return strcasecmp(host, "localhost") == 0 || (rules->listen_host && strcasecmp(host, rules->listen_host) == 0);
}

/* Whether a browser sends this on behalf of a page of another site. */
static bool is_foreign(const struct authorize_headers *headers) {
    const char *site = WEAKENED("fetch-site-check") ? NULL : headers->fetch_site;
    if (site && strcasecmp(site, "none") != 0 && strcasecmp(site, "same-origin") != 0) {
        return true;
    }
    if (!headers->origin || WEAKENED("origin-check")) {
        return false;
    }
    static const char scheme[] = "http://";
    return !headers->host || strncasecmp(headers->origin, scheme, sizeof scheme - 1) != 0 ||
           strcasecmp(headers->origin + sizeof scheme - 1, headers->host) != 0;
}

/* Constant-time comparison: the time depends only on the length of what was sent. */
static bool key_matches(const char *given, const char *key) {
    size_t given_len = strlen(given);
    size_t key_len = strlen(key);
    volatile unsigned char difference = given_len != key_len;
    for (size_t i = 0; i < given_len; i++) {
        difference |= (unsigned char)(given[i] ^ key[i % key_len]);
    }
    return difference == 0;
}

unsigned authorize_request(const struct authorize_rules *rules, const struct authorize_headers *headers, bool public,
                           const char **message) {
    static const char bearer[] = "Bearer ";
    if (headers->host_count > 1 || (headers->host_count == 0 && !headers->http_1_0)) {
        *message = "A request needs exactly one Host header";
        return 400;
    }
    if (headers->host && !host_is_ours(rules, headers->host)) {
        *message = "Host not allowed: this server answers to localhost, 127.0.0.1, [::1] and its --listen host only";
        return 403;
    }
    if (!rules->api_key && is_foreign(headers)) {
        *message = "Origin not allowed: without an API key, requests made by web pages are refused";
        return 403;
    }
    if (public || !rules->api_key || WEAKENED("key-check")) {
        return 0;
    }
    if (!headers->authorization) {
        *message = "Missing Authorization header";
        return 401;
    }
    if (strncmp(headers->authorization, bearer, sizeof bearer - 1) != 0) {
        *message = "Invalid authorization format. Use: Bearer <api_key>";
        return 401;
    }
    if (!key_matches(headers->authorization + sizeof bearer - 1, rules->api_key)) {
        *message = "Invalid bearer token";
        return 401;
    }
    return 0;
}
