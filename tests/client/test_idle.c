/*
 * Connections that were idle for longer than the limit: closed by the next call that begins or ends. Runs over a
 * library whose limit is 100 ms.
 */
#include "host.h"

#include <time.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"
enum { COUNT = 5 };

static fault_server *start(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_only_target(script, "/health");
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, OK_REPLY);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_release(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":[]}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* Leaves COUNT connections idle. */
static void fill_pool(ak_client *client, fault_server *server) {
    host_call calls[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        calls[i] = host_new(client, AK_OP_LIST_SANDBOXES);
        host_until(&calls[i], server, FAULT_WAITING, i + 1);
    }
    fault_release(server, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(host_end(&calls[i], NULL), AK_DONE);
        host_free(&calls[i]);
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), COUNT);
}

static void be_idle(void) {
    struct timespec pause = {.tv_nsec = 300000000};
    nanosleep(&pause, NULL);
}

static void swept_when_a_call_begins(void **state) {
    (void)state;
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    size_t before = host_descriptors();
    fill_pool(client, server);
    be_idle();
    assert_int_equal(fault_count(server, FAULT_CLIENT_ENDED), 0); /* no thread of ours does it */
    host_call host = host_new(client, AK_OP_LIST_SANDBOXES);
    host_until(&host, server, FAULT_CONNECTIONS, COUNT + 1);
    assert_true(fault_await(server, FAULT_ENDED, COUNT, HOST_WAIT_MS));
    fault_release(server, 1);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    host_free(&host);
    assert_true(host_descriptors() < before + 8); /* of one connection, both ends */
    ak_client_free(client);
    fault_stop(server);
}

static void swept_when_a_call_ends(void **state) {
    (void)state;
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    fill_pool(client, server);
    host_call host = host_new(client, AK_OP_LIST_SANDBOXES); /* takes one of them out */
    host_until(&host, server, FAULT_WAITING, 1);
    be_idle();
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), COUNT);
    assert_int_equal(fault_count(server, FAULT_CLIENT_ENDED), 0);
    fault_release(server, 1);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    host_free(&host);
    assert_true(fault_await(server, FAULT_ENDED, COUNT - 1, HOST_WAIT_MS));
    ak_client_free(client);
    fault_stop(server);
}

/* What the sweep took out makes room: the pool still holds as many as it may. */
static void the_pool_is_whole_afterwards(void **state) {
    (void)state;
    fault_server *server = start();
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_IDLE, 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        be_idle();
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 3);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    }
    /* Fewer than every other call would need, also where this machine stood still for a while. */
    assert_true(fault_count(server, FAULT_CONNECTIONS) < 10);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swept_when_a_call_begins),
        cmocka_unit_test(swept_when_a_call_ends),
        cmocka_unit_test(the_pool_is_whole_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
