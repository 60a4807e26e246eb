/* test_rules.c: what a parameter may hold, value by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"

#define MAX_WORDS 40

static const struct {
    ak_rule rule;
    const char *good[MAX_WORDS], *bad[MAX_WORDS];
} rows[] = {
    {AK_RULE_FILE,
     {"/a", "/a b/%/?/#", "/.a", "/a.", "/\xC3\xA9", "/a\n", "/etc/passw", "/etc/hosts", "/root/x", "/a./b"},
     {"",
      "/",
      "a",
      "./a",
      "/a/",
      "/a//b",
      "//a",
      "/./a",
      "/a/.",
      "/a/./b",
      "/..",
      "/a/..",
      "/a/../b",
      "/a..b",
      "/proc",
      "/proc/1/mem",
      "/procession",
      "/sys/x",
      "/dev/null",
      "/development",
      "/etc/passwd",
      "/etc/passwd-",
      "/etc/shadow",
      "/etc/sudoers.d/x",
      "/root/.ssh/id"}},
    {AK_RULE_UUID,
     {"01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-CDEF-0123-456789ABCDEF"},
     {"", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
      "01234567-89ab-cdef-0123-456789abcdeg", "0123456789abcdef0123456789abcdef0123",
      "01234567/89ab-cdef-0123-456789abcdef"}},
    {AK_RULE_SEGMENT,
     {"0", "a-b_c.d", "...", ".a", "0123abcd"},
     {"", ".", "..", "a/b", "a b", "a%", "a?", "a#", "\xC3\xA9", "a\n"}},
    {AK_RULE_TARGET,
     {"/", "/a", "/a//b/", "/a?b=c&d", "/a?b=../c", "/a%20b", "/a.b/..c", "/a:@!$'()*+,;=~"},
     {"", "a", "?a", "http://a/", "/a b", "/a\r\n", "/a\x7F", "/\xC3\xA9", "/a#b", "/.", "/..", "/a/../b", "/./b",
      "/a/..?x"}},
    {AK_RULE_LABEL, {"a", "a b", "\xC3\xA9", "a=b"}, {"", ":", "a:", ":a", "a:b"}},
    {AK_RULE_STREAM, {"stdout", "stderr"}, {"", "std", "STDOUT", "stdoutx", "both"}},
    {AK_RULE_TTL,
     {"1", "90", "90s", "15m", "2h", "1h30m", "1h2m3s", "30m1h", "0h1s", "007"},
     {"", "0", "00", "0s", "0h0m", "2d", "1h30", "h", "1hm", "-1", "+1", "1.5h", " 1", "1 ", "1H", "1w", "h1"}},
    {AK_RULE_JSON, {"{}", "[]", "7", "null", "\"x\"", " { } "}, {"", "{", "{}x", "01", "'x'", "{\"a\"}", "[1,]"}},
    {AK_RULE_OBJECT, {"{}", " {\"a\": [1]} "}, {"", "[]", "7", "null", "\"{}\"", "{", "{}{}"}},
    {AK_RULE_METHOD, {"GET", "POST", "PUT", "PATCH", "DELETE"}, {"", "get", "HEAD", "GETX", "GE", "GET ", "GET /\r\n"}},
};

static void texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = 0; n < MAX_WORDS && rows[i].good[n]; n++) {
            const char *word = rows[i].good[n];
            if (ak_rule_check_text(rows[i].rule, "it", word, strlen(word), NULL) != AK_OK) {
                fail_msg("rule %d refuses %s", (int)rows[i].rule, word);
            }
        }
        for (size_t n = 0; n < MAX_WORDS && rows[i].bad[n]; n++) {
            const char *word = rows[i].bad[n];
            if (ak_rule_check_text(rows[i].rule, "it", word, strlen(word), NULL) != AK_E_ARGUMENT) {
                fail_msg("rule %d takes %s", (int)rows[i].rule, word);
            }
        }
    }
}

/* Whatever the rule, these are no texts; and an empty text may come with a pointer that is NULL. */
static void no_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ak_rule_check_text(rows[i].rule, "it", "/a\0b", 4, NULL), AK_E_ARGUMENT);
        assert_int_equal(ak_rule_check_text(rows[i].rule, "it", "/\xFF", 2, NULL), AK_E_ARGUMENT);
        assert_int_equal(ak_rule_check_text(rows[i].rule, "it", NULL, 3, NULL), AK_E_ARGUMENT);
        assert_int_equal(ak_rule_check_text(rows[i].rule, "it", NULL, 0, NULL), AK_E_ARGUMENT);
    }
    assert_int_equal(ak_rule_check_text(AK_RULE_NONE, "it", NULL, 0, NULL), AK_OK);
}

static void sizes(void **state) {
    (void)state;
    assert_int_equal(ak_rule_check_int(AK_RULE_SIZE, "size", 0, NULL), AK_OK);
    assert_int_equal(ak_rule_check_int(AK_RULE_SIZE, "size", INT64_MAX, NULL), AK_OK);
    assert_int_equal(ak_rule_check_int(AK_RULE_SIZE, "size", -1, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_rule_check_int(AK_RULE_SIZE, "size", INT64_MIN, NULL), AK_E_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(no_texts),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
