/*
 * Deadlines: which silence counts, which does not, and what zero, none and default mean. Times are only compared with
 * what they cannot be less than. Where something has to happen within a deadline, which a busy machine may be too slow
 * for, it is tried again with longer ones: what is wrong is wrong with each.
 */
#include "host.h"

#include <time.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void sleep_ms(int64_t ms) {
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
    nanosleep(&pause, NULL);
}

/* One call with that timeout; if it passes, not before its time. */
static ak_status timed(fault_server *server, int32_t operation, int32_t key, int64_t value, ak_error *err) {
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, operation);
    assert_int_equal(ak_call_set_int(host.call, key, value, NULL), AK_OK);
    int64_t begin = fault_now_ms();
    ak_status status = host_end(&host, err);
    if (status == AK_E_TIMEOUT) {
        assert_true(fault_now_ms() - begin >= value - 1);
        assert_int_equal(host_end(&host, err), AK_E_TIMEOUT); /* it stays that */
    }
    host_free(&host);
    ak_client_free(client);
    return status;
}

static bool times_out(int64_t span_ms, bool in_body) {
    ak_error *err = ak_error_new();
    fault_script *script = fault_script_new();
    fault_on_request(script);
    if (in_body) {
        fault_text(script, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{");
    }
    fault_wait_close(script);
    fault_server *server = start(script);
    assert_int_equal(timed(server, AK_OP_RUN, AK_KEY_TIMEOUT_MS, span_ms, err), AK_E_TIMEOUT);
    bool reached = host_error_is(err, AK_ERROR_PHASE, in_body ? "receive" : "wait");
    if (reached) {
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), in_body ? AK_SENT_ANSWERED : AK_SENT_SOME);
        assert_true(fault_await(server, FAULT_CLIENT_ENDED, 1, HOST_WAIT_MS)); /* nothing is left behind */
    }
    fault_stop(server);
    ak_error_free(err);
    return reached;
}

static bool before_the_answer(int64_t span_ms) {
    return times_out(span_ms, false);
}

static bool within_the_answer(int64_t span_ms) {
    return times_out(span_ms, true);
}

static void unary_timeout(void **state) {
    (void)state;
    host_within(before_the_answer, 150);
    host_within(within_the_answer, 150);
}

/* A server that keeps sending does not move the deadline of a unary call. */
static void a_trickle_does_not_help(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\n\r\n");
    fault_loop_begin(script, FAULT_ALWAYS);
    fault_text(script, " ");
    fault_delay(script, 10);
    fault_loop_end(script);
    fault_server *server = start(script);
    assert_int_equal(timed(server, AK_OP_HEALTH, AK_KEY_TIMEOUT_MS, 200, NULL), AK_E_TIMEOUT);
    fault_stop(server);
}

static void connect_timeout(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    static const int32_t operations[] = {AK_OP_RUN, AK_OP_RUN_STREAM};
    for (size_t i = 0; i < 2; i++) {
        fault_script *script = fault_script_new();
        fault_listen_full(script, -1);
        fault_server *server = start(script);
        assert_int_equal(timed(server, operations[i], AK_KEY_CONNECT_TIMEOUT_MS, 150, err), AK_E_TIMEOUT);
        assert_true(host_error_is(err, AK_ERROR_PHASE, "connect"));
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
        fault_stop(server);
    }
    ak_error_free(err);
}

static fault_server *start_slow(int64_t delay_ms) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_delay(script, (uint64_t)delay_ms);
    fault_reply_json(script, 200, OK_REPLY);
    return start(script);
}

/* The reply may take longer than connecting. */
static bool connecting_is_over(int64_t span_ms) {
    fault_server *server = start_slow(span_ms + 100);
    ak_status status = timed(server, AK_OP_HEALTH, AK_KEY_CONNECT_TIMEOUT_MS, span_ms, NULL);
    bool reached = fault_count(server, FAULT_REQUESTS) > 0;
    assert_int_equal(status, reached ? AK_DONE : AK_E_TIMEOUT);
    fault_stop(server);
    return reached;
}

/* Zero: nothing is sent. None: the answer comes, however small the client's own setting is, which default means. */
static void zero_none_default(void **state) {
    (void)state;
    host_within(connecting_is_over, 500);
    fault_server *server = start_slow(600);
    ak_error *err = ak_error_new();
    static const int32_t keys[] = {AK_KEY_TIMEOUT_MS, AK_KEY_CONNECT_TIMEOUT_MS};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(timed(server, AK_OP_HEALTH, keys[i], 0, err), AK_E_TIMEOUT);
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 0);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, 50);
    static const int64_t long_enough[] = {AK_TIMEOUT_NONE, INT64_MAX, 20000};
    for (size_t i = 0; i < 3; i++) {
        host_call host = host_new(client, AK_OP_HEALTH);
        assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, long_enough[i], NULL), AK_OK);
        assert_int_equal(host_end(&host, NULL), AK_DONE);
        host_free(&host);
    }
    host_call host = host_new(client, AK_OP_HEALTH);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, -3, NULL), AK_E_ARGUMENT);
    host_free(&host);
    ak_client_free(client);
    ak_error_free(err);
    fault_stop(server);
}

static void the_clients_own(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_wait_close(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, 50);
    host_call host = host_new(client, AK_OP_HEALTH);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, AK_TIMEOUT_DEFAULT, NULL), AK_OK);
    assert_int_equal(host_end(&host, NULL), AK_E_TIMEOUT);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void no_idle_timeout(void **state) {
    (void)state;
    static const int64_t values[] = {AK_TIMEOUT_NONE, INT64_MAX, INT64_MAX / 1000000};
    for (size_t i = 0; i < 3; i++) {
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_sse_begin(script, FAULT_CHUNKED);
        fault_sse_event(script, "output", "{\"data\":\"a\"}");
        fault_delay(script, 50);
        fault_sse_event(script, "done", "{}");
        fault_sse_end(script);
        fault_server *server = start(script);
        assert_int_equal(timed(server, AK_OP_RUN_STREAM, AK_KEY_IDLE_TIMEOUT_MS, values[i], NULL), AK_DONE);
        fault_stop(server);
    }
}

/* A body that nobody reads: the error says that not all of it went out. */
static bool sends_some(int64_t span_ms) {
    size_t size = 15 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    fault_script *script = fault_script_new();
    fault_buffers(script, 0, 4096);
    fault_on_request(script);
    fault_read_head_only(script);
    fault_wait_close(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    host_call host = host_new(client, AK_OP_RUN);
    assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, text, size, NULL), AK_OK);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, span_ms, NULL), AK_OK);
    assert_int_equal(host_end(&host, err), AK_E_TIMEOUT);
    bool reached = fault_count(server, FAULT_REQUESTS) > 0;
    if (reached) {
        assert_true(host_error_is(err, AK_ERROR_PHASE, "send"));
        assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
    }
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
    free(text);
    return reached;
}

static void while_sending(void **state) {
    (void)state;
    host_within(sends_some, 1500);
}

static void idle_timeout(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"a\"}");
    fault_wait_close(script);
    fault_server *server = start(script);
    ak_error *err = ak_error_new();
    assert_int_equal(timed(server, AK_OP_RUN_STREAM, AK_KEY_IDLE_TIMEOUT_MS, 150, err), AK_E_TIMEOUT);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "idle timeout"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_ANSWERED);
    ak_error_free(err);
    fault_stop(server);
}

/* A comment counts as life: thirty silences of a twentieth are no silence of the whole. */
static bool comments(int64_t span_ms) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_loop_begin(script, 30);
    fault_chunk(script, ": alive\n", 8);
    fault_delay(script, (uint64_t)span_ms / 20);
    fault_loop_end(script);
    fault_sse_event(script, "done", "{}");
    fault_sse_end(script);
    fault_server *server = start(script);
    ak_status status = timed(server, AK_OP_RUN_STREAM, AK_KEY_IDLE_TIMEOUT_MS, span_ms, NULL);
    assert_true(status == AK_DONE || status == AK_E_TIMEOUT);
    fault_stop(server);
    return status == AK_DONE;
}

static void a_comment_is_life(void **state) {
    (void)state;
    host_within(comments, 1000);
}

/* The server may say nothing at all until the command has ended. */
static bool silence_at_first(int64_t span_ms) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_delay(script, (uint64_t)span_ms * 3 / 2);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "done", "{}");
    fault_sse_end(script);
    fault_server *server = start(script);
    ak_status status = timed(server, AK_OP_RUN_STREAM, AK_KEY_IDLE_TIMEOUT_MS, span_ms, NULL);
    assert_true(status == AK_DONE || status == AK_E_TIMEOUT);
    fault_stop(server);
    return status == AK_DONE;
}

static void no_idle_timeout_before_the_first_byte(void **state) {
    (void)state;
    host_within(silence_at_first, 1000);
}

/* A reader that takes its time is not the stream's silence. */
static bool reads_late(int64_t span_ms) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"a\"}");
    fault_wait_release(script);
    fault_sse_event(script, "done", "{}");
    fault_sse_end(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    /* The second event comes a moment after the reader does; that it has its time is what the test is about. */
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_IDLE_TIMEOUT_MS, span_ms, NULL), AK_OK);
    bool reached = host_next(&host, NULL) == AK_ITEM;
    if (reached) {
        sleep_ms(span_ms + 100);
        assert_int_equal(ak_call_step(host.call, NULL), AK_AGAIN);
        fault_release(server, 1);
        reached = host_end(&host, NULL) == AK_DONE;
    }
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
    return reached;
}

static void a_slow_reader_is_not_silence(void **state) {
    (void)state;
    host_within(reads_late, 1000);
}

static void total_timeout(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_loop_begin(script, FAULT_ALWAYS);
    fault_sse_event(script, "output", "{\"data\":\"a\"}");
    fault_delay(script, 10);
    fault_loop_end(script);
    fault_server *server = start(script);
    assert_int_equal(timed(server, AK_OP_RUN_STREAM, AK_KEY_TOTAL_TIMEOUT_MS, 200, NULL), AK_E_TIMEOUT);
    fault_stop(server);
}

/* The socket is read before a deadline is judged: an answer that is there counts. */
static bool answers_in_time(int64_t span_ms) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_wait_release(script);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_HEALTH);
    assert_int_equal(ak_call_set_int(host.call, AK_KEY_TIMEOUT_MS, span_ms, NULL), AK_OK);
    ak_status status = AK_AGAIN;
    while (status == AK_AGAIN && fault_count(server, FAULT_WAITING) == 0) {
        status = ak_call_wait(host.call, 1, NULL);
    }
    bool reached = status == AK_AGAIN;
    if (reached) {
        fault_release(server, 1);
        assert_true(fault_await(server, FAULT_SENT_BYTES, 1, HOST_WAIT_MS));
        sleep_ms(span_ms + 100);
        assert_int_equal(host_end(&host, NULL), AK_DONE);
    }
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
    return reached;
}

static void an_answer_in_time_read_late(void **state) {
    (void)state;
    host_within(answers_in_time, 500);
}

/* Comments without end, faster than they are read: a step comes back all the same, and deadlines count. */
static void a_flood_of_comments(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_UNTIL_CLOSE);
    fault_repeat(script, ": nothing to see here\n", 22, FAULT_ALWAYS);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TOTAL_TIMEOUT_MS, 1500);
    ak_error *err = ak_error_new();
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    assert_int_equal(ak_call_step(host.call, err), AK_AGAIN);
    assert_true(fault_await(server, FAULT_SENT_BYTES, 1000000, HOST_WAIT_MS));
    for (int i = 0; i < 3; i++) { /* more than one step reads; one that reads on never comes back */
        ak_status status = ak_call_step(host.call, err);
        assert_true(status == AK_AGAIN || status == AK_E_TIMEOUT);
    }
    assert_int_equal(host_end(&host, err), AK_E_TIMEOUT);
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_timeout),
        cmocka_unit_test(a_trickle_does_not_help),
        cmocka_unit_test(connect_timeout),
        cmocka_unit_test(zero_none_default),
        cmocka_unit_test(the_clients_own),
        cmocka_unit_test(no_idle_timeout),
        cmocka_unit_test(while_sending),
        cmocka_unit_test(idle_timeout),
        cmocka_unit_test(a_comment_is_life),
        cmocka_unit_test(a_flood_of_comments),
        cmocka_unit_test(no_idle_timeout_before_the_first_byte),
        cmocka_unit_test(a_slow_reader_is_not_silence),
        cmocka_unit_test(total_timeout),
        cmocka_unit_test(an_answer_in_time_read_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
