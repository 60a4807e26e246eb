/*
 * What becomes of the server's answers: records, and errors with every field.
 */
#include "host.h"

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* Answers each request with exactly these bytes as a body of that status. */
static fault_server *answer(int status, const char *headers, const char *body) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply(script, status, headers, body, strlen(body), FAULT_LENGTH);
    return start(script);
}

static fault_server *answer_bytes(const char *text, bool close) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    if (*text) {
        fault_text(script, text);
    }
    if (close) {
        fault_close(script);
    }
    return start(script);
}

/* One call to a server that is then stopped. */
static ak_status once(fault_server *server, int32_t operation, ak_error *err) {
    ak_client *client = host_client(fault_url(server));
    ak_status status = host_run(client, operation, err);
    ak_client_free(client);
    fault_stop(server);
    return status;
}

static const struct {
    int status;
    ak_status code;
} codes[] = {
    {400, AK_E_BAD_REQUEST},   {401, AK_E_UNAUTHORIZED}, {402, AK_E_HTTP},   {403, AK_E_FORBIDDEN},
    {404, AK_E_NOT_FOUND},     {409, AK_E_CONFLICT},     {410, AK_E_HTTP},   {413, AK_E_BODY_TOO_LARGE},
    {422, AK_E_UNPROCESSABLE}, {429, AK_E_QUOTA},        {500, AK_E_SERVER}, {502, AK_E_SERVER},
    {503, AK_E_SERVER},        {504, AK_E_SERVER},       {599, AK_E_SERVER}, {600, AK_E_HTTP},
};

/* One code per meaning of the status; unary calls and streams (H2) alike. */
static void every_status(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        for (int stream = 0; stream < 2; stream++) {
            fault_server *server = answer(codes[i].status, NULL, "{\"success\":false,\"error\":\"because \\u00e9\"}");
            assert_int_equal(once(server, stream ? AK_OP_RUN_STREAM : AK_OP_RUN, err), codes[i].code);
            assert_int_equal(ak_error_code(err), codes[i].code);
            assert_int_equal(host_error_int(err, AK_ERROR_CODE), codes[i].code);
            assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), codes[i].status);
            assert_true(host_error_is(err, AK_ERROR_SERVER_TEXT, "because \xc3\xa9"));
            assert_true(host_error_has(err, AK_ERROR_MESSAGE, "because \xc3\xa9"));
            assert_true(host_error_is(err, AK_ERROR_OPERATION, stream ? "run_stream" : "run"));
            assert_true(host_error_is(err, AK_ERROR_PHASE, "decode"));
            assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_ANSWERED);
            assert_int_equal(host_error_int(err, AK_ERROR_EXIT_CODE), INT64_MIN);
            assert_int_equal(host_error_int(err, AK_ERROR_RETRY_AFTER_MS), INT64_MIN);
        }
    }
    ak_error_free(err);
}

/* W2: exit code and output of a failed command are kept, byte for byte. */
static void a_failed_command(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    const char *data = NULL;
    size_t len = 0;
    static const char *const bodies[] = {
        "{\"success\":false,\"error\":\"exited\",\"exit_code\":3,\"output\":\"a\\u0000b\\n\"}",
        "{\"success\":false,\"error\":\"exited\",\"exit_code\":3,\"output\":\"?\",\"output_base64\":\"YQBiCg==\"}",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(once(answer(409, NULL, bodies[i]), AK_OP_EXEC_IN_SANDBOX, err), AK_E_COMMAND);
        assert_int_equal(host_error_int(err, AK_ERROR_EXIT_CODE), 3);
        assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), 409);
        assert_int_equal(ak_error_view(err, AK_ERROR_OUTPUT, &data, &len), AK_OK);
        assert_int_equal(len, 4);
        assert_memory_equal(data, "a\0b\n", 4);
    }
    ak_error_free(err);
}

/* check = false makes the failed command a record; other errors stay errors. */
static void without_check(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 409, "{\"success\":false,\"error\":\"exited\",\"exit_code\":137,\"output\":\"bye\"}");
    fault_on_request(script);
    fault_reply_json(script, 409, "{\"success\":false,\"error\":\"exists\"}");
    fault_on_request(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":{\"output\":\"fine\"}}");
    fault_on_request(script); /* an exit code that is none, and one in an error that is no failed command */
    fault_reply_json(script, 409, "{\"success\":false,\"error\":\"exited\",\"exit_code\":null,\"output\":\"bye\"}");
    fault_on_request(script);
    fault_reply_json(script, 500, "{\"success\":false,\"error\":\"broken\",\"exit_code\":1,\"output\":\"bye\"}");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    static const ak_status firsts[] = {AK_ITEM, AK_E_CONFLICT, AK_ITEM, AK_E_CONFLICT, AK_E_SERVER};
    for (int i = 0; i < 5; i++) {
        host_call host = host_new(client, AK_OP_RUN);
        assert_int_equal(ak_call_set_int(host.call, AK_KEY_CHECK, 0, NULL), AK_OK);
        assert_int_equal(host_next(&host, NULL), firsts[i]);
        if (firsts[i] == AK_ITEM) {
            assert_int_equal(host_field_int(host.call, AK_KEY_EXIT_CODE), i == 0 ? 137 : 0);
            assert_true(host_field_is(host.call, AK_KEY_OUTPUT, i == 0 ? "bye" : "fine"));
            assert_int_equal(host_next(&host, NULL), AK_DONE);
            assert_int_equal(host_next(&host, NULL), AK_DONE);
        }
        host_free(&host);
    }
    ak_client_free(client);
    fault_stop(server);
}

typedef struct {
    int status;
    const char *body;
    ak_status code;
} odd;

/* W16, W17: bodies that are no envelope, in errors and in answers that say they are fine. */
static const odd odd_bodies[] = {
    {500, "null", AK_E_SERVER},
    {500, "[1]", AK_E_SERVER},
    {400, "\"no\"", AK_E_BAD_REQUEST},
    {404, "{}", AK_E_NOT_FOUND},
    {500, "{\"error\":null}", AK_E_SERVER},
    {500, "{\"error\":{\"a\":1}}", AK_E_SERVER},
    {502, "<html>Bad Gateway</html>", AK_E_SERVER},
    {503, "", AK_E_SERVER},
    {500, "\xff\xfe\r\n\x01", AK_E_SERVER},
    {200, "<html>hello</html>", AK_E_PROTOCOL},
    {200, "null", AK_E_PROTOCOL},
    {200, "[]", AK_E_PROTOCOL},
    {200, "\"x\"", AK_E_PROTOCOL},
    {200, "{}", AK_E_PROTOCOL},
    {200, "", AK_E_PROTOCOL},
    {200, "{\"success\":true}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":null}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":[]}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":{}}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":{\"output\":7}}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":{\"output\":\"x\"}", AK_E_PROTOCOL},
    {200, "{\"success\":true,\"data\":{\"output\":\"x\"}} x", AK_E_PROTOCOL},
    {204, "", AK_E_PROTOCOL},
};

static void odd_replies(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof odd_bodies / sizeof odd_bodies[0]; i++) {
        const odd *row = &odd_bodies[i];
        fault_server *server = row->status == 204 ? answer_bytes("HTTP/1.1 204 No Content\r\n\r\n", false)
                                                  : answer(row->status, NULL, row->body);
        ak_status status = once(server, AK_OP_RUN, err);
        if (status != row->code) {
            fail_msg("%d %s: %d", row->status, row->body, (int)status);
        }
        assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), row->status);
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_ANSWERED);
        assert_false(host_error_has(err, AK_ERROR_MESSAGE, "\n"));
        assert_false(host_error_has(err, AK_ERROR_MESSAGE, "\r"));
    }
    ak_error_free(err);
}

static void success_false(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    assert_int_equal(once(answer(200, NULL, "{\"success\":false,\"error\":\"nope\"}"), AK_OP_HEALTH, err), AK_E_HTTP);
    assert_true(host_error_is(err, AK_ERROR_SERVER_TEXT, "nope"));
    assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), 200);
    ak_error_free(err);
}

/* Of a body that is no envelope only the start is kept; output belongs to an exit code. */
static void what_an_error_keeps(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    static char body[10001];
    const char *data = NULL;
    size_t len = 0;
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(once(answer(502, NULL, body), AK_OP_RUN, err), AK_E_SERVER);
    assert_int_equal(ak_error_view(err, AK_ERROR_SERVER_TEXT, &data, &len), AK_OK);
    assert_int_equal(len, 4096);
    assert_int_equal(once(answer(500, NULL, "{\"error\":\"e\",\"output\":\"o\"}"), AK_OP_RUN, err), AK_E_SERVER);
    assert_int_equal(ak_error_view(err, AK_ERROR_OUTPUT, &data, &len), AK_ABSENT);
    ak_error_free(err);
}

/* The media type of a stream makes none of an error, nor of another operation's reply. */
static void the_type_of_a_stream(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    static const char type[] = "Content-Type: text/event-stream\r\n";
    assert_int_equal(once(answer(503, type, "{\"success\":false,\"error\":\"full\"}"), AK_OP_RUN_STREAM, err),
                     AK_E_SERVER);
    assert_true(host_error_is(err, AK_ERROR_SERVER_TEXT, "full"));
    assert_int_equal(once(answer(200, type, "{\"success\":true,\"data\":\"ok\"}"), AK_OP_HEALTH, err), AK_DONE);
    ak_error_free(err);
}

/* A member of that name does not hide what the server sent. */
static void a_member_called_raw(void **state) {
    (void)state;
    fault_server *server = answer(200, NULL, "{\"success\":true,\"data\":{\"output\":\"a\",\"raw\":\"b\"}}");
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN);
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_true(host_field_is(host.call, AK_KEY_RAW, "{\"output\":\"a\",\"raw\":\"b\"}"));
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* Half a reply, an empty one, one that is not HTTP. */
static void broken_replies(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ak_status code;
        int64_t sent;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":tr", AK_E_NETWORK, AK_SENT_ANSWERED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"suc\r\n", AK_E_NETWORK, AK_SENT_ANSWERED},
        /* libcurl takes a head that ends early for a whole one: the missing envelope tells. */
        {"HTTP/1.1 200 OK\r\nContent-Le", AK_E_PROTOCOL, AK_SENT_ANSWERED},
        {"", AK_E_NETWORK, AK_SENT_SOME},
        {"hello\r\n\r\n", AK_E_PROTOCOL, AK_SENT_SOME},
    };
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fault_server *server = answer_bytes(rows[i].text, true);
        ak_client *client = host_client(fault_url(server));
        ak_status status = host_run(client, AK_OP_RUN, err);
        if (status != rows[i].code || host_error_int(err, AK_ERROR_SENT) != rows[i].sent) {
            fail_msg("%zu: %d, sent %d", i, (int)status, (int)host_error_int(err, AK_ERROR_SENT));
        }
        assert_int_equal(fault_count(server, FAULT_REQUESTS), 1); /* and not a second time */
        assert_true(i == 2 || host_error_int(err, AK_ERROR_LIBCURL) > 0);
        ak_client_free(client);
        fault_stop(server);
    }
    ak_error_free(err);
}

/* H5: never followed; the target is named without its query. */
static void redirects(void **state) {
    (void)state;
    static const int statuses[] = {301, 302, 303, 307, 308};
    static const int32_t operations[] = {AK_OP_HEALTH, AK_OP_RUN, AK_OP_RUN_STREAM, AK_OP_REMOVE_SANDBOX};
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 4; k++) {
            fault_server *server = answer(statuses[i], "Location: /elsewhere?token=hidden\r\n", "moved");
            ak_client *client = host_client(fault_url(server));
            assert_int_equal(host_run(client, operations[k], err), AK_E_REDIRECT);
            assert_true(host_error_has(err, AK_ERROR_MESSAGE, "/elsewhere"));
            assert_false(host_error_has(err, AK_ERROR_MESSAGE, "hidden"));
            assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), statuses[i]);
            assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
            ak_client_free(client);
            fault_stop(server);
        }
    }
    ak_error_free(err);
}

/* The limit itself passes, one byte more does not, with and without an announced length. */
static void max_reply_bytes(void **state) {
    (void)state;
    const char *body = "{\"success\":true,\"data\":\"ok\"}";
    for (int chunked = 0; chunked < 2; chunked++) {
        for (int over = 0; over < 2; over++) {
            fault_script *script = fault_script_new();
            fault_on_request(script);
            fault_reply(script, 200, NULL, body, strlen(body), chunked ? FAULT_CHUNKED : FAULT_LENGTH);
            fault_server *server = start(script);
            ak_client *client = host_client(fault_url(server));
            ak_error *err = ak_error_new();
            host_set_int(client, AK_CLIENT_MAX_REPLY_BYTES, (int64_t)strlen(body) - over);
            assert_int_equal(host_run(client, AK_OP_HEALTH, err), over ? AK_E_TOO_LARGE : AK_DONE);
            assert_true(!over || host_error_has(err, AK_ERROR_MESSAGE, "max_reply_bytes"));
            ak_error_free(err);
            ak_client_free(client);
            fault_stop(server);
        }
    }
}

/* A server that sends without end is cut off at the limit: memory is bounded. */
static void an_endless_reply(void **state) {
    (void)state;
    char unit[4096];
    memset(unit, ' ', sizeof unit);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\n\r\n");
    fault_repeat(script, unit, sizeof unit, FAULT_ALWAYS);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_REPLY_BYTES, 1 << 20);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_TOO_LARGE);
    assert_true(fault_await(server, FAULT_ENDED, 1, HOST_WAIT_MS));
    ak_client_free(client);
    fault_stop(server);
}

static void lists(void **state) {
    (void)state;
    static const char *const data[] = {
        "[]",
        "[{\"name\":\"a\",\"status\":\"running\"}]",
        ("[{\"name\":\"a\",\"status\":\"running\"},{\"name\":\"b\",\"status\":\"odd one\",\"new_member\":1},"
         "{\"name\":\"c\",\"status\":\"stopped\",\"ip\":null}]"),
    };
    static const int counts[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        char body[512];
        snprintf(body, sizeof body, "{\"success\":true,\"data\":%s}", data[i]);
        fault_server *server = answer(200, NULL, body);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, AK_OP_LIST_SANDBOXES);
        for (int k = 0; k < counts[i]; k++) {
            char name[2] = {(char)('a' + k), '\0'};
            assert_int_equal(host_next(&host, NULL), AK_ITEM);
            assert_true(host_field_is(host.call, AK_KEY_NAME, name));
            const char *view = NULL;
            size_t len = 0;
            assert_int_equal(ak_call_view(host.call, AK_KEY_IP, &view, &len, NULL), k == 2 ? AK_NULL : AK_ABSENT);
        }
        assert_int_equal(host_next(&host, NULL), AK_DONE);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
    ak_error *err = ak_error_new();
    assert_int_equal(once(answer(200, NULL, "{\"success\":true,\"data\":{}}"), AK_OP_LIST_SANDBOXES, err),
                     AK_E_PROTOCOL);
    assert_int_equal(
        once(answer(200, NULL, "{\"success\":true,\"data\":[{\"name\":\"a\"}]}"), AK_OP_LIST_SANDBOXES, err),
        AK_E_PROTOCOL);
    assert_int_equal(once(answer(200, NULL, "{\"success\":true,\"data\":[7]}"), AK_OP_LIST_SANDBOXES, err),
                     AK_E_PROTOCOL);
    ak_error_free(err);
}

/* A reply in single bytes is the same reply. */
static void byte_by_byte(void **state) {
    (void)state;
    const char *body = "{\"success\":true,\"data\":{\"name\":\"t1\",\"status\":\"running\",\"vcpus\":2}}";
    fault_script *script = fault_script_new();
    fault_on_request(script);
    char reply[256];
    snprintf(reply, sizeof reply, "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    fault_send_pieces(script, reply, strlen(reply), 1, 1);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_CREATE_SANDBOX);
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_int_equal(host_field_int(host.call, AK_KEY_VCPUS), 2);
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status),
        cmocka_unit_test(a_failed_command),
        cmocka_unit_test(without_check),
        cmocka_unit_test(odd_replies),
        cmocka_unit_test(what_an_error_keeps),
        cmocka_unit_test(the_type_of_a_stream),
        cmocka_unit_test(a_member_called_raw),
        cmocka_unit_test(success_false),
        cmocka_unit_test(broken_replies),
        cmocka_unit_test(redirects),
        cmocka_unit_test(max_reply_bytes),
        cmocka_unit_test(an_endless_reply),
        cmocka_unit_test(lists),
        cmocka_unit_test(byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
