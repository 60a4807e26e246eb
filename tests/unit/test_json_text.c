/*
 * What the JSON scanner accepts and refuses. Linked with fuzz_json_text.c: every text here, accepted or refused, and
 * many made from them, also goes through the checks there, cJSON among them.
 */
#include "json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB ((size_t)1024 * 1024)
/* More than ten times what it takes; time that is not linear would take hours. */
#define CPU_SECONDS 30

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* A text with its length, so that it may hold NUL. */
typedef struct {
    const char *bytes;
    size_t len;
} text;

#define TEXT(literal)                                                                                                  \
    { literal, sizeof(literal) - 1 }

static void cross_check(const char *bytes, size_t len) {
    assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)bytes, len), 0);
}

static ak_json_value parse(const char *bytes, size_t len) {
    ak_json_value root;
    size_t offset;
    if (!ak_json_parse(bytes, len, &root, &offset)) {
        fail_msg("refused at %zu: %.*s", offset, (int)len, bytes);
    }
    return root;
}

static void refuse(const char *bytes, size_t len, size_t expected) {
    ak_json_value root = {.kind = AK_JSON_OBJECT};
    size_t offset = SIZE_MAX;
    if (ak_json_parse(bytes, len, &root, &offset)) {
        fail_msg("accepted: %.*s", (int)len, bytes);
    }
    if (offset != expected) {
        fail_msg("refused at %zu, not at %zu: %.*s", offset, expected, (int)len, bytes);
    }
    assert_int_equal(root.kind, AK_JSON_ABSENT);
    assert_false(ak_json_parse(bytes, len, &root, NULL));
}

/* --- What is JSON --- */

static const struct {
    text json;
    ak_json_kind kind;
} accepted[] = {
    {TEXT("null"), AK_JSON_NULL},
    {TEXT(" \t\r\n true \t\r\n"), AK_JSON_TRUE},
    {TEXT("false"), AK_JSON_FALSE},
    {TEXT("0"), AK_JSON_NUMBER},
    {TEXT("-0"), AK_JSON_NUMBER},
    {TEXT("10"), AK_JSON_NUMBER},
    {TEXT("-0.0"), AK_JSON_NUMBER},
    {TEXT("1.25"), AK_JSON_NUMBER},
    {TEXT("0e1"), AK_JSON_NUMBER},
    {TEXT("1e0001"), AK_JSON_NUMBER},
    {TEXT("1E+2"), AK_JSON_NUMBER},
    {TEXT("-1.5e-10"), AK_JSON_NUMBER},
    {TEXT("1e400"), AK_JSON_NUMBER},
    {TEXT("123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"),
     AK_JSON_NUMBER},
    {TEXT("\"\""), AK_JSON_STRING},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), AK_JSON_STRING},
    {TEXT("\"\\u0000\\u00e9\\uFFFF\\uabCD\""), AK_JSON_STRING},
    {TEXT("\"\\ud83d\\ude00\""), AK_JSON_STRING},
    {TEXT("\"\\ud83d\""), AK_JSON_STRING},
    {TEXT("\"\\ude00\\ud83d\""), AK_JSON_STRING},
    {TEXT("\"\x7F / \xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80\""), AK_JSON_STRING},
    {TEXT("\"\xFF \xC3 \xED\xA0\x80 \xC0\x80\""), AK_JSON_STRING}, /* not UTF-8, passed through */
    {TEXT("[]"), AK_JSON_ARRAY},
    {TEXT("[ ]"), AK_JSON_ARRAY},
    {TEXT("[\n1 , \"a\" ,null,[ [ ] ],{ } ]"), AK_JSON_ARRAY},
    {TEXT("{}"), AK_JSON_OBJECT},
    {TEXT("{ }"), AK_JSON_OBJECT},
    {TEXT("{\"\":0}"), AK_JSON_OBJECT},
    {TEXT("{ \"a\" : 1 , \"a\" : [ { \"b\" : { } } ] }"), AK_JSON_OBJECT},
    {TEXT("{\"a\\u0000b\":\"}]\\\"\",\"[{\":[\"]}\"]}"), AK_JSON_OBJECT},
};

/* With the offset of the first byte that does not fit. */
static const struct {
    text json;
    size_t offset;
} refused[] = {
    /* nothing, or not one value */
    {TEXT(""), 0},
    {TEXT(" \n"), 2},
    {TEXT("1 2"), 2},
    {TEXT("{}{}"), 2},
    {TEXT("[]]"), 2},
    {TEXT("\"a\"x"), 3},
    {TEXT("null,"), 4},
    {TEXT("1\0"), 1},
    {TEXT("\0"), 0},
    {TEXT("\xEF\xBB\xBF{}"), 0},
    {TEXT("\v1"), 0},
    {TEXT("\f1"), 0},
    {TEXT("\xC2\xA0"), 0},
    /* words */
    {TEXT("nul"), 3},
    {TEXT("nulL"), 3},
    {TEXT("True"), 0},
    {TEXT("truex"), 4},
    {TEXT("NaN"), 0},
    {TEXT("Infinity"), 0},
    {TEXT("undefined"), 0},
    /* numbers */
    {TEXT("-"), 1},
    {TEXT("+1"), 0},
    {TEXT("01"), 1},
    {TEXT("-01"), 2},
    {TEXT("00"), 1},
    {TEXT("1."), 2},
    {TEXT(".5"), 0},
    {TEXT("-.5"), 1},
    {TEXT("1.e5"), 2},
    {TEXT("1e"), 2},
    {TEXT("1e+"), 3},
    {TEXT("1e5.2"), 3},
    {TEXT("1.2.3"), 3},
    {TEXT("0x10"), 1},
    {TEXT("1_000"), 1},
    {TEXT("-Infinity"), 1},
    {TEXT("--1"), 1},
    {TEXT("1 000"), 2},
    {TEXT("\xEF\xBC\x91"), 0},
    /* strings */
    {TEXT("\""), 1},
    {TEXT("\"a"), 2},
    {TEXT("'a'"), 0},
    {TEXT("\"\\"), 2},
    {TEXT("\"\\\""), 3},
    {TEXT("\"\\a\""), 2},
    {TEXT("\"\\x41\""), 2},
    {TEXT("\"\\'\""), 2},
    {TEXT("\"\\U0041\""), 2},
    {TEXT("\"\\\0\""), 2},
    {TEXT("\"\\\n\""), 2},
    {TEXT("\"\\u\""), 3},
    {TEXT("\"\\u00\""), 5},
    {TEXT("\"\\u004g\""), 6},
    {TEXT("\"\\u-041\""), 3},
    {TEXT("\"\\u 041\""), 3},
    {TEXT("\"\\ud83d\\u\""), 9},
    {TEXT("\"\\u12"), 5},
    {TEXT("\"a\nb\""), 2},
    {TEXT("\"0123456789abcdef\tb\""), 17},
    {TEXT("\"a\0b\""), 2},
    {TEXT("\"\x1F\""), 1},
    /* containers */
    {TEXT("["), 1},
    {TEXT("[1"), 2},
    {TEXT("[1,"), 3},
    {TEXT("[1,]"), 3},
    {TEXT("[,1]"), 1},
    {TEXT("[,]"), 1},
    {TEXT("[1,,2]"), 3},
    {TEXT("[1 2]"), 3},
    {TEXT("[1:2]"), 2},
    {TEXT("[1}"), 2},
    {TEXT("[\"a\":1]"), 4},
    {TEXT("[{]}"), 2},
    {TEXT("]"), 0},
    {TEXT("}"), 0},
    {TEXT("{"), 1},
    {TEXT("{,}"), 1},
    {TEXT("{1:2}"), 1},
    {TEXT("{a:1}"), 1},
    {TEXT("{'a':1}"), 1},
    {TEXT("{null:1}"), 1},
    {TEXT("{\"a\"}"), 4},
    {TEXT("{\"a\":}"), 5},
    {TEXT("{\"a\" 1}"), 5},
    {TEXT("{\"a\"::1}"), 5},
    {TEXT("{\"a\":1"), 6},
    {TEXT("{\"a\":1]"), 6},
    {TEXT("{\"a\":1,}"), 7},
    {TEXT("{\"a\":1,,\"b\":2}"), 7},
    {TEXT("{\"a\":1 \"b\":2}"), 7},
    {TEXT("{\"a\":1,2}"), 7},
    {TEXT("{\"a\":1,\"b\"}"), 10},
    {TEXT("{\"a\nb\":1}"), 3},
    {TEXT("{\"a\":/* */1}"), 5},
    {TEXT("[1] // x"), 4},
    {TEXT("*"), 0},
};

static void test_accepted(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        text json = accepted[i].json;
        ak_json_value root = parse(json.bytes, json.len);
        assert_int_equal(root.kind, accepted[i].kind);
        assert_true(root.len > 0 && strchr(" \t\r\n", root.text[0]) == NULL);
        assert_true(strchr(" \t\r\n", root.text[root.len - 1]) == NULL);
        cross_check(json.bytes, json.len);
    }
}

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        refuse(refused[i].json.bytes, refused[i].json.len, refused[i].offset);
        cross_check(refused[i].json.bytes, refused[i].json.len);
    }
    refuse(NULL, 0, 0);
}

/* A reply that was cut off is refused at its end, wherever that is; with one byte changed, all checks still agree. */
static void test_damaged(void **state) {
    (void)state;
    static const char whole[] =
        "{\"success\" : true, \"data\":[-1.5e+3,{\"a\\u00e9\\ud83d\\ude00\":\"QUJD\\n\"},null],\"b\":\"YQ==\"}";
    char damaged[sizeof whole];
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        refuse(whole, len, len);
    }
    for (size_t at = 0; at < sizeof whole - 1; at++) {
        memcpy(damaged, whole, sizeof whole);
        for (int byte = 0; byte < 256; byte++) {
            damaged[at] = (char)byte;
            cross_check(damaged, sizeof whole - 1);
        }
    }
}

/* Every byte at every place of a word, alone in a string: raw control characters are refused, and nothing else. */
static void test_bytes_in_strings(void **state) {
    (void)state;
    for (size_t len = 1; len <= 20; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char json[24];
                memset(json, 'a', sizeof json);
                json[0] = json[len + 1] = '"';
                json[at + 1] = (char)byte;
                ak_json_value root;
                size_t offset;
                bool ok = byte >= 0x20 && byte != '"' && byte != '\\';
                assert_int_equal(ak_json_parse(json, len + 2, &root, &offset), ok);
                if (byte < 0x20) {
                    assert_int_equal(offset, at + 1);
                }
            }
        }
    }
}

static void test_depth(void **state) {
    (void)state;
    char json[2 * AK_JSON_MAX_DEPTH + 16];
    for (size_t depth = 1; depth <= AK_JSON_MAX_DEPTH + 1; depth++) {
        memset(json, '[', depth);
        memset(json + depth, ']', depth);
        if (depth <= AK_JSON_MAX_DEPTH) {
            parse(json, 2 * depth);
            json[2 * depth - 1] = '}'; /* the outermost closes as the wrong kind */
            refuse(json, 2 * depth, 2 * depth - 1);
        } else {
            refuse(json, 2 * depth, AK_JSON_MAX_DEPTH);
        }
    }
    /* objects and arrays in turn, and any number of them side by side */
    char *mixed = test_malloc(8 * AK_JSON_MAX_DEPTH);
    size_t len = 0;
    for (size_t depth = 0; depth < AK_JSON_MAX_DEPTH; depth++) {
        len += (size_t)snprintf(mixed + len, 8, "%s", depth % 3 == 0 ? "{\"a\":" : "[");
    }
    mixed[len++] = '0';
    for (size_t depth = AK_JSON_MAX_DEPTH; depth-- > 0;) {
        mixed[len++] = depth % 3 == 0 ? '}' : ']';
    }
    parse(mixed, len);
    cross_check(mixed, len);
    test_free(mixed);
    char *deep = test_malloc(10 * MIB);
    memset(deep, '[', 10 * MIB);
    refuse(deep, 10 * MIB, AK_JSON_MAX_DEPTH);
    test_free(deep);
}

/* --- Random texts, and large ones --- */

typedef struct {
    uint64_t seed;
    char *bytes;
    size_t len;
    size_t cap;
} random_text;

static size_t pick(random_text *r, size_t below) {
    r->seed ^= r->seed << 13;
    r->seed ^= r->seed >> 7;
    r->seed ^= r->seed << 17;
    return (size_t)(r->seed >> 11) % below;
}

static void put(random_text *r, const char *bytes) {
    size_t len = strlen(bytes);
    assert_true(len <= r->cap - r->len);
    memcpy(r->bytes + r->len, bytes, len);
    r->len += len;
}

static void put_space(random_text *r) {
    static const char *const spaces[] = {"", "", "", "", " ", "\n", "\t", "\r\n  "};
    put(r, spaces[pick(r, COUNT(spaces))]);
}

static void put_string(random_text *r) {
    static const char *const parts[] = {
        "a",       "name",           "long plain text ", "\\n",  "\\\"", "\\\\", "\\/", "\\u00e9", "\xC3\xA9",
        "\\u0000", "\\ud83d\\ude00", "\\udc00",          "\xFF", "{",    "]",    ":,",  "QUJD",    "=="};
    put(r, "\"");
    for (size_t n = pick(r, 5); n > 0; n--) {
        put(r, parts[pick(r, COUNT(parts))]);
    }
    put(r, "\"");
}

static void put_value(random_text *r, size_t depth) {
    static const char *const scalars[] = {"null",   "true", "false", "0", "-1", "9007199254740993",
                                          "1.5e-3", "-0.0", "1E+9"};
    size_t kind = pick(r, depth < 6 ? 5 : 3);
    put_space(r);
    if (kind == 0) {
        put_string(r);
    } else if (kind < 3) {
        put(r, scalars[pick(r, COUNT(scalars))]);
    } else {
        put(r, kind == 3 ? "[" : "{");
        for (size_t n = pick(r, 4), i = 0; i < n; i++) {
            put(r, i > 0 ? "," : "");
            put_space(r);
            if (kind == 4) {
                put_string(r);
                put_space(r);
                put(r, ":");
            }
            put_value(r, depth + 1);
        }
        put_space(r);
        put(r, kind == 3 ? "]" : "}");
    }
    put_space(r);
}

/* Thousands of texts, each as it is and with some of its bytes exchanged, through all checks. */
static void test_random(void **state) {
    (void)state;
    random_text r = {.seed = 88172645463325252u, .cap = MIB};
    r.bytes = test_malloc(r.cap);
    for (int i = 0; i < 3000; i++) {
        r.len = 0;
        put_value(&r, 0);
        parse(r.bytes, r.len);
        cross_check(r.bytes, r.len);
        for (size_t n = pick(&r, 3) + 1; n > 0 && r.len > 1; n--) {
            char moved = r.bytes[pick(&r, r.len)];
            r.bytes[pick(&r, r.len)] = moved;
            cross_check(r.bytes, r.len);
        }
    }
    test_free(r.bytes);
}

static void test_large(void **state) {
    (void)state;
    const size_t len = 10 * MIB;
    char *json = test_malloc(len);
    double start = (double)clock() / CLOCKS_PER_SEC;
    static const struct {
        text part;
        const char *open;
        const char *close;
    } texts[] = {
        {TEXT("x"), "\"", "\""},   {TEXT("\\n"), "\"", "\""},      {TEXT("1,"), "[", "1]"},
        {TEXT("{},"), "[", "{}]"}, {TEXT("\"\\\"\","), "[", "1]"}, {TEXT("\"a\":1,"), "{", "\"a\":1}"},
        {TEXT("9"), "", ""},       {TEXT(" "), "", "1"},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t at = strlen(texts[i].open);
        size_t end = strlen(texts[i].close);
        memcpy(json, texts[i].open, at);
        while (at + texts[i].part.len + end <= len) {
            memcpy(json + at, texts[i].part.bytes, texts[i].part.len);
            at += texts[i].part.len;
        }
        memcpy(json + at, texts[i].close, end);
        ak_json_value root = parse(json, at + end);
        size_t expected = (at - strlen(texts[i].open)) / texts[i].part.len;
        assert_int_equal(ak_json_count(&root), root.kind < AK_JSON_ARRAY ? 0 : expected + 1);
        if (root.kind == AK_JSON_STRING) {
            assert_int_equal(ak_json_string_size(&root), expected);
        }
        if (end > 0) {
            refuse(json, at, at);
        }
    }
    assert_true((double)clock() / CLOCKS_PER_SEC - start < CPU_SECONDS);
    test_free(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),  cmocka_unit_test(test_bytes_in_strings),
        cmocka_unit_test(test_depth),    cmocka_unit_test(test_random),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests_name("JSON text", tests, NULL, NULL);
}
