/*
 * The strings of the JSON scanner: decoding, comparing, UTF-8, escaping.
 */
#include "json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../range.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A text with its length, so that it may hold NUL. */
typedef struct {
    const char *bytes;
    size_t len;
} text;

#define TEXT(literal)                                                                                                  \
    { literal, sizeof(literal) - 1 }

static ak_json_value parse_string(const char *bytes, size_t len) {
    ak_json_value root;
    assert_true(ak_json_parse(bytes, len, &root, NULL));
    assert_int_equal(root.kind, AK_JSON_STRING);
    return root;
}

/* --- Decoding --- */

#define HALF "\xEF\xBF\xBD"

static const struct {
    text json;
    text bytes;
} strings[] = {
    {TEXT("\"\""), TEXT("")},
    {TEXT("\"a\""), TEXT("a")},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t")},
    {TEXT("\"some plain text, then\\nmore of it, after an escape\""),
     TEXT("some plain text, then\nmore of it, after an escape")},
    {TEXT("\"a\\u0000b\""), TEXT("a\0b")},
    {TEXT("\"\\u0041\\u007f\\u0080\\u07fF\\u0800\\uFFff\""), TEXT("A\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF")},
    {TEXT("\"\\u20AC\\u20ac\""), TEXT("\xE2\x82\xAC\xE2\x82\xAC")},
    /* surrogates: pairs, at both ends of their range, and halves in every company */
    {TEXT("\"\\ud83d\\ude00\""), TEXT("\xF0\x9F\x98\x80")},
    {TEXT("\"\\uD800\\uDC00\\uDBFF\\uDFFF\""), TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")},
    {TEXT("\"\\ud83d\""), TEXT(HALF)},
    {TEXT("\"\\ude00\""), TEXT(HALF)},
    {TEXT("\"\\ude00\\ud83d\""), TEXT(HALF HALF)},
    {TEXT("\"\\ud83d\\ud83d\\ude00\""), TEXT(HALF "\xF0\x9F\x98\x80")},
    {TEXT("\"\\ud83d\\ude00\\ude00\""), TEXT("\xF0\x9F\x98\x80" HALF)},
    {TEXT("\"\\ude00\\ude00\""), TEXT(HALF HALF)},
    {TEXT("\"\\ud83dx\\ude00\""), TEXT(HALF "x" HALF)},
    {TEXT("\"\\ud83d\\n\""), TEXT(HALF "\n")},
    {TEXT("\"\\ud83d\\u0041\""), TEXT(HALF "A")},
    {TEXT("\"\\ud83d\\\\ude00\""), TEXT(HALF "\\ude00")},
    {TEXT("\"\\ud7ff\\ue000\""), TEXT("\xED\x9F\xBF\xEE\x80\x80")},
    /* what is not UTF-8 comes through as it is */
    {TEXT("\"x\xFFy\xC3\""), TEXT("x\xFFy\xC3")},
    {TEXT("\"\xC3\\u00e9\xA9\""), TEXT("\xC3\xC3\xA9\xA9")},
    {TEXT("\"\xED\xA0\x80\""), TEXT("\xED\xA0\x80")},
};

/* Reads with a buffer of cap bytes until nothing comes, and compares. */
static void read_in_pieces(const ak_json_value *string, const text *expected, size_t cap) {
    ak_json_reader reader;
    char *piece = test_malloc(cap); /* with guards around it */
    size_t done = 0;
    size_t n;
    ak_json_reader_init(&reader, string);
    assert_int_equal(ak_json_reader_read(&reader, piece, 0), 0);
    do {
        assert_int_equal(ak_json_reader_done(&reader), done == expected->len);
        n = ak_json_reader_read(&reader, piece, cap);
        assert_int_equal(n, cap < expected->len - done ? cap : expected->len - done);
        assert_memory_equal(piece, expected->bytes + done, n);
        done += n;
    } while (n > 0);
    assert_int_equal(done, expected->len);
    assert_true(ak_json_reader_done(&reader));
    test_free(piece);
}

static void test_decoding(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        const text *expected = &strings[i].bytes;
        ak_json_value string = parse_string(strings[i].json.bytes, strings[i].json.len);
        assert_int_equal(ak_json_string_size(&string), expected->len);
        assert_int_equal(ak_json_string_is_plain(&string), memchr(string.text, '\\', string.len) == NULL);
        for (size_t cap = 1; cap <= expected->len + 1; cap++) {
            read_in_pieces(&string, expected, cap);
        }
    }
}

static void test_equals(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        ak_json_value string = parse_string(strings[i].json.bytes, strings[i].json.len);
        for (size_t j = 0; j < COUNT(strings); j++) {
            const text *other = &strings[j].bytes;
            bool same =
                other->len == strings[i].bytes.len && memcmp(other->bytes, strings[i].bytes.bytes, other->len) == 0;
            assert_int_equal(ak_json_equals(&string, other->bytes, other->len), same);
        }
        /* its raw text is equal only when nothing in it is escaped */
        assert_int_equal(ak_json_equals(&string, string.text + 1, string.len - 2), ak_json_string_is_plain(&string));
    }
    /* longer than the piece that is compared at once */
    static const char json[] =
        "\"0123456789012345678901234567890123456789012345678901234567890123456789\\n0123456789\"";
    static const char same[] = "0123456789012345678901234567890123456789012345678901234567890123456789\n0123456789";
    ak_json_value string = parse_string(json, sizeof json - 1);
    assert_true(ak_json_equals(&string, same, sizeof same - 1));
    assert_false(ak_json_equals(&string, same, sizeof same - 2));
    assert_false(ak_json_equals(&string, same, sizeof same));
    assert_false(ak_json_equals(&string, same, 64));
    string = parse_string("\"\"", 2);
    assert_true(ak_json_equals(&string, NULL, 0));
}

/* --- UTF-8 --- */

/* valid: how many bytes are; cut: whether the rest could be a character whose end has not come. */
static const struct {
    text bytes;
    size_t valid;
    bool cut;
} utf8[] = {
    {TEXT(""), 0, false},
    {TEXT("plain text of some length\0with NUL"), 34, false},
    {TEXT("\x7F"), 1, false},
    {TEXT("\x80"), 0, false},
    {TEXT("\xBF"), 0, false},
    {TEXT("\xC0\x80"), 0, false},
    {TEXT("\xC1\xBF"), 0, false},
    {TEXT("\xC2\x80"), 2, false},
    {TEXT("\xDF\xBF"), 2, false},
    {TEXT("\xC2"), 0, true},
    {TEXT("\xC2"
          "A"),
     0, false},
    {TEXT("\xE0\x9F\xBF"), 0, false},
    {TEXT("\xE0\x9F"), 0, false},
    {TEXT("\xE0\xA0\x80"), 3, false},
    {TEXT("\xE0"), 0, true},
    {TEXT("\xE0\xA0"), 0, true},
    {TEXT("\xE2\x82\xAC"), 3, false},
    {TEXT("\xE2\x82"
          "A"),
     0, false},
    {TEXT("\xED\x9F\xBF"), 3, false},
    {TEXT("\xED\xA0\x80"), 0, false},
    {TEXT("\xED\xA0"), 0, false},
    {TEXT("\xED\xBF\xBF"), 0, false},
    {TEXT("\xEE\x80\x80"), 3, false},
    {TEXT("\xEF\xBF\xBF"), 3, false},
    {TEXT("\xF0\x8F\xBF\xBF"), 0, false},
    {TEXT("\xF0\x90\x80\x80"), 4, false},
    {TEXT("\xF0\x90\x80"), 0, true},
    {TEXT("\xF0\x90"), 0, true},
    {TEXT("\xF0"), 0, true},
    {TEXT("\xF4\x8F\xBF\xBF"), 4, false},
    {TEXT("\xF4\x90\x80\x80"), 0, false},
    {TEXT("\xF5\x80\x80\x80"), 0, false},
    {TEXT("\xF8"), 0, false},
    {TEXT("\xFE"), 0, false},
    {TEXT("\xFF"), 0, false},
    {TEXT("\xF0\x9F\x98"
          "A\xF0\x9F\x98\x80"),
     0, false},
};

static void test_utf8(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(utf8); i++) {
        for (size_t before = 0; before < 20; before++) { /* at every place of a word */
            char bytes[64];
            bool cut = !utf8[i].cut;
            memset(bytes, 'a', sizeof bytes);
            memcpy(bytes + before, utf8[i].bytes.bytes, utf8[i].bytes.len);
            size_t len = before + utf8[i].bytes.len;
            assert_int_equal(ak_utf8_prefix(bytes, len, &cut), before + utf8[i].valid);
            assert_int_equal(cut, utf8[i].cut);
            assert_int_equal(ak_utf8_prefix(bytes, len, NULL), before + utf8[i].valid);
            assert_int_equal(ak_utf8_valid(bytes, len), utf8[i].valid == utf8[i].bytes.len);
        }
    }
    assert_true(ak_utf8_valid(NULL, 0));
}

/* Valid text cut at every place: the prefix ends at the character before, and the rest is told to be the start of one.
 */
static void test_utf8_splits(void **state) {
    (void)state;
    static const char bytes[] = "ab\xC3\xA9"
                                "c\xE2\x82\xAC\xF0\x9F\x98\x80 plain again \xF4\x8F\xBF\xBF\xED\x9F\xBF";
    size_t start = 0;
    for (size_t len = 0; len < sizeof bytes; len++) {
        bool continues = ((unsigned char)bytes[len] & 0xC0) == 0x80;
        bool cut;
        start = continues ? start : len;
        assert_int_equal(ak_utf8_prefix(bytes, len, &cut), start);
        assert_int_equal(cut, start < len);
    }
}

/* --- Escaping --- */

static void assert_escaped(const char *bytes, size_t len, const char *expected) {
    size_t size = strlen(expected);
    char *buf = test_malloc(size + 1);
    for (size_t cap = 0; cap <= size + 1; cap++) {
        memset(buf, '#', size + 1);
        assert_int_equal(ak_json_escape(bytes, len, cap == 0 ? NULL : buf, cap), size);
        if (cap >= size && cap > 0) {
            assert_memory_equal(buf, expected, size);
            assert_int_equal(buf[size], '#');
        } else {
            for (size_t i = 0; i <= size; i++) {
                assert_int_equal(buf[i], '#'); /* nothing is written when it does not fit */
            }
        }
    }
    test_free(buf);
}

static void test_escaping(void **state) {
    (void)state;
    static const struct {
        text bytes;
        const char *escaped;
    } cases[] = {
        {TEXT(""), ""},
        {TEXT("plain text / with a slash and \x7F"), "plain text / with a slash and \x7F"},
        {TEXT("a\"b\\c"), "a\\\"b\\\\c"},
        {TEXT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
        {TEXT("\0\x01\x0B\x1F"), "\\u0000\\u0001\\u000b\\u001f"},
        {TEXT("\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"), "\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"},
        {TEXT("x\xFFy\xC3"), "x" HALF "y" HALF},
        {TEXT("\xC3\xC3\xA9"), HALF "\xC3\xA9"},
        /* one U+FFFD for each maximal part: the table of the Unicode standard, section 3.9 */
        {TEXT("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
              "A"),
         HALF HALF HALF HALF HALF HALF HALF HALF "A"},
        {TEXT("\xED\xA0\x80\xED\xBF\xBF\xED\xAF"
              "A"),
         HALF HALF HALF HALF HALF HALF HALF HALF "A"},
        {TEXT("\xF4\x91\x92\x93\xFF"
              "A\x80\xBF"
              "B"),
         HALF HALF HALF HALF HALF "A" HALF HALF "B"},
        {TEXT("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
              "A"),
         HALF HALF HALF HALF "A"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_escaped(cases[i].bytes.bytes, cases[i].bytes.len, cases[i].escaped);
    }
    assert_int_equal(ak_json_escape(NULL, 0, NULL, 0), 0);
}

/* Every byte at every place of a word: six output bytes at most, and decoding gives back what was valid. */
static void test_round_trip(void **state) {
    (void)state;
    for (size_t before = 0; before < 10; before++) {
        for (int byte = 0; byte < 256; byte++) {
            char bytes[16];
            char json[2 + 6 * sizeof bytes];
            memset(bytes, 'a', sizeof bytes);
            bytes[before] = (char)byte;
            size_t len = ak_json_escape(bytes, sizeof bytes, json + 1, sizeof json - 2);
            assert_within(len, sizeof bytes, sizeof bytes + 5);
            json[0] = json[len + 1] = '"';
            ak_json_value string = parse_string(json, len + 2);
            assert_int_equal(ak_json_equals(&string, bytes, sizeof bytes), byte < 0x80);
            assert_int_equal(ak_json_string_size(&string), sizeof bytes + (byte < 0x80 ? 0 : 2));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoding),    cmocka_unit_test(test_equals),   cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_splits), cmocka_unit_test(test_escaping), cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests_name("JSON strings", tests, NULL, NULL);
}
