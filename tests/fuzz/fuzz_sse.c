/*
 * Fuzz target for core/wire/sse.c. The first byte picks the event limit, the second how the rest, the stream, is cut.
 *
 * Two oracles: the result must not depend on the cut, and it must agree with a reference parser that has the whole
 * stream before it and follows the standard's text line by line. test_sse runs the same function over its cases.
 */
#include "sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A growing text: the record of what came out of a parser. */
typedef struct {
    char *bytes;
    size_t len;
    size_t capacity;
} text;

typedef struct {
    const char *bytes;
    size_t len;
} slice;

static void append(text *to, const void *bytes, size_t len) {
    if (len > to->capacity - to->len) {
        to->capacity = (to->len + len) * 2;
        to->bytes = realloc(to->bytes, to->capacity);
        CHECK(to->bytes != NULL);
    }
    if (len > 0) {
        memcpy(to->bytes + to->len, bytes, len);
        to->len += len;
    }
}

static void record_part(text *to, char kind, const char *bytes, size_t len) {
    append(to, &kind, 1);
    append(to, &len, sizeof len);
    append(to, bytes, len);
}

static void record_event(text *to, slice type, slice data, slice id) {
    record_part(to, 'T', type.bytes, type.len);
    record_part(to, 'D', data.bytes, data.len);
    record_part(to, 'I', id.bytes, id.len);
}

static void record_rest(text *to, slice last_id, int64_t retry) {
    record_part(to, 'L', last_id.bytes, last_id.len);
    append(to, &retry, sizeof retry);
}

/* --- The reference --- */

typedef struct {
    text data;
    bool has_data;
    text type;
    slice id;
    slice last_id;
    int64_t retry;
} reference;

static bool is_field(slice name, const char *field) {
    return name.len == strlen(field) && memcmp(name.bytes, field, name.len) == 0;
}

static int64_t parse_retry(slice value, int64_t before) {
    int64_t retry = 0;
    for (size_t i = 0; i < value.len; i++) {
        int digit = value.bytes[i] - '0';
        if (digit < 0 || digit > 9) {
            return before;
        }
        retry = retry > (INT64_MAX - digit) / 10 ? INT64_MAX : retry * 10 + digit;
    }
    return value.len == 0 ? before : retry;
}

static void reference_line(reference *r, text *log, slice line) {
    if (line.len == 0) {
        slice message = {"message", 7};
        r->last_id = r->id;
        if (r->has_data) {
            record_event(log, r->type.len > 0 ? (slice){r->type.bytes, r->type.len} : message,
                         (slice){r->data.bytes, r->data.len - 1}, r->last_id);
        }
        r->data.len = 0;
        r->type.len = 0;
        r->has_data = false;
        return;
    }
    const char *colon = memchr(line.bytes, ':', line.len);
    slice name = {line.bytes, colon != NULL ? (size_t)(colon - line.bytes) : line.len};
    slice value = {"", 0};
    if (colon != NULL) {
        size_t skip = name.len + 1 < line.len && colon[1] == ' ' ? 2 : 1;
        value = (slice){colon + skip, line.len - name.len - skip};
    }
    if (is_field(name, "data")) {
        append(&r->data, value.bytes, value.len);
        append(&r->data, "\n", 1);
        r->has_data = true;
    } else if (is_field(name, "event")) {
        r->type.len = 0;
        append(&r->type, value.bytes, value.len);
    } else if (is_field(name, "id") && (value.len == 0 || memchr(value.bytes, '\0', value.len) == NULL)) {
        r->id = value;
    } else if (is_field(name, "retry")) {
        r->retry = parse_retry(value, r->retry);
    }
}

static void run_reference(const char *bytes, size_t len, text *log) {
    reference r = {.id = {"", 0}, .last_id = {"", 0}, .retry = -1};
    size_t start = len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (size_t i = start; i < len; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            continue;
        }
        reference_line(&r, log, (slice){bytes + start, i - start});
        if (bytes[i] == '\r' && i + 1 < len && bytes[i + 1] == '\n') {
            i++;
        }
        start = i + 1;
    }
    record_rest(log, r.last_id, r.retry);
    free(r.data.bytes);
    free(r.type.bytes);
}

/* --- The parser --- */

/* Pieces of 1 to step bytes; whole when step is 0. Returns the parser's last word. */
static ak_sse_result run_parser(const char *bytes, size_t len, size_t limit, size_t step, text *log) {
    ak_sse *sse = ak_sse_new(limit);
    CHECK(sse != NULL);
    ak_sse_result result = AK_SSE_NONE;
    size_t done = 0;
    for (size_t turn = 0; done < len && result == AK_SSE_NONE; turn++) {
        size_t n = step == 0 ? len : 1 + turn * 7 % step;
        n = n < len - done ? n : len - done;
        char *piece = malloc(n); /* of its own, so that reading past it is seen */
        CHECK(piece != NULL);
        memcpy(piece, bytes + done, n);
        result = ak_sse_feed(sse, piece, n);
        free(piece);
        CHECK(result == AK_SSE_NONE);
        done += n;
        ak_sse_event event;
        while ((result = ak_sse_next(sse, &event)) == AK_SSE_EVENT) {
            CHECK(event.data_len + event.id_len <= limit);
            record_event(log, (slice){event.type, event.type_len}, (slice){event.data, event.data_len},
                         (slice){event.id, event.id_len});
        }
        /* What is left is one event within the limit, or the start of a field's name. */
        CHECK(result != AK_SSE_NONE || ak_sse_buffered(sse) <= (limit < len ? limit * 2 : len) + 6);
    }
    if (result != AK_SSE_NONE) {
        ak_sse_event event;
        CHECK(result == AK_SSE_TOO_LARGE);
        CHECK(ak_sse_feed(sse, "\n\n", 2) == result);
        CHECK(ak_sse_next(sse, &event) == result);
    } else {
        slice last_id = {"", 0};
        last_id.bytes = ak_sse_last_id(sse, &last_id.len);
        record_rest(log, last_id, ak_sse_retry_ms(sse));
    }
    ak_sse_free(sse);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size < 2) {
        return 0;
    }
    size_t limit = input[0] < 128 ? SIZE_MAX : (size_t)input[0] - 128;
    const char *bytes = (const char *)input + 2;
    size_t len = size - 2;
    text expected = {0};
    text whole = {0};
    run_reference(bytes, len, &expected);
    ak_sse_result result = run_parser(bytes, len, limit, 0, &whole);
    if (result == AK_SSE_NONE) {
        CHECK(whole.len == expected.len && memcmp(whole.bytes, expected.bytes, whole.len) == 0);
    } else {
        CHECK(limit != SIZE_MAX);
        CHECK(whole.len <= expected.len && (whole.len == 0 || memcmp(whole.bytes, expected.bytes, whole.len) == 0));
    }
    const size_t steps[] = {1, 2, 3, (size_t)input[1] + 1};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        text cut = {0};
        CHECK(run_parser(bytes, len, limit, steps[i], &cut) == result);
        CHECK(cut.len == whole.len && (cut.len == 0 || memcmp(cut.bytes, whole.bytes, cut.len) == 0));
        free(cut.bytes);
    }
    free(expected.bytes);
    free(whole.bytes);
    return 0;
}
