/*
 * Back-pressure: a reader that stops makes the sender stop, and memory is flat over any stream.
 */
#include "host.h"

#include <time.h>
#include <unistd.h>

/* Sanitizers are slow, and keep what was freed. */
#ifdef AK_TEST_SANITIZED
#define COUNTS_MEMORY false
#define EVENTS 20000
#else
#define COUNTS_MEMORY true
#define EVENTS 100000
#endif
#define DATA_BYTES 1000
#define MIB (1024 * 1024)
/* What may lie between the two: the kernel's buffers of both ends, one turn of 256 KiB, and libcurl's own. */
#define UNDERWAY (16 * MIB)
#define MEMORY_SLACK (8 * MIB)

static size_t resident(void) {
    long pages = 0, ignored = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &ignored, &pages), 2);
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static fault_server *start(fault_framing framing) {
    static char event[DATA_BYTES + 64], unit[DATA_BYTES + 128];
    char data[DATA_BYTES + 1];
    memset(data, 'x', DATA_BYTES);
    memcpy(data, "\\n", 2); /* so that it has to be decoded, to one byte less */
    data[DATA_BYTES] = '\0';
    int len = snprintf(event, sizeof event, "event: output\ndata: {\"data\":\"%s\"}\n\n", data);
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, framing);
    if (framing == FAULT_CHUNKED) {
        snprintf(unit, sizeof unit, "%x\r\n%s\r\n", (unsigned)len, event);
        fault_repeat(script, unit, strlen(unit), EVENTS);
    } else {
        fault_repeat(script, event, (size_t)len, EVENTS);
    }
    fault_sse_event(script, "done", "{\"exit_code\":0}");
    fault_sse_end(script);
    if (framing == FAULT_UNTIL_CLOSE) {
        fault_close(script);
    }
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* Waits until the server has sent nothing for a while; how much it has sent. */
static uint64_t sent_when_stuck(fault_server *server) {
    uint64_t sent = 0;
    int64_t end = fault_now_ms() + HOST_WAIT_MS, since = fault_now_ms();
    while (fault_now_ms() < end && fault_now_ms() - since < 300) {
        struct timespec pause = {.tv_nsec = 10000000};
        nanosleep(&pause, NULL);
        uint64_t now = fault_count(server, FAULT_SENT_BYTES);
        if (now != sent) {
            sent = now;
            since = fault_now_ms();
        }
    }
    return sent;
}

/* A reader that stops after one record, goes on for some, stops again, and then reads to the end. */
static void a_reader_that_stops(void **state) {
    (void)state;
    for (int framing = FAULT_CHUNKED; framing <= FAULT_UNTIL_CLOSE; framing++) {
        fault_server *server = start((fault_framing)framing);
        ak_client *client = host_client(fault_url(server));
        host_call host = host_new(client, AK_OP_RUN_STREAM);
        size_t before = resident();
        uint64_t taken = 0;
        for (uint64_t stop = 1; stop <= 1001; stop += 1000) {
            for (; taken < stop; taken++) {
                assert_int_equal(host_next(&host, NULL), AK_ITEM);
            }
            uint64_t sent = sent_when_stuck(server);
            assert_true(sent > 0 && sent < UNDERWAY + taken * DATA_BYTES);
        }
        size_t most = resident();
        ak_status status;
        while ((status = host_next(&host, NULL)) == AK_ITEM && taken < EVENTS) {
            size_t len = 0;
            const char *data = NULL;
            assert_int_equal(ak_call_view(host.call, AK_KEY_DATA, &data, &len, NULL), AK_OK);
            assert_int_equal(len, DATA_BYTES - 1);
            if (++taken % 1000 == 0) {
                size_t now = resident();
                most = now > most ? now : most;
            }
        }
        assert_int_equal(taken, EVENTS);
        assert_int_equal(status, AK_ITEM);
        assert_true(host_field_is(host.call, AK_KEY_TYPE, "done"));
        assert_int_equal(host_next(&host, NULL), AK_DONE);
        assert_true(!COUNTS_MEMORY || most < before + MEMORY_SLACK);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* The same bytes by ak_call_read, with a buffer that is none of the events' lengths. */
static void all_bytes_by_read(void **state) {
    (void)state;
    fault_server *server = start(FAULT_CHUNKED);
    ak_client *client = host_client(fault_url(server));
    host_call host = host_new(client, AK_OP_RUN_STREAM);
    static char buffer[777];
    uint64_t total = 0;
    size_t len = 0;
    ak_status status = host_next(&host, NULL);
    while (status >= 0 && status != AK_DONE) {
        status = ak_call_read(host.call, buffer, sizeof buffer, &len, NULL);
        total += len;
        if (status == AK_AGAIN) {
            status = host_next(&host, NULL);
        }
    }
    assert_int_equal(status, AK_DONE);
    assert_int_equal(total, (uint64_t)EVENTS * (DATA_BYTES - 1));
    host_free(&host);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_stops),
        cmocka_unit_test(all_bytes_by_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
