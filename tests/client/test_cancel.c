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
typedef enum { AT_HEADERS, IN_BODY, IN_STREAM } point;

static fault_server *hanging(point where) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    if (where == IN_BODY) {
        fault_text(script, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"success\":");
    } else if (where == IN_STREAM) {
        fault_sse_begin(script, FAULT_CHUNKED);
        fault_sse_event(script, "output", "{\"data\":\"a\"}");
    }
    fault_wait_close(script);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    return start(script);
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
    host_call host = host_new(client, AK_OP_RUN);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ak_call_wait(host.call, 5, err), AK_AGAIN);
    }
    ak_call_cancel(host.call);
    check_cancelled(&host, err, AK_SENT_NOTHING);
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void in_flight(void **state) {
    (void)state;
    for (point where = AT_HEADERS; where <= IN_STREAM; where++) {
        fault_server *server = hanging(where);
        ak_client *client = host_client(fault_url(server));
        ak_error *err = ak_error_new();
        host_call host = host_new(client, where == IN_STREAM ? AK_OP_RUN_STREAM : AK_OP_RUN);
        if (where == IN_STREAM) {
            assert_int_equal(host_next(&host, err), AK_ITEM);
        } else {
            host_until(&host, server, FAULT_COMPLETE, 1);
            while (where == IN_BODY && fault_count(server, FAULT_SENT_BYTES) < 40) {
                assert_int_equal(ak_call_wait(host.call, 5, err), AK_AGAIN);
            }
            assert_int_equal(ak_call_wait(host.call, 50, err), AK_AGAIN);
        }
        ak_call_cancel(host.call);
        check_cancelled(&host, err, where == AT_HEADERS ? AK_SENT_SOME : AK_SENT_ANSWERED);
        host_free(&host);
        assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, HOST_WAIT_MS));
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_error_free(err);
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
    ak_client_free(client);
    fault_stop(server);
}

/* ---- from another thread ------------------------------------------------------------------------------------------
 */

static void *cancel_later(void *data) {
    struct timespec pause = {.tv_nsec = 50000000};
    nanosleep(&pause, NULL);
    ak_call_cancel(data);
    ak_call_free(data);
    return NULL;
}

/* H9: whoever waits wakes at once, without a deadline's help. */
static void from_another_thread(void **state) {
    (void)state;
    for (point where = AT_HEADERS; where <= IN_STREAM; where++) {
        fault_server *server = hanging(where);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, where == IN_STREAM ? AK_OP_RUN_STREAM : AK_OP_RUN);
        pthread_t thread;
        int64_t begin = fault_now_ms();
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, ak_call_retain(host.call)), 0);
        assert_int_equal(host_end(&host, NULL), AK_E_CANCELLED);
        assert_true(fault_now_ms() - begin < 3000);
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
        cmocka_unit_test(before_the_start), cmocka_unit_test(while_connecting),    cmocka_unit_test(in_flight),
        cmocka_unit_test(after_the_end),    cmocka_unit_test(from_another_thread), cmocka_unit_test(racing_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
