/*
 * A connection that is reset while the poller is asked: for a moment the kernel says that something is wrong with it,
 * and not yet that it can be read. Here it never says more, whatever machine this is: the core is linked with a wrapped
 * epoll_wait.
 */
#include "host.h"

#include <sys/epoll.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"

static int errors;

/* The linker's names for the wrapped function. */
int __real_epoll_wait(int epoll, struct epoll_event *events, int cap, int timeout);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int cap, int timeout);

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int cap, int timeout) {
    int n = __real_epoll_wait(epoll, events, cap, timeout);
    for (int i = 0; i < n; i++) {
        if (events[i].events & EPOLLERR) {
            events[i].events = EPOLLERR;
            errors++;
        }
    }
    return n;
}

/* The second request on a kept-alive connection, which is reset once it has been read and the client waits. */
static ak_status reset_while_waiting(ak_client *client, fault_server *server, int32_t operation, ak_error *err) {
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    host_call call = host_new(client, operation);
    host_until(&call, server, FAULT_WAITING, 1);
    fault_release(server, 1);
    assert_true(fault_await(server, FAULT_ENDED, 1, HOST_WAIT_MS));
    errors = 0;
    ak_status status = host_end(&call, err);
    assert_true(errors > 0);
    host_free(&call);
    return status;
}

static void check(int32_t operation, bool begun, ak_status expected) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_on_request(script);
    if (begun) {
        fault_text(script, "HTTP/1.1 ");
    }
    fault_wait_release(script);
    fault_reset(script);
    fault_on_request(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_IDLE, 4);
    ak_error *err = ak_error_new();
    assert_int_equal(reset_while_waiting(client, server, operation, err), expected);
    if (expected < 0) {
        assert_true(host_error_has(err, AK_ERROR_MESSAGE, "was not repeated"));
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
    }
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* As without the race: what changes nothing is repeated, what may have run is not. */
static void an_error_alone(void **state) {
    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        check(AK_OP_HEALTH, begun, AK_DONE);
        check(AK_OP_RUN, begun, AK_E_NETWORK);
        check(AK_OP_RUN_STREAM, begun, AK_E_NETWORK);
    }
}

/* Nobody listens: that it could not be connected to comes as an error, too. */
static void a_refused_connection(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN, NULL), AK_E_CONNECT);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_alone),
        cmocka_unit_test(a_refused_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
