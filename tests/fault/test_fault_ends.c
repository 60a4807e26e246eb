/* test_fault_ends.c: how connections end, and what waits, seen through bare sockets. */
#include "test_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- Ends ---- */

static void closes_with_fin_though_the_body_was_not_read(void **state) {
    (void)state;
    fault_script *script = client_script();
    fault_read_head_only(script);
    fault_text(script, OK_REPLY);
    fault_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_text(fd, "POST / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n");
    assert_int_equal(client_send_until_full(fd, 200000, CLIENT_WAIT_MS), 200000);
    client_expect(fd, OK_REPLY);
    for (int i = 0; i < 2; i++) { /* no reset meets what the client still sends */
        client_text(fd, "more of the body");
        usleep(20000);
    }
    assert_int_equal(client_expect_all(fd, ""), 0);
    close(fd);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    const fault_request *request = fault_request_at(server, 0);
    assert_false(request->complete);
    assert_int_equal(request->end_ms, -1);
    fault_stop(server);
}

static void resets_after_the_client_can_have_everything(void **state) {
    (void)state;
    fault_script *script = client_script();
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
    int end = client_try_connect(server, CLIENT_WAIT_MS, &fd); /* the reset may come while the client still connects */
    assert_int_equal(end ? end : client_expect_all(fd, ""), ECONNRESET);
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
    fault_script *script = client_script();
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
    fault_script *script = client_script();
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
    fault_script *script = client_script();
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
    fault_script *script = client_script();
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_with_fin_though_the_body_was_not_read),
        cmocka_unit_test(resets_after_the_client_can_have_everything),
        cmocka_unit_test(ends_at_accept),
        cmocka_unit_test(speaks_before_it_is_asked),
        cmocka_unit_test(waits_for_release),
        cmocka_unit_test(notices_how_and_when_the_client_ends),
        cmocka_unit_test(notices_the_end_during_a_delay_and_a_release_wait),
        cmocka_unit_test(stops_in_the_middle_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
