/*
 * Files of any size go through constant memory, both ways. The server is in this process, and holds nothing either.
 */
#include "host.h"

#include <sys/resource.h>

/* What the client may hold, in KiB, beside what it held for a small file. */
#define MAX_GROWTH 4096
#define UNIT "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYQUJDREVGR0hJSktMTU5PUFFSU1RVVldY" /* of 48 bytes */
#define UNIT_BYTES 48

static long peak_kib(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static const char encoding_first[] = "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"";
static const char encoding_last[] = "{\"success\":true,\"data\":{\"content\":\"";

static void read_bytes(const char *before, uint64_t units) {
    char head[128], tail[64];
    static char buf[64 * 1024];
    snprintf(tail, sizeof tail, "\",%s\"size\":%llu}}", before == encoding_first ? "" : "\"encoding\":\"base64\",",
             (unsigned long long)(units * UNIT_BYTES));
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n",
             (unsigned long long)(strlen(before) + units * strlen(UNIT) + strlen(tail)));
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, head);
    fault_text(script, before);
    fault_repeat(script, UNIT, strlen(UNIT), units);
    fault_text(script, tail);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, AK_TIMEOUT_NONE);
    host_call host = host_new(client, AK_OP_READ_FILE);
    uint64_t total = 0;
    size_t len = 0;
    ak_status status;
    while ((status = host_read(&host, buf, sizeof buf, &len, NULL)) == AK_OK) {
        assert_int_equal(buf[0], 'A' + (char)(total % 24));
        total += len;
    }
    assert_int_equal(status, AK_DONE);
    assert_int_equal(total, units * UNIT_BYTES);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void write_bytes(size_t size) {
    static char piece[64 * 1024];
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_keep(script, 100);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_call host = {.epoll = -1};
    assert_int_equal(ak_call_new(client, AK_OP_WRITE_FILE, &host.call, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_NAME, "t1", 2, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(host.call, AK_KEY_PATH, "/a", 2, NULL), AK_OK);
    for (size_t left = size; left > 0;) {
        size_t n = left < sizeof piece ? left : sizeof piece;
        assert_int_equal(host_write(&host, piece, n, NULL), AK_OK);
        left -= n;
    }
    assert_int_equal(host_write(&host, NULL, 0, NULL), AK_OK);
    assert_int_equal(host_end(&host, NULL), AK_DONE);
    assert_within(fault_request_at(server, 0)->body_total, size / 3 * 4, size / 3 * 4 + 100);
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

static void large_files(void **state) {
    (void)state;
    read_bytes(encoding_first, 100);
    write_bytes(100);
    long before = peak_kib();
    write_bytes((size_t)12 * 1024 * 1024 - 27);
    assert_within(peak_kib() - before, 0, MAX_GROWTH);
    read_bytes(encoding_first, (uint64_t)12 * 1024 * 1024 / UNIT_BYTES);
    assert_within(peak_kib() - before, 0, MAX_GROWTH);
    read_bytes(encoding_first, (uint64_t)1024 * 1024 * 1024 / UNIT_BYTES);
    assert_within(peak_kib() - before, 0, MAX_GROWTH);
}

/* Where the encoding comes last the reply is held, and nothing of it twice: 32 MiB here. */
static void a_reply_that_is_held(void **state) {
    (void)state;
    read_bytes(encoding_last, 100);
    long before = peak_kib();
    read_bytes(encoding_last, (uint64_t)24 * 1024 * 1024 / UNIT_BYTES);
    assert_within(peak_kib() - before, 0, 32 * 1024 + MAX_GROWTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(large_files), cmocka_unit_test(a_reply_that_is_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
