/*
 * Connections: kept-alive ones that died, Unix sockets, and many calls at once.
 */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/* ---- kept-alive connections that are no more ----------------------------------------------------------------------
 */

typedef enum { BY_RESET, BY_CLOSE, IN_STATUS_LINE, ENDS } end_of_second;

/* The server takes the second request on a kept-alive connection and ends it without an answer. What may have run is
 * not repeated; what changes nothing is, once. */
static void a_dead_kept_alive_connection(void **state) {
    (void)state;
    static const struct {
        int32_t operation;
        ak_status code;
    } rows[] = {{AK_OP_RUN, AK_E_NETWORK},
                {AK_OP_RUN_STREAM, AK_E_NETWORK},
                {AK_OP_EXEC_IN_SANDBOX, AK_E_NETWORK},
                {AK_OP_CREATE_SANDBOX, AK_E_NETWORK},
                {AK_OP_REMOVE_SANDBOX, AK_E_NETWORK},
                {AK_OP_HEALTH, AK_DONE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] * ENDS; i++) {
        int32_t operation = rows[i / ENDS].operation;
        ak_status code = rows[i / ENDS].code;
        end_of_second end = (end_of_second)(i % ENDS);
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_reply_json(script, 200, OK_REPLY);
        fault_on_request(script);
        fault_only_connection(script, 0);
        if (end == IN_STATUS_LINE) {
            fault_text(script, "HTTP/1.1 ");
        }
        if (end == BY_CLOSE) {
            fault_close(script);
        } else {
            fault_reset(script);
        }
        always_ok(script);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_set_int(client, AK_CLIENT_MAX_IDLE, 4); /* also where others run without a pool */
        ak_error *err = ak_error_new();
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_status status = host_run(client, operation, err);
        assert_int_equal(status, code);
        assert_int_equal(fault_count(server, FAULT_REQUESTS), code == AK_DONE ? 3 : 2);
        if (code != AK_DONE) {
            assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
            assert_true(host_error_has(err, AK_ERROR_MESSAGE, "was not repeated"));
        }
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_error_free(err);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* A server that resets every request gets one that changes nothing twice, not again and again. */
static void repeated_once(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reset(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_IDLE, 4);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_NETWORK);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 3);
    ak_client_free(client);
    fault_stop(server);
}

enum { IDLE_COUNT = 70 }; /* more than one look of the sweep covers */

/* Leaves that many connections idle. */
static void fill_pool(ak_client *client, fault_server *server) {
    host_call calls[IDLE_COUNT];
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        calls[i] = host_new(client, AK_OP_HEALTH);
        host_until(&calls[i], server, FAULT_WAITING, i + 1);
    }
    fault_release(server, IDLE_COUNT);
    for (size_t i = 0; i < IDLE_COUNT; i++) {
        assert_int_equal(host_end(&calls[i], NULL), AK_DONE);
        host_free(&calls[i]);
    }
}

/* How many of this process's sockets connected to that port wait for us to close them. */
static size_t in_close_wait(unsigned port) {
    size_t count = 0;
    for (int fd = 0; fd < 4096; fd++) {
        struct sockaddr_in peer = {0};
        struct tcp_info info = {0};
        socklen_t peer_len = sizeof peer, info_len = sizeof info;
        if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) == 0 &&
            info.tcpi_state == TCP_CLOSE_WAIT) {
            count++;
        }
    }
    return count;
}

static void await_close_wait(unsigned port, size_t count) {
    int64_t end = fault_now_ms() + HOST_WAIT_MS;
    while (in_close_wait(port) < count && fault_now_ms() < end) {
        poll(NULL, 0, 1);
    }
    assert_int_equal(in_close_wait(port), count);
}

/* Closed while idle, and noticed: every operation works on a new connection, sent once. Nothing stays half closed. */
static void closed_while_idle(void **state) {
    (void)state;
    for (size_t i = 0; ak_operation_at(i); i++) {
        int32_t operation = ak_operation_at(i);
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_reply_json(script, 200, OK_REPLY);
        fault_close(script);
        fault_on_request(script);
        fault_reply_json(script, 401, "{\"success\":false,\"error\":\"arrived\"}");
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_set_int(client, AK_CLIENT_MAX_IDLE, 4);
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        await_close_wait(fault_port(server), 1);
        assert_int_equal(host_run(client, operation, NULL), AK_E_UNAUTHORIZED);
        assert_int_equal(fault_count(server, FAULT_REQUESTS), 2);
        assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 2);
        ak_client_free(client);
        fault_stop(server);
    }
}

static void nothing_rests_half_closed(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_release(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = start(script);
    unsigned port = fault_port(server);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_IDLE, IDLE_COUNT);
    fill_pool(client, server);
    fault_stop(server);
    await_close_wait(port, IDLE_COUNT);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_CONNECT);
    assert_int_equal(in_close_wait(port), 0);
    ak_client_free(client);
}

/* ---- after the end ------------------------------------------------------------------------------------------------
 */

static const struct {
    int32_t operation;
    const char *reply; /* NULL: none */
    ak_status code;
} after_the_end[] = {
    {AK_OP_HEALTH, "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n" OK_REPLY, AK_DONE},
    {AK_OP_HEALTH, "HTTP/1.1 200 OK\r\nContent-Length: 28\r\nConnection: close\r\n\r\n" OK_REPLY, AK_DONE},
    {AK_OP_HEALTH, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", AK_E_PROTOCOL},
    {AK_OP_HEALTH, "HTTP/1.", AK_E_TIMEOUT},
    {AK_OP_HEALTH, "no HTTP\r\n\r\n", AK_E_PROTOCOL},
    {AK_OP_HEALTH, NULL, AK_E_TIMEOUT},
    {AK_OP_HEALTH, NULL, AK_E_CANCELLED},
    {AK_OP_RUN_STREAM, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: done\ndata: {}\n\nmore",
     AK_DONE},
    {AK_OP_RUN_STREAM, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: do", AK_E_CANCELLED},
};

/* The descriptor stays readable until the call is freed, so that who begins to wait too late does not hang. */
static void readable_after_the_end(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof after_the_end / sizeof after_the_end[0]; i++) {
        fault_script *script = fault_script_new();
        fault_on_request(script);
        if (after_the_end[i].reply) {
            fault_text(script, after_the_end[i].reply);
        }
        fault_wait_close(script);
        fault_server *server = start(script);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, after_the_end[i].operation);
        if (after_the_end[i].code == AK_E_TIMEOUT) {
            assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, 100, NULL), AK_OK);
        }
        if (after_the_end[i].code == AK_E_CANCELLED) {
            host_until(&host, server, FAULT_COMPLETE, 1);
            ak_call_cancel(host.call);
        }
        ak_status status = host_end(&host, NULL);
        struct pollfd entry = {.fd = ak_call_fd(host.call), .events = POLLIN};
        for (int look = 0; look < 3; look++) {
            if (status != after_the_end[i].code || poll(&entry, 1, 0) != 1) {
                fail_msg("%zu: status %d, revents %d", i, (int)status, entry.revents);
            }
            status = ak_call_step(host.call, NULL);
        }
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* As many as asked for are kept, and no more. */
static void max_idle(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_release(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_MAX_IDLE, IDLE_COUNT - 3);
    fill_pool(client, server);
    assert_true(fault_await(server, FAULT_ENDED, 3, HOST_WAIT_MS));
    fault_release(server, FAULT_ALWAYS);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), IDLE_COUNT);
    assert_int_equal(fault_count(server, FAULT_ENDED), 3);
    ak_client_free(client);
    fault_stop(server);
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
    ak_error *err = ak_error_new();
    assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_E_CONNECT);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, url));
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "No such file or directory"));
    ak_error_free(err);
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
    ak_error_free(err);
}

/* In the place of libc's, for libcurl: nobody listens on the default port, whatever else runs on this machine.
 * __extension__: glibc declares it with a type of its own, at which gcc is pedantic. */
__extension__ __attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address,
                                                                 socklen_t len) {
    struct sockaddr_in to = {0}; /* an IPv6 address has its port in the same place */
    memcpy(&to, address, len < sizeof to ? len : sizeof to);
    if ((to.sin_family == AF_INET || to.sin_family == AF_INET6) && ntohs(to.sin_port) == 18888) {
        errno = ECONNREFUSED;
        return -1;
    }
    return (int)syscall(SYS_connect, fd, address, len);
}

/* Who set no URL hears how to get a server; who did knows better. */
static void nobody_at_the_default_url(void **state) {
    (void)state;
    static const char advice[] = "; start agentkernel-local, or set the base URL to \"local:\"";
    static const struct {
        const char *url, *proxy;
        bool advised;
    } rows[] = {{"", "", true},
                {"http://localhost:18888", "", false},
                {"http://127.0.0.1:18888", "", false},
                {"", "http://127.0.0.1:18888", false}};
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ak_client *client = host_client(rows[i].url);
        host_set_text(client, AK_CLIENT_PROXY, rows[i].proxy);
        assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT);
        assert_true(host_error_has(err, AK_ERROR_MESSAGE, "18888"));
        assert_int_equal(host_error_has(err, AK_ERROR_MESSAGE, advice), rows[i].advised);
        ak_client_free(client);
    }
    setenv("AGENTKERNEL_BASE_URL", "http://localhost:18888", 1);
    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT);
    assert_false(host_error_has(err, AK_ERROR_MESSAGE, advice));
    unsetenv("AGENTKERNEL_BASE_URL");
    ak_client_free(client);
    ak_error_free(err);
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
        cmocka_unit_test(repeated_once),
        cmocka_unit_test(closed_while_idle),
        cmocka_unit_test(nothing_rests_half_closed),
        cmocka_unit_test(readable_after_the_end),
        cmocka_unit_test(max_idle),
        cmocka_unit_test(a_unix_socket),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(nobody_at_the_default_url),
        cmocka_unit_test(many_calls_one_after_another),
        cmocka_unit_test(many_calls_in_flight),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
