/*
 * Values found in JSON text: integers, members, elements.
 */
#include "json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A text with its length, so that it may hold NUL. */
typedef struct {
    const char *bytes;
    size_t len;
} text;

#define TEXT(literal)                                                                                                  \
    { literal, sizeof(literal) - 1 }

static ak_json_value parse(const char *bytes, size_t len) {
    ak_json_value root;
    assert_true(ak_json_parse(bytes, len, &root, NULL));
    return root;
}

/* --- Numbers --- */

static void test_integers(void **state) {
    (void)state;
    static const struct {
        const char *json;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"7", true, 7},
        {"-1", true, -1},
        {"9007199254740993", true, INT64_C(9007199254740993)}, /* 2^53 + 1: no double has this value */
        {"-9007199254740993", true, -INT64_C(9007199254740993)},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775807", true, -INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"9223372036854775810", false, 0},
        {"18446744073709551616", false, 0},
        {"-18446744073709551616", false, 0},
        {"92233720368547758070", false, 0},
        {"100000000000000000000000000000000000000000", false, 0},
        {"1.0", false, 0},
        {"-1.5", false, 0},
        {"1e2", false, 0},
        {"1E0", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ak_json_value root = parse(cases[i].json, strlen(cases[i].json));
        int64_t value = 12345;
        assert_int_equal(ak_json_int64(&root, &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 12345)); /* untouched when it is none */
    }
}

/* --- Walks --- */

static void test_walks(void **state) {
    (void)state;
    static const char json[] = " { \"a\" : [ 1 , \"x,]\" , { } ] , \"b\\\"\":-2.5e3,\"c\":{\"d\":[[]]} ,\"\":null } ";
    static const char *const names[] = {"\"a\"", "\"b\\\"\"", "\"c\"", "\"\""};
    static const char *const values[] = {"[ 1 , \"x,]\" , { } ]", "-2.5e3", "{\"d\":[[]]}", "null"};
    static const char *const elements[] = {"1", "\"x,]\"", "{ }"};
    ak_json_value root = parse(json, sizeof json - 1);
    ak_json_value name;
    ak_json_value value;
    ak_json_iter iter;
    assert_int_equal(ak_json_count(&root), 4);
    ak_json_iter_init(&iter, &root);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ak_json_iter_next(&iter, &name, &value));
        assert_true(name.kind == AK_JSON_STRING && name.len == strlen(names[i]));
        assert_memory_equal(name.text, names[i], name.len);
        assert_int_equal(value.len, strlen(values[i]));
        assert_memory_equal(value.text, values[i], value.len);
    }
    for (int i = 0; i < 2; i++) { /* the end stays the end */
        assert_false(ak_json_iter_next(&iter, &name, &value));
        assert_true(name.kind == AK_JSON_ABSENT && value.kind == AK_JSON_ABSENT);
    }
    ak_json_value array;
    assert_true(ak_json_member(&root, "a", 1, &array));
    assert_int_equal(ak_json_count(&array), 3);
    ak_json_iter_init(&iter, &array);
    for (size_t i = 0; i < 3; i++) {
        name.kind = AK_JSON_NULL;
        assert_true(ak_json_iter_next(&iter, i == 1 ? NULL : &name, &value));
        assert_int_equal(name.kind, i == 1 ? AK_JSON_NULL : AK_JSON_ABSENT);
        assert_int_equal(value.len, strlen(elements[i]));
        assert_memory_equal(value.text, elements[i], value.len);
    }
    assert_false(ak_json_iter_next(&iter, NULL, &value));
}

/* A string of every length up to some hundred, with an escaped quote at each place and a backslash before its end: the
 * element after it is found. */
static void test_long_strings(void **state) {
    (void)state;
    char json[700];
    for (size_t len = 8; len < 600; len += 3) {
        for (size_t at = 2; at < len - 4; at++) {
            memset(json, 'x', len);
            memcpy(json, "[\"", 2);
            memcpy(json + at, "\\\"", 2);
            memcpy(json + len - 2, "\\\\", 2);
            memcpy(json + len, "\",7]", 4);
            ak_json_value root = parse(json, len + 4);
            ak_json_value value;
            ak_json_iter iter;
            ak_json_iter_init(&iter, &root);
            assert_true(ak_json_iter_next(&iter, NULL, &value));
            assert_true(value.kind == AK_JSON_STRING && value.len == len);
            assert_true(ak_json_iter_next(&iter, NULL, &value));
            assert_true(value.kind == AK_JSON_NUMBER && value.len == 1);
            assert_false(ak_json_iter_next(&iter, NULL, &value));
        }
    }
}

/* Everything that is no container has nothing inside; what is absent can be asked for anything. */
static void test_not_containers(void **state) {
    (void)state;
    static const char *const texts[] = {"null", "true", "12", "\"{}\"", "[]", "{}"};
    for (size_t i = 0; i <= COUNT(texts); i++) {
        ak_json_value root = {.kind = AK_JSON_ABSENT};
        ak_json_value out = {.kind = AK_JSON_TRUE};
        ak_json_iter iter;
        ak_json_reader reader;
        char byte;
        int64_t number;
        if (i < COUNT(texts)) {
            root = parse(texts[i], strlen(texts[i]));
        }
        assert_int_equal(ak_json_count(&root), 0);
        assert_false(ak_json_member(&root, "a", 1, &out));
        assert_int_equal(out.kind, AK_JSON_ABSENT);
        ak_json_iter_init(&iter, &root);
        assert_false(ak_json_iter_next(&iter, NULL, &out));
        assert_int_equal(ak_json_int64(&root, &number), root.kind == AK_JSON_NUMBER);
        if (root.kind != AK_JSON_STRING) {
            assert_int_equal(ak_json_string_size(&root), 0);
            assert_false(ak_json_string_is_plain(&root));
            assert_false(ak_json_equals(&root, "", 0));
            ak_json_reader_init(&reader, &root);
            assert_true(ak_json_reader_done(&reader));
            assert_int_equal(ak_json_reader_read(&reader, &byte, 1), 0);
        }
    }
}

static void test_members(void **state) {
    (void)state;
    static const char json[] =
        "{\"a\":1,\"A\":2,\"ab\":3,\"\\u0062\":4,\"n\\u0000l\":5,\"\":6,\"a\":7,\"c\\/\":8,\"\\ud800\":9,"
        "\"d\":{\"a\":10}}";
    static const struct {
        text name;
        int64_t value; /* 0: there is none */
    } cases[] = {
        {TEXT("a"), 7},    {TEXT("A"), 2},   {TEXT("ab"), 3}, {TEXT("b"), 4},    {TEXT("\\u0062"), 0},
        {TEXT("n\0l"), 5}, {TEXT("n"), 0},   {TEXT(""), 6},   {TEXT("c/"), 8},   {TEXT("\xEF\xBF\xBD"), 9},
        {TEXT("aa"), 0},   {TEXT("abc"), 0}, {TEXT("B"), 0},  {TEXT("c\\/"), 0}, {TEXT("x"), 0},
    };
    ak_json_value root = parse(json, sizeof json - 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ak_json_value out;
        int64_t value = 0;
        assert_int_equal(ak_json_member(&root, cases[i].name.bytes, cases[i].name.len, &out), cases[i].value != 0);
        assert_int_equal(ak_json_int64(&out, &value), cases[i].value != 0);
        assert_int_equal(value, cases[i].value);
    }
    assert_true(ak_json_member(&root, "d", 1, &root)); /* in place of the object itself */
    assert_true(ak_json_member(&root, "a", 1, &root));
    assert_memory_equal(root.text, "10", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_walks),   cmocka_unit_test(test_long_strings),
        cmocka_unit_test(test_not_containers), cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests_name("JSON walks", tests, NULL, NULL);
}
