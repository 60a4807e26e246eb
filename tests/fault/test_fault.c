/* test_fault.c: each kind of step, and what the server remembers, seen through bare sockets. */
#include "test_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fault_script *on_request(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    return script;
}

static fault_script *on_accept(void) {
    fault_script *script = fault_script_new();
    fault_on_accept(script);
    return script;
}

static fault_connection connection_at(fault_server *server, size_t index) {
    fault_connection connection;
    assert_true(fault_connection_at(server, index, &connection));
    return connection;
}

/* ---- Sending ---- */

static void sends_exact_bytes(void **state) {
    (void)state;
    static const char BYTES[] = "\0\xff\r\n\0 not HTTP at all";
    fault_script *script = on_request();
    fault_send(script, BYTES, sizeof BYTES);
    fault_send(script, "", 0);
    fault_text(script, "end");
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    char got[100];
    size_t len;
    client_text(fd, GET);
    assert_int_equal(client_read_all(fd, got, sizeof got, &len), 0);
    assert_int_equal(len, sizeof BYTES + 3);
    assert_memory_equal(got, BYTES, sizeof BYTES);
    assert_memory_equal(got + sizeof BYTES, "end", 3);
    close(fd);
    fault_stop(server);
}

static void waits_between_bytes(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_text(script, "a");
    fault_delay(script, 60);
    fault_text(script, "b");
    fault_send_pieces(script, "cde", 3, 1, 30);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, "a");
    int64_t after_a = fault_now_ms();
    client_expect(fd, "b");
    int64_t after_b = fault_now_ms();
    assert_true(after_b - after_a >= 50); /* the client may have seen "a" late */
    client_expect(fd, "cd");
    assert_int_equal(client_expect_all(fd, "e"), 0);
    assert_true(fault_now_ms() - after_a >= 110);
    close(fd);
    fault_stop(server);
}

static void builds_replies(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_reply_json(script, 409, "{\"a\":1}");
    fault_reply(script, 200, "Content-Type: x/y\r\nX: 1\r\nX: 2\r\n", "hello", 5, FAULT_CHUNKED);
    fault_reply(script, 503, "content-length: 7\r\n", "abc", 3, FAULT_LENGTH);
    fault_chunk(script, "0123456789abcdef", 16);
    fault_last_chunk(script);
    fault_reply(script, 299, NULL, NULL, 0, FAULT_UNTIL_CLOSE);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_int_equal(
        client_expect_all(fd, "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
                              "{\"a\":1}"
                              "HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nX: 1\r\nX: 2\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                              "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 7\r\n\r\nabc"
                              "10\r\n0123456789abcdef\r\n0\r\n\r\n"
                              "HTTP/1.1 299 Scripted\r\nConnection: close\r\n\r\n"),
        0);
    close(fd);
    fault_stop(server);
}

static void builds_event_streams(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{}");
    fault_sse_event(script, NULL, "two\nlines");
    fault_sse_end(script);
    fault_sse_begin(script, FAULT_UNTIL_CLOSE);
    fault_sse_event(script, "done", "");
    fault_sse_end(script);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd,
                                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"
                                       "18\r\nevent: output\ndata: {}\n\n\r\n"
                                       "17\r\ndata: two\ndata: lines\n\n\r\n0\r\n\r\n"
                                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                                       "event: done\ndata: \n\n"),
                     0);
    close(fd);
    fault_stop(server);
}

static long peak_memory_kib(void) {
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long peak = -1;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            peak = strtol(line + 6, NULL, 10);
        }
    }
    fclose(file);
    assert_true(peak > 0);
    return peak;
}

static void repeats_a_gibibyte_in_little_memory(void **state) {
    (void)state;
    enum { SIZE = 1 << 16 };
    fault_script *script = on_request();
    fault_repeat(script, "0123456789abcdef", 16, (uint64_t)1 << 26);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    char *block = malloc(SIZE);
    assert_non_null(block);
    uint64_t total = 0;
    bool exact = true;
    long before = peak_memory_kib();
    client_text(fd, GET);
    for (;;) {
        ssize_t n = read(fd, block, SIZE);
        if (n < 0 && errno == EAGAIN) {
            assert_true(client_wait(fd, POLLIN, CLIENT_WAIT_MS));
            continue;
        }
        if (n <= 0) {
            assert_int_equal(n, 0);
            break;
        }
        exact = exact && (unsigned char)block[0] == (unsigned char)"0123456789abcdef"[total % 16];
        total += (uint64_t)n;
    }
    assert_true(exact);
    assert_true(total == (uint64_t)1 << 30);
    assert_true(peak_memory_kib() - before < 65536);
    assert_true(fault_count(server, FAULT_SENT_BYTES) == total);
    free(block);
    close(fd);
    fault_stop(server);
}

static void loops(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_loop_begin(script, 2);
    fault_text(script, "a");
    fault_loop_begin(script, 3);
    fault_text(script, "b");
    fault_loop_end(script);
    fault_loop_end(script);
    fault_close(script);
    fault_on_request(script);
    fault_loop_begin(script, FAULT_ALWAYS);
    fault_text(script, "tick ");
    fault_delay(script, 1);
    fault_loop_end(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd, "abbbabbb"), 0);
    close(fd);
    fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, "tick tick tick tick ");
    close(fd);
    assert_true(fault_await(server, FAULT_ENDED, 2, CLIENT_WAIT_MS)); /* the endless loop ends with its client */
    fault_stop(server);
}

/* ---- Ends ---- */

static void closes_with_fin_though_the_body_was_not_read(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_read_head_only(script);
    fault_text(script, OK_REPLY);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, "POST / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n");
    assert_int_equal(client_send_until_full(fd, 200000, 100), 200000);
    assert_int_equal(client_expect_all(fd, OK_REPLY), 0);
    close(fd);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    const fault_request *request = fault_request_at(server, 0);
    assert_false(request->complete);
    assert_int_equal(request->end_ms, -1);
    fault_stop(server);
}

static void resets_after_the_client_can_have_everything(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_text(script, OK_REPLY);
    fault_reset(script);
    fault_on_request(script);
    fault_repeat(script, "x", 1, 2000000);
    fault_reset(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd, OK_REPLY), ECONNRESET);
    close(fd);
    fd = client_connect(server);
    client_text(fd, GET);
    char *got = malloc(2000001);
    size_t len;
    assert_non_null(got);
    assert_int_equal(client_read_all(fd, got, 2000001, &len), ECONNRESET);
    assert_int_equal(len, 2000000);
    free(got);
    close(fd);
    assert_int_equal(connection_at(server, 0).client_end, FAULT_CLIENT_OPEN);
    fault_stop(server);
}

static void ends_at_accept(void **state) {
    (void)state;
    fault_script *script = on_accept();
    fault_close(script);
    fault_on_accept(script);
    fault_reset(script);
    fault_on_accept(script);
    fault_wait_data(script);
    fault_reset(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    assert_int_equal(client_expect_all(fd, ""), 0);
    close(fd);
    fd = client_connect(server);
    assert_int_equal(client_expect_all(fd, ""), ECONNRESET);
    close(fd);
    fd = client_connect(server);
    client_expect_silence(fd, 50);
    client_text(fd, "GET");
    assert_int_equal(client_expect_all(fd, ""), ECONNRESET);
    close(fd);
    assert_true(fault_count(server, FAULT_REQUESTS) == 0);
    assert_true(fault_count(server, FAULT_CONNECTIONS) == 3);
    fault_stop(server);
}

static void speaks_before_it_is_asked(void **state) {
    (void)state;
    fault_script *script = on_accept();
    fault_text(script, OK_REPLY);
    fault_on_request(script);
    fault_text(script, "later");
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_expect(fd, OK_REPLY);
    client_text(fd, GET);
    assert_int_equal(client_expect_all(fd, "later"), 0);
    close(fd);
    fault_stop(server);
}

/* ---- Waits ---- */

static void waits_for_release(void **state) {
    (void)state;
    fault_script *script = on_request();
    for (int i = 0; i < 3; i++) {
        fault_text(script, "a");
        fault_wait_release(script);
    }
    fault_text(script, "b");
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, "a");
    assert_true(fault_await(server, FAULT_WAITING, 1, CLIENT_WAIT_MS));
    client_expect_silence(fd, 50);
    fault_release(server, 2); /* the second permit is there before its wait */
    client_expect(fd, "aa");
    client_expect_silence(fd, 50);
    fault_release(server, FAULT_ALWAYS);
    fault_release(server, FAULT_ALWAYS);
    assert_int_equal(client_expect_all(fd, "b"), 0);
    close(fd);
    assert_true(fault_count(server, FAULT_WAITING) == 0);
    fault_stop(server);
}

static void notices_how_and_when_the_client_ends(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_times(script, 2);
    fault_text(script, OK_REPLY);
    fault_wait_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, OK_REPLY);
    client_expect_silence(fd, 50); /* hangs: neither more bytes nor an end */
    int64_t before = fault_now_ms();
    assert_int_equal(connection_at(server, 0).client_end_ms, -1);
    close(fd);
    assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection = connection_at(server, 0);
    assert_int_equal(connection.client_end, FAULT_CLIENT_FIN);
    assert_true(connection.client_end_ms >= before && connection.client_end_ms <= fault_now_ms());
    assert_true(connection.accepted_ms <= before);
    fd = client_connect(server);
    client_text(fd, GET);
    client_expect(fd, "HTTP");
    close(fd); /* with unread bytes: the kernel resets */
    assert_true(fault_await(server, FAULT_CLIENT_ENDED, 2, CLIENT_WAIT_MS));
    assert_int_equal(connection_at(server, 1).client_end, FAULT_CLIENT_RESET);
    assert_true(fault_await(server, FAULT_ENDED, 2, CLIENT_WAIT_MS));
    assert_true(connection_at(server, 1).ended_ms >= connection_at(server, 1).client_end_ms);
    fault_stop(server);
}

static void notices_the_end_during_a_delay_and_a_release_wait(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_delay(script, 3600000);
    fault_on_request(script);
    fault_wait_release(script);
    fault_server *server = client_server(script);
    for (uint64_t i = 1; i <= 2; i++) {
        int fd = client_connect(server);
        client_text(fd, GET);
        assert_true(fault_await(server, FAULT_COMPLETE, i, CLIENT_WAIT_MS));
        close(fd);
        assert_true(fault_await(server, FAULT_CLIENT_ENDED, i, CLIENT_WAIT_MS));
    }
    fault_stop(server); /* ends both, long before the hour is over */
}

static void stops_in_the_middle_of_everything(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_delay(script, 3600000);
    fault_on_request(script);
    fault_wait_release(script);
    fault_on_request(script);
    fault_wait_close(script);
    fault_on_request(script);
    fault_repeat(script, "x", 1, FAULT_ALWAYS);
    fault_on_request(script);
    fault_loop_begin(script, FAULT_ALWAYS);
    fault_delay(script, 0);
    fault_loop_end(script);
    fault_on_request(script);
    fault_send_pieces(script, "ab", 2, 1, 3600000);
    fault_server *server = client_server(script);
    int fds[8];
    for (size_t i = 0; i < 6; i++) {
        fds[i] = client_connect(server);
        client_text(fds[i], GET);
        assert_true(fault_await(server, FAULT_REQUESTS, i + 1, CLIENT_WAIT_MS));
    }
    fds[6] = client_connect(server);
    client_text(fds[6], "GET / HT");
    fds[7] = client_connect(server);
    client_text(fds[7], "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    assert_true(fault_await(server, FAULT_CONNECTIONS, 8, CLIENT_WAIT_MS));
    int64_t before = fault_now_ms();
    fault_stop(server);
    assert_true(fault_now_ms() - before < CLIENT_WAIT_MS);
    for (size_t i = 0; i < 8; i++) {
        close(fds[i]);
    }
}

/* ---- Reading ---- */

static void stalls_and_then_reads_the_body(void **state) {
    (void)state;
    enum { SIZE = 8 << 20 };
    fault_script *script = on_request();
    fault_read_head_only(script);
    fault_wait_release(script);
    fault_read_bytes(script, 1000);
    fault_text(script, "1000");
    fault_wait_release(script);
    fault_read_body(script);
    fault_text(script, OK_REPLY);
    fault_buffers(script, 0, 4096);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, "POST /up HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n");
    size_t sent = client_send_until_full(fd, SIZE, 200);
    assert_true(sent < SIZE); /* nobody reads, so the buffers fill up */
    const fault_request *stalled = fault_request_at(server, 0);
    assert_non_null(stalled);
    assert_string_equal(stalled->target, "/up");
    assert_int_equal(stalled->body_total, 0);
    assert_false(stalled->complete);
    fault_release(server, 1);
    client_expect(fd, "1000");
    assert_int_equal(fault_request_at(server, 0)->body_total, 1000);
    assert_int_equal(fault_request_at(server, 0)->body_len, 1000);
    fault_release(server, 1);
    assert_int_equal(client_send_until_full(fd, SIZE - sent, CLIENT_WAIT_MS), SIZE - sent);
    client_expect(fd, OK_REPLY);
    const fault_request *request = fault_request_at(server, 0);
    assert_true(request->complete);
    assert_int_equal(request->body_total, SIZE);
    assert_int_equal(stalled->body_total, 0); /* what was handed out stays as it was */
    close(fd);
    fault_stop(server);
}

static void says_continue_before_the_body(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_read_head_only(script);
    fault_text(script, "HTTP/1.1 100 Continue\r\n\r\n");
    fault_read_body(script);
    fault_text(script, OK_REPLY);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    client_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    client_text(fd, "abc");
    client_expect(fd, OK_REPLY);
    assert_true(fault_body_is(fault_request_at(server, 0), "abc"));
    close(fd);
    fault_stop(server);
}

static void a_reader_that_stops_stops_the_sender(void **state) {
    (void)state;
    fault_script *script = on_request();
    fault_repeat(script, "x", 1, (uint64_t)1 << 40);
    fault_buffers(script, 4096, 0);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_true(fault_await(server, FAULT_SENT_BYTES, 1, CLIENT_WAIT_MS));
    uint64_t before;
    uint64_t after = 0;
    int rounds = 0;
    do {
        before = after;
        usleep(100000);
        after = fault_count(server, FAULT_SENT_BYTES);
    } while (after != before && ++rounds < 100);
    assert_true(after == before && after < (uint64_t)64 << 20);
    client_expect(fd, "xxxx");
    close(fd);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_exact_bytes),
        cmocka_unit_test(waits_between_bytes),
        cmocka_unit_test(builds_replies),
        cmocka_unit_test(builds_event_streams),
        cmocka_unit_test(repeats_a_gibibyte_in_little_memory),
        cmocka_unit_test(loops),
        cmocka_unit_test(closes_with_fin_though_the_body_was_not_read),
        cmocka_unit_test(resets_after_the_client_can_have_everything),
        cmocka_unit_test(ends_at_accept),
        cmocka_unit_test(speaks_before_it_is_asked),
        cmocka_unit_test(waits_for_release),
        cmocka_unit_test(notices_how_and_when_the_client_ends),
        cmocka_unit_test(notices_the_end_during_a_delay_and_a_release_wait),
        cmocka_unit_test(stops_in_the_middle_of_everything),
        cmocka_unit_test(stalls_and_then_reads_the_body),
        cmocka_unit_test(says_continue_before_the_body),
        cmocka_unit_test(a_reader_that_stops_stops_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
