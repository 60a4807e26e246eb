/* test_libcurl.c: a libcurl that this library cannot work with, or that cannot begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "connection.h"

static bool has_resolver, makes_multi;

/* The linker's names for the wrapped functions. */
CURLM *__real_curl_multi_init(void);
CURLM *__wrap_curl_multi_init(void);
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

CURLM *__wrap_curl_multi_init(void) {
    return makes_multi ? __real_curl_multi_init() : NULL;
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

/* Newer versions open descriptors in it, and say no more than that they cannot. */
static void no_multi_handle(void **state) {
    (void)state;
    ak_error err;
    ak_error_init(&err);
    ak_settings settings;
    assert_int_equal(ak_settings_init(&settings, &err), AK_OK);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    ak_connection *connection = NULL;
    makes_multi = false;
    assert_int_equal(ak_connection_new(&settings, NULL, &connection, &err), AK_E_MEMORY);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    low = before;
    low.rlim_cur = (rlim_t)next + 3; /* two for the poller */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    ak_status status = ak_connection_new(&settings, NULL, &connection, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, AK_E_DESCRIPTORS);
    makes_multi = true;
    assert_int_equal(ak_connection_new(&settings, NULL, &connection, &err), AK_OK);
    ak_connection_free(connection);
    ak_settings_free(&settings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resolver_that_blocks),
        cmocka_unit_test(no_multi_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
