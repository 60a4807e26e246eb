/*
 * Cancelling at every point of a call's life, from its own thread and from another. The next call on the same client
 * must work.
 */
#include "host.h"

#include <pthread.h>
#include <time.h>

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* First a request that hangs at `point`, then answers for whoever comes next. */
typedef enum { AT_HEADERS, IN_HEADERS, IN_BODY, IN_EVENT, POINTS } point;

static const char *const sent_until[POINTS] = {
    "",
    "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"success\":",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: output\ndata: {\"data\":\"a\"}\n\nevent: out",
};

static fault_server *hanging(point where) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    if (*sent_until[where]) {
        fault_text(script, sent_until[where]);
    }
    fault_wait_close(script);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    return start(script);
}

/* Brings a call there: the request has arrived, and all that the server sent was read. */
static void reach(host_call *host, fault_server *server, point where) {
    if (where == IN_EVENT) {
        assert_int_equal(host_next(host, NULL), AK_ITEM);
    }
    int64_t end = fault_now_ms() + HOST_WAIT_MS;
    while ((fault_count(server, FAULT_COMPLETE) < 1 ||
            fault_count(server, FAULT_SENT_BYTES) < strlen(sent_until[where])) &&
           fault_now_ms() < end) {
        assert_int_equal(ak_call_wait(host->call, 5, NULL), AK_AGAIN);
    }
    assert_int_equal(ak_call_wait(host->call, 5, NULL), AK_AGAIN);
}

static void check_cancelled(host_call *host, ak_error *err, int64_t sent) {
    assert_int_equal(host_next(host, err), AK_E_CANCELLED);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), sent);
    assert_int_equal(ak_call_state(host->call), AK_STATE_FAILED);
    ak_call_cancel(host->call);
    assert_int_equal(host_next(host, err), AK_E_CANCELLED);
}

static void before_the_start(void **state) {
    (void)state;
    fault_server *server = hanging(AT_HEADERS);
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    host_call host = host_new(client, AK_OP_RUN);
    ak_call_cancel(host.call);
    ak_call_cancel(host.call);
    check_cancelled(&host, err, AK_SENT_NOTHING);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 0);
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void while_connecting(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_listen_full(script, -1);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    size_t before = host_descriptors();
    for (size_t i = 0; ak_operation_at(i); i++) {
        host_call host = host_new(client, ak_operation_at(i));
        for (int turn = 0; turn < 5; turn++) {
            assert_int_equal(ak_call_wait(host.call, 5, err), AK_AGAIN);
        }
        ak_call_cancel(host.call);
        check_cancelled(&host, err, AK_SENT_NOTHING);
        assert_true(host_error_is(err, AK_ERROR_PHASE, "connect"));
        host_free(&host);
        assert_int_equal(host_descriptors(), before);
    }
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* Every operation at every point. Its connection is closed, the next call has another. */
static void in_flight(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    for (size_t i = 0; ak_operation_at(i); i++) {
        int32_t operation = ak_operation_at(i);
        bool streams = ak_operation_flags(operation) & AK_OP_STREAMS;
        for (point where = AT_HEADERS; where < (streams ? POINTS : IN_EVENT); where++) {
            fault_server *server = hanging(where);
            ak_client *client = host_client(fault_url(server));
            host_call host = host_new(client, operation);
            reach(&host, server, where);
            ak_call_cancel(host.call);
            check_cancelled(&host, err, where >= IN_BODY ? AK_SENT_ANSWERED : AK_SENT_SOME);
            assert_true(host_error_is(err, AK_ERROR_OPERATION, ak_operation_name(operation)));
            assert_true(host_error_is(err, AK_ERROR_PHASE, where >= IN_BODY ? "receive" : "wait"));
            host_free(&host);
            assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, HOST_WAIT_MS));
            assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
            ak_client_free(client);
            fault_stop(server);
        }
    }
    ak_error_free(err);
}

/* A record that waits to be read does not delay it, and reading it out is over. */
static void at_a_record(void **state) {
    (void)state;
    char byte;
    size_t len = 0;
    for (int reading = 0; reading < 2; reading++) {
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_sse_begin(script, FAULT_CHUNKED);
        fault_sse_event(script, "output", "{\"data\":\"abc\"}");
        fault_sse_event(script, "output", "{\"data\":\"def\"}");
        fault_sse_event(script, "done", "{}");
        fault_sse_end(script);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, AK_OP_RUN_STREAM);
        assert_int_equal(host_next(&host, NULL), AK_ITEM);
        if (reading) {
            assert_int_equal(ak_call_read(host.call, &byte, 1, &len, NULL), AK_OK);
        }
        ak_call_cancel(host.call);
        assert_int_equal(ak_call_read(host.call, &byte, 1, &len, NULL), AK_E_CANCELLED);
        assert_int_equal(len, 0);
        assert_int_equal(host_next(&host, NULL), AK_E_CANCELLED);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
}

static void after_the_end(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_HEALTH);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    ak_call_cancel(host.call);
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    assert_int_equal(ak_call_state(host.call), AK_STATE_DONE);
    host_free(&host);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), host_pools() ? 1 : 2); /* it was kept */
    ak_client_free(client);
    fault_stop(server);
}

/* ---- from another thread ------------------------------------------------------------------------------------------
 */

typedef struct {
    fault_server *server;
    ak_call *call;
} cancelling;

/* A little later than its request has come, so that the other thread waits. */
static void *cancel_later(void *data) {
    const cancelling *what = data;
    struct timespec pause = {.tv_nsec = 50000000};
    fault_await(what->server, FAULT_COMPLETE, 1, HOST_WAIT_MS);
    nanosleep(&pause, NULL);
    ak_call_cancel(what->call);
    ak_call_free(what->call);
    return NULL;
}

/* H9: whoever waits wakes, without the help of a deadline: none comes before the host gives up. */
static void from_another_thread(void **state) {
    (void)state;
    for (point where = AT_HEADERS; where < POINTS; where++) {
        fault_server *server = hanging(where);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, where == IN_EVENT ? AK_OP_RUN_STREAM : AK_OP_RUN);
        pthread_t thread;
        cancelling what = {server, ak_call_retain(host.call)};
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &what), 0);
        assert_int_equal(host_end(&host, NULL), AK_E_CANCELLED);
        pthread_join(thread, NULL);
        host_free(&host);
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        ak_client_free(client);
        fault_stop(server);
    }
}

static void *cancel_now(void *data) {
    ak_call_cancel(data);
    ak_call_free(data);
    return NULL;
}

/* A cancel that races the end and the free of its call touches neither memory that is gone nor the next call, which may
 * have got the same connection. */
static void racing_free(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    for (int i = 0; i < 500; i++) {
        host_call host = host_new(client, AK_OP_HEALTH);
        for (int steps = 0; steps < i % 5; steps++) {
            ak_call_step(host.call, NULL);
        }
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_now, ak_call_retain(host.call)), 0);
        if (i % 2) {
            ak_status status = host_end(&host, NULL);
            assert_true(status == AK_E_CANCELLED || status == AK_DONE);
        }
        host_free(&host);
        if (i % 10 == 0) {
            assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        }
        pthread_join(thread, NULL);
    }
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_start), cmocka_unit_test(while_connecting), cmocka_unit_test(in_flight),
        cmocka_unit_test(at_a_record),      cmocka_unit_test(after_the_end),    cmocka_unit_test(from_another_thread),
        cmocka_unit_test(racing_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
