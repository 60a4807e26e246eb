/*
 * Connections: kept-alive ones that died, proxies, TLS, Unix sockets, descriptors, and many calls at once.
 */
#include "host.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void always_ok(fault_script *script) {
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, OK_REPLY);
}

/* The server takes the second request on a kept-alive connection and resets it. One that may have run is not repeated.
 */
static void a_dead_kept_alive_connection(void **state) {
    (void)state;
    static const struct {
        int32_t operation;
        ak_status code;
    } rows[] = {{AK_OP_RUN, AK_E_NETWORK}, {AK_OP_REMOVE_SANDBOX, AK_E_NETWORK}, {AK_OP_HEALTH, AK_DONE}};
    for (size_t i = 0; i < 3; i++) {
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_reply_json(script, 200, OK_REPLY);
        fault_on_request(script);
        fault_only_connection(script, 0);
        fault_reset(script);
        always_ok(script);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_set_int(client, AK_CLIENT_MAX_IDLE, 4); /* also where others run without a pool */
        ak_error *err = ak_error_new();
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        assert_int_equal(host_run(client, rows[i].operation, err), rows[i].code);
        if (rows[i].code == AK_E_NETWORK) {
            assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
            assert_int_equal(fault_count(server, FAULT_REQUESTS), 2);
        } else {
            assert_int_equal(fault_count(server, FAULT_REQUESTS), 3);
        }
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_error_free(err);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* The key must not go to a proxy that cannot reach this machine's loopback anyway. */
static void no_environment_proxy_for_loopback(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    always_ok(script);
    fault_server *server = start(script), *proxy = NULL;
    script = fault_script_new();
    always_ok(script);
    proxy = start(script);
    setenv("http_proxy", fault_url(proxy), 1);
    setenv("all_proxy", fault_url(proxy), 1);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_count(proxy, FAULT_CONNECTIONS), 0);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    ak_client_free(client);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    client = host_client(fault_url(server)); /* one that is set is used */
    host_set_text(client, AK_CLIENT_PROXY, fault_url(proxy));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_count(proxy, FAULT_REQUESTS), 1);
    ak_client_free(client);
    fault_stop(proxy);
    fault_stop(server);
}

static void tls(void **state) {
    (void)state;
    for (int certificate = 0; certificate < 2; certificate++) {
        fault_script *script = fault_script_new();
        fault_tls_on(script, &(fault_tls_options){.client_certificate = certificate});
        always_ok(script);
        fault_server *server = start(script), *other = NULL;
        script = fault_script_new();
        fault_tls_on(script, NULL);
        other = start(script);
        ak_error *err = ak_error_new();
        ak_client *client = host_client(fault_url(server));
        host_set_text(client, AK_CLIENT_CA_FILE, fault_tls_path(server, FAULT_CA_FILE));
        if (certificate) {
            host_set_text(client, AK_CLIENT_CERT_FILE, fault_tls_path(server, FAULT_CLIENT_CERTIFICATE_FILE));
            host_set_text(client, AK_CLIENT_KEY_FILE, fault_tls_path(server, FAULT_CLIENT_KEY_FILE));
        }
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_client_free(client);
        uint64_t requests = fault_count(server, FAULT_REQUESTS);
        client = host_client(fault_url(server)); /* trusting somebody else */
        host_set_text(client, AK_CLIENT_CA_FILE, fault_tls_path(other, FAULT_CA_FILE));
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_E_TLS);
        assert_true(host_error_has(err, AK_ERROR_MESSAGE, fault_tls_path(other, FAULT_CA_FILE)));
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
        assert_int_equal(fault_count(server, FAULT_REQUESTS), requests);
        ak_client_free(client);
        ak_error_free(err);
        fault_stop(other);
        fault_stop(server);
    }
}

/* The default action of SIGPIPE would end this process. */
static void no_sigpipe(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    size_t size = 4 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    for (int i = 0; i < 6; i++) {
        fault_script *script = fault_script_new();
        if (i % 2) {
            fault_tls_on(script, NULL);
        }
        fault_on_request(script);
        fault_read_head_only(script);
        fault_reset(script);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        if (i % 2) {
            host_set_text(client, AK_CLIENT_CA_FILE, fault_tls_path(server, FAULT_CA_FILE));
        }
        host_call host = host_new(client, AK_OP_RUN);
        assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, text, size, NULL), AK_OK);
        assert_int_equal(host_end(&host, NULL), AK_E_NETWORK);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
    free(text);
}

static void a_unix_socket(void **state) {
    (void)state;
    char path[64], url[96];
    snprintf(path, sizeof path, "/tmp/ak-test-%ld.sock", (long)getpid());
    snprintf(url, sizeof url, "unix://%s", path);
    fault_script *script = fault_script_new();
    fault_listen_unix(script, path);
    always_ok(script);
    fault_server *server = start(script);
    ak_client *client = host_client(url);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    fault_stop(server);
    unlink(path);
    client = host_client(url);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_CONNECT);
    ak_client_free(client);
}

static void nobody_there(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "connect"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    ak_client_free(client);
    fault_stop(server);
    client = host_client("http://no-such-host.invalid");
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_RESOLVE);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "resolve"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    ak_client_free(client);
    ak_error_free(err);
}

/* Out of descriptors is told from "cannot connect", wherever the last one goes; afterwards all is as before. */
static void out_of_descriptors(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_listen_refuse(script); /* takes no descriptors of its own per connection */
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_CONNECT);
    int probe = dup(0);
    assert_true(probe >= 0);
    close(probe);
    struct rlimit none = {.rlim_cur = (rlim_t)probe, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    ak_status status = host_run(client, AK_OP_HEALTH, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, AK_E_DESCRIPTORS);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_CONNECT);
    ak_client_free(client);
    fault_stop(server);
}

static void many_calls_one_after_another(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    always_ok(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    /* The server's ends count here too. */
    assert_true(host_pools() || fault_await(server, FAULT_ENDED, 1, HOST_WAIT_MS));
    size_t before = host_descriptors();
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    }
    if (host_pools()) {
        assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 1);
    } else {
        assert_true(fault_await(server, FAULT_ENDED, 2001, HOST_WAIT_MS));
    }
    assert_int_equal(host_descriptors(), before);
    ak_client_free(client);
    fault_stop(server);
}

/* One thread waits on two hundred calls at once; the server answers none before it has all. */
static void many_calls_in_flight(void **state) {
    (void)state;
    enum { COUNT = 200 };
    struct rlimit before, more;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    more = before;
    more.rlim_cur = more.rlim_max < 8192 ? more.rlim_max : 8192; /* five per call and the server's ends */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_release(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    ak_call *calls[COUNT];
    struct pollfd entries[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ak_call_new(client, AK_OP_HEALTH, &calls[i], NULL), AK_OK);
        assert_int_equal(ak_call_step(calls[i], NULL), AK_AGAIN);
        entries[i] = (struct pollfd){.fd = ak_call_fd(calls[i]), .events = POLLIN};
    }
    size_t done = 0;
    bool released = false;
    int64_t end = fault_now_ms() + HOST_WAIT_MS;
    while (done < COUNT && fault_now_ms() < end) {
        poll(entries, COUNT, 20);
        for (size_t i = 0; i < COUNT; i++) {
            if (entries[i].fd >= 0 && entries[i].revents) {
                ak_status status = ak_call_step(calls[i], NULL);
                assert_true(status == AK_AGAIN || status == AK_ITEM || status == AK_DONE);
                if (status == AK_ITEM && ak_call_step(calls[i], NULL) == AK_DONE) {
                    entries[i].fd = -1;
                    done++;
                }
            }
        }
        if (!released && fault_count(server, FAULT_WAITING) == COUNT) {
            assert_int_equal(done, 0);
            fault_release(server, FAULT_ALWAYS);
            released = true;
        }
    }
    assert_int_equal(done, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        ak_call_free(calls[i]);
    }
    ak_client_free(client);
    fault_stop(server);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define THREADS 50
#define CALLS 20

typedef struct {
    ak_client *client;
    atomic_int good;
} crowd;

static void *call_often(void *data) {
    crowd *all = data;
    for (int i = 0; i < CALLS; i++) {
        if (host_run(all->client, AK_OP_HEALTH, NULL) == AK_DONE) {
            atomic_fetch_add(&all->good, 1);
        }
    }
    return NULL;
}

static void many_threads(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    always_ok(script);
    fault_server *server = start(script);
    crowd all = {.client = host_client(fault_url(server))};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &all), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&all.good), THREADS * CALLS);
    assert_int_equal(fault_count(server, FAULT_COMPLETE), THREADS * CALLS);
    ak_client_free(all.client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_kept_alive_connection),
        cmocka_unit_test(no_environment_proxy_for_loopback),
        cmocka_unit_test(tls),
        cmocka_unit_test(no_sigpipe),
        cmocka_unit_test(a_unix_socket),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(out_of_descriptors),
        cmocka_unit_test(many_calls_one_after_another),
        cmocka_unit_test(many_calls_in_flight),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
