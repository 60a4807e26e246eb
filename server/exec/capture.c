#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "weaken.h"

size_t capture_limit(void) {
    return WEAKENED("capture-max") ? (size_t)1 << 30 : (size_t)16 << 20;
}

static bool make_room(struct capture *capture) {
    if (capture->cap - capture->len >= COMMAND_READ_MAX) {
        return true;
    }
    size_t cap = capture->cap * 2 + COMMAND_READ_MAX;
    if (cap > capture->max + COMMAND_READ_MAX) {
        cap = capture->max + COMMAND_READ_MAX;
    }
    char *bytes = realloc(capture->bytes, cap);
    if (!bytes) {
        return false;
    }
    capture->bytes = bytes;
    capture->cap = cap;
    return true;
}

bool capture_collect(struct capture *capture, struct command *command, enum command_event *event) {
    for (;;) {
        if (!make_room(capture)) {
            return false;
        }
        size_t n = 0;
        *event = command_next(command, -1, capture->bytes + capture->len, COMMAND_READ_MAX, &n);
        if (*event != COMMAND_OUTPUT) {
            break;
        }
        capture->total += n;
        capture->len = capture->len + n < capture->max ? capture->len + n : capture->max;
    }
    if (capture->total > capture->len) {
        /* A character that the limit has cut is dropped. */
        capture->len -= text_incomplete_tail(capture->bytes, capture->len);
    }
    return true;
}

void capture_set(struct capture *capture, const char *text) {
    capture->len = strlen(text);
    capture->total = capture->len;
    memcpy(capture->bytes, text, capture->len);
}
