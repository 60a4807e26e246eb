/*
 * Values at their limits, and what one call must not leave to the next on its connection.
 */
#include "host.h"

#include <unistd.h>

#define MAX_BODY (16 * 1024 * 1024)

static fault_server *start(void) {
    fault_script *script = fault_script_new();
    fault_keep(script, 1024);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200,
                     "{\"success\":true,\"data\":{\"output\":\"\",\"name\":\"t1\",\"status\":\"running\"}}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* ---- what goes out ------------------------------------------------------------------------------------------------
 */

/* The server takes 16 MiB; one byte more is refused here. */
static void the_longest_body(void **state) {
    (void)state;
    static const char around[] = "{\"command\":[\"\"],\"fast\":false}";
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    size_t len = MAX_BODY - (sizeof around - 1);
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'x', len + 1);
    for (size_t over = 0; over < 2; over++) {
        ak_call *call = NULL;
        assert_int_equal(ak_call_new(client, AK_OP_RUN, &call, NULL), AK_OK);
        host_call host = {.call = call, .epoll = -1};
        assert_int_equal(ak_call_add_text(call, AK_KEY_COMMAND, text, len + over, NULL), AK_OK);
        assert_int_equal(host_end(&host, NULL), over ? AK_E_TOO_LARGE : AK_DONE);
        host_free(&host);
    }
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    assert_int_equal(fault_request_at(server, 0)->body_total, MAX_BODY);
    free(text);
    ak_client_free(client);
    fault_stop(server);
}

static void check_request(fault_server *server, size_t index, const char *method, bool body) {
    const fault_request *request = fault_request_at(server, index);
    assert_non_null(request);
    assert_string_equal(request->method, method);
    assert_int_equal(request->body_len > 0, body);
    assert_int_equal(fault_header_count(request, "Content-Type"), body ? 1 : 0);
}

/* Method and body are each call's own, though the connection is the same. */
static void one_after_another(void **state) {
    (void)state;
    static const struct {
        int32_t operation;
        const char *method;
        bool body;
    } rows[] = {{AK_OP_RUN, "POST", true},
                {AK_OP_GET_SANDBOX, "GET", false},
                {AK_OP_REMOVE_SANDBOX, "DELETE", false},
                {AK_OP_EXEC_IN_SANDBOX, "POST", true},
                {AK_OP_REMOVE_SANDBOX, "DELETE", false},
                {AK_OP_GET_SANDBOX, "GET", false}};
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(host_run(client, rows[i].operation, NULL), AK_DONE);
        check_request(server, i, rows[i].method, rows[i].body);
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), host_pools() ? 1 : 6);
    ak_client_free(client);
    fault_stop(server);
}

/* A bool that is set to false is sent as false. */
static void a_false_bool(void **state) {
    (void)state;
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_SUDO, 0, NULL), AK_OK);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    host_free(&host);
    assert_true(fault_body_is(fault_request_at(server, 0), "{\"command\":[\"true\"],\"sudo\":false}"));
    ak_client_free(client);
    fault_stop(server);
}

static void the_base_urls_path_as_it_is(void **state) {
    (void)state;
    fault_server *server = start();
    char url[128];
    snprintf(url, sizeof url, "%s/a/../b", fault_url(server));
    ak_client *client = host_client(url);
    assert_int_equal(host_run(client, AK_OP_REMOVE_SANDBOX, NULL), AK_DONE);
    assert_string_equal(fault_request_at(server, 0)->target, "/a/../b/sandboxes/t1");
    ak_client_free(client);
    fault_stop(server);
}

/* Passwords that other programs keep for this host are none of ours. */
static void no_netrc(void **state) {
    (void)state;
    char home[] = "/tmp/ak-test-XXXXXX", path[64], before[4096] = "";
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/.netrc", home);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("machine 127.0.0.1 login me password hidden\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(before, sizeof before, "%s", getenv("HOME") ? getenv("HOME") : "");
    setenv("HOME", home, 1);
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_REMOVE_SANDBOX, NULL), AK_DONE);
    assert_int_equal(fault_header_count(fault_request_at(server, 0), "Authorization"), 0);
    ak_client_free(client);
    fault_stop(server);
    setenv("HOME", before, 1);
    unlink(path);
    rmdir(home);
}

/* ---- what is refused ----------------------------------------------------------------------------------------------
 */

static void values_refused(void **state) {
    (void)state;
    ak_client *client = host_client("http://127.0.0.1:1");
    host_call host = host_new(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_SUDO, 2, NULL), AK_E_ARGUMENT);
    assert_int_equal(host_next(&host, NULL), AK_E_ARGUMENT);
    host_free(&host);
    static const struct {
        const char *name, *value;
        size_t name_len, value_len;
    } entries[] = {{"A=B", "c", 3, 1}, {"", "c", 0, 1}, {"A", "\xff", 1, 1}, {"A", "b\0c", 1, 3}, {"\xff", "c", 1, 1}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        host = host_new(client, AK_OP_EXEC_IN_SANDBOX);
        assert_int_equal(ak_call_put_text(host.call, AK_KEY_ENV, entries[i].name, entries[i].name_len, entries[i].value,
                                          entries[i].value_len, NULL),
                         AK_E_ARGUMENT);
        host_free(&host);
    }
    ak_client_free(client);
}

/* Refused without harm to the call. */
static void a_late_bind(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_wait_release(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":{\"output\":\"fine\"}}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN);
    host_until(&host, server, FAULT_WAITING, 1);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_IMAGE, "a", 1, NULL), AK_E_STATE);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_FAST, 2, NULL), AK_E_STATE);
    fault_release(server, 1);
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, "a", 1, NULL), AK_E_STATE);
    assert_true(host_field_is(host.call, AK_KEY_OUTPUT, "fine"));
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void settings_refused(void **state) {
    (void)state;
    static const char *const urls[] = {"http://:p@h",   "http://u@h",      "http://h/#", "http://h/?",
                                       "http://h/\x7f", "unix://relative", "unix:///"};
    static const int32_t sizes[] = {AK_CLIENT_MAX_REPLY_BYTES, AK_CLIENT_MAX_EVENT_BYTES};
    ak_client *client = host_client("http://127.0.0.1:1");
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, urls[i], strlen(urls[i]), NULL), AK_E_ARGUMENT);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ak_client_set_int(client, sizes[i], 0, NULL), AK_E_ARGUMENT);
        assert_int_equal(ak_client_set_int(client, sizes[i], -1, NULL), AK_E_ARGUMENT);
    }
    assert_int_equal(ak_client_set_int(client, AK_CLIENT_MAX_IDLE, -1, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, "a\x7f", 2, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_int(client, AK_CLIENT_TIMEOUT_MS, -3, NULL), AK_E_ARGUMENT);
    int64_t value = 0;
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, 5);
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, AK_TIMEOUT_DEFAULT);
    assert_int_equal(ak_client_int(client, AK_CLIENT_TIMEOUT_MS, &value, NULL), AK_OK);
    assert_int_equal(value, 30000);
    ak_client_free(client);
}

/* The kernel's limit is 107 bytes and a NUL: all of them reach it. */
static void the_longest_socket_path(void **state) {
    (void)state;
    char folder[] = "/tmp/ak-test-XXXXXX", path[128], url[160];
    assert_non_null(mkdtemp(folder));
    memset(path, 'x', sizeof path);
    memcpy(path, folder, sizeof folder - 1);
    path[sizeof folder - 1] = '/';
    path[107] = '\0';
    fault_script *script = fault_script_new();
    fault_listen_unix(script, path);
    fault_on_request(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    snprintf(url, sizeof url, "unix://%s", path);
    ak_client *client = host_client(url);
    snprintf(url, sizeof url, "unix://%sx", path);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, url, strlen(url), NULL), AK_E_ARGUMENT);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE); /* what was set stayed */
    ak_client_free(client);
    fault_stop(server);
    unlink(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_body),
        cmocka_unit_test(one_after_another),
        cmocka_unit_test(a_false_bool),
        cmocka_unit_test(the_base_urls_path_as_it_is),
        cmocka_unit_test(no_netrc),
        cmocka_unit_test(values_refused),
        cmocka_unit_test(a_late_bind),
        cmocka_unit_test(settings_refused),
        cmocka_unit_test(the_longest_socket_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
