/*
 * What goes over the wire: method, path, headers and body of every operation, and what never gets that far.
 */
#include "host.h"

#include <cjson/cJSON.h>

#define KEY "s3cret-key-that-must-not-show"
#define SANDBOX "{\"name\":\"t1\",\"status\":\"running\"}"

typedef struct {
    int32_t operation;
    const char *method, *target, *body; /* NULL body: none */
    const char *reply;
} exchange;

static const exchange plain[] = {
    {AK_OP_HEALTH, "GET", "/health", NULL, "\"ok\""},
    {AK_OP_RUN, "POST", "/run", "{\"command\":[\"true\"],\"fast\":false}", "{\"output\":\"\"}"},
    {AK_OP_LIST_SANDBOXES, "GET", "/sandboxes", NULL, "[]"},
    {AK_OP_CREATE_SANDBOX, "POST", "/sandboxes", "{\"name\":\"t1\"}", SANDBOX},
    {AK_OP_GET_SANDBOX, "GET", "/sandboxes/t1", NULL, SANDBOX},
    {AK_OP_REMOVE_SANDBOX, "DELETE", "/sandboxes/t1", NULL, "\"Sandbox removed\""},
    {AK_OP_EXEC_IN_SANDBOX, "POST", "/sandboxes/t1/exec", "{\"command\":[\"true\"]}", "{\"output\":\"\"}"},
};

/* Answers everything with this data. */
static fault_server *server_of(const char *data) {
    char json[1024];
    snprintf(json, sizeof json, "{\"success\":true,\"data\":%s}", data);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, json);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static fault_server *stream_server(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "done", "{\"exit_code\":0,\"success\":true}");
    fault_sse_end(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void check_body(const fault_request *request, const char *expected) {
    if (!expected) {
        assert_int_equal(request->body_len, 0);
        assert_int_equal(fault_header_count(request, "Content-Type"), 0);
        return;
    }
    cJSON *want = cJSON_Parse(expected);
    cJSON *got = cJSON_ParseWithLength((const char *)request->body, request->body_len);
    assert_non_null(want);
    assert_non_null(got);
    if (!cJSON_Compare(want, got, true)) {
        fail_msg("body %.*s, not %s", (int)request->body_len, (const char *)request->body, expected);
    }
    cJSON_Delete(want);
    cJSON_Delete(got);
    assert_true(fault_header_is(request, "Content-Type", "application/json"));
}

static void check_common(const fault_request *request) {
    const char *agent = NULL;
    size_t len = 0;
    assert_true(fault_header_is(request, "Authorization", "Bearer " KEY));
    assert_int_equal(fault_header_count(request, "Authorization"), 1);
    assert_int_equal(fault_header_count(request, "Expect"), 0);
    assert_true(fault_header(request, "User-Agent", &agent, &len));
    assert_true(len > 15 && memcmp(agent, "libagentkernel/", 15) == 0);
    assert_true(len > 9 && memcmp(agent + len - 9, " tests/42", 9) == 0);
    assert_true(request->complete && !request->malformed);
}

static ak_client *client_with_key(const char *url) {
    ak_client *client = host_client(url);
    host_set_text(client, AK_CLIENT_API_KEY, KEY);
    host_set_text(client, AK_CLIENT_USER_AGENT, "tests/42");
    return client;
}

static void every_unary_operation(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        fault_server *server = server_of(plain[i].reply);
        ak_client *client = client_with_key(fault_url(server));
        assert_int_equal(host_run(client, plain[i].operation, NULL), AK_DONE);
        assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
        const fault_request *request = fault_request_at(server, 0);
        assert_string_equal(request->method, plain[i].method);
        assert_string_equal(request->target, plain[i].target);
        assert_true(fault_header_is(request, "Accept", "application/json"));
        check_common(request);
        check_body(request, plain[i].body);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* H6: the headers of a stream's request. */
static void the_stream_operation(void **state) {
    (void)state;
    fault_server *server = stream_server();
    ak_client *client = client_with_key(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    const fault_request *request = fault_request_at(server, 0);
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/run/stream");
    assert_true(fault_header_is(request, "Accept", "text/event-stream"));
    assert_true(fault_header_is(request, "Cache-Control", "no-cache"));
    assert_true(fault_header_is(request, "Accept-Encoding", "identity"));
    check_common(request);
    check_body(request, "{\"command\":[\"true\"],\"fast\":false}");
    ak_client_free(client);
    fault_stop(server);
}

static void no_key_no_authorization(void **state) {
    (void)state;
    fault_server *server = server_of("\"ok\"");
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_header_count(fault_request_at(server, 0), "Authorization"), 0);
    ak_client_free(client);
    fault_stop(server);
}

#define TEXT(call, key, text) assert_int_equal(ak_call_set_text(call, key, text, strlen(text), NULL), AK_OK)
#define ADD(call, key, text) assert_int_equal(ak_call_add_text(call, key, text, strlen(text), NULL), AK_OK)
#define INT(call, key, value) assert_int_equal(ak_call_set_int(call, key, value, NULL), AK_OK)

/* Arguments pass byte for byte, whatever a shell or JSON would make of them. */
static void every_member_of_run(void **state) {
    (void)state;
    fault_server *server = server_of("{\"output\":\"\"}");
    ak_client *client = client_with_key(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN);
    ADD(host.call, AK_KEY_COMMAND, "");
    ADD(host.call, AK_KEY_COMMAND, "a 'b' \"c\" $d \\ \n\t\x01 \xc3\xa9 \xf0\x9f\x98\x80");
    TEXT(host.call, AK_KEY_IMAGE, "docker.io/library/alpine:3.24");
    TEXT(host.call, AK_KEY_PROFILE, "restrictive");
    INT(host.call, AK_KEY_FAST, 1);
    INT(host.call, AK_KEY_CHECK, 0);
    INT(host.call, AK_KEY_TIMEOUT_MS, 9000);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    check_body(fault_request_at(server, 0),
               "{\"command\":[\"true\",\"\",\"a 'b' \\\"c\\\" $d \\\\ \\n\\t\\u0001 \\u00e9 \\ud83d\\ude00\"],"
               "\"image\":\"docker.io/library/alpine:3.24\",\"profile\":\"restrictive\",\"fast\":true}");
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void every_member_of_create(void **state) {
    (void)state;
    fault_server *server = server_of(SANDBOX);
    ak_client *client = client_with_key(fault_url(server));
    host_call host = host_new(client, AK_OP_CREATE_SANDBOX);
    TEXT(host.call, AK_KEY_NAME, "box-1");
    TEXT(host.call, AK_KEY_IMAGE, "alpine");
    INT(host.call, AK_KEY_VCPUS, 2);
    INT(host.call, AK_KEY_MEMORY_MB, 1024);
    TEXT(host.call, AK_KEY_PROFILE, "moderate");
    TEXT(host.call, AK_KEY_BACKEND, "docker");
    TEXT(host.call, AK_KEY_SOURCE_URL, "https://example.org/a.git");
    TEXT(host.call, AK_KEY_SOURCE_REF, "main");
    ADD(host.call, AK_KEY_VOLUMES, "data:/data:ro");
    ADD(host.call, AK_KEY_SECRETS, "KEY:example.org");
    ADD(host.call, AK_KEY_SECRET_FILES, "a");
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    check_body(fault_request_at(server, 0),
               "{\"name\":\"box-1\",\"image\":\"alpine\",\"vcpus\":2,\"memory_mb\":1024,\"profile\":\"moderate\","
               "\"backend\":\"docker\",\"source_url\":\"https://example.org/a.git\",\"source_ref\":\"main\","
               "\"volumes\":[\"data:/data:ro\"],\"secrets\":[\"KEY:example.org\"],\"secret_files\":[\"a\"]}");
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void every_member_of_exec(void **state) {
    (void)state;
    fault_server *server = server_of("{\"output\":\"\"}");
    ak_client *client = client_with_key(fault_url(server));
    host_call host = host_new(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(ak_call_put_text(host.call, AK_KEY_ENV, "A", 1, "b=c", 3, NULL), AK_OK);
    ADD(host.call, AK_KEY_ENV, "D=");
    TEXT(host.call, AK_KEY_WORKDIR, "/workspace");
    INT(host.call, AK_KEY_SUDO, 1);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    check_body(fault_request_at(server, 0), "{\"command\":[\"true\"],\"env\":[\"A=b=c\",\"D=\"],"
                                            "\"workdir\":\"/workspace\",\"sudo\":true}");
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void a_base_url_with_a_path(void **state) {
    (void)state;
    fault_server *server = server_of("\"ok\"");
    char url[256];
    snprintf(url, sizeof url, "%s/agents/v1/", fault_url(server));
    ak_client *client = host_client(url);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_string_equal(fault_request_at(server, 0)->target, "/agents/v1/health");
    ak_client_free(client);
    fault_stop(server);
}

/* The variant of the library is the one that the environment asks for. */
static void descriptor_numbers(void **state) {
    (void)state;
    fault_server *server = server_of("\"ok\"");
    ak_client *client = host_client(fault_url(server));
    int first = -1;
    for (int i = 0; i < 2; i++) {
        host_call host = host_new(client, AK_OP_HEALTH);
        assert_int_equal(ak_call_fd(host.call), -1);
        assert_int_equal(host_end(&host, NULL), AK_DONE);
        int fd = ak_call_fd(host.call);
        assert_true(fd >= 0);
        if (getenv("AK_TEST_FRESH")) {
            assert_true(fd >= 100 && fd != first);
        } else {
            assert_true(fd < 100);
        }
        first = fd;
        host_free(&host);
    }
    ak_client_free(client);
    fault_stop(server);
}

/* ---- bind rules: found before any I/O ---------------------------------------------------------------------------- */

static const struct {
    int32_t operation, key;
    const char *text;
    size_t len;
} refused[] = {
    {AK_OP_RUN, AK_KEY_COMMAND, "a\0b", 3},
    {AK_OP_RUN, AK_KEY_COMMAND, "\xff", 1},
    {AK_OP_RUN, AK_KEY_IMAGE, "", 0},
    {AK_OP_RUN, AK_KEY_IMAGE, "a b", 3},
    {AK_OP_RUN, AK_KEY_PROFILE, "loose", 5},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "", 0},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "..", 2},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "a/b", 3},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "a--b", 4},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "-a", 2},
    {AK_OP_GET_SANDBOX, AK_KEY_NAME, "a\r\nX: y", 7},
    {AK_OP_EXEC_IN_SANDBOX, AK_KEY_WORKDIR, "relative", 8},
    {AK_OP_EXEC_IN_SANDBOX, AK_KEY_WORKDIR, "/a/../b", 7},
    {AK_OP_EXEC_IN_SANDBOX, AK_KEY_ENV, "=x", 2},
    {AK_OP_HEALTH, AK_KEY_COMMAND, "x", 1},
};

static void bind_rules(void **state) {
    (void)state;
    fault_server *server = server_of("\"ok\"");
    ak_client *client = client_with_key(fault_url(server));
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        host_call host = host_new(client, refused[i].operation);
        bool list = ak_parameter_type(refused[i].operation, refused[i].key) == AK_TYPE_LIST;
        ak_status status = (list ? ak_call_add_text : ak_call_set_text)(host.call, refused[i].key, refused[i].text,
                                                                        refused[i].len, err);
        assert_int_equal(status, AK_E_ARGUMENT);
        assert_int_equal(host_next(&host, err), AK_E_ARGUMENT);
        assert_true(host_error_is(err, AK_ERROR_PHASE, "bind"));
        assert_true(host_error_is(err, AK_ERROR_OPERATION, ak_operation_name(refused[i].operation)));
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
        host_free(&host);
    }
    ak_call *call = NULL; /* an empty command */
    assert_int_equal(ak_call_new(client, AK_OP_RUN, &call, err), AK_OK);
    assert_int_equal(ak_call_step(call, err), AK_E_ARGUMENT);
    ak_call_free(call);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 0);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void settings_rules(void **state) {
    (void)state;
    static const char *const urls[] = {"ftp://h",    "h:80",           "http://u:p@h", "http://h?q",
                                       "http://h#f", "http://h\r\nX:", "unix://",      "http://"};
    ak_client *client = host_client("http://127.0.0.1:1");
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, urls[i], strlen(urls[i]), err), AK_E_ARGUMENT);
    }
    static const char *const keys[] = {KEY "\r\nX-Evil: 1", KEY "\n", KEY "\r"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ak_client_set_text(client, AK_CLIENT_API_KEY, keys[i], strlen(keys[i]), err), AK_E_ARGUMENT);
        assert_false(host_error_has(err, AK_ERROR_MESSAGE, "s3cret"));
    }
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_API_KEY, "a\0b", 3, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_CA_FILE, "/nowhere", 8, err), AK_E_ARGUMENT);
    ak_error_free(err);
    ak_client_free(client);
}

static void large_bodies(void **state) {
    (void)state;
    fault_server *server = server_of("{\"output\":\"\"}");
    ak_client *client = client_with_key(fault_url(server));
    ak_error *err = ak_error_new();
    size_t size = 17 * 1024 * 1024;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    host_call host = host_new(client, AK_OP_RUN);
    assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, text, size, err), AK_OK);
    assert_int_equal(host_next(&host, err), AK_E_TOO_LARGE);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 0);
    host_free(&host);
    host = host_new(client, AK_OP_RUN);
    assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, text, 100 * 1024, err), AK_OK);
    assert_int_equal(host_end(&host, err), AK_DONE);
    assert_true(fault_request_at(server, 0)->body_len > 100 * 1024);
    host_free(&host);
    free(text);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* A server that repeats the key in its answer is the only way it could come into a message; a refused port and a wrong
 * reply are the ways without. */
static void the_key_is_in_no_message(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reset(script);
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 301 M\r\nLocation: /x?key=" KEY "\r\nContent-Length: 0\r\n\r\n");
    fault_on_request(script);
    fault_reply_json(script, 401, "{\"success\":false,\"error\":\"no\"}");
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = client_with_key(fault_url(server));
    ak_error *err = ak_error_new();
    static const ak_status codes[] = {AK_E_NETWORK, AK_E_REDIRECT, AK_E_UNAUTHORIZED, AK_E_PROTOCOL};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(host_run(client, AK_OP_RUN, err), codes[i]);
        assert_false(host_error_has(err, AK_ERROR_MESSAGE, KEY));
        assert_false(host_error_has(err, AK_ERROR_SERVER_TEXT, KEY));
    }
    size_t len = 0;
    char out[64];
    assert_int_equal(ak_client_text(client, AK_CLIENT_API_KEY, out, sizeof out, &len, err), AK_E_ARGUMENT);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unary_operation),
        cmocka_unit_test(the_stream_operation),
        cmocka_unit_test(no_key_no_authorization),
        cmocka_unit_test(every_member_of_run),
        cmocka_unit_test(every_member_of_create),
        cmocka_unit_test(every_member_of_exec),
        cmocka_unit_test(a_base_url_with_a_path),
        cmocka_unit_test(descriptor_numbers),
        cmocka_unit_test(bind_rules),
        cmocka_unit_test(settings_rules),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(the_key_is_in_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
