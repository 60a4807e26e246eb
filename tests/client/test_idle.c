/*
 * Connections that were idle for longer than the limit: closed by the next call that begins or ends. Runs over a
 * library whose limit is 400 ms. A busy machine may take longer than that to get there: then it is tried again.
 */
#include "host.h"

#include <time.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"
enum { COUNT = 5, LIMIT_MS = 400, TRIES = 20 };

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

/* Leaves COUNT connections idle. False when that took so long that some of them may have been so for too long. */
static bool fill_pool(ak_client *client, fault_server *server) {
    host_call calls[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        calls[i] = host_new(client, AK_OP_LIST_SANDBOXES);
        host_until(&calls[i], server, FAULT_WAITING, i + 1);
    }
    fault_release(server, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(host_end(&calls[i], NULL), AK_DONE);
    }
    int64_t begin = fault_now_ms();
    for (size_t i = 0; i < COUNT; i++) {
        host_free(&calls[i]);
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), COUNT);
    return fault_now_ms() - begin < LIMIT_MS;
}

static void be_idle(void) {
    struct timespec pause = {.tv_nsec = (LIMIT_MS + 100) * 1000000L};
    nanosleep(&pause, NULL);
}

/* scenario: was the machine quick enough for it? */
static void in_time(bool (*scenario)(ak_client *, fault_server *)) {
    bool done = false;
    for (int i = 0; i < TRIES && !done; i++) {
        fault_server *server = start();
        ak_client *client = host_client(fault_url(server));
        done = scenario(client, server);
        ak_client_free(client);
        fault_stop(server);
    }
    assert_true(done);
}

static bool a_call_begins(ak_client *client, fault_server *server) {
    size_t before = host_descriptors();
    if (!fill_pool(client, server)) {
        return false;
    }
    be_idle();
    assert_int_equal(fault_count(server, FAULT_CLIENT_ENDED), 0); /* no thread of ours does it */
    host_call host = host_new(client, AK_OP_LIST_SANDBOXES);
    host_until(&host, server, FAULT_CONNECTIONS, COUNT + 1);
    assert_true(fault_await(server, FAULT_ENDED, COUNT, HOST_WAIT_MS));
    fault_release(server, 1);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    host_free(&host);
    assert_true(host_descriptors() < before + 8); /* of one connection, both ends */
    return true;
}

static void swept_when_a_call_begins(void **state) {
    (void)state;
    in_time(a_call_begins);
}

static bool a_call_ends(ak_client *client, fault_server *server) {
    int64_t begin = fault_now_ms();
    bool full = fill_pool(client, server);
    host_call host = host_new(client, AK_OP_LIST_SANDBOXES); /* takes one of them out */
    host_until(&host, server, FAULT_WAITING, 1);
    full = full && fault_now_ms() - begin < LIMIT_MS;
    be_idle();
    if (full) {
        assert_int_equal(fault_count(server, FAULT_CONNECTIONS), COUNT);
        assert_int_equal(fault_count(server, FAULT_CLIENT_ENDED), 0);
    }
    fault_release(server, 1);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    host_free(&host);
    assert_true(!full || fault_await(server, FAULT_ENDED, COUNT - 1, HOST_WAIT_MS));
    return full;
}

static void swept_when_a_call_ends(void **state) {
    (void)state;
    in_time(a_call_ends);
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
