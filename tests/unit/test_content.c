/* test_content.c: a file's content taken out of a reply that comes in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "content.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#define REPLY(members) "{\"success\":true,\"data\":{" members "}}"
#define UTF8(text) REPLY("\"encoding\":\"utf8\",\"content\":\"" text "\",\"size\":3")
#define BASE64(text) REPLY("\"encoding\":\"base64\",\"content\":\"" text "\",\"size\":3")

typedef struct {
    const char *reply;
    const char *content; /* NULL: it is not taken out */
    ak_content_result result;
} row;

static const row rows[] = {
    {UTF8("hi\\n"), "hi\n", AK_CONTENT_OK},
    {UTF8(""), "", AK_CONTENT_OK},
    {UTF8("na\xC3\xAFve \xE2\x9C\x93"), "na\xC3\xAFve \xE2\x9C\x93", AK_CONTENT_OK},
    {UTF8("\xFF\xFE cut \xE2"), "\xFF\xFE cut \xE2", AK_CONTENT_OK},
    {UTF8("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"), "\"\\/\b\f\n\r\t\xC3\xA9", AK_CONTENT_OK},
    {UTF8("\\\\"), "\\", AK_CONTENT_OK},
    {UTF8("\\ud83d\\ude00!"), "\xF0\x9F\x98\x80!", AK_CONTENT_OK},
    /* Half a pair stands for the character that says so. */
    {UTF8("\\ud83d"), "\xEF\xBF\xBD", AK_CONTENT_OK},
    {UTF8("\\ud83d\\n"), "\xEF\xBF\xBD\n", AK_CONTENT_OK},
    {UTF8("\\ud83d\\\""), "\xEF\xBF\xBD\"", AK_CONTENT_OK},
    {UTF8("\\ud83dx"), "\xEF\xBF\xBDx", AK_CONTENT_OK},
    {UTF8("\\ud83d\\u0041"),
     "\xEF\xBF\xBD"
     "A",
     AK_CONTENT_OK},
    {UTF8("\\ude00\\ud83d\\ud83d\\ude00"), "\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80", AK_CONTENT_OK},
    {UTF8("a\\q"), "", AK_CONTENT_MALFORMED},
    {UTF8("a\nb"), "", AK_CONTENT_MALFORMED},
    {UTF8("\\uD8ZZ"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGkK"), "hi\n", AK_CONTENT_OK},
    {BASE64("aGk="), "hi", AK_CONTENT_OK},
    {BASE64("aA=="), "h", AK_CONTENT_OK},
    {BASE64(""), "", AK_CONTENT_OK},
    {BASE64("\\/\\u002b8\\u0041"), "\xFF\xEF", AK_CONTENT_OK}, /* and a NUL: see below */
    {BASE64("aGk"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGk=aGk="), "", AK_CONTENT_MALFORMED},
    {BASE64("aGk=="), "", AK_CONTENT_MALFORMED},
    {BASE64("=aGk"), "", AK_CONTENT_MALFORMED},
    {BASE64("aG k"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGl="), "", AK_CONTENT_MALFORMED}, /* bits are left over */
    {BASE64("aG\xC3\xA9="), "", AK_CONTENT_MALFORMED},
    {BASE64("aGkKaGkK"), "hi\nhi\n", AK_CONTENT_OK},
    {BASE64("aGkKaGkKaA=="), "hi\nhi\nh", AK_CONTENT_OK},
    {BASE64("aGkKaG\\/\\u002baGk\\u003d"), "hi\nho\xFEhi", AK_CONTENT_OK},
    {BASE64("aGk=aGkKaGkK"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGkKaGkKaGk*aGkK"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGkKaGkKaGk"), "", AK_CONTENT_MALFORMED},
    {BASE64("aGkK\naGkK"), "", AK_CONTENT_MALFORMED},
    /* A backslash that was escaped begins no escape of its own. */
    {BASE64("\\\\u0041\\\\u0041\\\\u0041\\\\u0041"), "", AK_CONTENT_MALFORMED},
    /* Nobody knows how to decode it when it comes, or what it is. */
    {REPLY("\"content\":\"aGk=\",\"encoding\":\"base64\""), NULL, AK_CONTENT_OK},
    {REPLY("\"content\":\"hi\""), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":\"rot13\",\"content\":\"hi\""), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":null,\"content\":\"hi\""), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":\"base64 and more than a word\",\"content\":\"hi\""), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":\"utf8\",\"content\":null,\"x\":\"content\",\"y\":\"hi\""), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":\"utf8\",\"content\":[\"hi\"]"), NULL, AK_CONTENT_OK},
    {REPLY("\"encoding\":\"utf8\",\"content\":{\"content\":\"hi\"}"), NULL, AK_CONTENT_OK},
    {REPLY("\"meta\":{\"encoding\":\"utf8\"},\"content\":\"hi\""), NULL, AK_CONTENT_OK},
    /* In another place than a file's reply has it. */
    {"{\"encoding\":\"utf8\",\"content\":\"hi\"}", NULL, AK_CONTENT_OK},
    {"{\"error\":{\"encoding\":\"utf8\",\"content\":\"hi\"}}", NULL, AK_CONTENT_OK},
    {"{\"data\":[{\"encoding\":\"utf8\",\"content\":\"hi\"}]}", NULL, AK_CONTENT_OK},
    {"{\"x\":[\"data\"],\"y\":{\"encoding\":\"utf8\",\"content\":\"hi\"}}", NULL, AK_CONTENT_OK},
    {"{\"success\":false,\"error\":\"\\\"data\\\":{\\\"encoding\\\":\\\"utf8\\\"\"}", NULL, AK_CONTENT_OK},
    {"[[{\"data\":1}],\"data\",{\"encoding\":\"utf8\",\"content\":\"hi\"}]", NULL, AK_CONTENT_OK},
    {"", NULL, AK_CONTENT_OK},
    {"}}]]\"content\":\"hi\"", NULL, AK_CONTENT_OK},
    {" { \"data\" : { \"encoding\" : \"utf8\" , \"mode\" : [ { } , 420 ] , \"content\" : \"hi\" } } ", "hi",
     AK_CONTENT_OK},
};

static void expect(const row *wanted, size_t first) {
    size_t len = strlen(wanted->reply);
    ak_content *content = ak_content_new(len);
    assert_non_null(content);
    ak_content_feed(content, wanted->reply, first);
    ak_content_result result = ak_content_feed(content, wanted->reply + first, len - first);
    char bytes[64] = "";
    size_t size = ak_content_read(content, bytes, sizeof bytes - 1);
    if (result != wanted->result || ak_content_was_taken(content) != (wanted->content != NULL)) {
        fail_msg("%s cut at %zu: %d", wanted->reply, first, (int)result);
    }
    if (wanted->content && result == AK_CONTENT_OK) {
        assert_string_equal(bytes, wanted->content);
        assert_int_equal(ak_content_total(content), size);
    }
    ak_content_free(content);
}

static void every_cut_gives_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t first = 0; first <= strlen(rows[i].reply); first++) {
            expect(&rows[i], first);
        }
        LLVMFuzzerTestOneInput((const uint8_t *)rows[i].reply, strlen(rows[i].reply));
    }
}

/* Bytes of one reply in the place of others, from a sequence that is always the same. */
static void mutated_replies(void **state) {
    (void)state;
    static const char alphabet[] = "\"\\{}[]:,u0dD8eE=aGk \n\x01\xC3";
    uint32_t random = 12345;
    for (size_t round = 0; round < 20000; round++) {
        const char *reply = rows[round % (sizeof rows / sizeof rows[0])].reply;
        size_t len = strlen(reply);
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, reply, len + 1);
        for (size_t n = 0; len && n <= round % 4; n++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % len] = (uint8_t)alphabet[(random >> 24) % (sizeof alphabet - 1)];
        }
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
    }
}

/* What is kept does not grow with the content, and is limited. */
static void only_the_rest_is_kept(void **state) {
    (void)state;
    static const char head[] = "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"";
    static const char tail[] = "\",\"size\":3}}";
    static const char four[] = "AP8A";
    char buf[64];
    ak_content *content = ak_content_new(sizeof head + sizeof tail - 2);
    assert_int_equal(ak_content_feed(content, head, sizeof head - 1), AK_CONTENT_OK);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(ak_content_feed(content, four, 4), AK_CONTENT_OK);
        assert_int_equal(ak_content_read(content, buf, sizeof buf), 3);
        assert_memory_equal(buf, "\0\xFF\0", 3);
    }
    assert_int_equal(ak_content_feed(content, tail, sizeof tail - 1), AK_CONTENT_OK);
    assert_int_equal(ak_content_total(content), 300000);
    assert_false(ak_content_is_too_large(content));
    assert_int_equal(ak_content_rest(content)->len, sizeof head + sizeof tail - 2);
    assert_int_equal(ak_content_feed(content, " ", 1), AK_CONTENT_OK);
    assert_true(ak_content_is_too_large(content));
    ak_content_free(content);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_gives_the_same),
        cmocka_unit_test(mutated_replies),
        cmocka_unit_test(only_the_rest_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
