/* Looking names up: never in the caller's way, and not once for every call. The look-up is this program's own. */
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "host.h"
#include "loopback.h"

#define LOOKUP_MS 300
/* After so long the next call takes over the look-up from one that seems not to be stepped any more. */
#define TURN_MS 1000

static atomic_int lookups, running;
static atomic_bool name_exists, held;

/* In the place of libc's, for libcurl's threads: slow, counted, and knowing one address. Newer versions of libcurl ask
 * for each family of addresses in a thread of its own: that counts once. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **result) {
    (void)node;
    atomic_fetch_add(&running, 1);
    atomic_fetch_add(&lookups, hints && hints->ai_family == AF_INET6 ? 0 : 1);
    usleep(LOOKUP_MS * 1000);
    for (int64_t end = fault_now_ms() + HOST_WAIT_MS; atomic_load(&held) && fault_now_ms() < end;) {
        usleep(1000);
    }
    int status = atomic_load(&name_exists) ? loopback_address(service, hints, result) : EAI_NONAME;
    atomic_fetch_sub(&running, 1);
    return status;
}

static void begin(bool exists) {
    atomic_store(&lookups, 0);
    atomic_store(&name_exists, exists);
}

/* Look-ups take until this is called with false. */
static void hold(bool on) {
    atomic_store(&held, on);
}

/* As many look-ups as can be of one call after another, for what took so long; and some more, because newer versions of
 * libcurl connect when they have the addresses of one family, and remember the name when they have both. */
static int at_most(int64_t began_ms) {
    enum { BETWEEN_FAMILIES = 10 };
    return 1 + BETWEEN_FAMILIES + (int)((fault_now_ms() - began_ms) / TURN_MS);
}

/* Those that were left behind end before the program does. */
static void let_all_end(void) {
    hold(false);
    while (atomic_load(&running) > 0) {
        usleep(1000);
    }
    usleep(LOOKUP_MS * 1000); /* what the threads do afterwards is libcurl's */
}

enum { CALLS = 50 };

/* All calls under way before any is waited for. */
static void run_all(ak_client *client, ak_status expected) {
    host_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = host_new(client, AK_OP_HEALTH);
        assert_int_equal(ak_call_step(calls[i].call, NULL), AK_AGAIN);
    }
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(host_end(&calls[i], NULL), expected);
        host_free(&calls[i]);
    }
}

static fault_server *start_server(char *url, size_t cap) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    snprintf(url, cap, "http://slow.example:%u", fault_port(server));
    return server;
}

static void a_name_is_looked_up_once(void **state) {
    (void)state;
    char url[64];
    fault_server *server = start_server(url, sizeof url);
    ak_client *client = host_client(url);
    int64_t began = fault_now_ms();
    begin(true);
    run_all(client, AK_DONE);
    assert_true(atomic_load(&lookups) <= at_most(began));
    assert_int_equal(fault_count(server, FAULT_REQUESTS), CALLS);
    ak_client_free(client);
    fault_stop(server);
}

static void a_failed_look_up_is_shared(void **state) {
    (void)state;
    ak_client *client = host_client("http://missing.example:1");
    int64_t began = fault_now_ms();
    begin(false);
    run_all(client, AK_E_RESOLVE);
    assert_true(atomic_load(&lookups) <= at_most(began));
    ak_client_free(client);
}

/* Who begins to wait only now does not hang: what libcurl looked the name up with is closed, but not the descriptor. */
static void readable_after_a_failed_look_up(void **state) {
    (void)state;
    ak_client *client = host_client("http://missing.example:1");
    atomic_store(&name_exists, false);
    host_call call = host_new(client, AK_OP_HEALTH);
    assert_int_equal(host_end(&call, NULL), AK_E_RESOLVE);
    struct pollfd entry = {.fd = ak_call_fd(call.call), .events = POLLIN};
    assert_int_equal(poll(&entry, 1, 0), 1);
    host_free(&call);
    ak_client_free(client);
}

/* Cancelling and freeing do not wait for the thread that looks the name up. */
static void freeing_does_not_wait(void **state) {
    (void)state;
    ak_client *client = host_client("http://missing.example:1");
    begin(false);
    hold(true);
    host_call call = host_new(client, AK_OP_HEALTH);
    while (atomic_load(&lookups) == 0) {
        assert_int_equal(ak_call_wait(call.call, 1, NULL), AK_AGAIN);
    }
    ak_call_cancel(call.call);
    assert_int_equal(ak_call_step(call.call, NULL), AK_E_CANCELLED);
    host_free(&call);
    ak_client_free(client);
    assert_true(atomic_load(&running) > 0);
    let_all_end();
}

static void check_cancelled(host_call *call) {
    ak_error *err = ak_error_new();
    ak_call_cancel(call->call);
    assert_int_equal(host_next(call, err), AK_E_CANCELLED);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "resolve"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    host_free(call);
    ak_error_free(err);
}

/* One that waits for another's look-up can be cancelled, freed, or run out of time; the other does not notice. */
static void who_waits_may_go(void **state) {
    (void)state;
    char url[64];
    fault_server *server = start_server(url, sizeof url);
    ak_client *client = host_client(url);
    int64_t began = fault_now_ms();
    begin(true);
    hold(true);
    host_call owner = host_new(client, AK_OP_HEALTH), cancelled = host_new(client, AK_OP_HEALTH),
              freed = host_new(client, AK_OP_HEALTH), late = host_new(client, AK_OP_HEALTH);
    assert_int_equal(ak_call_set_int(late.call, AK_KEY_CONNECT_TIMEOUT_MS, 200, NULL), AK_OK);
    host_call *const all[] = {&owner, &cancelled, &freed, &late};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ak_call_step(all[i]->call, NULL), AK_AGAIN);
    }
    check_cancelled(&cancelled);
    host_free(&freed);
    assert_int_equal(host_next(&late, NULL), AK_E_TIMEOUT);
    host_free(&late);
    int most = at_most(began);
    hold(false);
    assert_int_equal(host_end(&owner, NULL), AK_DONE);
    host_free(&owner);
    assert_true(atomic_load(&lookups) <= most);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    ak_client_free(client);
    fault_stop(server);
    let_all_end();
}

/* When who looks the name up goes, the next begins at once, and not only when its turn has passed. */
static void who_looks_up_may_go(void **state) {
    (void)state;
    enum { TIMES = 20 };
    ak_client *client = host_client("http://missing.example:1");
    begin(false);
    hold(true);
    int64_t began = fault_now_ms();
    for (int i = 0; i < TIMES; i++) {
        host_call owner = host_new(client, AK_OP_HEALTH);
        while (atomic_load(&lookups) <= i) {
            assert_int_equal(ak_call_wait(owner.call, 5, NULL), AK_AGAIN);
        }
        if (i % 2) {
            check_cancelled(&owner);
        } else {
            host_free(&owner);
        }
    }
    assert_true(fault_now_ms() - began < (TIMES - 1) * TURN_MS);
    assert_int_equal(atomic_load(&lookups), TIMES);
    ak_client_free(client);
    let_all_end();
}

/* Who began to look up and is not stepped any more holds nobody else up for long. */
static void who_looks_up_may_sleep(void **state) {
    (void)state;
    char url[64];
    fault_server *server = start_server(url, sizeof url);
    ak_client *client = host_client(url);
    begin(true);
    host_call owner = host_new(client, AK_OP_HEALTH);
    assert_int_equal(ak_call_step(owner.call, NULL), AK_AGAIN);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(host_end(&owner, NULL), AK_DONE);
    host_free(&owner);
    ak_client_free(client);
    fault_stop(server);
}

/* From the moment the name is known, the trouble is with the connection. */
static void a_name_with_nobody_there(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    char url[64];
    snprintf(url, sizeof url, "http://slow.example:%u", fault_port(server));
    ak_client *client = host_client(url);
    ak_error *err = ak_error_new();
    atomic_store(&name_exists, true);
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "connect"));
    atomic_store(&name_exists, false);
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT); /* it stays known */
    ak_client_free(client);
    client = host_client(url);
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_RESOLVE);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "resolve"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* What libcurl used to look the name up does not wake the host while a stream has nothing to say. */
static void a_silent_stream_sleeps(void **state) {
    (void)state;
    enum { FEW = 50, QUIET_MS = 300 };
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"a\"}");
    fault_wait_release(script);
    fault_sse_event(script, "done", "{\"exit_code\":0}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    char url[64];
    snprintf(url, sizeof url, "http://slow.example:%u", fault_port(server));
    ak_client *client = host_client(url);
    atomic_store(&name_exists, true);
    host_call call = host_new(client, AK_OP_RUN_STREAM);
    assert_int_equal(host_next(&call, NULL), AK_ITEM);
    assert_int_equal(ak_call_step(call.call, NULL), AK_AGAIN);
    int wakes = 0;
    for (struct pollfd entry = {.fd = ak_call_fd(call.call), .events = POLLIN}; poll(&entry, 1, QUIET_MS) > 0;) {
        assert_int_equal(ak_call_step(call.call, NULL), AK_AGAIN);
        assert_true(++wakes <= FEW);
    }
    fault_release(server, 1);
    assert_int_equal(host_end(&call, NULL), AK_DONE);
    host_free(&call);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_up_once),
        cmocka_unit_test(a_failed_look_up_is_shared),
        cmocka_unit_test(readable_after_a_failed_look_up),
        cmocka_unit_test(freeing_does_not_wait),
        cmocka_unit_test(a_name_with_nobody_there),
        cmocka_unit_test(who_waits_may_go),
        cmocka_unit_test(who_looks_up_may_go),
        cmocka_unit_test(who_looks_up_may_sleep),
        cmocka_unit_test(a_silent_stream_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
