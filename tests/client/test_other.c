/* test_other.c: on another system than Linux there is no local:, and that is told at once. */
#include "host.h"

#include <stdlib.h>

static void is_told(ak_status status, const ak_error *err) {
    assert_int_equal(status, AK_E_ARGUMENT);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "base_url: local:"));
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "runs on Linux only; give the URL of a server"));
}

static void a_setting(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, err), AK_OK);
    is_told(ak_client_set_text(client, AK_CLIENT_BASE_URL, "local:", 6, err), err);
    /* The client is as it was. */
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, "http://[::1]:1", 14, err), AK_OK);
    ak_client_free(client);
    ak_error_free(err);
}

static void the_environment(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    setenv("AGENTKERNEL_BASE_URL", "local:", 1);
    ak_client *client = NULL;
    is_told(ak_client_new(&client, err), err);
    assert_null(client);
    unsetenv("AGENTKERNEL_BASE_URL");
    ak_error_free(err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting),
        cmocka_unit_test(the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
