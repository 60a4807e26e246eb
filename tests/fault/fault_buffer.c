/* fault_buffer.c: growing strings of bytes, and the pieces of HTTP and SSE that scripts are made of. */
#include "fault_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void fault_buffer_add(fault_buffer *buffer, const void *bytes, size_t len) {
    if (buffer->failed || len == 0) {
        return;
    }
    if (len > SIZE_MAX / 4 || buffer->len > SIZE_MAX / 4) {
        buffer->failed = true;
        return;
    }
    if (len > buffer->cap - buffer->len) {
        size_t cap = buffer->cap * 2 > buffer->len + len ? buffer->cap * 2 : buffer->len + len;
        unsigned char *grown = realloc(buffer->at, cap);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->at = grown;
        buffer->cap = cap;
    }
    memcpy(buffer->at + buffer->len, bytes, len);
    buffer->len += len;
}

void fault_buffer_text(fault_buffer *buffer, const char *text) {
    fault_buffer_add(buffer, text, strlen(text));
}

void fault_buffer_number(fault_buffer *buffer, uint64_t number, bool hexadecimal) {
    char digits[32];
    int len = snprintf(digits, sizeof digits, hexadecimal ? "%llx" : "%llu", (unsigned long long)number);
    fault_buffer_add(buffer, digits, (size_t)len);
}

void fault_buffer_chunk(fault_buffer *buffer, const void *bytes, size_t len) {
    fault_buffer_number(buffer, len, true);
    fault_buffer_text(buffer, "\r\n");
    fault_buffer_add(buffer, bytes, len);
    fault_buffer_text(buffer, "\r\n");
}

void fault_buffer_event(fault_buffer *buffer, const char *type, const char *data) {
    if (type) {
        fault_buffer_text(buffer, "event: ");
        fault_buffer_text(buffer, type);
        fault_buffer_text(buffer, "\n");
    }
    for (const char *line = data; line;) {
        size_t len = strcspn(line, "\n");
        fault_buffer_text(buffer, "data: ");
        fault_buffer_add(buffer, line, len);
        fault_buffer_text(buffer, "\n");
        line = line[len] ? line + len + 1 : NULL;
    }
    fault_buffer_text(buffer, "\n");
}

void fault_buffer_free(fault_buffer *buffer) {
    free(buffer->at);
    *buffer = (fault_buffer){0};
}

static const char *reason_of(int status) {
    static const struct {
        int status;
        const char *reason;
    } known[] = {{200, "OK"},
                 {201, "Created"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {301, "Moved Permanently"},
                 {302, "Found"},
                 {307, "Temporary Redirect"},
                 {308, "Permanent Redirect"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {407, "Proxy Authentication Required"},
                 {409, "Conflict"},
                 {413, "Content Too Large"},
                 {422, "Unprocessable Content"},
                 {429, "Too Many Requests"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Scripted";
}

/* Whether header lines that each end in CRLF hold one of that name. */
static bool has_header(const char *headers, const char *name) {
    size_t name_len = strlen(name);
    for (const char *line = headers; line && *line;) {
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            return true;
        }
        line = strstr(line, "\r\n");
        line = line ? line + 2 : NULL;
    }
    return false;
}

static void add_header(fault_buffer *buffer, const char *headers, const char *name, const char *value) {
    if (!has_header(headers, name)) {
        fault_buffer_text(buffer, name);
        fault_buffer_text(buffer, ": ");
        fault_buffer_text(buffer, value);
        fault_buffer_text(buffer, "\r\n");
    }
}

void fault_buffer_reply(fault_buffer *buffer, int status, const char *headers, const char *content_type,
                        const void *body, size_t len, fault_framing framing) {
    fault_buffer_text(buffer, "HTTP/1.1 ");
    fault_buffer_number(buffer, (uint64_t)status, false);
    fault_buffer_text(buffer, " ");
    fault_buffer_text(buffer, reason_of(status));
    fault_buffer_text(buffer, "\r\n");
    if (headers) {
        fault_buffer_text(buffer, headers);
    }
    if (content_type) {
        add_header(buffer, headers, "Content-Type", content_type);
    }
    if (framing == FAULT_CHUNKED) {
        add_header(buffer, headers, "Transfer-Encoding", "chunked");
    } else if (framing == FAULT_UNTIL_CLOSE) {
        add_header(buffer, headers, "Connection", "close");
    } else if (!has_header(headers, "Content-Length")) {
        fault_buffer_text(buffer, "Content-Length: ");
        fault_buffer_number(buffer, len, false);
        fault_buffer_text(buffer, "\r\n");
    }
    fault_buffer_text(buffer, "\r\n");
    if (!body) {
        return;
    }
    if (framing == FAULT_CHUNKED) {
        if (len > 0) {
            fault_buffer_chunk(buffer, body, len);
        }
        fault_buffer_text(buffer, "0\r\n\r\n");
    } else {
        fault_buffer_add(buffer, body, len);
    }
}
