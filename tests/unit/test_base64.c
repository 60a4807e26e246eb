/*
 * Base64: encoding, checking, and decoding out of JSON strings in pieces of every size.
 */
#include "base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../range.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* RFC 4648, section 10, and a few that use the last characters of the alphabet. */
static const struct {
    const char *bytes;
    size_t len;
    const char *base64;
} pairs[] = {
    {"", 0, ""},
    {"f", 1, "Zg=="},
    {"fo", 2, "Zm8="},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg=="},
    {"fooba", 5, "Zm9vYmE="},
    {"foobar", 6, "Zm9vYmFy"},
    {"\0", 1, "AA=="},
    {"\0\0\0", 3, "AAAA"},
    {"\xFF", 1, "/w=="},
    {"\xFF\xFF\xFF", 3, "////"},
    {"\xFB\xEF\xBE", 3, "++++"},
    {"\x00\x10\x83\x10\x51\x87\x20\x92\x8B", 9, "ABCDEFGHIJKL"},
};

static const char *const wrong[] = {
    "A",     "AA",     "AAA",   "AAAAA",  "Zg",      "Zg=",        "Zm8", /* padding is required */
    "=",     "==",     "====",  "A===",   "=AAA",    "A=AA",       "AA=A",         "Zg==Zg==", "Zm8=AAAA", "Zg==A",
    "Zg===", "Zg==\n", "Zm 9v", "Zm9v\n", "\nZm9v",  " Zm9v",      "Zm9vYg==\r\n", "Zm\n9v", /* and no white space */
    "Zm9-",  "Zm9_",   "Zm9.",  "Zm9*",   "Zm9\x80", "\xC3\xA9Zm", "Zm9,",         "Zm9v!",    "[m9v",     "`m9v",
    "Zh==",  "Zv==",   "Zm9=",  "Zm/=",   "AB==",    "AAB=", /* bits left over */
};

static size_t quote(const char *text, size_t len, char *json) {
    json[0] = '"';
    size_t size = ak_json_escape(text, len, json + 1, 6 * len);
    json[size + 1] = '"';
    return size + 2;
}

static ak_json_value parse(const char *json, size_t len) {
    ak_json_value root;
    assert_true(ak_json_parse(json, len, &root, NULL));
    return root;
}

/* Reads with a buffer of cap bytes to the end, or to an error; returns whether there was none, and what came before it.
 */
static bool read_all(const ak_json_value *string, size_t cap, char *bytes, size_t *len) {
    ak_base64_reader reader;
    char *piece = test_malloc(cap); /* with guards around it */
    bool ok;
    size_t n;
    *len = 0;
    ak_base64_reader_init(&reader, string);
    do {
        ok = ak_base64_reader_read(&reader, piece, cap, &n);
        assert_within(n, 0, cap);
        memcpy(bytes + *len, piece, n);
        *len += n;
        assert_true(n == cap || !ok || ak_base64_reader_done(&reader)); /* short only at the end */
    } while (ok && n > 0);
    assert_int_equal(ak_base64_reader_done(&reader), ok);
    for (int i = 0; i < 2; i++) { /* the end stays the end, and an error an error */
        assert_int_equal(ak_base64_reader_read(&reader, piece, cap, &n), ok);
        assert_int_equal(n, 0);
    }
    test_free(piece);
    return ok;
}

static void test_known_pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char json[64];
        char bytes[64];
        size_t len = strlen(pairs[i].base64);
        size_t size = 99;
        ak_json_value string = parse(json, quote(pairs[i].base64, len, json));
        assert_true(ak_base64_check(pairs[i].base64, len, &size));
        assert_int_equal(size, pairs[i].len);
        assert_true(ak_base64_check(pairs[i].base64, len, NULL));
        assert_true(ak_base64_check_string(&string, &size));
        assert_int_equal(size, pairs[i].len);
        for (size_t cap = 1; cap < 12; cap++) {
            assert_true(read_all(&string, cap, bytes, &size));
            assert_int_equal(size, pairs[i].len);
            assert_memory_equal(bytes, pairs[i].bytes, size);
        }
        for (size_t cap = 0; cap <= len + 1; cap++) {
            char out[32];
            memset(out, '#', sizeof out);
            assert_int_equal(ak_base64_encode(pairs[i].bytes, pairs[i].len, out, cap), len);
            assert_memory_equal(out, cap >= len ? pairs[i].base64 : "################", len);
            assert_int_equal(out[len], '#');
        }
    }
    assert_int_equal(ak_base64_encode(NULL, 0, NULL, 0), 0);
    assert_true(ak_base64_check(NULL, 0, NULL));
}

static void test_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char json[128];
        char bytes[64];
        size_t size = 99;
        ak_json_value string = parse(json, quote(wrong[i], strlen(wrong[i]), json));
        if (ak_base64_check(wrong[i], strlen(wrong[i]), &size)) {
            fail_msg("accepted: %s", wrong[i]);
        }
        assert_int_equal(size, 0);
        assert_false(ak_base64_check_string(&string, &size));
        assert_int_equal(size, 0);
        for (size_t cap = 1; cap < 12; cap++) {
            assert_false(read_all(&string, cap, bytes, &size));
        }
    }
}

/* Each of the 256 bytes at each place of several groups: only the alphabet is taken. */
static void test_alphabet(void **state) {
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < 16; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "AAAAAAAAAAAAAAAA";
            char json[6 * sizeof text];
            char bytes[16];
            size_t len;
            text[at] = (char)byte;
            bool ok = (byte != 0 && strchr(alphabet, byte) != NULL) || (at == 15 && byte == '=');
            assert_int_equal(ak_base64_check(text, 16, NULL), ok);
            size_t json_len = quote(text, 16, json);
            if (byte >= 0x80) { /* as it is */
                json_len = (size_t)snprintf(json, sizeof json, "\"%s\"", text);
            }
            ak_json_value string = parse(json, json_len);
            for (size_t cap = 1; cap <= 13; cap += 4) {
                assert_int_equal(read_all(&string, cap, bytes, &len), ok);
                size_t good = at / 4 * 3 + (byte == '=' && at % 4 == 3 ? 2 : 0); /* before what is wrong */
                assert_int_equal(len, ok && byte != '=' ? 12 : good);
            }
        }
    }
}

static void test_sizes(void **state) {
    (void)state;
    assert_int_equal(ak_base64_encoded_size(0), 0);
    assert_int_equal(ak_base64_encoded_size(1), 4);
    assert_int_equal(ak_base64_encoded_size(3), 4);
    assert_int_equal(ak_base64_encoded_size(4), 8);
    assert_true(ak_base64_encoded_size(SIZE_MAX) == SIZE_MAX);
    assert_true(ak_base64_encoded_size(SIZE_MAX / 4 * 3 + 1) == SIZE_MAX);
    assert_true(ak_base64_encoded_size(SIZE_MAX / 4 * 3) == SIZE_MAX - 3);
    assert_int_equal(ak_base64_encode("abc", SIZE_MAX, NULL, 0) == SIZE_MAX, 1);
}

/* Escapes in the string count as what they stand for: many encoders write "/" as "\/". */
static void test_escaped_strings(void **state) {
    (void)state;
    static const char json[] = "\"\\/\\/8\\u003d\"";
    char bytes[8];
    size_t len;
    ak_json_value string = parse(json, sizeof json - 1);
    assert_true(ak_base64_check_string(&string, &len));
    assert_int_equal(len, 2);
    for (size_t cap = 1; cap < 4; cap++) {
        assert_true(read_all(&string, cap, bytes, &len));
        assert_int_equal(len, 2);
        assert_memory_equal(bytes, "\xFF\xFF", 2);
    }
    string = parse("\"Zm9\\u0076\\n\"", 13);
    assert_false(ak_base64_check_string(&string, NULL));
}

static void test_not_strings(void **state) {
    (void)state;
    static const char *const texts[] = {"null", "1234", "[]", "{}", "true"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        ak_json_value value = parse(texts[i], strlen(texts[i]));
        ak_base64_reader reader;
        char byte;
        size_t n = 9;
        assert_false(ak_base64_check_string(&value, &n));
        assert_int_equal(n, 0);
        ak_base64_reader_init(&reader, &value);
        assert_true(ak_base64_reader_done(&reader));
        assert_true(ak_base64_reader_read(&reader, &byte, 1, &n));
        assert_int_equal(n, 0);
    }
}

/* Sizes around the piece that is decoded at once, whole and in pieces, plain and with escapes. */
static void test_round_trip(void **state) {
    (void)state;
    static const size_t lens[] = {1,   2,   3,   4,   5,   6,    7,    255,  256,  257,
                                  766, 767, 768, 769, 770, 1535, 1536, 1537, 3072, 10000};
    static const size_t caps[] = {1, 2, 3, 4, 5, 6, 7, 766, 767, 768, 769, 770, 1000, 1024, 4096, 20000};
    char *bytes = test_malloc(10000);
    char *again = test_malloc(10000);
    char *base64 = test_malloc(14000);
    char *json = test_malloc(6 * 14000 + 2);
    for (size_t i = 0; i < 10000; i++) {
        bytes[i] = (char)(i * i >> 3 ^ i);
    }
    for (size_t i = 0; i < COUNT(lens); i++) {
        size_t len = ak_base64_encode(bytes, lens[i], base64, 14000);
        for (int escaped = 0; escaped < 2; escaped++) {
            size_t json_len = 0;
            json[json_len++] = '"';
            for (size_t at = 0; at < len; at++) {
                if (escaped != 0 && at % 5 == 0) {
                    json_len += (size_t)snprintf(json + json_len, 7, "\\u%04x", (unsigned)base64[at]);
                } else {
                    json[json_len++] = base64[at];
                }
            }
            json[json_len++] = '"';
            ak_json_value string = parse(json, json_len);
            size_t size;
            assert_true(ak_base64_check_string(&string, &size));
            assert_int_equal(size, lens[i]);
            for (size_t j = 0; j < COUNT(caps); j++) {
                assert_true(read_all(&string, caps[j], again, &size));
                assert_int_equal(size, lens[i]);
                assert_memory_equal(again, bytes, size);
            }
        }
    }
    test_free(json);
    test_free(base64);
    test_free(again);
    test_free(bytes);
}

/* What comes before an error is right, and a caller that reads on is told again. */
static void test_error_far_in(void **state) {
    (void)state;
    char json[4002];
    char bytes[4000];
    size_t len;
    memset(json, 'A', sizeof json);
    json[0] = json[4001] = '"';
    json[3001] = '*';
    ak_json_value string = parse(json, sizeof json);
    for (size_t cap = 1; cap < 3000; cap = cap * 3 + 1) {
        assert_false(read_all(&string, cap, bytes, &len));
        assert_int_equal(len, 2250);
    }
    assert_false(ak_base64_check_string(&string, &len));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_pairs), cmocka_unit_test(test_wrong),           cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_sizes),       cmocka_unit_test(test_escaped_strings), cmocka_unit_test(test_not_strings),
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_error_far_in),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
