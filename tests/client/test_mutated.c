/*
 * Replies with random damage: bytes changed, left out, doubled, put in, cut off, in pieces. Every call ends, with
 * records that can be read and at the end either AK_DONE or an error that says something. The damage is the
 * same on every machine.
 */
#include "host.h"

#define REPLIES 400
#define ROUNDS 4
#define MAX_REPLY 4096

static const char run_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 71\r\n\r\n"
    "{\"success\":true,\"data\":{\"output\":\"h\\u00e9llo\\n\",\"output_base64\":\"aGk=\"}}  ";
static const char list_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    "50\r\n{\"success\":true,\"data\":[{\"name\":\"a\",\"status\":\"running\",\"labels\":{\"k\":\"v\",\"n\":null"
    "\r\n48\r\n}},{\"name\":\"b\",\"status\":\"x\",\"vcpus\":9007199254740993,\"ports\":[\"80:80\"]}]}   "
    "\r\n0\r\n\r\n";
static const char error_reply[] =
    "HTTP/1.1 409 Conflict\r\nRetry-After: 3\r\nContent-Length: 86\r\n\r\n"
    "{\"success\":false,\"error\":\"Command exited with code 3\",\"exit_code\":3,\"output\":\"b\\u00e4d\"} ";
static const char stream_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    ": hello\n\nevent: started\ndata: {\"command\":[\"a\"],\"fast\":false}\n\nid: 1\r\nevent: output\r\ndata: "
    "{\"data\":\"one\\n\",\"stream\":\"stdout\"}\r\n\r\nevent: output\rdata: {\"data\":\"?\",\rdata: "
    "\"data_base64\":\"/w==\"}\r\revent: done\ndata: {\"exit_code\":0,\"success\":true}\n\n";

static const struct {
    int32_t operation;
    const char *bytes;
} samples[] = {{AK_OP_RUN, run_reply},
               {AK_OP_LIST_SANDBOXES, list_reply},
               {AK_OP_EXEC_IN_SANDBOX, error_reply},
               {AK_OP_RUN_STREAM, stream_reply}};

/* Knuth's MMIX generator: the same numbers on every machine. */
static uint64_t seed;

static size_t pick(size_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % below;
}

static size_t damage(char *bytes, size_t len) {
    static const char likely[] = "{}[]\":,\\\r\n 019-etfn\xff\x80";
    for (size_t i = pick(4); i > 0 && len > 1; i--) {
        size_t at = pick(len), run = 1 + pick(8);
        run = run > len - at ? len - at : run;
        switch (pick(5)) {
        case 0:
            bytes[at] = (char)pick(256);
            break;
        case 1:
            bytes[at] = likely[pick(sizeof likely)];
            break;
        case 2:
            memmove(bytes + at, bytes + at + run, len - at - run);
            len -= run;
            break;
        case 3:
            if (len + run <= MAX_REPLY) {
                memmove(bytes + at + run, bytes + at, len - at);
                len += run;
            }
            break;
        default:
            len = pick(4) ? len : at;
        }
    }
    return len;
}

static void add_rule(fault_script *script, size_t sample) {
    char bytes[MAX_REPLY];
    size_t len = strlen(samples[sample].bytes);
    memcpy(bytes, samples[sample].bytes, len);
    len = damage(bytes, len);
    fault_on_request(script);
    if (pick(3)) {
        fault_send(script, bytes, len);
    } else {
        fault_send_pieces(script, bytes, len, 1 + pick(64), 0);
    }
    if (pick(4)) {
        fault_close(script);
    } else {
        fault_reset(script);
    }
}

/* Reads all there is by one door or another. */
static void look_at(ak_call *call) {
    ak_value values[64];
    size_t count = 0;
    if (ak_call_values(call, values, 64, &count, NULL) != AK_OK) {
        return;
    }
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < values[i].size; n++) {
            sum += (unsigned char)values[i].data[n]; /* so that a sanitizer sees it read */
        }
        for (size_t n = 0; values[i].type == AK_TYPE_LIST && n < (size_t)values[i].integer; n++) {
            const char *data = NULL;
            size_t len = 0;
            assert_true(ak_call_view_at(call, values[i].key, n, &data, &len, NULL) >= 0);
        }
    }
    assert_true(sum < SIZE_MAX);
}

static void end_call(host_call *host, ak_error *err, bool reads) {
    ak_status status = AK_ITEM;
    for (int i = 0; i < 1000 && (status == AK_ITEM || status == AK_OK); i++) {
        if (reads && status == AK_ITEM) {
            char buf[5];
            size_t len = 0;
            while ((status = ak_call_read(host->call, buf, sizeof buf, &len, err)) == AK_OK) {
                assert_within(len, 1, sizeof buf);
            }
            status = status == AK_AGAIN ? AK_ITEM : status;
        }
        if (status == AK_ITEM) {
            status = host_next(host, err);
        }
        if (status == AK_ITEM) {
            look_at(host->call);
        }
    }
    if (status != AK_DONE) {
        if (status >= 0 || status == HOST_LOST || status == AK_E_STATE || status == AK_E_ARGUMENT) {
            fail_msg("ended with status %d", (int)status);
        }
        assert_non_null(ak_status_name(status));
        assert_true(!host_error_is(err, AK_ERROR_MESSAGE, ""));
    }
}

static void round_of_replies(uint64_t start) {
    size_t order[REPLIES];
    fault_script *script = fault_script_new();
    seed = start;
    for (size_t i = 0; i < REPLIES; i++) {
        order[i] = pick(sizeof samples / sizeof samples[0]);
        add_rule(script, order[i]);
    }
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = host_client(fault_url(server));
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, 5000);
    host_set_int(client, AK_CLIENT_IDLE_TIMEOUT_MS, 5000);
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < REPLIES; i++) {
        host_call host = host_new(client, samples[order[i]].operation);
        end_call(&host, err, i % 3 == 0 && (ak_operation_flags(samples[order[i]].operation) & AK_OP_READABLE));
        host_free(&host);
    }
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void replies(void **state) {
    (void)state;
    uint64_t rounds = getenv("AK_TEST_LONG") ? ROUNDS * 25 : ROUNDS;
    for (uint64_t i = 1; i <= rounds; i++) {
        round_of_replies(i * 7919);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(replies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
