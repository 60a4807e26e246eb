/* test_libcurl.c: a libcurl that was built in a way that this library cannot work with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"

static bool has_resolver;

/* The linker's names for the wrapped function. */
curl_version_info_data *__real_curl_version_info(CURLversion version);
curl_version_info_data *__wrap_curl_version_info(CURLversion version);

curl_version_info_data *__wrap_curl_version_info(CURLversion version) {
    static curl_version_info_data info;
    info = *__real_curl_version_info(version);
    if (!has_resolver) {
        info.features &= ~CURL_VERSION_ASYNCHDNS;
    }
    return &info;
}

/* Step must never block, so names cannot be looked up in the caller's thread: that is told at once. */
static void a_resolver_that_blocks(void **state) {
    (void)state;
    ak_error err;
    ak_error_init(&err);
    ak_client *client = NULL;
    has_resolver = false;
    assert_int_equal(ak_client_create(&client, &err), AK_E_ARGUMENT);
    assert_null(client);
    assert_non_null(strstr(err.message, "AsynchDNS"));
    has_resolver = true;
    assert_int_equal(ak_client_create(&client, &err), AK_OK);
    ak_client_unref(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resolver_that_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
