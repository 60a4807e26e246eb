/*
 * library.c: the same work through libagentkernel: a blocking caller, one that polls the descriptor, one that reads
 * output.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <agentkernel.h>

#include "bench.h"

#define MAX_VALUES 64

static bool complain(const ak_error *err) {
    char text[512];
    size_t len = 0;
    if (ak_error_text(err, AK_ERROR_MESSAGE, text, sizeof text, &len) == AK_OK) {
        fprintf(stderr, "ak-bench: %.*s\n", (int)len, text);
    }
    return false;
}

static ak_client *open_client(const char *url, ak_error *err) {
    ak_client *client = NULL;
    ak_client_new(&client, err);
    ak_client_set_text(client, AK_CLIENT_BASE_URL, url, strlen(url), err);
    ak_client_set_int(client, AK_CLIENT_MAX_IDLE, CALLS_IN_FLIGHT, err);
    return client;
}

static ak_call *open_call(ak_client *client, int32_t operation, const char *word, ak_error *err) {
    ak_call *call = NULL;
    ak_call_new(client, operation, &call, err);
    for (; word && *word; word += strlen(word) + 1) { /* words, each with its NUL, then an empty one */
        ak_call_add_text(call, AK_KEY_COMMAND, word, strlen(word), err);
    }
    return call;
}

static ak_status next_by_wait(ak_call *call, ak_error *err) {
    ak_status status;
    do {
        status = ak_call_wait(call, -1, err);
    } while (status == AK_AGAIN);
    return status;
}

static ak_status next_by_poll(ak_call *call, ak_error *err) {
    for (;;) {
        ak_status status = ak_call_step(call, err);
        if (status != AK_AGAIN) {
            return status;
        }
        struct pollfd entry = {.fd = ak_call_fd(call), .events = POLLIN};
        poll(&entry, 1, -1);
    }
}

typedef ak_status (*next_function)(ak_call *call, ak_error *err);

/* ---- unary --------------------------------------------------------------------------------------------------------
 */

typedef struct {
    int32_t operation;
    const char *words;
    int32_t key; /* 0: all fields */
    int records;
} library_job;

static const library_job health_job = {AK_OP_HEALTH, NULL, AK_KEY_STATUS, 1};
static const library_job run_job = {AK_OP_RUN, "echo\0hello\0", AK_KEY_OUTPUT, 1};
static const library_job list_job = {AK_OP_LIST_SANDBOXES, NULL, 0, FIXED_SANDBOXES};

static ak_status take_record(ak_call *call, int32_t key, ak_error *err) {
    ak_value values[MAX_VALUES];
    const char *data = NULL;
    size_t n = 0;
    return key ? ak_call_view(call, key, &data, &n, err) : ak_call_values(call, values, MAX_VALUES, &n, err);
}

static bool do_job(ak_client *client, const library_job *job, next_function next, ak_error *err) {
    int records = 0;
    ak_call *call = open_call(client, job->operation, job->words, err);
    ak_status status;
    while ((status = next(call, err)) == AK_ITEM) {
        records += take_record(call, job->key, err) == AK_OK;
    }
    ak_call_free(call);
    return (status == AK_DONE && records == job->records) || complain(err);
}

static bool repeat(bench_meter *meter, const library_job *job, next_function next) {
    ak_error *err = ak_error_new();
    ak_client *client = open_client(meter->url, err);
    bool ok = true;
    for (int i = 0; i < meter->units / 10 + 1 && ok; i++) {
        ok = do_job(client, job, next, err);
    }
    meter_start(meter);
    for (int i = 0; i < meter->units && ok; i++) {
        ok = do_job(client, job, next, err);
    }
    meter_stop(meter);
    ak_client_free(client);
    ak_error_free(err);
    return ok;
}

bool wait_health(bench_meter *meter) {
    return repeat(meter, &health_job, next_by_wait);
}

bool poll_health(bench_meter *meter) {
    return repeat(meter, &health_job, next_by_poll);
}

bool wait_run(bench_meter *meter) {
    return repeat(meter, &run_job, next_by_wait);
}

bool poll_run(bench_meter *meter) {
    return repeat(meter, &run_job, next_by_poll);
}

bool wait_list(bench_meter *meter) {
    return repeat(meter, &list_job, next_by_wait);
}

bool poll_list(bench_meter *meter) {
    return repeat(meter, &list_job, next_by_poll);
}

/* ---- streams ------------------------------------------------------------------------------------------------------
 */

/* Every event, its type and its output decoded. Returns the bytes of output. */
static size_t view_events(ak_call *call, next_function next, ak_error *err) {
    size_t total = 0;
    while (next(call, err) == AK_ITEM) {
        const char *data = NULL;
        size_t len = 0;
        if (ak_call_view(call, AK_KEY_TYPE, &data, &len, err) == AK_OK && len == 6 &&
            ak_call_view(call, AK_KEY_DATA, &data, &len, err) == AK_OK) {
            total += len;
        }
    }
    return total;
}

static size_t read_events(ak_call *call, ak_error *err) {
    static char buf[64 * 1024];
    size_t total = 0;
    for (;;) {
        size_t len = 0;
        ak_status status = ak_call_read(call, buf, sizeof buf, &len, err);
        total += len;
        if (status == AK_DONE || status < 0) {
            return total;
        }
        if (status == AK_AGAIN) {
            struct pollfd entry = {.fd = ak_call_fd(call), .events = POLLIN};
            poll(&entry, 1, -1);
        }
    }
}

/* next NULL: the read door. */
static bool stream(bench_meter *meter, const char *words, size_t bytes, next_function next) {
    ak_error *err = ak_error_new();
    ak_client *client = open_client(meter->url, err);
    bool ok = do_job(client, &health_job, next_by_wait, err);
    meter_start(meter);
    ak_call *call = open_call(client, AK_OP_RUN_STREAM, words, err);
    size_t total = next ? view_events(call, next, err) : read_events(call, err);
    ok = ok && ak_call_state(call) == AK_STATE_DONE && total == bytes;
    ak_call_free(call);
    meter_stop(meter);
    ok = ok || complain(err);
    ak_client_free(client);
    ak_error_free(err);
    return ok;
}

#define SMALL_TOTAL ((size_t)FIXED_SMALL_EVENTS * FIXED_SMALL_BYTES)
#define LARGE_TOTAL ((size_t)FIXED_LARGE_EVENTS * FIXED_LARGE_BYTES)
#define HUGE_TOTAL ((size_t)FIXED_HUGE_EVENTS * FIXED_LARGE_BYTES)

bool wait_small(bench_meter *meter) {
    return stream(meter, FIXED_SMALL "\0", SMALL_TOTAL, next_by_wait);
}

bool poll_small(bench_meter *meter) {
    return stream(meter, FIXED_SMALL "\0", SMALL_TOTAL, next_by_poll);
}

bool read_small(bench_meter *meter) {
    return stream(meter, FIXED_SMALL "\0", SMALL_TOTAL, NULL);
}

bool wait_large(bench_meter *meter) {
    return stream(meter, FIXED_LARGE "\0", LARGE_TOTAL, next_by_wait);
}

bool poll_large(bench_meter *meter) {
    return stream(meter, FIXED_LARGE "\0", LARGE_TOTAL, next_by_poll);
}

bool read_large(bench_meter *meter) {
    return stream(meter, FIXED_LARGE "\0", LARGE_TOTAL, NULL);
}

bool wait_huge(bench_meter *meter) {
    return stream(meter, FIXED_HUGE "\0", HUGE_TOTAL, next_by_wait);
}

bool poll_huge(bench_meter *meter) {
    return stream(meter, FIXED_HUGE "\0", HUGE_TOTAL, next_by_poll);
}

bool read_huge(bench_meter *meter) {
    return stream(meter, FIXED_HUGE "\0", HUGE_TOTAL, NULL);
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

#define FILE_PIECE (128 * 1024)

static void wait_for(ak_call *call) {
    struct pollfd entry = {.fd = ak_call_fd(call), .events = POLLIN};
    poll(&entry, 1, -1);
}

/* The pieces of a file go to a buffer for all of it, as with those who want it as a whole. */
static ak_status read_pieces(ak_call *call, char *bytes, size_t *len, ak_error *err) {
    ak_status status;
    do {
        size_t n = 0, room = FIXED_FILE_BYTES + 1 - *len;
        status = ak_call_read(call, bytes + *len, room < FILE_PIECE ? room : FILE_PIECE, &n, err);
        *len += n;
        if (status == AK_AGAIN) {
            wait_for(call);
        }
    } while (status == AK_OK || status == AK_ITEM || status == AK_AGAIN);
    return status;
}

static ak_status read_whole(ak_call *call, char *bytes, size_t *len, ak_error *err) {
    ak_status status = next_by_poll(call, err);
    if (status == AK_ITEM && ak_call_text(call, AK_KEY_CONTENT, bytes, FIXED_FILE_BYTES + 1, len, err) == AK_OK) {
        status = next_by_poll(call, err);
    }
    return status;
}

static ak_status write_pieces(ak_call *call, char *bytes, size_t *len, ak_error *err) {
    ak_status status = AK_OK;
    ak_call_set_int(call, AK_KEY_SIZE, FIXED_FILE_BYTES, err);
    while (*len < FIXED_FILE_BYTES && (status == AK_OK || status == AK_AGAIN)) {
        size_t n = 0, left = FIXED_FILE_BYTES - *len;
        status = ak_call_write(call, bytes + *len, left < FILE_PIECE ? left : FILE_PIECE, &n, err);
        *len += n;
        if (status == AK_AGAIN) {
            wait_for(call);
        }
    }
    ak_call_write(call, NULL, 0, &(size_t){0}, err);
    return next_by_poll(call, err);
}

static ak_status write_whole(ak_call *call, char *bytes, size_t *len, ak_error *err) {
    *len = FIXED_FILE_BYTES;
    ak_call_set_text(call, AK_KEY_CONTENT, bytes, FIXED_FILE_BYTES, err);
    return next_by_poll(call, err);
}

typedef ak_status (*file_function)(ak_call *call, char *bytes, size_t *len, ak_error *err);

static bool do_file(ak_client *client, int32_t operation, file_function transfer, char *bytes, ak_error *err) {
    size_t len = 0;
    ak_call *call = open_call(client, operation, NULL, err);
    ak_call_set_text(call, AK_KEY_NAME, "bench", 5, err);
    ak_call_set_text(call, AK_KEY_PATH, "/tmp/x", 6, err);
    ak_status status = transfer(call, bytes, &len, err);
    ak_call_free(call);
    return (status == AK_DONE && len == FIXED_FILE_BYTES) || complain(err);
}

static bool repeat_file(bench_meter *meter, int32_t operation, file_function transfer) {
    ak_error *err = ak_error_new();
    ak_client *client = open_client(meter->url, err);
    char *bytes = malloc(FIXED_FILE_BYTES + 1); /* one more, so that too much would be seen */
    bool ok = bytes != NULL;
    for (size_t i = 0; ok && i < FIXED_FILE_BYTES; i++) {
        bytes[i] = operation == AK_OP_WRITE_FILE ? (char)(i % 256) : 0;
    }
    ok = ok && do_file(client, operation, transfer, bytes, err);
    meter_start(meter);
    for (int i = 0; i < meter->units && ok; i++) {
        ok = do_file(client, operation, transfer, bytes, err);
    }
    meter_stop(meter);
    for (size_t i = 0; ok && i < FIXED_FILE_BYTES; i++) {
        ok = (unsigned char)bytes[i] == i % 256;
    }
    free(bytes);
    ak_client_free(client);
    ak_error_free(err);
    return ok;
}

bool whole_read_file(bench_meter *meter) {
    return repeat_file(meter, AK_OP_READ_FILE, read_whole);
}

bool streamed_read_file(bench_meter *meter) {
    return repeat_file(meter, AK_OP_READ_FILE, read_pieces);
}

bool whole_write_file(bench_meter *meter) {
    return repeat_file(meter, AK_OP_WRITE_FILE, write_whole);
}

bool streamed_write_file(bench_meter *meter) {
    return repeat_file(meter, AK_OP_WRITE_FILE, write_pieces);
}

/* ---- many at once -------------------------------------------------------------------------------------------------
 */

/* Steps a call to where it has to wait. 1: it has ended well, -1: badly. */
static int step_on(ak_call *call, ak_error *err) {
    ak_status status;
    while ((status = ak_call_step(call, err)) == AK_ITEM) {
        if (take_record(call, AK_KEY_STATUS, err) != AK_OK) {
            return -1;
        }
    }
    return status == AK_AGAIN ? 0 : status == AK_DONE ? 1 : -1;
}

static bool keep_in_flight(ak_client *client, int calls, ak_error *err) {
    ak_call *flying[CALLS_IN_FLIGHT];
    struct pollfd entries[CALLS_IN_FLIGHT];
    int started = 0, done = 0;
    for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
        flying[i] = NULL;
        entries[i] = (struct pollfd){.fd = -1, .events = POLLIN, .revents = POLLIN};
    }
    while (done < calls) {
        for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
            if (!entries[i].revents) {
                continue;
            }
            int ended = flying[i] ? step_on(flying[i], err) : 1;
            done += flying[i] != NULL && ended == 1;
            if (ended < 0) {
                return complain(err);
            }
            if (ended == 1) {
                ak_call_free(flying[i]);
                flying[i] = started < calls ? open_call(client, AK_OP_HEALTH, NULL, err) : NULL;
                started++;
                if (flying[i] && step_on(flying[i], err) < 0) {
                    return complain(err);
                }
            }
            entries[i].fd = flying[i] ? ak_call_fd(flying[i]) : -1;
        }
        if (done < calls) {
            poll(entries, CALLS_IN_FLIGHT, 1000);
        }
    }
    return true;
}

bool poll_in_flight(bench_meter *meter) {
    ak_error *err = ak_error_new();
    ak_client *client = open_client(meter->url, err);
    bool ok = keep_in_flight(client, CALLS_IN_FLIGHT, err);
    meter_start(meter);
    ok = ok && keep_in_flight(client, meter->units, err);
    meter_stop(meter);
    ak_client_free(client);
    ak_error_free(err);
    return ok;
}
