/* test_states_content.c: the row of write in the table of states, and what step and wait do beside content on its way.
 */
#include "kit.h"

#include <string.h>

static void a_content_is_taken_until_it_has_ended(void **state) {
    (void)state;
    fault_server *files = kit_server(200, "{\"success\":true,\"data\":\"ok\"}");
    ak_client *client = kit_client(files, "");
    ak_call *call = kit_call(client, AK_OP_WRITE_FILE);
    size_t taken = 0;
    assert_int_equal(ak_call_write(call, "ab", 2, &taken, NULL), AK_OK); /* new */
    assert_int_equal(taken, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ak_call_state(call), AK_STATE_RUNNING);
        assert_int_equal(ak_call_step(call, NULL), AK_E_STATE);
        assert_int_equal(ak_call_wait(call, 0, NULL), AK_AGAIN);
        assert_int_equal(ak_call_write(call, "c", 1, &taken, NULL), AK_OK); /* running */
    }
    assert_int_equal(ak_call_write(call, NULL, 0, &taken, NULL), AK_OK);
    assert_int_equal(ak_call_write(call, "d", 1, &taken, NULL), AK_E_STATE);
    assert_int_equal(ak_call_write(call, NULL, 0, &taken, NULL), AK_E_STATE);
    assert_int_equal(kit_finish(call, NULL), AK_DONE);
    assert_int_equal(ak_call_write(call, "d", 1, &taken, NULL), AK_DONE); /* done */
    assert_int_equal(taken, 0);
    ak_call_free(call);
    call = kit_call(client, AK_OP_WRITE_FILE);
    ak_call_cancel(call);
    for (int i = 0; i < 2; i++) { /* new, then failed */
        assert_int_equal(ak_call_write(call, "d", 1, &taken, NULL), AK_E_CANCELLED);
        assert_int_equal(ak_call_state(call), AK_STATE_FAILED);
    }
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(files);
}

static void a_content_comes_until_its_end(void **state) {
    (void)state;
    fault_server *files =
        kit_server(200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":3}}");
    ak_client *client = kit_client(files, "");
    ak_call *call = kit_call(client, AK_OP_READ_FILE);
    char buf[2];
    size_t len = 0;
    const char *view = NULL;
    ak_status status;
    for (size_t total = 0; total < 3; total += len) {
        while ((status = ak_call_read(call, buf, sizeof buf, &len, NULL)) == AK_AGAIN) {
            assert_int_equal(ak_call_step(call, NULL), AK_E_STATE);
            assert_int_equal(ak_call_wait(call, KIT_WAIT_MS, NULL), AK_AGAIN);
        }
        assert_int_equal(status, AK_OK);
        assert_int_equal(ak_call_state(call), total + len < 3 ? AK_STATE_READING : AK_STATE_ITEM);
        assert_int_equal(ak_call_step(call, NULL), AK_E_STATE);
        assert_int_equal(ak_call_wait(call, -1, NULL),
                         AK_AGAIN); /* at once: there are bytes, or there is a step to make */
        size_t size = 0;
        assert_int_equal(ak_call_view(call, AK_KEY_CONTENT, &view, &size, NULL), AK_ABSENT);
    }
    while ((status = ak_call_read(call, buf, sizeof buf, &len, NULL)) == AK_AGAIN) {
        assert_int_equal(ak_call_wait(call, KIT_WAIT_MS, NULL), AK_AGAIN);
    }
    assert_int_equal(status, AK_DONE);
    assert_int_equal(ak_call_step(call, NULL), AK_DONE);
    assert_int_equal(ak_call_wait(call, -1, NULL), AK_DONE);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_content_is_taken_until_it_has_ended),
        cmocka_unit_test(a_content_comes_until_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
