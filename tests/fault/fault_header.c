/* fault_header.c: looks into requests. */
#include "fault.h"

#include <string.h>
#include <strings.h>

/* Moves *line to the next header line of that name at or after it, and returns the value's start; NULL when there is
 * none. */
static const char *find_header(const char **line, const char *end, const char *name) {
    size_t name_len = strlen(name);
    while (*line < end) {
        const char *this_line = *line;
        const char *stop = memmem(this_line, (size_t)(end - this_line), "\r\n", 2);
        *line = stop ? stop + 2 : end;
        if ((size_t)(end - this_line) > name_len && strncasecmp(this_line, name, name_len) == 0 &&
            this_line[name_len] == ':') {
            return this_line + name_len + 1;
        }
    }
    return NULL;
}

/* The first line after the request line. */
static const char *first_line(const fault_request *request, const char **end) {
    const char *raw = (const char *)request->raw;
    *end = raw + request->head_len;
    const char *line = request->head_len ? memmem(raw, request->head_len, "\r\n", 2) : NULL;
    return line ? line + 2 : *end;
}

bool fault_header(const fault_request *request, const char *name, const char **value, size_t *len) {
    const char *end;
    const char *line = first_line(request, &end);
    const char *start = find_header(&line, end, name);
    *value = NULL;
    *len = 0;
    if (!start) {
        return false;
    }
    const char *stop = line - 2;
    while (start < stop && (*start == ' ' || *start == '\t')) {
        start++;
    }
    while (stop > start && (stop[-1] == ' ' || stop[-1] == '\t')) {
        stop--;
    }
    *value = start;
    *len = (size_t)(stop - start);
    return true;
}

bool fault_header_is(const fault_request *request, const char *name, const char *value) {
    const char *found;
    size_t len;
    return fault_header(request, name, &found, &len) && len == strlen(value) && memcmp(found, value, len) == 0;
}

size_t fault_header_count(const fault_request *request, const char *name) {
    const char *end;
    const char *line = first_line(request, &end);
    size_t count = 0;
    while (find_header(&line, end, name)) {
        count++;
    }
    return count;
}

bool fault_body_is(const fault_request *request, const char *text) {
    size_t len = strlen(text);
    return request->body_len == len && (len == 0 || memcmp(request->body, text, len) == 0);
}
