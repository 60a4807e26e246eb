/* test_fault.c: steps that send and steps that read, seen through bare sockets. */
#include "test_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Sending ---- */

static void sends_exact_bytes(void **state) {
    (void)state;
    static const char BYTES[] = "\0\xff\r\n\0 not HTTP at all";
    fault_script *script = client_script();
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
    fault_script *script = client_script();
    fault_text(script, "a");
    fault_delay(script, 60);
    fault_text(script, "b");
    fault_send_pieces(script, "cde", 3, 1, 30);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    int64_t before = fault_now_ms();
    client_text(fd, GET);
    client_expect(fd, "a");
    client_expect(fd, "b");
    assert_true(fault_now_ms() - before >= 59); /* two clocks' ends of a millisecond */
    client_expect(fd, "cd");
    assert_int_equal(client_expect_all(fd, "e"), 0);
    assert_true(fault_now_ms() - before >= 118);
    close(fd);
    fault_stop(server);
}

static void builds_replies(void **state) {
    (void)state;
    fault_script *script = client_script();
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
    fault_script *script = client_script();
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
    long found = -1;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            found = strtol(line + 6, NULL, 10);
        }
    }
    fclose(file);
    assert_true(found > 0);
    return found;
}

static void repeats_a_gibibyte_in_little_memory(void **state) {
    (void)state;
    enum { SIZE = 1 << 16 };
    fault_script *script = client_script();
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

static long count_mappings(void) {
    FILE *file = fopen("/proc/self/maps", "re");
    long lines = 0;
    assert_non_null(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        lines += c == '\n';
    }
    fclose(file);
    return lines;
}

static void gives_back_what_a_connection_took(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_times(script, FAULT_ALWAYS);
    fault_text(script, OK_REPLY);
    fault_close(script);
    fault_server *server = client_server(script);
    long before = 0;
    for (int i = 0; i < 1000; i++) {
        int fd = client_connect(server);
        client_text(fd, GET);
        assert_int_equal(client_expect_all(fd, OK_REPLY), 0);
        close(fd);
        assert_true(fault_await(server, FAULT_ENDED, (uint64_t)i + 1, CLIENT_WAIT_MS));
        before = i == 100 ? count_mappings() : before;
    }
    assert_true(count_mappings() - before < 450); /* each of 900 stacks would be one, and its guard another */
    fault_stop(server);
}

static void loops(void **state) {
    (void)state;
    fault_script *script = client_script();
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

/* ---- Reading ---- */

static void stalls_and_then_reads_the_body(void **state) {
    (void)state;
    enum { SIZE = 8 << 20 };
    fault_script *script = client_script();
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
    fault_script *script = client_script();
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

/* How much the server gets rid of that nobody reads: nothing more for as long as a busy machine could hold it up. */
static uint64_t sent_when_stuck(fault_server *server) {
    assert_true(fault_await(server, FAULT_SENT_BYTES, 1, CLIENT_WAIT_MS));
    uint64_t sent = 0;
    for (int quiet = 0; quiet < 10; quiet++) {
        uint64_t now = fault_count(server, FAULT_SENT_BYTES);
        quiet = now == sent ? quiet : 0;
        sent = now;
        usleep(50000);
    }
    return sent;
}

static void a_reader_that_stops_stops_the_sender(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_repeat(script, "x", 1, (uint64_t)1 << 40);
    fault_buffers(script, 4096, 0);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, GET);
    assert_true(sent_when_stuck(server) < (uint64_t)64 << 20);
    client_expect(fd, "xxxx");
    close(fd);
    fault_stop(server);
}

/* How much a client gets rid of that nobody reads, and how much the server does. */
static void measure_buffers(size_t server_bytes, size_t *from_client, uint64_t *from_server) {
    int client_bytes = 16384;
    fault_script *script = client_script();
    fault_read_head_only(script);
    fault_wait_close(script);
    fault_on_request(script);
    fault_repeat(script, "x", 1, FAULT_ALWAYS);
    fault_buffers(script, server_bytes, server_bytes);
    fault_server *server = client_server(script);
    int sender = client_connect(server);
    assert_int_equal(setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &client_bytes, sizeof client_bytes), 0);
    client_text(sender, "POST / HTTP/1.1\r\nContent-Length: 104857600\r\n\r\n");
    *from_client = client_send_until_full(sender, 104857600, 500);
    int reader = client_connect(server);
    client_text(reader, GET);
    *from_server = sent_when_stuck(server);
    close(sender);
    close(reader);
    fault_stop(server);
}

static void has_buffers_of_the_size_asked_for(void **state) {
    (void)state;
    size_t from_client;
    size_t from_client_small;
    uint64_t from_server;
    uint64_t from_server_small;
    measure_buffers(0, &from_client, &from_server);
    measure_buffers(4096, &from_client_small, &from_server_small);
    assert_true(from_client_small * 2 < from_client);
    assert_true(from_server_small * 2 < from_server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_exact_bytes),
        cmocka_unit_test(waits_between_bytes),
        cmocka_unit_test(builds_replies),
        cmocka_unit_test(builds_event_streams),
        cmocka_unit_test(repeats_a_gibibyte_in_little_memory),
        cmocka_unit_test(gives_back_what_a_connection_took),
        cmocka_unit_test(loops),
        cmocka_unit_test(stalls_and_then_reads_the_body),
        cmocka_unit_test(says_continue_before_the_body),
        cmocka_unit_test(a_reader_that_stops_stops_the_sender),
        cmocka_unit_test(has_buffers_of_the_size_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
