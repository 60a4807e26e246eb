/* What the library and the server check in the same way, each in its own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "value_rules.h"

static void test_names(void **state) {
    (void)state;
    assert_int_equal(ak_name_span("a-B_9", 5), 5);
    assert_int_equal(ak_name_span("a.b", 3), 1);
    assert_int_equal(ak_name_span("a\0b", 3), 1);
    assert_int_equal(ak_name_span("\xc3\xa4", 2), 0);
    assert_int_equal(ak_name_doubled("a-b-c", 5), 5);
    assert_int_equal(ak_name_doubled("a-_c", 4), 2);
    assert_int_equal(ak_name_doubled("", 0), 0);
    assert_int_equal(ak_image_span("reg.example:5000/a/b-c_d@sha256:0", 33), 33);
    assert_int_equal(ak_image_span("a b", 3), 1);
}

static void test_uuids(void **state) {
    (void)state;
    assert_true(ak_is_uuid("01234567-89ab-CDEF-0123-456789abcdef", 36));
    assert_false(ak_is_uuid("01234567-89ab-CDEF-0123-456789abcde", 35));
    assert_false(ak_is_uuid("01234567-89ab-CDEF-0123-456789abcdeg", 36));
    assert_false(ak_is_uuid("01234567x89ab-CDEF-0123-456789abcdef", 36));
    assert_false(ak_is_uuid("0123456\0-89ab-CDEF-0123-456789abcdef", 36));
}

static void test_paths(void **state) {
    (void)state;
    assert_true(ak_path_has("/a/../b", 7, ".."));
    assert_true(ak_path_has("/a/..", 5, ".."));
    assert_false(ak_path_has("/a..b/c", 7, ".."));
    assert_true(ak_path_has("/a//b", 5, ""));
    assert_true(ak_file_path_climbs("/a..b", 5));
    assert_false(ak_file_path_climbs("/a.b.", 5));
    assert_string_equal(ak_file_path_closed("/development", 12), "/dev");
    assert_string_equal(ak_file_path_closed("/etc/passwd", 11), "/etc/passwd");
    assert_null(ak_file_path_closed("/etc/passw", 10));
    assert_null(ak_file_path_closed("/workspace/proc", 15));
}

static void test_environment(void **state) {
    (void)state;
    assert_true(ak_is_env_entry("A=", 2));
    assert_false(ak_is_env_entry("=A", 2));
    assert_false(ak_is_env_entry("A", 1));
    assert_false(ak_is_env_entry("", 0));
}

static void test_profiles(void **state) {
    (void)state;
    assert_int_equal(ak_profile_find("Permissive", 10), AK_PROFILE_PERMISSIVE);
    assert_int_equal(ak_profile_find("moderate", 8), AK_PROFILE_MODERATE);
    assert_int_equal(ak_profile_find("RESTRICTIVE", 11), AK_PROFILE_RESTRICTIVE);
    assert_int_equal(ak_profile_find("restrictiv", 10), -1);
    assert_int_equal(ak_profile_find("restrictives", 12), -1);
    assert_int_equal(ak_profile_find("", 0), -1);
}

static void test_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ak_ttl_fault fault;
        uint64_t seconds;
        size_t where;
    } cases[] = {
        {"90", AK_TTL_OK, 90, 0},
        {"1h30m", AK_TTL_OK, 5400, 0},
        {"0h1s", AK_TTL_OK, 1, 0},
        {"876000h", AK_TTL_OK, AK_TTL_MAX_SECONDS, 0},
        {"876000h1s", AK_TTL_TOO_LONG, 0, 0},
        {"99999999999999999999999999", AK_TTL_TOO_LONG, 0, 0},
        {"", AK_TTL_EMPTY, 0, 0},
        {"0", AK_TTL_ZERO, 0, 0},
        {"0h0m", AK_TTL_ZERO, 0, 0},
        {"h", AK_TTL_NO_NUMBER, 0, 0},
        {"1hm", AK_TTL_NO_NUMBER, 0, 2},
        {"1h5", AK_TTL_NO_UNIT, 0, 0},
        {"2d", AK_TTL_WRONG_UNIT, 0, 1},
        {"1h 5m", AK_TTL_NO_NUMBER, 0, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t seconds = 0;
        size_t where = 0;
        ak_ttl_fault fault = ak_ttl_parse(cases[i].text, strlen(cases[i].text), &seconds, &where);
        assert_int_equal(fault, cases[i].fault);
        if (fault == AK_TTL_OK) {
            assert_int_equal(seconds, cases[i].seconds);
        }
        if (fault == AK_TTL_NO_NUMBER || fault == AK_TTL_WRONG_UNIT) {
            assert_int_equal(where, cases[i].where);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_uuids),    cmocka_unit_test(test_paths),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_profiles), cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
