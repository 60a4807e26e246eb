/*
 * A file written while its content is handed in: every split, the limits, and servers that answer or go before the end.
 */
#include "host.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CONTENT 12582885

static const char prefix[] = "{\"encoding\":\"base64\",\"content\":\"";

static fault_server *started(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static fault_server *good_server(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    return started(script);
}

/* A call of write_file without a content. */
static host_call write_call(ak_client *client, int64_t size) {
    host_call host = {.epoll = -1};
    assert_int_equal(ak_call_new(client, AK_OP_WRITE_FILE, &host.call, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_NAME, "t1", 2, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_PATH, "/tmp/a", 6, NULL), AK_OK);
    if (size >= 0) {
        assert_int_equal(ak_call_set_int(host.call, AK_KEY_SIZE, size, NULL), AK_OK);
    }
    return host;
}

/* Hands in a content of "abc" over and over in pieces, and its end, and steps to the end. */
static ak_status write_all(host_call *host, size_t total, size_t piece, ak_error *err) {
    static char unit[3 * 40000];
    for (size_t i = 0; i < sizeof unit; i++) {
        unit[i] = "abc"[i % 3];
    }
    assert_true(piece + 2 <= sizeof unit);
    for (size_t at = 0; at < total; at += piece) {
        size_t n = total - at < piece ? total - at : piece;
        ak_status status = host_write(host, unit + at % 3, n, err);
        if (status != AK_OK) {
            return status;
        }
    }
    ak_status status = host_write(host, NULL, 0, err);
    return status == AK_OK ? host_end(host, err) : status;
}

static void check_body(const fault_request *request, size_t total) {
    const char *body = (const char *)request->body;
    size_t head = sizeof prefix - 1, encoded = (total + 2) / 3 * 4;
    assert_string_equal(request->method, "PUT");
    assert_int_equal(request->body_len, head + encoded + 2);
    assert_memory_equal(body, prefix, head);
    for (size_t i = 0; i + 4 < encoded; i += 4) {
        assert_memory_equal(body + head + i, "YWJj", 4);
    }
    static const char *const last[] = {"YWJj", "YQ==", "YWI="};
    assert_memory_equal(body + head + encoded - (encoded ? 4 : 0), encoded ? last[total % 3] : "\"}", encoded ? 4 : 2);
    assert_memory_equal(body + head + encoded, "\"}", 2);
    assert_true(fault_header_is(request, "Content-Type", "application/json"));
    assert_int_equal(fault_header_count(request, "Expect"), 0);
}

static void every_split(void **state) {
    (void)state;
    static const size_t totals[] = {0, 1, 2, 3, 4, 100, 65536, 300001};
    static const size_t pieces[] = {1, 2, 3, 7, 1000, 100000};
    fault_server *server = good_server();
    ak_client *client = host_client(fault_url(server));
    size_t count = 0;
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++) {
        for (size_t p = totals[t] > 1000 ? 3 : 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            bool sized = (t + p) % 2;
            host_call host = write_call(client, sized ? (int64_t)totals[t] : -1);
            assert_int_equal(write_all(&host, totals[t], pieces[p], NULL), AK_DONE);
            host_free(&host);
            const fault_request *request = fault_request_at(server, count++);
            check_body(request, totals[t]);
            assert_int_equal(fault_header_count(request, "Content-Length"), sized);
            assert_int_equal(fault_header_count(request, "Transfer-Encoding"), !sized);
        }
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), host_pools() ? 1 : count);
    ak_client_free(client);
    fault_stop(server);
}

/* Requests of every shape by turns over one connection: none takes anything over from the one before. */
static void other_calls_after_an_upload(void **state) {
    (void)state;
    fault_server *server = good_server();
    ak_client *client = host_client(fault_url(server));
    static const int32_t others[] = {AK_OP_HEALTH, AK_OP_START_SANDBOX, AK_OP_WRITE_FILE, AK_OP_REMOVE_SANDBOX};
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    static const char *const bodies[] = {"", "{}", "{\"encoding\":\"base64\",\"content\":\"Ynl0ZXM=\"}", ""};
    for (size_t i = 0; i < 4; i++) {
        host_call host = write_call(client, i % 2 ? 5 : -1);
        assert_int_equal(write_all(&host, 5, 2, NULL), AK_DONE);
        host_free(&host);
        assert_int_equal(host_run(client, others[i], NULL), AK_DONE);
        const fault_request *request = fault_request_at(server, 2 * i + 1);
        assert_string_equal(request->method, methods[i]);
        assert_true(fault_body_is(request, bodies[i]));
        assert_int_equal(fault_header_count(request, "Transfer-Encoding"), 0);
        check_body(fault_request_at(server, 2 * i), 5);
    }
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), host_pools() ? 1 : 8);
    ak_client_free(client);
    fault_stop(server);
}

static void the_largest_content(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_keep(script, 100);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    host_call host = write_call(client, MAX_CONTENT);
    assert_int_equal(write_all(&host, MAX_CONTENT, 100000, err), AK_DONE);
    host_free(&host);
    uint64_t size = fault_request_at(server, 0)->body_total;
    assert_within(size, 16 * 1024 * 1024 - 3, 16 * 1024 * 1024);
    /* One more is refused before anything is sent where the size is told, and when it comes where it is not. */
    host = write_call(client, MAX_CONTENT + 1);
    assert_int_equal(write_all(&host, MAX_CONTENT + 1, 100000, err), AK_E_TOO_LARGE);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "16777216"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    host_free(&host);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    host = write_call(client, -1);
    assert_int_equal(write_all(&host, MAX_CONTENT + 1, 100000, err), AK_E_TOO_LARGE);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
    host_free(&host);
    assert_int_equal(fault_count(server, FAULT_COMPLETE), 1);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void a_size_that_is_not_kept(void **state) {
    (void)state;
    fault_server *server = good_server();
    ak_client *client = host_client(fault_url(server));
    static const size_t given[] = {9, 11};
    for (size_t i = 0; i < 2; i++) {
        ak_error *err = ak_error_new();
        host_call host = write_call(client, 10);
        assert_int_equal(write_all(&host, given[i], 4, err), AK_E_ARGUMENT);
        assert_true(host_error_has(err, AK_ERROR_MESSAGE, "size"));
        assert_int_equal(ak_call_step(host.call, NULL), AK_E_ARGUMENT);
        host_free(&host);
        ak_error_free(err);
    }
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(fault_count(server, FAULT_COMPLETE), 1);
    ak_client_free(client);
    fault_stop(server);
}

static void what_the_door_refuses(void **state) {
    (void)state;
    fault_server *server = good_server();
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    size_t taken = 9;
    host_call host = host_new(client, AK_OP_DELETE_FILE);
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_E_ARGUMENT);
    assert_int_equal(taken, 0);
    host_free(&host);
    host = host_new(client, AK_OP_WRITE_FILE); /* with a content */
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_E_STATE);
    assert_int_equal(host_end(&host, err), AK_DONE);
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_DONE);
    host_free(&host);
    host = write_call(client, -1);
    assert_int_equal(ak_call_write(host.call, NULL, 1, &taken, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_write(host.call, "x", 1, NULL, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_write(NULL, "x", 1, &taken, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_state(host.call), AK_STATE_NEW);
    assert_int_equal(host_write(&host, "x", 1, err), AK_OK);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_CONTENT, "y", 1, err), AK_E_STATE);
    assert_int_equal(ak_call_step(host.call, err), AK_E_STATE);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "write"));
    assert_int_equal(host_write(&host, NULL, 0, err), AK_OK);
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_E_STATE);
    assert_int_equal(host_end(&host, err), AK_DONE);
    host_free(&host);
    host = write_call(client, -1); /* nothing at all */
    assert_int_equal(host_end(&host, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_E_ARGUMENT);
    host_free(&host);
    host = write_call(client, -1); /* a failed bind comes out here, too */
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_PATH, "x", 1, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_write(host.call, "x", 1, &taken, err), AK_E_ARGUMENT);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "path"));
    assert_int_equal(ak_call_state(host.call), AK_STATE_FAILED);
    host_free(&host);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 2);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

/* A server that reads a little of the body and then does what the caller adds. */
static fault_script *reads_some(void) {
    fault_script *script = fault_script_new();
    fault_buffers(script, 0, 8192);
    fault_on_request(script);
    fault_read_head_only(script);
    fault_read_bytes(script, 1000);
    return script;
}

static ak_status write_to(fault_server *server, size_t total, int64_t timeout_ms, ak_error *err) {
    ak_client *client = host_client(fault_url(server));
    if (timeout_ms) {
        host_set_int(client, AK_CLIENT_TIMEOUT_MS, timeout_ms);
    }
    host_call host = write_call(client, (int64_t)total);
    ak_status status = write_all(&host, total, 50000, err);
    host_free(&host);
    ak_client_free(client);
    return status;
}

static void a_server_that_answers_early(void **state) {
    (void)state;
    fault_script *script = reads_some();
    fault_reply_json(script, 413, "{\"success\":false,\"error\":\"too much\"}");
    fault_server *server = started(script);
    ak_error *err = ak_error_new();
    assert_int_equal(write_to(server, MAX_CONTENT, 0, err), AK_E_BODY_TOO_LARGE);
    assert_true(host_error_is(err, AK_ERROR_SERVER_TEXT, "too much"));
    ak_error_free(err);
    fault_stop(server);
}

static void a_server_that_goes(void **state) {
    (void)state;
    fault_script *script = reads_some();
    fault_reset(script);
    fault_server *server = started(script);
    ak_error *err = ak_error_new();
    assert_int_equal(write_to(server, MAX_CONTENT, 0, err), AK_E_NETWORK);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_SOME);
    ak_error_free(err);
    fault_stop(server);
}

static bool nobody_reads(int64_t span_ms) {
    fault_script *script = reads_some();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_error *err = ak_error_new();
    assert_int_equal(write_to(server, MAX_CONTENT, span_ms, err), AK_E_TIMEOUT);
    bool reached = fault_count(server, FAULT_REQUESTS) > 0;
    assert_true(!reached || host_error_is(err, AK_ERROR_PHASE, "send"));
    ak_error_free(err);
    fault_stop(server);
    return reached;
}

static void a_server_that_does_not_read(void **state) {
    (void)state;
    host_within(nobody_reads, 700);
}

/* Nothing is taken from a caller who has cancelled, and whoever waits for room wakes. */
static void a_cancelled_upload(void **state) {
    (void)state;
    fault_script *script = reads_some();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = write_call(client, -1);
    size_t taken = 0;
    static char piece[1000];
    assert_int_equal(host_write(&host, piece, sizeof piece, NULL), AK_OK);
    ak_call_cancel(host.call);
    assert_int_equal(ak_call_write(host.call, piece, sizeof piece, &taken, NULL), AK_E_CANCELLED);
    assert_int_equal(taken, 0);
    assert_int_equal(ak_call_step(host.call, NULL), AK_E_CANCELLED);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

typedef struct {
    fault_server *server;
    ak_call *call;
} cancelling;

/* When the server has read what it reads, so that there is soon no room. */
static void *cancel_soon(void *data) {
    const cancelling *what = data;
    fault_await(what->server, FAULT_RECEIVED_BYTES, 1000, HOST_WAIT_MS);
    usleep(100 * 1000);
    ak_call_cancel(what->call);
    return NULL;
}

static void a_cancel_wakes_who_waits_for_room(void **state) {
    (void)state;
    fault_script *script = reads_some();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, AK_TIMEOUT_NONE);
    host_call host = write_call(client, -1);
    pthread_t thread;
    cancelling what = {server, host.call};
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &what), 0);
    assert_int_equal(write_all(&host, MAX_CONTENT, 50000, NULL), AK_E_CANCELLED);
    pthread_join(thread, NULL);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void a_forked_child(void **state) {
    (void)state;
    fault_server *server = good_server();
    ak_client *client = host_client(fault_url(server));
    host_call host = write_call(client, -1);
    assert_int_equal(host_write(&host, "ab", 2, NULL), AK_OK);
    pid_t pid = fork();
    if (pid == 0) {
        size_t taken = 0;
        bool good = ak_call_write(host.call, "x", 1, &taken, NULL) == AK_E_FORKED && taken == 0 &&
                    ak_call_write(host.call, NULL, 0, &taken, NULL) == AK_E_FORKED;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
    assert_int_equal(host_write(&host, "ca", 2, NULL), AK_OK);
    assert_int_equal(host_write(&host, NULL, 0, NULL), AK_OK);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    check_body(fault_request_at(server, 0), 4);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* An upload is not sent twice when a kept-alive connection turns out to be dead: what was handed in is gone. */
static void a_dead_connection(void **state) {
    (void)state;
    if (!host_pools()) {
        return;
    }
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_on_request(script);
    fault_read_head_only(script);
    fault_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    ak_error *err = ak_error_new();
    assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
    host_call host = write_call(client, 5);
    assert_int_equal(write_all(&host, 5, 5, err), AK_E_NETWORK);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 2);
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split),
        cmocka_unit_test(other_calls_after_an_upload),
        cmocka_unit_test(the_largest_content),
        cmocka_unit_test(a_size_that_is_not_kept),
        cmocka_unit_test(what_the_door_refuses),
        cmocka_unit_test(a_server_that_answers_early),
        cmocka_unit_test(a_server_that_goes),
        cmocka_unit_test(a_server_that_does_not_read),
        cmocka_unit_test(a_cancel_wakes_who_waits_for_room),
        cmocka_unit_test(a_cancelled_upload),
        cmocka_unit_test(a_forked_child),
        cmocka_unit_test(a_dead_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
