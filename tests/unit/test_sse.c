/*
 * The parser of server-sent events: the cases of tests/sse under every cut. Linked with fuzz_sse.c, so that every case
 * also runs against the reference parser there. Limits, memory and large streams are in test_sse_limits.c.
 */
#include "json_text.h"
#include "sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef AK_TESTS_DIR
#define AK_TESTS_DIR "tests"
#endif

#define DEFAULT_LIMIT ((int64_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* --- Bytes --- */

typedef struct {
    char *bytes;
    size_t len;
} text;

static void text_append(text *to, const char *bytes, size_t len) {
    to->bytes = realloc(to->bytes, to->len + len + 1);
    assert_non_null(to->bytes);
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

static ak_json_value member(const ak_json_value *object, const char *name) {
    ak_json_value value;
    ak_json_member(object, name, strlen(name), &value);
    return value;
}

static int64_t member_int(const ak_json_value *object, const char *name, int64_t otherwise) {
    ak_json_value value = member(object, name);
    int64_t number = otherwise;
    assert_true(value.kind == AK_JSON_ABSENT || ak_json_int64(&value, &number));
    return number;
}

/* The bytes of a string (a character each), of a repeated one, or of a list of these. */
static void add_bytes(text *to, const ak_json_value *value) {
    if (value->kind == AK_JSON_STRING) {
        ak_json_reader reader;
        unsigned char c[2];
        ak_json_reader_init(&reader, value);
        while (ak_json_reader_read(&reader, c, 1) == 1) {
            if (c[0] >= 0x80) { /* U+0080 to U+00FF have two bytes in UTF-8 */
                assert_int_equal(ak_json_reader_read(&reader, c + 1, 1), 1);
                assert_true(c[0] == 0xC2 || c[0] == 0xC3);
                c[0] = (unsigned char)(c[0] << 6 | (c[1] & 0x3F));
            }
            text_append(to, (const char *)c, 1);
        }
    } else if (value->kind == AK_JSON_OBJECT) {
        ak_json_value repeat = member(value, "repeat");
        int64_t times = member_int(value, "times", -1);
        assert_true(repeat.kind == AK_JSON_STRING && times > 0);
        for (int64_t i = 0; i < times; i++) {
            add_bytes(to, &repeat);
        }
    } else {
        ak_json_iter iter;
        ak_json_value part;
        assert_int_equal(value->kind, AK_JSON_ARRAY);
        ak_json_iter_init(&iter, value);
        while (ak_json_iter_next(&iter, NULL, &part)) {
            add_bytes(to, &part);
        }
    }
}

static text bytes_of(const ak_json_value *value, const char *otherwise) {
    text bytes = {NULL, 0};
    text_append(&bytes, otherwise, value->kind == AK_JSON_ABSENT ? strlen(otherwise) : 0);
    if (value->kind != AK_JSON_ABSENT) {
        add_bytes(&bytes, value);
    }
    return bytes;
}

static bool same(const text *expected, const char *bytes, size_t len) {
    return expected->len == len && memcmp(expected->bytes, bytes, len) == 0;
}

/* --- The cases --- */

#define MAX_PIECES 256
#define MAX_EVENTS 128

typedef struct {
    text id;
    text input;
    size_t pieces[MAX_PIECES];
    size_t piece_count;
    struct {
        text type;
        text data;
        text id;
    } events[MAX_EVENTS];
    size_t event_count;
    text last_id;
    int64_t retry;
    size_t limit;
    ak_sse_result end;
} sse_case;

static void load_case(sse_case *c, const ak_json_value *json) {
    ak_json_value input = member(json, "input");
    ak_json_value events = member(json, "events");
    ak_json_value last_id = member(json, "last_id");
    ak_json_value error = member(json, "error");
    ak_json_value value = member(json, "id");
    ak_json_iter iter;
    *c = (sse_case){.id = bytes_of(&value, "?")};
    assert_true(input.kind == AK_JSON_ARRAY && events.kind == AK_JSON_ARRAY);
    text_append(&c->input, "", 0);
    ak_json_iter_init(&iter, &input);
    while (ak_json_iter_next(&iter, NULL, &value)) {
        size_t before = c->input.len;
        assert_true(c->piece_count < MAX_PIECES);
        add_bytes(&c->input, &value);
        c->pieces[c->piece_count++] = c->input.len - before;
    }
    ak_json_value part = {.kind = AK_JSON_ABSENT};
    ak_json_iter_init(&iter, &events);
    while (ak_json_iter_next(&iter, NULL, &value)) {
        assert_true(c->event_count < MAX_EVENTS);
        part = member(&value, "type");
        c->events[c->event_count].type = bytes_of(&part, "message");
        part = member(&value, "data");
        c->events[c->event_count].data = bytes_of(&part, "");
        part = member(&value, "id");
        c->events[c->event_count++].id = bytes_of(&part, "");
    }
    c->last_id = bytes_of(last_id.kind != AK_JSON_ABSENT ? &last_id : &part, ""); /* part: the id of the last event */
    c->retry = member_int(json, "retry", -1);
    c->limit = (size_t)member_int(json, "limit", DEFAULT_LIMIT);
    c->end = ak_json_equals(&error, "too_large", 9) ? AK_SSE_TOO_LARGE : AK_SSE_NONE;
    assert_true(c->end == AK_SSE_TOO_LARGE || error.kind == AK_JSON_ABSENT);
}

static void free_case(sse_case *c) {
    for (size_t i = 0; i < c->event_count; i++) {
        free(c->events[i].type.bytes);
        free(c->events[i].data.bytes);
        free(c->events[i].id.bytes);
    }
    free(c->id.bytes);
    free(c->input.bytes);
    free(c->last_id.bytes);
}

/* How the input is cut: as the case has it, in two at n, or in pieces of n. */
typedef enum { AS_GIVEN, IN_TWO, IN_PIECES } cut_kind;

static const char *const cut_names[] = {"as given", "in two at", "in pieces of"};

#define CASE_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail_msg("case %.*s, %s %zu: %s", (int)c->id.len, c->id.bytes, cut_names[cut], n, #condition);             \
        }                                                                                                              \
    } while (0)

static size_t next_piece(const sse_case *c, cut_kind cut, size_t n, size_t turn, size_t done) {
    size_t rest = c->input.len - done;
    size_t piece = cut == AS_GIVEN ? c->pieces[turn] : cut == IN_TWO && turn > 0 ? rest : n;
    return piece < rest ? piece : rest;
}

static void run_case(const sse_case *c, cut_kind cut, size_t n) {
    ak_sse *sse = ak_sse_new(c->limit);
    ak_sse_result result = AK_SSE_NONE;
    ak_sse_event event;
    size_t done = 0;
    size_t seen = 0;
    assert_non_null(sse);
    for (size_t turn = 0; done < c->input.len && result == AK_SSE_NONE; turn++) {
        size_t piece = next_piece(c, cut, n, turn, done);
        CASE_CHECK(ak_sse_feed(sse, c->input.bytes + done, piece) == AK_SSE_NONE);
        done += piece;
        while ((result = ak_sse_next(sse, &event)) == AK_SSE_EVENT) {
            CASE_CHECK(seen < c->event_count);
            CASE_CHECK(same(&c->events[seen].type, event.type, event.type_len));
            CASE_CHECK(same(&c->events[seen].data, event.data, event.data_len));
            CASE_CHECK(same(&c->events[seen].id, event.id, event.id_len));
            seen++;
        }
    }
    size_t last_id_len;
    const char *last_id = ak_sse_last_id(sse, &last_id_len);
    CASE_CHECK(seen == c->event_count);
    CASE_CHECK(result == c->end);
    CASE_CHECK(same(&c->last_id, last_id, last_id_len));
    CASE_CHECK(ak_sse_retry_ms(sse) == c->retry);
    if (result != AK_SSE_NONE) {
        CASE_CHECK(ak_sse_feed(sse, "data: x\n\n", 9) == c->end);
        CASE_CHECK(ak_sse_next(sse, &event) == c->end);
    }
    ak_sse_free(sse);
}

static void run_reference(const sse_case *c) {
    text input = {NULL, 0};
    text_append(&input, "\0\x10", 2); /* no limit, pieces of up to 17 bytes */
    text_append(&input, c->input.bytes, c->input.len);
    assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)input.bytes, input.len), 0);
    free(input.bytes);
}

static text read_file(const char *path) {
    text content = {NULL, 0};
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        text_append(&content, piece, n);
    }
    assert_int_equal(fclose(file), 0);
    return content;
}

static void test_cases(void **state) {
    (void)state;
    text file = read_file(AK_TESTS_DIR "/sse/cases.json");
    ak_json_value root;
    ak_json_value json;
    ak_json_iter iter;
    size_t count = 0;
    assert_true(ak_json_parse(file.bytes, file.len, &root, NULL));
    ak_json_value list = member(&root, "cases");
    ak_json_iter_init(&iter, &list);
    while (ak_json_iter_next(&iter, NULL, &json)) {
        sse_case c;
        load_case(&c, &json);
        size_t step = c.input.len > 16 * 1024 ? 997 : 1;
        for (size_t at = 0; at <= c.input.len; at += step) {
            run_case(&c, IN_TWO, at); /* at 0: whole */
        }
        for (size_t n = 1; n <= 3; n++) {
            run_case(&c, IN_PIECES, n);
        }
        run_case(&c, AS_GIVEN, 0);
        run_reference(&c);
        free_case(&c);
        count++;
    }
    free(file.bytes);
    assert_true(count >= 73); /* none lost */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
