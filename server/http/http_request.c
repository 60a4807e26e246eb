#include "http_request.h"

#include <stdlib.h>
#include <string.h>

static int hex(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int request_unhex(const char *digits) {
    int high = hex(digits[0]);
    int low = high >= 0 ? hex(digits[1]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

/* Decodes %XX in place; '+' stays. Invalid escapes and NUL stay as they are: no validation rule accepts a '%'. */
static void percent_decode(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        int byte = from[0] == '%' ? request_unhex(from + 1) : -1;
        if (byte > 0) {
            *to++ = (char)byte;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

bool request_set_target(struct request *request, const char *target) {
    request->target = strdup(target);
    if (!request->target) {
        return false;
    }
    request->query = strchr(request->target, '?');
    if (request->query) {
        *request->query++ = '\0';
    }
    request->path = strdup(request->target);
    if (!request->path) {
        free(request->target);
        request->target = NULL;
        return false;
    }
    char *rest = request->target;
    char *segment = NULL;
    while ((segment = strsep(&rest, "/"))) {
        if (segment[0] == '\0') {
            continue;
        }
        if (request->segment_count < REQUEST_SEGMENTS) {
            percent_decode(segment);
            request->segments[request->segment_count] = segment;
        }
        request->segment_count++;
    }
    return true;
}

bool request_append(struct request *request, const char *bytes, size_t len) {
    if (len > request->body_cap - request->body_len) {
        size_t cap = request->body_cap * 2 > request->body_len + len ? request->body_cap * 2 : request->body_len + len;
        char *body = realloc(request->body, cap);
        if (!body) {
            return false;
        }
        request->body = body;
        request->body_cap = cap;
    }
    memcpy(request->body + request->body_len, bytes, len);
    request->body_len += len;
    return true;
}

void request_drop_body(struct request *request) {
    free(request->body);
    request->body = NULL;
    request->body_len = 0;
    request->body_cap = 0;
}

void request_free(struct request *request) {
    free(request->target);
    free(request->path);
    request_drop_body(request);
    *request = (struct request){.client_fd = -1};
}

char *request_query_next(char **position, const char *name) {
    size_t len = strlen(name);
    char *part = NULL;
    while ((part = strsep(position, "&"))) {
        if (strncmp(part, name, len) == 0 && part[len] == '=') {
            percent_decode(part + len + 1);
            return part + len + 1;
        }
    }
    return NULL;
}
