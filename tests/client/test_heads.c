/*
 * What comes before bodies, in either direction: how large it may be, whatever libcurl is used, and when the server
 * wants to be asked again.
 */
#include "host.h"

#include <time.h>

#define KIB 1024
#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"
#define ENDS "Content-Length: 28\r\n\r\n" OK_REPLY
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n" OK_REPLY "\r\n0\r\n"
#define LINE "X: 0123456789ab\r\n"

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void check_too_large(ak_status status, const ak_error *err, const char *what, const char *part) {
    if (status != AK_E_TOO_LARGE || !host_error_has(err, AK_ERROR_MESSAGE, part)) {
        char message[512] = "";
        size_t len = 0;
        ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message - 1, &len);
        fail_msg("%s: %d, \"%s\" lacks \"%s\"", what, (int)status, message, part);
    }
}

/* ---- replies ----------------------------------------------------------------------------------------------------- */

/* In three parts, of which the second comes again and again. The first ones may be a proxy's, too. */
enum { PROXYS = 5 };

static const struct {
    const char *what, *begin, *unit;
    uint64_t count;
    const char *end;
} large[] = {
    {"one header", "HTTP/1.1 200 OK\r\nX: ", "0123456789abcdef", 200 * KIB / 16, "\r\n" ENDS},
    {"one header without an end", "HTTP/1.1 200 OK\r\nX: ", "0123456789abcdef", FAULT_ALWAYS, ""},
    {"the reason", "HTTP/1.1 200 ", "0123456789abcdef", 200 * KIB / 16, "\r\n" ENDS},
    {"all headers", "HTTP/1.1 200 OK\r\n", LINE, 400 * KIB / 17, ENDS},
    {"headers without an end", "HTTP/1.1 500 No\r\n", LINE, FAULT_ALWAYS, ""},
    {"answers before the answer", "", "HTTP/1.1 103 Early Hints\r\n" LINE "\r\n", FAULT_ALWAYS, ""},
    {"a trailer", CHUNKED "X: ", "0123456789abcdef", FAULT_ALWAYS, ""},
    {"trailers without an end", CHUNKED, LINE, FAULT_ALWAYS, ""},
};

static fault_server *start_large(size_t i) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    if (large[i].begin[0]) {
        fault_text(script, large[i].begin);
    }
    fault_repeat(script, large[i].unit, strlen(large[i].unit), large[i].count);
    if (large[i].end[0]) {
        fault_text(script, large[i].end);
    }
    return start(script);
}

static void replies(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    static const int32_t operations[] = {AK_OP_RUN, AK_OP_RUN_STREAM, AK_OP_REQUEST};
    for (size_t i = 0; i < sizeof large / sizeof large[0] * 3; i++) {
        fault_server *server = start_large(i / 3);
        ak_client *client = host_client(fault_url(server));
        check_too_large(host_run(client, operations[i % 3], err), err, large[i / 3].what, "of the reply");
        assert_int_equal(host_error_int(err, AK_ERROR_SENT) >= AK_SENT_SOME, true);
        ak_client_free(client);
        fault_stop(server);
    }
    ak_error_free(err);
}

static void of_a_proxy(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < PROXYS; i++) {
        fault_server *server = start_large(i);
        ak_client *client = host_client("https://192.0.2.1");
        host_set_text(client, AK_CLIENT_PROXY, fault_url(server));
        check_too_large(host_run(client, AK_OP_RUN, err), err, large[i].what, "of the reply");
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
        ak_client_free(client);
        fault_stop(server);
    }
    ak_error_free(err);
}

/* As large as servers make them at their worst. */
static void large_enough(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\nX: ");
    fault_repeat(script, "0123456789abcdef", 16, 64 * KIB / 16);
    fault_text(script, "\r\n");
    fault_repeat(script, LINE, strlen(LINE), 128 * KIB / 17 / 2);
    fault_text(script, ENDS);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

enum { MOST_URL = 900000, MOST_SETTING = 64 * KIB, HUGE = 10 * KIB * KIB };

static ak_status request_with(ak_client *client, const char *path, size_t len, ak_error *err) {
    host_call call = {.epoll = -1};
    assert_int_equal(ak_call_new(client, AK_OP_REQUEST, &call.call, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(call.call, AK_KEY_METHOD, "GET", 3, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(call.call, AK_KEY_PATH, path, len, NULL), AK_OK);
    ak_status status = host_end(&call, err);
    host_free(&call);
    return status;
}

/* What fits goes out, all at its largest together; what does not is told before anything is sent. */
static void requests(void **state) {
    (void)state;
    static const int32_t settings[] = {AK_CLIENT_API_KEY, AK_CLIENT_USER_AGENT};
    ak_error *err = ak_error_new();
    char *text = malloc(HUGE);
    assert_non_null(text);
    memset(text, 'x', HUGE);
    text[0] = '/';
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ak_client_set_text(client, settings[i], text, MOST_SETTING + 1, NULL), AK_E_ARGUMENT);
        assert_int_equal(ak_client_set_text(client, settings[i], text, MOST_SETTING, NULL), AK_OK);
    }
    size_t most = MOST_URL - strlen(fault_url(server));
    check_too_large(request_with(client, text, HUGE, err), err, "10 MiB", "URL of the request");
    check_too_large(request_with(client, text, most + 1, err), err, "one byte more", "URL of the request");
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    assert_int_equal(request_with(client, text, most, err), AK_DONE);
    assert_int_equal(strlen(fault_request_at(server, 0)->target), most);
    ak_client_free(client);
    fault_stop(server);
    free(text);
    ak_error_free(err);
}

/* ---- Retry-After ------------------------------------------------------------------------------------------------- */

static int64_t retry_after(const char *value) {
    char header[128];
    snprintf(header, sizeof header, "Retry-After: %s\r\n", value);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply(script, 429, header, "{}", 2, FAULT_LENGTH);
    fault_server *server = start(script);
    ak_error *err = ak_error_new();
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_QUOTA);
    int64_t ms = host_error_int(err, AK_ERROR_RETRY_AFTER_MS);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
    return ms;
}

static void retry_after_seconds(void **state) {
    (void)state;
    assert_int_equal(retry_after("7"), 7000);
    assert_int_equal(retry_after(" 007 "), 7000);
    assert_int_equal(retry_after("21600"), 21600000);
    assert_int_equal(retry_after("21601"), 21601000); /* six hours are no limit */
    assert_int_equal(retry_after("31536000"), 31536000000);
    assert_int_equal(retry_after("9223372036854774"), 9223372036854774000);
    static const char *const none[] = {"",
                                       "0",
                                       "-1",
                                       "soon",
                                       "7, 8",
                                       "7s",
                                       "9223372036854776",
                                       "9223372036854775807",
                                       "1e3",
                                       "+7",
                                       "0x10",
                                       "18446744073709552",
                                       "99999999999999999999"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (retry_after(none[i]) != INT64_MIN) {
            fail_msg("\"%s\" is a time", none[i]);
        }
    }
}

/* A date is that far away as it is when it is read. */
static void retry_after_a_date(void **state) {
    (void)state;
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
    static const int64_t far[] = {100, 30000, 40 * 86400}; /* seconds */
    for (size_t i = 0; i < 9; i++) {
        char text[64];
        struct tm parts;
        time_t begin = time(NULL), then = begin + (time_t)far[i % 3];
        assert_non_null(gmtime_r(&then, &parts));
        assert_true(strftime(text, sizeof text, forms[i / 3], &parts) > 0);
        int64_t ms = retry_after(text);
        if (ms > 1000 * far[i % 3] || ms < 1000 * (far[i % 3] - (int64_t)(time(NULL) - begin))) {
            fail_msg("%s: %lld ms, not %lld s", text, (long long)ms, (long long)far[i % 3]);
        }
    }
    assert_int_equal(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), INT64_MIN); /* now */
    assert_int_equal(retry_after("Sun, 99 Nov 2094 08:49:37 GMT"), INT64_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),  cmocka_unit_test(of_a_proxy),          cmocka_unit_test(large_enough),
        cmocka_unit_test(requests), cmocka_unit_test(retry_after_seconds), cmocka_unit_test(retry_after_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
