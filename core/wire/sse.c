#include "sse.h"

#include <stdlib.h>
#include <string.h>

/* Larger buffers are freed when they are empty. */
#define SSE_KEEP ((size_t)256 * 1024)
#define SSE_FIRST_CAPACITY ((size_t)4096)
/* The window of the first search for a line end; see sse_line_rest. */
#define SSE_FIRST_WINDOW ((size_t)256)

typedef struct {
    char *bytes;
    size_t len;
    size_t capacity;
} sse_text;

typedef enum { SSE_LINE_START, SSE_IN_DATA, SSE_IN_TYPE, SSE_IN_ID, SSE_IN_RETRY, SSE_IN_IGNORED } sse_state;

/* The result of a parser step. */
typedef enum { SSE_CONTINUE, SSE_STARVED, SSE_BLANK_LINE } sse_step;

struct ak_sse {
    size_t event_limit;
    ak_sse_result failed; /* NONE, or the sticky error */
    sse_state state;
    bool begun;    /* past a possible byte order mark */
    bool after_cr; /* the last line ended in CR: an LF directly after it belongs to it */

    /* buf holds the data of the current event at [data, data + data_len), and unparsed bytes at [in, end). Data stays
     * where it was fed; only from the second data line on it is moved down, over parsed bytes, to follow the previous
     * line. */
    char *buf;
    size_t capacity;
    size_t in;
    size_t end;
    size_t data;
    size_t data_len;
    bool has_data;

    sse_text type;
    sse_text line_id; /* of the current line: a NUL later in it invalidates it */
    sse_text next_id; /* of the current event; takes effect at its blank line */
    bool has_next_id;
    sse_text last_id;

    int64_t line_retry; /* -1 before the first digit */
    int64_t retry;
};

ak_sse *ak_sse_new(size_t event_limit) {
    ak_sse *sse = calloc(1, sizeof *sse);
    if (sse) {
        sse->event_limit = event_limit;
        sse->retry = -1;
    }
    return sse;
}

void ak_sse_free(ak_sse *sse) {
    if (sse) {
        free(sse->buf);
        free(sse->type.bytes);
        free(sse->line_id.bytes);
        free(sse->next_id.bytes);
        free(sse->last_id.bytes);
        free(sse);
    }
}

/* --- Buffers --- */

/* The capacity for need bytes: double, so that growing takes linear time in total. 0 on overflow. */
static size_t sse_grown(size_t need) {
    if (need > SIZE_MAX / 2) {
        return 0;
    }
    return need * 2 > SSE_FIRST_CAPACITY ? need * 2 : SSE_FIRST_CAPACITY;
}

static bool sse_text_append(sse_text *text, const char *bytes, size_t len) {
    if (len > text->capacity - text->len) {
        size_t capacity = len > SIZE_MAX - text->len ? 0 : sse_grown(text->len + len);
        char *grown = capacity == 0 ? NULL : realloc(text->bytes, capacity);
        if (!grown) {
            return false;
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return true;
}

static void sse_text_swap(sse_text *a, sse_text *b) {
    sse_text other = *a;
    *a = *b;
    *b = other;
}

/* Frees a large buffer if the text is empty. */
static void sse_text_release(sse_text *text) {
    if (text->len == 0 && text->capacity > SSE_KEEP) {
        free(text->bytes);
        *text = (sse_text){0};
    }
}

/* Called when everything fed has been parsed: frees large empty buffers. */
static void sse_release(ak_sse *sse) {
    if (!sse->has_data && sse->in == sse->end) {
        sse->in = sse->end = sse->data = 0;
        if (sse->capacity > SSE_KEEP) {
            free(sse->buf);
            sse->buf = NULL;
            sse->capacity = 0;
        }
    }
    sse_text_release(&sse->type);
    sse_text_release(&sse->line_id);
    sse_text_release(&sse->next_id);
}

static void sse_compact(ak_sse *sse) {
    size_t unparsed = sse->end - sse->in;
    memmove(sse->buf, sse->buf + sse->data, sse->data_len);
    memmove(sse->buf + sse->data_len, sse->buf + sse->in, unparsed);
    sse->data = 0;
    sse->in = sse->data_len;
    sse->end = sse->in + unparsed;
}

/* Makes room for len bytes at end. Compacts without growing only when that frees half the buffer: then at least as much
 * as was moved must be fed before the next compaction, and time stays linear. */
static bool sse_make_room(ak_sse *sse, size_t len) {
    if (len <= sse->capacity - sse->end) {
        return true;
    }
    size_t held = sse->data_len + (sse->end - sse->in);
    if (len > SIZE_MAX - held) {
        return false;
    }
    if (sse->capacity > 0) {
        sse_compact(sse);
    }
    if (held + len > sse->capacity / 2) {
        size_t capacity = sse_grown(held + len);
        char *grown = capacity == 0 ? NULL : realloc(sse->buf, capacity);
        if (!grown) {
            return false;
        }
        sse->buf = grown;
        sse->capacity = capacity;
    }
    return true;
}

static sse_step sse_fail(ak_sse *sse, ak_sse_result error) {
    sse->failed = error;
    return SSE_STARVED;
}

/* Whether the current event may have more bytes. */
static bool sse_fits(const ak_sse *sse, size_t more) {
    const sse_text *id = sse->has_next_id ? &sse->next_id : &sse->last_id;
    if (sse->state == SSE_IN_ID) {
        id = &sse->line_id;
    }
    size_t used = sse->data_len + sse->type.len + id->len;
    return used <= sse->event_limit && more <= sse->event_limit - used;
}

/* --- Lines --- */

/* How many bytes come before the end of the line, or before the end of what was fed. Searches in growing windows: if
 * every short line that ends in CR caused a search for LF in all that was fed, time would not be linear. */
static size_t sse_line_rest(const ak_sse *sse) {
    const char *start = sse->buf + sse->in;
    const char *end = sse->buf + sse->end;
    size_t window = SSE_FIRST_WINDOW;
    for (const char *p = start; p < end; p += window, window *= 4) {
        if (window > (size_t)(end - p)) {
            window = (size_t)(end - p);
        }
        const char *lf = memchr(p, '\n', window);
        const char *cr = memchr(p, '\r', lf ? (size_t)(lf - p) : window);
        if (cr || lf) {
            return (size_t)((cr ? cr : lf) - start);
        }
    }
    return (size_t)(end - start);
}

/* Starts the value of a known field; in is where it begins. */
static void sse_begin_value(ak_sse *sse, sse_state state) {
    sse->state = state;
    if (state == SSE_IN_DATA && !sse->has_data) {
        sse->has_data = true;
        sse->data = sse->in;
    } else if (state == SSE_IN_DATA) {
        /* The field's name has just been parsed, so there is room before in. The value's first check counts this LF. */
        sse->buf[sse->data + sse->data_len++] = '\n';
    } else if (state == SSE_IN_TYPE) {
        sse->type.len = 0;
    } else if (state == SSE_IN_ID) {
        sse->line_id.len = 0;
    } else {
        sse->line_retry = -1;
    }
}

/* Reads a line's field name. Nothing is consumed until the name can be recognised: known names have at most five bytes,
 * so comparing again is cheap. */
static sse_step sse_read_name(ak_sse *sse) {
    static const struct {
        char name[6];
        unsigned char len;
        sse_state state;
    } fields[] = {
        {"data", 4, SSE_IN_DATA}, {"event", 5, SSE_IN_TYPE}, {"id", 2, SSE_IN_ID}, {"retry", 5, SSE_IN_RETRY}};
    const char *line = sse->buf + sse->in;
    size_t have = sse->end - sse->in;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t len = fields[i].len;
        if (memcmp(line, fields[i].name, have < len ? have : len) != 0) {
            continue;
        }
        if (have <= len || (line[len] == ':' && have == len + 1)) {
            return SSE_STARVED;
        }
        if (line[len] == ':') {
            sse->in += line[len + 1] == ' ' ? len + 2 : len + 1;
            sse_begin_value(sse, fields[i].state);
            return SSE_CONTINUE;
        }
        if (line[len] == '\n' || line[len] == '\r') {
            sse->in += len;
            sse_begin_value(sse, fields[i].state);
            return SSE_CONTINUE;
        }
        break;
    }
    sse->state = SSE_IN_IGNORED;
    return SSE_CONTINUE;
}

static void sse_end_line(ak_sse *sse) {
    if (sse->state == SSE_IN_ID) {
        sse_text_swap(&sse->line_id, &sse->next_id);
        sse->has_next_id = true;
    } else if (sse->state == SSE_IN_RETRY && sse->line_retry >= 0) {
        sse->retry = sse->line_retry;
    }
    sse->after_cr = sse->buf[sse->in++] == '\r';
    sse->state = SSE_LINE_START;
}

static sse_step sse_start_line(ak_sse *sse) {
    static const char mark[3] = {'\xEF', '\xBB', '\xBF'};
    size_t have = sse->end - sse->in;
    if (!sse->begun) {
        bool matches = memcmp(sse->buf + sse->in, mark, have < sizeof mark ? have : sizeof mark) == 0;
        if (matches && have < sizeof mark) {
            return SSE_STARVED;
        }
        sse->in += matches ? sizeof mark : 0;
        sse->begun = true;
        return SSE_CONTINUE;
    }
    char first = sse->buf[sse->in];
    if (sse->after_cr && first == '\n') {
        sse->after_cr = false;
        sse->in++;
        return SSE_CONTINUE;
    }
    if (first == '\n' || first == '\r') {
        sse_end_line(sse);
        return SSE_BLANK_LINE;
    }
    return sse_read_name(sse); /* a comment is a line without a name */
}

/* --- Values --- */

static sse_step sse_take_data(ak_sse *sse, size_t len) {
    if (!sse_fits(sse, len)) {
        return sse_fail(sse, AK_SSE_TOO_LARGE);
    }
    size_t to = sse->data + sse->data_len;
    if (to != sse->in) {
        memmove(sse->buf + to, sse->buf + sse->in, len);
    }
    sse->data_len += len;
    return SSE_CONTINUE;
}

static sse_step sse_take_text(ak_sse *sse, sse_text *text, size_t len) {
    if (!sse_fits(sse, len)) {
        return sse_fail(sse, AK_SSE_TOO_LARGE);
    }
    if (len > 0 && !sse_text_append(text, sse->buf + sse->in, len)) {
        return sse_fail(sse, AK_SSE_MEMORY);
    }
    return SSE_CONTINUE;
}

static sse_step sse_take_id(ak_sse *sse, size_t len) {
    const char *nul = memchr(sse->buf + sse->in, '\0', len);
    sse_step step = sse_take_text(sse, &sse->line_id, nul ? (size_t)(nul - sse->buf) - sse->in : len);
    if (step == SSE_CONTINUE && nul) {
        sse->line_id.len = 0;
        sse->state = SSE_IN_IGNORED;
    }
    return step;
}

static void sse_take_retry(ak_sse *sse, size_t len) {
    for (size_t i = 0; i < len; i++) {
        char c = sse->buf[sse->in + i];
        if (c < '0' || c > '9') {
            sse->state = SSE_IN_IGNORED;
            return;
        }
        int64_t so_far = sse->line_retry < 0 ? 0 : sse->line_retry;
        int digit = c - '0';
        sse->line_retry = so_far > (INT64_MAX - digit) / 10 ? INT64_MAX : so_far * 10 + digit;
    }
}

/* Reads what is available of a line's value, and its end if available. */
static sse_step sse_read_value(ak_sse *sse) {
    size_t len = sse_line_rest(sse);
    sse_step step = SSE_CONTINUE;
    if (sse->state == SSE_IN_DATA) {
        step = sse_take_data(sse, len);
    } else if (sse->state == SSE_IN_TYPE) {
        step = sse_take_text(sse, &sse->type, len);
    } else if (sse->state == SSE_IN_ID) {
        step = sse_take_id(sse, len);
    } else if (sse->state == SSE_IN_RETRY) {
        sse_take_retry(sse, len);
    }
    if (step != SSE_CONTINUE) {
        return step;
    }
    sse->in += len;
    if (sse->in < sse->end) {
        sse_end_line(sse);
    }
    return SSE_CONTINUE;
}

/* Ends the event at its blank line. Returns whether *event was set. */
static bool sse_dispatch(ak_sse *sse, ak_sse_event *event) {
    if (sse->has_next_id) {
        sse_text_swap(&sse->next_id, &sse->last_id);
        sse->next_id.len = 0;
        sse->has_next_id = false;
    }
    bool has_data = sse->has_data;
    if (has_data) {
        bool typed = sse->type.len > 0;
        event->type = typed ? sse->type.bytes : "message";
        event->type_len = typed ? sse->type.len : strlen("message");
        event->data = sse->buf + sse->data;
        event->data_len = sse->data_len;
        event->id = ak_sse_last_id(sse, &event->id_len);
    }
    /* The bytes stay valid until the next call; after that their space may be reused. */
    sse->type.len = 0;
    sse->data_len = 0;
    sse->has_data = false;
    return has_data;
}

/* --- The interface --- */

ak_sse_result ak_sse_feed(ak_sse *sse, const void *bytes, size_t len) {
    if (sse->failed != AK_SSE_NONE || len == 0) {
        return sse->failed;
    }
    if (!sse_make_room(sse, len)) {
        sse->failed = AK_SSE_MEMORY;
        return sse->failed;
    }
    memcpy(sse->buf + sse->end, bytes, len);
    sse->end += len;
    return AK_SSE_NONE;
}

ak_sse_result ak_sse_next(ak_sse *sse, ak_sse_event *event) {
    sse_step step = SSE_CONTINUE;
    while (sse->failed == AK_SSE_NONE && step != SSE_STARVED) {
        if (sse->in == sse->end) {
            sse_release(sse);
            break;
        }
        step = sse->state == SSE_LINE_START ? sse_start_line(sse) : sse_read_value(sse);
        if (step == SSE_BLANK_LINE && sse_dispatch(sse, event)) {
            return AK_SSE_EVENT;
        }
    }
    return sse->failed;
}

size_t ak_sse_buffered(const ak_sse *sse) {
    size_t line_id = sse->state == SSE_IN_ID ? sse->line_id.len : 0;
    return sse->data_len + (sse->end - sse->in) + sse->type.len + line_id + sse->next_id.len;
}

int64_t ak_sse_retry_ms(const ak_sse *sse) {
    return sse->retry;
}

const char *ak_sse_last_id(const ak_sse *sse, size_t *len) {
    *len = sse->last_id.len;
    return sse->last_id.len > 0 ? sse->last_id.bytes : "";
}
