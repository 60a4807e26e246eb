/*
 * Content on its way: whatever the pace of who hands it in and of who takes it, no more than a buffer of it is held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../range.h"
#include "upload.h"

#define PIECES 10000
#define BEFORE 32 /* bytes of the body before the content */

/* Each time more comes before the last of it is taken. */
static void what_is_never_all_taken(void **state) {
    (void)state;
    ak_upload upload = {0};
    char piece[1200], taken[1600];
    memset(piece, 'x', sizeof piece);
    size_t given = 0;
    assert_int_equal(ak_upload_begin(&upload, -1, NULL), AK_OK);
    assert_int_equal(ak_upload_take(&upload, taken, BEFORE), BEFORE);
    for (int i = 0; i < PIECES; i++) {
        size_t n = 0;
        assert_int_equal(ak_upload_write(&upload, piece, sizeof piece, &n, NULL), AK_OK);
        given += n;
        size_t amount = ak_upload_take(&upload, taken, i == 0 ? 800 : sizeof taken);
        assert_int_equal(amount, i == 0 ? 800 : sizeof taken);
        for (size_t j = 0; j < amount; j++) {
            assert_int_equal(taken[j], "eHh4"[j % 4]);
        }
    }
    assert_int_equal(given, PIECES * sizeof piece);
    assert_within(upload.out.cap, 1, 256 * 1024);
    ak_buffer_free(&upload.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_never_all_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
