/* test_fault_log.c: which rule answers what, what is remembered of requests, and many connections at once. */
#include "test_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Rules ---- */

static void answers_in_order_over_any_connections(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_text(script, "one");
    fault_on_request(script);
    fault_times(script, 2);
    fault_text(script, "two");
    fault_server *server = client_server(script);
    int first = client_connect(server);
    int second = client_connect(server);
    client_text(first, GET);
    client_expect(first, "one");
    client_text(second, GET);
    client_expect(second, "two");
    client_text(first, GET GET); /* pipelined */
    client_expect(first, "twoHTTP/1.1 500 No Rule\r\n");
    assert_true(fault_count(server, FAULT_UNMATCHED) == 1);
    assert_true(fault_count(server, FAULT_REQUESTS) == 4);
    static const size_t CONNECTIONS[] = {0, 1, 0, 0};
    static const size_t INDEXES[] = {0, 0, 1, 2};
    static const long RULES[] = {0, 1, 1, -1};
    for (size_t i = 0; i < 4; i++) {
        const fault_request *request = fault_request_at(server, i);
        assert_non_null(request);
        assert_int_equal(request->connection, CONNECTIONS[i]);
        assert_int_equal(request->index, INDEXES[i]);
        assert_int_equal(request->rule, RULES[i]);
    }
    assert_null(fault_request_at(server, 4));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_int_equal(connection.requests, 3);
    assert_false(fault_connection_at(server, 2, &connection));
    close(first);
    close(second);
    fault_stop(server);
}

static void routes_by_what_the_request_is(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_only_method(script, "DELETE");
    fault_text(script, "method");
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_only_target(script, "/a?b");
    fault_text(script, "target");
    fault_on_request(script);
    fault_only_connection(script, 1);
    fault_only_request(script, 1);
    fault_text(script, "place");
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_text(script, "rest");
    fault_server *server = client_server(script);
    int first = client_connect(server);
    client_text(first, GET "GET /a?b HTTP/1.1\r\n\r\nGET /a?bc HTTP/1.1\r\n\r\nGET /a?b HTTP/1.1\r\n\r\n");
    client_expect(first, "resttargetresttarget");
    int second = client_connect(server);
    client_text(second, GET GET "DELETE / HTTP/1.1\r\n\r\nDELETE / HTTP/1.1\r\n\r\n");
    client_expect(second, "restplacemethodrest");
    close(first);
    close(second);
    fault_stop(server);
}

/* ---- Requests ---- */

static void remembers_exact_bytes(void **state) {
    (void)state;
    static const char HEAD[] =
        "POST /x%20y HTTP/1.1\r\nhost: a\r\nX-A:  1 \r\nx-a: 2\r\nEmpty:\r\nContent-Length: 6\r\n\r\n";
    static const char BODY[] = "a\0\xff\r\nb";
    fault_script *script = client_script();
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, HEAD);
    client_send(fd, BODY, sizeof BODY - 1);
    client_expect(fd, OK_REPLY);
    const fault_request *request = fault_request_at(server, 0);
    assert_non_null(request);
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/x%20y");
    assert_int_equal(request->head_len, sizeof HEAD - 1);
    assert_int_equal(request->raw_len, sizeof HEAD - 1 + sizeof BODY - 1);
    assert_memory_equal(request->raw, HEAD, sizeof HEAD - 1);
    assert_int_equal(request->body_len, sizeof BODY - 1);
    assert_int_equal(request->body_total, sizeof BODY - 1);
    assert_memory_equal(request->body, BODY, sizeof BODY - 1);
    assert_true(request->complete && !request->malformed);
    assert_true(request->end_ms >= request->head_ms && request->head_ms > 0);
    assert_true(fault_header_is(request, "HOST", "a"));
    assert_true(fault_header_is(request, "x-A", "1"));
    assert_true(fault_header_is(request, "empty", ""));
    assert_false(fault_header_is(request, "X", "1"));
    assert_int_equal(fault_header_count(request, "X-a"), 2);
    assert_int_equal(fault_header_count(request, "nope"), 0);
    assert_false(fault_body_is(request, "a"));
    close(fd);
    fault_stop(server);
}

static void takes_chunked_bodies_apart(void **state) {
    (void)state;
    static const char REQUEST[] = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
                                  "5\r\nhello\r\n1;name=value\r\n,\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n";
    fault_script *script = client_script();
    fault_times(script, 2);
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, REQUEST);
    client_expect(fd, OK_REPLY);
    for (size_t i = 0; REQUEST[i]; i++) { /* and byte by byte */
        client_send(fd, REQUEST + i, 1);
    }
    client_expect(fd, OK_REPLY);
    for (size_t i = 0; i < 2; i++) {
        const fault_request *request = fault_request_at(server, i);
        assert_non_null(request);
        assert_true(request->complete);
        assert_true(fault_body_is(request, "hello,0123456789"));
        assert_int_equal(request->body_total, 16);
        assert_int_equal(request->raw_len, sizeof REQUEST - 1);
        assert_memory_equal(request->raw, REQUEST, sizeof REQUEST - 1);
    }
    close(fd);
    fault_stop(server);
}

static void marks_what_is_malformed_or_unfinished(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool malformed;
    } cases[] = {
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", true},
        {"POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n", true},
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", false},
        {"POST / HT", false},
    };
    fault_script *script = client_script();
    fault_times(script, FAULT_ALWAYS);
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = client_connect(server);
        client_text(fd, cases[i].text);
        shutdown(fd, SHUT_WR);
        assert_int_equal(client_expect_all(fd, ""), 0);
        close(fd);
        assert_true(fault_await(server, FAULT_ENDED, i + 1, CLIENT_WAIT_MS));
        const fault_request *request = fault_request_at(server, i);
        assert_non_null(request);
        assert_false(request->complete);
        assert_int_equal(request->malformed, cases[i].malformed);
        const char *blank = strstr(cases[i].text, "\r\n\r\n");
        assert_int_equal(request->head_len, blank ? blank + 4 - cases[i].text : 0);
        assert_memory_equal(request->raw, cases[i].text, request->raw_len);
        assert_true(cases[i].malformed || request->raw_len == strlen(cases[i].text));
    }
    assert_true(fault_count(server, FAULT_COMPLETE) == 0);
    fault_stop(server);
}

static void refuses_an_endless_head(void **state) {
    (void)state;
    fault_server *server = client_server(fault_script_new());
    int fd = client_connect(server);
    client_text(fd, "GET / HTTP/1.1\r\n");
    client_send_until_full(fd, (size_t)4 << 20, CLIENT_WAIT_MS);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    close(fd);
    assert_true(fault_request_at(server, 0)->malformed);
    fault_stop(server);
}

static void keeps_so_much_and_counts_all(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_keep(script, 10);
    fault_on_request(script);
    fault_times(script, 2);
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, "POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\nhello, world");
    client_expect(fd, OK_REPLY);
    client_text(fd, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhello, \r\n5\r\nworld\r\n0\r\n\r\n");
    client_expect(fd, OK_REPLY);
    for (size_t i = 0; i < 2; i++) {
        const fault_request *request = fault_request_at(server, i);
        assert_true(fault_body_is(request, "hello, wor"));
        assert_int_equal(request->body_total, 12);
        assert_int_equal(request->raw_len, request->head_len + 10);
        assert_true(request->complete);
    }
    close(fd);
    fault_stop(server);
}

/* ---- Many at once ---- */

enum { MANY = 300 };

static void serves_many_connections_at_once(void **state) {
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    rlim_t before = files.rlim_cur;
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    fault_script *script = client_script();
    fault_only_connection(script, 7);
    fault_wait_release(script);
    fault_text(script, "seventh");
    fault_close(script);
    fault_on_request(script);
    fault_times(script, MANY - 1);
    fault_wait_release(script);
    fault_text(script, OK_REPLY);
    fault_close(script);
    fault_server *server = client_server(script);
    int fds[MANY];
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = client_connect(server);
        client_text(fds[i], GET);
    }
    assert_true(fault_await(server, FAULT_WAITING, MANY, CLIENT_WAIT_MS));
    fault_release(server, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(client_expect_all(fds[i], i == 7 ? "seventh" : OK_REPLY), 0);
        close(fds[i]);
    }
    assert_true(fault_await(server, FAULT_ENDED, MANY, CLIENT_WAIT_MS));
    assert_true(fault_count(server, FAULT_UNMATCHED) == 0);
    fault_stop(server);
    files.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static void a_permit_lets_exactly_one_pass(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_times(script, FAULT_ALWAYS);
    fault_wait_release(script);
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    int fds[10];
    for (size_t i = 0; i < 10; i++) {
        fds[i] = client_connect(server);
        client_text(fds[i], GET);
    }
    assert_true(fault_await(server, FAULT_WAITING, 10, CLIENT_WAIT_MS));
    fault_release(server, 4);
    assert_true(fault_await(server, FAULT_SENT_BYTES, 4 * strlen(OK_REPLY), CLIENT_WAIT_MS));
    assert_false(fault_await(server, FAULT_SENT_BYTES, 4 * strlen(OK_REPLY) + 1, 100));
    assert_true(fault_count(server, FAULT_WAITING) == 6);
    for (size_t i = 0; i < 10; i++) {
        close(fds[i]);
    }
    fault_stop(server);
}

/* ---- Good manners ---- */

static volatile sig_atomic_t signals_seen;

static void count_signal(int number) {
    (void)number;
    signals_seen++;
}

static void raises_no_sigpipe_and_says_what_broke(void **state) {
    (void)state;
    struct sigaction counting = {.sa_handler = count_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGPIPE, &counting, &before), 0);
    fault_script *script = client_script();
    fault_text(script, "all");
    fault_wait_close(script);
    fault_text(script, "the client resets");
    fault_text(script, "and this write meets the reset");
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, "all");
    close(fd);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_int_equal(connection.client_end, FAULT_CLIENT_FIN); /* what it did first */
    assert_string_equal(connection.error, "Broken pipe");
    assert_int_equal(signals_seen, 0);
    fault_stop(server);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

enum { MOST_DESCRIPTORS = 1024 };

static void list_descriptors(bool open[MOST_DESCRIPTORS]) {
    for (int fd = 0; fd < MOST_DESCRIPTORS; fd++) {
        open[fd] = fcntl(fd, F_GETFD) >= 0;
    }
}

static void leaks_no_descriptor(void **state) {
    (void)state;
    bool before[MOST_DESCRIPTORS];
    bool after[MOST_DESCRIPTORS];
    list_descriptors(before);
    for (int round = 0; round < 3; round++) {
        fault_script *script = fault_script_new();
        fault_tls_on(script, NULL);
        fault_server *server = client_server(script);
        int fd = client_connect(server);
        assert_true(fault_await(server, FAULT_CONNECTIONS, 1, CLIENT_WAIT_MS));
        size_t opened = 0;
        for (int i = 0; i < MOST_DESCRIPTORS; i++) {
            int flags = fcntl(i, F_GETFD);
            opened += flags >= 0 && !before[i] ? 1 : 0;
            assert_true(flags < 0 || before[i] || (flags & FD_CLOEXEC));
        }
        assert_int_equal(opened, 5); /* the client's; listener, connection, stop and release */
        close(fd);
        fault_stop(server);
    }
    list_descriptors(after);
    assert_memory_equal(before, after, sizeof before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_in_order_over_any_connections),
        cmocka_unit_test(routes_by_what_the_request_is),
        cmocka_unit_test(remembers_exact_bytes),
        cmocka_unit_test(takes_chunked_bodies_apart),
        cmocka_unit_test(marks_what_is_malformed_or_unfinished),
        cmocka_unit_test(refuses_an_endless_head),
        cmocka_unit_test(keeps_so_much_and_counts_all),
        cmocka_unit_test(serves_many_connections_at_once),
        cmocka_unit_test(a_permit_lets_exactly_one_pass),
        cmocka_unit_test(raises_no_sigpipe_and_says_what_broke),
        cmocka_unit_test(leaks_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
