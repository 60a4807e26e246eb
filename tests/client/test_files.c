/*
 * A file read while it comes: in pieces of any size, in constant memory, and told from one that is not whole.
 */
#include "host.h"

#include <sys/wait.h>
#include <unistd.h>

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
#define BEFORE "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\""
#define AFTER "\",\"size\":%zu}}"
#define UNITS 20000 /* of three bytes each */

/* A reply whose body is before, a unit so many times, and after. */
static void reply_parts(fault_script *script, const char *before, const char *unit, size_t count, const char *after) {
    char head[256];
    snprintf(head, sizeof head, HEAD, strlen(before) + strlen(unit) * count + strlen(after));
    fault_text(script, head);
    fault_text(script, before);
    fault_repeat(script, unit, strlen(unit), count);
    fault_text(script, after);
}

static fault_server *started(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static fault_server *json_server(int status, const char *json) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, status, json);
    return started(script);
}

/* Reads to the end; what came is checked to be "abc" over and over. */
static ak_status read_all(host_call *host, size_t cap, size_t *total, ak_error *err) {
    static char buf[100000];
    size_t len = 0;
    ak_status status;
    *total = 0;
    while ((status = host_read(host, buf, cap, &len, err)) == AK_OK) {
        assert_within(len, 1, cap);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(buf[i], "abc"[(*total + i) % 3]);
        }
        *total += len;
    }
    return status;
}

static ak_status read_from(const char *url, size_t cap, size_t *total, ak_error *err) {
    ak_client *client = host_client(url);
    host_call host = host_new(client, AK_OP_READ_FILE);
    ak_status status = read_all(&host, cap, total, err);
    host_free(&host);
    ak_client_free(client);
    return status;
}

static void pieces_of_any_size(void **state) {
    (void)state;
    static const size_t caps[] = {1, 7, 4096, 100000};
    static const struct {
        const char *before, *unit, *after;
    } replies[] = {
        {BEFORE, "YWJj", "\",\"size\":60000}}"},
        {"{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"", "\\u0061b\\u0063", "\",\"size\":60000}}"},
        {"{\"success\":true,\"data\":{\"content\":\"", "YWJj", "\",\"size\":60000,\"encoding\":\"base64\"}}"},
        {"{\"data\":{\"size\":60000,\"content\":\"", "abc", "\"},\"success\":true}"},
    };
    for (size_t r = 0; r < sizeof replies / sizeof replies[0]; r++) {
        fault_script *script = fault_script_new();
        fault_on_request(script);
        fault_times(script, FAULT_ALWAYS);
        reply_parts(script, replies[r].before, replies[r].unit, UNITS, replies[r].after);
        fault_server *server = started(script);
        for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
            size_t total = 0;
            assert_int_equal(read_from(fault_url(server), caps[i], &total, NULL), AK_DONE);
            assert_int_equal(total, 3 * UNITS);
        }
        fault_stop(server);
    }
}

/* One byte at a time over the wire, so that everything is cut everywhere. */
static void a_slow_server(void **state) {
    (void)state;
    static const char reply[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 76\r\n\r\n"
        "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abca\\u0062c\",\"size\":6}}";
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_send_pieces(script, reply, sizeof reply - 1, 1, 1);
    fault_server *server = started(script);
    size_t total = 0;
    ak_error *err = ak_error_new();
    assert_int_equal(read_from(fault_url(server), 64, &total, err), AK_DONE);
    assert_int_equal(total, 6);
    ak_error_free(err);
    fault_stop(server);
}

static void what_is_not_whole(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *json;
        ak_status expected;
        size_t bytes;
    } replies[] = {
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"\",\"size\":0}}", AK_DONE, 0},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\"}}", AK_DONE, 3},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":4}}", AK_E_PROTOCOL, 3},
        {200, "{\"success\":true,\"data\":{\"content\":\"abc\",\"size\":4}}", AK_E_PROTOCOL, 0},
        {200, "{\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":3}}", AK_E_PROTOCOL, 3},
        {200, "{\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":3},\"success\":false}", AK_E_PROTOCOL, 3},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"content\":\"abcabc\"}}",
         AK_E_PROTOCOL, 3},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":3}},", AK_E_PROTOCOL, 3},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"YWJjYQ\",\"size\":4}}", AK_E_PROTOCOL,
         3},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"rot13\",\"content\":\"abc\",\"size\":3}}", AK_E_PROTOCOL, 0},
        {200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"size\":3}}", AK_E_PROTOCOL, 0},
        {200, "{\"success\":true,\"data\":null}", AK_E_PROTOCOL, 0},
        {200, "{\"success\":false,\"error\":\"no\"}", AK_E_HTTP, 0},
        {200, "", AK_E_PROTOCOL, 0},
        {404, "{\"success\":false,\"error\":\"no such file\"}", AK_E_NOT_FOUND, 0},
        {500, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"abc\",\"size\":3}}", AK_E_SERVER, 0},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        fault_server *server = json_server(replies[i].status, replies[i].json);
        ak_error *err = ak_error_new();
        size_t total = 0;
        ak_status status = read_from(fault_url(server), 64, &total, err);
        /* Bytes may have been given out before the error showed, or not, as the reply came in pieces. */
        if (status != replies[i].expected || total > replies[i].bytes) {
            fail_msg("%s: %s, %zu bytes", replies[i].json, ak_status_name(status), total);
        }
        assert_true(status != AK_DONE || total == replies[i].bytes);
        assert_true(status == AK_DONE || host_error_int(err, AK_ERROR_HTTP_STATUS) == replies[i].status);
        ak_error_free(err);
        fault_stop(server);
    }
}

/* The rest of the reply counts against the limit, the content does not where it is not kept. */
static void limits(void **state) {
    (void)state;
    static const struct {
        const char *before, *after;
        size_t pad;
        ak_status expected;
    } replies[] = {
        {BEFORE, "\",\"size\":60000}}", 0, AK_DONE},
        {"{\"success\":true,\"data\":{\"content\":\"", "\",\"encoding\":\"base64\"}}", 0, AK_E_TOO_LARGE},
        {BEFORE, "\",\"size\":60000}}", 5000, AK_E_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        char after[6000];
        snprintf(after, sizeof after, "%s%*s", replies[i].after, (int)replies[i].pad, "");
        fault_script *script = fault_script_new();
        fault_on_request(script);
        reply_parts(script, replies[i].before, "YWJj", UNITS, after);
        fault_server *server = started(script);
        ak_client *client = host_client(fault_url(server));
        host_set_int(client, AK_CLIENT_MAX_REPLY_BYTES, 4096);
        host_call host = host_new(client, AK_OP_READ_FILE);
        size_t total = 0;
        assert_int_equal(read_all(&host, 1000, &total, NULL), replies[i].expected);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* Sends the beginning of a file, then what the caller adds to the script. */
static fault_script *half_a_file(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" BEFORE "YWJjYWJj");
    return script;
}

/* Reads what there is of half a file. */
static host_call begun(ak_client *client) {
    char buf[64];
    size_t len = 0;
    host_call host = host_new(client, AK_OP_READ_FILE);
    for (size_t total = 0; total < 6; total += len) {
        assert_int_equal(host_read(&host, buf, sizeof buf, &len, NULL), AK_OK);
    }
    return host;
}

static void nothing_comes_between(void **state) {
    (void)state;
    fault_script *script = half_a_file();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = begun(client);
    ak_error *err = ak_error_new();
    char buf[8];
    size_t len = 0;
    const char *view = NULL;
    assert_int_equal(ak_call_view(host.call, AK_KEY_CONTENT, &view, &len, NULL), AK_ABSENT);
    assert_int_equal(ak_call_step(host.call, err), AK_E_STATE);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "read"));
    assert_int_equal(ak_call_wait(host.call, 0, NULL), AK_AGAIN);
    assert_int_equal(ak_call_read(host.call, buf, sizeof buf, &len, NULL), AK_AGAIN);
    assert_int_equal(ak_call_wait(host.call, 20, NULL), AK_AGAIN);
    assert_int_equal(ak_call_step(host.call, NULL), AK_E_STATE);
    assert_int_equal(ak_call_write(host.call, "x", 1, &len, NULL), AK_E_ARGUMENT);
    ak_call_cancel(host.call);
    assert_int_equal(ak_call_step(host.call, NULL), AK_E_CANCELLED);
    assert_int_equal(ak_call_read(host.call, buf, sizeof buf, &len, NULL), AK_E_CANCELLED);
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void a_connection_that_breaks(void **state) {
    (void)state;
    fault_script *script = half_a_file();
    fault_wait_release(script);
    fault_cut(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = begun(client);
    ak_error *err = ak_error_new();
    size_t total = 0;
    fault_release(server, 1);
    assert_int_equal(read_all(&host, 64, &total, err), AK_E_NETWORK);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_ANSWERED);
    assert_true(host_error_is(err, AK_ERROR_PHASE, "receive"));
    host_free(&host);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static bool stalls(int64_t span_ms) {
    fault_script *script = half_a_file();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, span_ms);
    host_call host = host_new(client, AK_OP_READ_FILE);
    size_t total = 0;
    assert_int_equal(read_all(&host, 64, &total, NULL), AK_E_TIMEOUT);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
    return total > 0;
}

static void a_server_that_stalls(void **state) {
    (void)state;
    host_within(stalls, 500);
}

static void a_forked_child(void **state) {
    (void)state;
    fault_script *script = half_a_file();
    fault_wait_close(script);
    fault_server *server = started(script);
    ak_client *client = host_client(fault_url(server));
    host_call host = begun(client);
    pid_t pid = fork();
    if (pid == 0) {
        char buf[8];
        size_t len = 0;
        bool good = ak_call_wait(host.call, 100, NULL) == AK_E_FORKED &&
                    ak_call_read(host.call, buf, sizeof buf, &len, NULL) == AK_E_FORKED;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
    char buf[8];
    size_t len = 0;
    assert_int_equal(ak_call_read(host.call, buf, sizeof buf, &len, NULL), AK_AGAIN);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* Stepped, the same operation yields a record with the whole. */
static void a_file_as_a_record(void **state) {
    (void)state;
    fault_server *server =
        json_server(200, "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"AGEA\",\"size\":3}}");
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_READ_FILE);
    char buf[2];
    size_t len = 0;
    assert_int_equal(host_next(&host, NULL), AK_ITEM);
    assert_true(host_field_bytes_are(host.call, AK_KEY_CONTENT, "\0a\0", 3));
    assert_int_equal(host_read(&host, buf, 2, &len, NULL), AK_OK);
    assert_memory_equal(buf, "\0a", 2);
    assert_int_equal(ak_call_step(host.call, NULL), AK_E_STATE);
    assert_int_equal(host_read(&host, buf, 2, &len, NULL), AK_OK);
    assert_int_equal(len, 1);
    assert_int_equal(host_next(&host, NULL), AK_DONE);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

/* Any answer can be read in pieces, too. */
static void an_answer_without_an_operation(void **state) {
    (void)state;
    fault_server *server = json_server(200, "abcabcabcabcabc");
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_REQUEST);
    size_t total = 0;
    assert_int_equal(read_all(&host, 4, &total, NULL), AK_DONE);
    assert_int_equal(total, 15);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size),    cmocka_unit_test(a_slow_server),
        cmocka_unit_test(what_is_not_whole),     cmocka_unit_test(limits),
        cmocka_unit_test(nothing_comes_between), cmocka_unit_test(a_connection_that_breaks),
        cmocka_unit_test(a_server_that_stalls),  cmocka_unit_test(a_forked_child),
        cmocka_unit_test(a_file_as_a_record),    cmocka_unit_test(an_answer_without_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
