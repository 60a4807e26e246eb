/*
 * Event streams: what is yielded, how they end, and what becomes of the connection.
 */
#include "host.h"

#define DONE "event: done\ndata: {\"exit_code\":0,\"success\":true}\n\n"
#define HEAD(type) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nTransfer-Encoding: chunked\r\n\r\n"

typedef enum { WHOLE, NO_LAST_CHUNK, RESET } ending;

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void stream_of(fault_script *script, const char *type, const char *body, ending end) {
    char head[256];
    snprintf(head, sizeof head, HEAD("%s"), type);
    fault_on_request(script);
    fault_text(script, head);
    if (*body) {
        fault_chunk(script, body, strlen(body));
    }
    if (end == WHOLE) {
        fault_last_chunk(script);
    } else if (end == NO_LAST_CHUNK) {
        fault_close(script);
    } else {
        fault_reset(script);
    }
}

/* One stream of this body; the types of its events, each followed by a blank, go to types. */
static ak_status stream(const char *type, const char *body, ending end, char *types, size_t cap, ak_error *err) {
    fault_script *script = fault_script_new();
    stream_of(script, type, body, end);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    ak_status status;
    size_t used = 0;
    types[0] = '\0';
    while ((status = host_next(&host, err)) == AK_ITEM) {
        const char *data = NULL;
        size_t len = 0;
        assert_int_equal(ak_call_view(host.call, AK_KEY_TYPE, &data, &len, NULL), AK_OK);
        assert_true(used + len + 2 < cap);
        used += (size_t)snprintf(types + used, cap - used, "%.*s ", (int)len, data);
    }
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
    return status;
}

/* ---- E1 to E9: only a whole final event ends a stream well --------------------------------------------------------
 */

static const struct {
    const char *id, *body;
    ending end;
    const char *types;
    ak_status code;
} ends[] = {
    {"E1", "data: a\n\ndata: tail", WHOLE, "message ", AK_E_TRUNCATED},
    {"E2", "data: a\n\ndata: tail\n", WHOLE, "message ", AK_E_TRUNCATED},
    {"E3", "data: a\r\r", WHOLE, "message ", AK_E_TRUNCATED},
    {"E3 done", "event: done\rdata: {}\r\r", WHOLE, "done ", AK_DONE},
    {"E4", "event: done\n", WHOLE, "", AK_E_TRUNCATED},
    {"E5", "", WHOLE, "", AK_E_TRUNCATED},
    {"E6", "\n\n\n", WHOLE, "", AK_E_TRUNCATED},
    {"E7", "event: done\ndata: {\"exit_code\":0}", WHOLE, "", AK_E_TRUNCATED},
    {"E8", "event: output\ndata: {\"data\":\"a\"}\n\nevent: out", RESET, "output ", AK_E_NETWORK},
    {"E8 between", "event: output\ndata: {\"data\":\"a\"}\n\n", RESET, "output ", AK_E_NETWORK},
    {"E9", "event: output\ndata: {\"data\":\"a\"}\n\n", NO_LAST_CHUNK, "output ", AK_E_NETWORK},
    {"done, then no last chunk", DONE, NO_LAST_CHUNK, "done ", AK_DONE},
    {"done, then reset", DONE, RESET, "done ", AK_DONE},
    {"A4", "event: heartbeat\ndata: {}\n\n" DONE, WHOLE, "heartbeat done ", AK_DONE},
    {"the start of a name", "event: do\ndata: {}\n\nevent: err\ndata: {}\n\n" DONE, WHOLE, "do err done ", AK_DONE},
    {"A8", "event: error\ndata: {\"message\":\"boom\"}\n\n", WHOLE, "error ", AK_DONE},
    {"E10", DONE "event: output\ndata: {\"data\":\"late\"}\n\n", WHOLE, "done ", AK_DONE},
};

static void ends_of_streams(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    char types[256];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        ak_status status = stream("text/event-stream", ends[i].body, ends[i].end, types, sizeof types, err);
        if (status != ends[i].code || strcmp(types, ends[i].types) != 0) {
            fail_msg("%s: %d after \"%s\"", ends[i].id, (int)status, types);
        }
        if (status == AK_E_NETWORK) {
            assert_true(host_error_int(err, AK_ERROR_LIBCURL) > 0);
            assert_true(host_error_is(err, AK_ERROR_PHASE, "receive"));
        }
        if (status < 0) {
            assert_true(host_error_is(err, AK_ERROR_OPERATION, "run_stream"));
            assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_ANSWERED);
        }
    }
    ak_error_free(err);
}

/* H3: parameters and case of the media type do not matter, another type does. */
static void media_types(void **state) {
    (void)state;
    static const char *const good[] = {"text/event-stream;charset=utf-8", "text/event-stream;", "Text/Event-Stream",
                                       "text/event-stream ; charset=utf-8"};
    static const char *const bad[] = {"text/x-bogus", "text/event-streams", "text/plain", "application/json"};
    char types[64];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(stream(good[i], DONE, WHOLE, types, sizeof types, NULL), AK_DONE);
        assert_int_equal(stream(bad[i], DONE, WHOLE, types, sizeof types, NULL), AK_E_PROTOCOL);
        assert_string_equal(types, "");
    }
}

/* H1: an envelope in place of a stream says what went wrong. H4: no content is no stream. */
static void no_stream_at_all(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    char types[64];
    assert_int_equal(
        stream("application/json", "{\"success\":false,\"error\":\"no image\"}", WHOLE, types, sizeof types, err),
        AK_E_HTTP);
    assert_true(host_error_is(err, AK_ERROR_SERVER_TEXT, "no image"));
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 204 No Content\r\n\r\n");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, err), AK_E_TRUNCATED);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    ak_client_free(client);
    fault_stop(server);
    ak_error_free(err);
}

/* ---- A1 to A9: payloads -------------------------------------------------------------------------------------------
 */

static void payloads(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    stream_of(script, "text/event-stream",
              "event: started\ndata: {\"command\":[\"echo\"]}\n\n"
              "event: output\ndata: {\"data\":\"hello\\n\",\"stream\":\"stdout\"}\n\n"
              "data: {\"data\":\"free\"}\nevent: output\n\n"
              "event: output\ndata: {\"content\":\"x\"}\n\n"
              "event: output\ndata: not json\n\n"
              "event: output\ndata: {\"data\":\"\\ud83d\"}\n\n"
              "event: output\ndata: {\"data\":\"a\\u0000b\"}\n\n"
              "event: output\ndata: [1]\n\n"
              "event: output\ndata: {\"content\":\"no\",\"data\":\"yes\"}\n\n"
              "event: output\ndata: {\"data\":\"yes\",\"content\":\"no\"}\n\n"
              "id: 7\nevent: done\ndata: {\"exit_code\":\"0\"}\n\n",
              WHOLE);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    size_t count = 0;
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A1 */
    assert_int_equal(ak_call_count(host.call, AK_KEY_COMMAND, &count, NULL), AK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_true(host_field_is(host.call, AK_KEY_DATA, "hello\n"));
    assert_true(host_field_is(host.call, AK_KEY_STREAM, "stdout"));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A2 */
    assert_true(host_field_is(host.call, AK_KEY_TYPE, "output"));
    assert_true(host_field_is(host.call, AK_KEY_DATA, "free"));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A3 */
    assert_true(host_field_is(host.call, AK_KEY_DATA, "x"));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A5 */
    assert_int_equal(host_field_int(host.call, AK_KEY_PARSED), 0);
    assert_true(host_field_is(host.call, AK_KEY_RAW, "not json"));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A6 */
    assert_int_equal(host_field_int(host.call, AK_KEY_PARSED), 1);
    assert_true(host_field_is(host.call, AK_KEY_DATA, "\xef\xbf\xbd"));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A7 */
    assert_true(host_field_bytes_are(host.call, AK_KEY_DATA, "a\0b", 3));
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* JSON, but no object */
    assert_int_equal(host_field_int(host.call, AK_KEY_PARSED), 0);
    for (int i = 0; i < 2; i++) { /* a member's own name counts more than its other one */
        assert_int_equal(host_next(&host, NULL), AK_ITEM);
        assert_true(host_field_is(host.call, AK_KEY_DATA, "yes"));
    }
    assert_int_equal(host_next(&host, NULL), AK_ITEM); /* A9 */
    assert_int_equal(host_field_int(host.call, AK_KEY_EXIT_CODE), INT64_MIN);
    assert_true(host_field_is(host.call, AK_KEY_ID, "7"));
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* S6: events that come together are all yielded, in order. */
static void a_hundred_at_once(void **state) {
    (void)state;
    static char body[16384];
    size_t used = 0;
    for (int i = 0; i < 100; i++) {
        used += (size_t)snprintf(body + used, sizeof body - used, "event: output\ndata: {\"data\":\"%d\"}\n\n", i);
    }
    snprintf(body + used, sizeof body - used, DONE);
    fault_script *script = fault_script_new();
    stream_of(script, "text/event-stream", body, WHOLE);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    for (int i = 0; i < 100; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        assert_int_equal(host_next(&host, NULL), AK_ITEM);
        assert_true(host_field_is(host.call, AK_KEY_DATA, number));
    }
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* Each event is yielded when it came, not when the next does. */
static void events_as_they_come(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    for (int i = 0; i < 5; i++) {
        fault_sse_event(script, "output", "{\"data\":\"x\"}");
        fault_wait_release(script);
    }
    fault_sse_event(script, "done", "{\"exit_code\":3}");
    fault_sse_end(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(host_next(&host, NULL), AK_ITEM);
        fault_release(server, 1);
    }
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_int_equal(host_field_int(host.call, AK_KEY_EXIT_CODE), 3); /* a record, not an error */
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void max_event_bytes(void **state) {
    (void)state;
    char unit[1024];
    memset(unit, 'x', sizeof unit);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: a\ndata: b\n\ndata: ");
    fault_repeat(script, unit, sizeof unit, FAULT_ALWAYS);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_EVENT_BYTES, 100000);
    ak_error *err = ak_error_new();
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    assert_int_equal(host_next(&host, err), AK_ITEM);
    assert_int_equal(host_next(&host, err), AK_E_TOO_LARGE);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "max_event_bytes"));
    host_free(&host);
    assert_true(fault_await(server, FAULT_ENDED, 1, HOST_WAIT_MS));
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- the connection afterwards ------------------------------------------------------------------------------------
 */

/* Two calls; answers how many connections they took. */
static uint64_t connections_of_two(const char *body, ending end) {
    fault_script *script = fault_script_new();
    stream_of(script, "text/event-stream", body, end);
    stream_of(script, "text/event-stream", DONE, WHOLE);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    uint64_t count = fault_count(server, FAULT_CONNECTIONS);
    ak_client_free(client);
    fault_stop(server);
    return count;
}

static void reuse_after_a_whole_stream(void **state) {
    (void)state;
    char whole[512]; /* head, done and end in one write: nothing is left to wait for */
    snprintf(whole, sizeof whole, HEAD("text/event-stream") "%zx\r\n%s\r\n0\r\n\r\n", strlen(DONE), DONE);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, 2);
    fault_text(script, whole);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), host_pools() ? 1 : 2);
    ak_client_free(client);
    fault_stop(server);
}

/* E10: what the server still sends after the end is not read: the connection is closed. */
static void no_reuse_after_more_bytes(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "done", "{\"exit_code\":0}");
    fault_loop_begin(script, FAULT_ALWAYS);
    fault_sse_event(script, "output", "{\"data\":\"more\"}");
    fault_delay(script, 5);
    fault_loop_end(script);
    stream_of(script, "text/event-stream", DONE, WHOLE);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, HOST_WAIT_MS));
    assert_int_equal(host_run(client, AK_OP_RUN_STREAM, NULL), AK_DONE);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 2);
    ak_client_free(client);
    fault_stop(server);
    assert_int_equal(connections_of_two(DONE, RESET), 2);
}

/* Reading output as bytes gives the same bytes, in a buffer of any size. */
static void reading(void **state) {
    (void)state;
    for (size_t cap = 1; cap <= 16; cap += 5) {
        fault_script *script = fault_script_new();
        stream_of(script, "text/event-stream",
                  "event: started\ndata: {}\n\nevent: output\ndata: {\"data\":\"one \"}\n\n"
                  "event: output\ndata: {\"data\":\"two\\u00e9\"}\n\n" DONE,
                  WHOLE);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, AK_OP_RUN_STREAM);
        char all[64], part[16];
        size_t used = 0, len = 0;
        int items = 0;
        ak_status status = host_next(&host, NULL); /* started */
        while (status >= 0 && status != AK_DONE) {
            status = ak_call_read(host.call, part, cap, &len, NULL);
            if (status == AK_AGAIN) {
                status = host_next(&host, NULL);
            }
            assert_true(used + len < sizeof all);
            memcpy(all + used, part, len);
            used += len;
            items += status == AK_ITEM && host_field_is(host.call, AK_KEY_TYPE, "done");
        }
        assert_int_equal(status, AK_DONE);
        assert_int_equal(items, 1);
        assert_int_equal(used, 9);
        assert_memory_equal(all, "one two\xc3\xa9", 9);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_streams),           cmocka_unit_test(media_types),
        cmocka_unit_test(no_stream_at_all),          cmocka_unit_test(payloads),
        cmocka_unit_test(a_hundred_at_once),         cmocka_unit_test(events_as_they_come),
        cmocka_unit_test(max_event_bytes),           cmocka_unit_test(reuse_after_a_whole_stream),
        cmocka_unit_test(no_reuse_after_more_bytes), cmocka_unit_test(reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
