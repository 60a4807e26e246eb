/* test_fault_listen.c: where the server listens, ports that refuse or never accept, and scripts that cannot start. */
#include "test_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static fault_script *one_reply(void) {
    fault_script *script = client_script();
    fault_times(script, FAULT_ALWAYS);
    fault_text(script, OK_REPLY);
    fault_close(script);
    return script;
}

static void ask_once(fault_server *server) {
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd, OK_REPLY), 0);
    close(fd);
}

static void listens_on_tcp(void **state) {
    (void)state;
    char url[64];
    fault_server *server = client_server(one_reply());
    unsigned port = fault_port(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    assert_string_equal(fault_url(server), url);
    assert_null(fault_unix_path(server));
    assert_null(fault_tls_path(server, FAULT_CA_FILE));
    ask_once(server);
    fault_stop(server);
    fault_script *script = one_reply(); /* the same port again, as a server that was restarted */
    fault_listen_tcp(script, "127.0.0.1", port);
    server = client_server(script);
    assert_int_equal(fault_port(server), port);
    ask_once(server);
    fault_stop(server);
}

static void listens_on_ipv6(void **state) {
    (void)state;
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool here = probe >= 0 && access("/proc/net/if_inet6", R_OK) == 0;
    if (probe >= 0) {
        close(probe);
    }
    if (!here) {
        skip();
    }
    fault_script *script = one_reply();
    fault_listen_tcp(script, "::1", 0);
    fault_server *server = client_server(script);
    assert_true(strncmp(fault_url(server), "http://[::1]:", 13) == 0);
    ask_once(server);
    fault_stop(server);
}

static void make_path(char *folder, char *path, size_t cap) {
    assert_non_null(mkdtemp(folder));
    assert_true((size_t)snprintf(path, cap, "%s/s", folder) < cap);
}

static void listens_on_a_unix_socket(void **state) {
    (void)state;
    char folder[] = "/tmp/ak-fault-test-XXXXXX";
    char path[64];
    make_path(folder, path, sizeof path);
    fault_script *script = one_reply();
    fault_listen_unix(script, path);
    fault_server *server = client_server(script);
    assert_string_equal(fault_url(server), "http://localhost");
    assert_string_equal(fault_unix_path(server), path);
    assert_int_equal(fault_port(server), 0);
    ask_once(server);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_int_equal(connection.client_end, FAULT_CLIENT_FIN);
    fault_stop(server);
    assert_int_equal(rmdir(folder), 0); /* the socket's file is gone */
}

static void a_unix_client_that_leaves_is_noticed(void **state) {
    (void)state;
    char folder[] = "/tmp/ak-fault-test-XXXXXX";
    char path[64];
    make_path(folder, path, sizeof path);
    fault_script *script = fault_script_new();
    fault_listen_unix(script, path);
    fault_on_request(script);
    fault_wait_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_true(fault_await(server, FAULT_COMPLETE, 1, CLIENT_WAIT_MS));
    assert_true(fault_count(server, FAULT_CLIENT_ENDED) == 0);
    close(fd);
    assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, CLIENT_WAIT_MS));
    fault_stop(server);
    assert_int_equal(rmdir(folder), 0);
}

static void refuses(void **state) {
    (void)state;
    char folder[] = "/tmp/ak-fault-test-XXXXXX";
    char path[64];
    int fd;
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *server = client_server(script);
    assert_true(fault_port(server) > 0);
    assert_int_equal(client_try_connect(server, CLIENT_WAIT_MS, &fd), ECONNREFUSED);
    close(fd);
    fault_stop(server);
    make_path(folder, path, sizeof path);
    script = fault_script_new();
    fault_listen_unix(script, path);
    fault_listen_refuse(script);
    server = client_server(script);
    assert_int_equal(client_try_connect(server, CLIENT_WAIT_MS, &fd), ECONNREFUSED);
    close(fd);
    fault_stop(server);
    assert_int_equal(rmdir(folder), 0);
}

static void never_accepts(void **state) {
    (void)state;
    int fd;
    fault_script *script = one_reply();
    fault_listen_full(script, -1);
    fault_server *server = client_server(script);
    assert_int_equal(client_try_connect(server, 2500, &fd), -1); /* two more SYNs were sent by then */
    close(fd);
    assert_true(fault_count(server, FAULT_CONNECTIONS) == 0);
    fault_stop(server);
}

static void accepts_late(void **state) {
    (void)state;
    int fd;
    fault_script *script = one_reply();
    fault_listen_full(script, 300);
    int64_t before = fault_now_ms();
    fault_server *server = client_server(script);
    assert_int_equal(client_try_connect(server, CLIENT_WAIT_MS, &fd), 0);
    assert_true(fault_now_ms() - before >= 299);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd, OK_REPLY), 0);
    close(fd);
    fault_connection connection; /* what filled the queue is not in the log */
    assert_true(fault_connection_at(server, 0, &connection));
    assert_int_equal(connection.requests, 1);
    assert_true(fault_count(server, FAULT_CONNECTIONS) == 1);
    fault_stop(server);
}

/* ---- Scripts that cannot start ---- */

static void no_rule(fault_script *script) {
    fault_text(script, "x");
}

static void step_after_the_end(fault_script *script) {
    fault_on_request(script);
    fault_close(script);
    fault_text(script, "x");
}

static void read_twice(fault_script *script) {
    fault_on_request(script);
    fault_read_body(script);
}

static void request_at_accept(fault_script *script) {
    fault_on_accept(script);
    fault_only_method(script, "GET");
}

static void open_loop(fault_script *script) {
    fault_on_request(script);
    fault_loop_begin(script, 2);
}

static void stray_loop_end(fault_script *script) {
    fault_on_request(script);
    fault_loop_end(script);
}

static void deep_loops(fault_script *script) {
    fault_on_request(script);
    for (int i = 0; i < 9; i++) {
        fault_loop_begin(script, 2);
    }
}

static void empty_chunk(fault_script *script) {
    fault_on_request(script);
    fault_chunk(script, "", 0);
}

static void empty_repeat(fault_script *script) {
    fault_on_request(script);
    fault_repeat(script, "", 0, 1);
}

static void long_status(fault_script *script) {
    fault_on_request(script);
    fault_reply_json(script, 2000, "{}");
}

static void stream_of_length(fault_script *script) {
    fault_on_request(script);
    fault_sse_begin(script, FAULT_LENGTH);
}

static void foreign_address(fault_script *script) {
    fault_listen_tcp(script, "0.0.0.0", 0);
}

static void large_port(fault_script *script) {
    fault_listen_tcp(script, NULL, 65536);
}

static void missing_folder(fault_script *script) {
    fault_listen_unix(script, "/nonexistent/folder/socket");
}

static void says_why_a_script_cannot_start(void **state) {
    (void)state;
    static const struct {
        void (*build)(fault_script *script);
        const char *why;
    } cases[] = {
        {no_rule, "before the first rule"},
        {step_after_the_end, "after the end"},
        {read_twice, "read before the steps"},
        {request_at_accept, "accepted connections"},
        {open_loop, "no end"},
        {stray_loop_end, "not begun"},
        {deep_loops, "8 deep"},
        {empty_chunk, "last chunk"},
        {empty_repeat, "repeat of nothing"},
        {long_status, "three digits"},
        {stream_of_length, "chunked or lasts"},
        {foreign_address, "no loopback"},
        {large_port, "65535"},
        {missing_folder, "bind: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[256] = "";
        fault_script *script = fault_script_new();
        cases[i].build(script);
        assert_null(fault_start_or_say(script, why, sizeof why));
        assert_non_null(strstr(why, cases[i].why));
    }
    char why[256];
    assert_null(fault_start_or_say(NULL, why, sizeof why));
    fault_server *taken = client_server(one_reply());
    fault_script *script = one_reply();
    fault_listen_tcp(script, NULL, fault_port(taken));
    assert_null(fault_start_or_say(script, why, sizeof why));
    assert_non_null(strstr(why, "bind: "));
    fault_stop(taken);
    fault_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_on_tcp),
        cmocka_unit_test(listens_on_ipv6),
        cmocka_unit_test(listens_on_a_unix_socket),
        cmocka_unit_test(a_unix_client_that_leaves_is_noticed),
        cmocka_unit_test(refuses),
        cmocka_unit_test(never_accepts),
        cmocka_unit_test(accepts_late),
        cmocka_unit_test(says_why_a_script_cannot_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
