/* The client against agentkernel-local: every operation for real, and what only the two together can show. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "local_server.h"

static local_server server;
static ak_client *client;

static int start(void **state) {
    (void)state;
    local_server_start(&server);
    client = local_client(&server);
    return 0;
}

static int stop_server(void **state) {
    (void)state;
    ak_client_free(client);
    local_server_stop(&server);
    return 0;
}

/* ---- helpers ------------------------------------------------------------------------------------------------------
 */

static ak_call *new_call(int32_t operation, const char *name) {
    ak_call *call = NULL;
    assert_int_equal(ak_call_new(client, operation, &call, NULL), AK_OK);
    if (name) {
        ak_call_set_text(call, AK_KEY_NAME, name, strlen(name), NULL);
    }
    return call;
}

static void add_words(ak_call *call, size_t count, const char *const *words) {
    for (size_t i = 0; i < count; i++) {
        ak_call_add_text(call, AK_KEY_COMMAND, words[i], strlen(words[i]), NULL);
    }
}

#define COMMAND(call, ...)                                                                                             \
    do {                                                                                                               \
        const char *const words[] = {__VA_ARGS__};                                                                     \
        add_words(call, sizeof words / sizeof words[0], words);                                                        \
    } while (0)

/* To the next record or the end. */
static ak_status next(ak_call *call, ak_error *err) {
    ak_status status;
    do {
        status = ak_call_wait(call, 10000, err);
    } while (status == AK_AGAIN);
    return status;
}

static void assert_field(ak_call *call, int32_t key, const char *expected) {
    const char *data = NULL;
    size_t len = 0;
    assert_int_equal(ak_call_view(call, key, &data, &len, NULL), AK_OK);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(data, expected, len);
}

/* The call yields one record with this text in a field, and then ends. */
static void assert_yields(ak_call *call, int32_t key, const char *expected) {
    assert_int_equal(next(call, NULL), AK_ITEM);
    assert_field(call, key, expected);
    assert_int_equal(next(call, NULL), AK_DONE);
    ak_call_free(call);
}

static void assert_fails(ak_call *call, ak_status code) {
    assert_int_equal(next(call, NULL), code);
    ak_call_free(call);
}

static void create(const char *name) {
    assert_yields(new_call(AK_OP_CREATE_SANDBOX, name), AK_KEY_NAME, name);
}

static void remove_it(const char *name) {
    ak_call *call = new_call(AK_OP_REMOVE_SANDBOX, name);
    assert_int_equal(next(call, NULL), AK_DONE);
    ak_call_free(call);
}

/* ---- operations ---------------------------------------------------------------------------------------------------
 */

static void test_health(void **state) {
    (void)state;
    assert_yields(new_call(AK_OP_HEALTH, NULL), AK_KEY_STATUS, "ok");
}

static void test_run(void **state) {
    (void)state;
    ak_call *call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "printf", "%s|", "a b", "", "c'd", "$(id)", "new\nline");
    assert_yields(call, AK_KEY_OUTPUT, "a b||c'd|$(id)|new\nline|");
}

static void test_run_fails(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    int64_t value = 0;
    const char *output = NULL;
    size_t len = 0;
    ak_call *call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "sh", "-c", "echo out; echo err >&2; exit 3");
    assert_int_equal(next(call, err), AK_E_COMMAND);
    assert_int_equal(ak_error_int(err, AK_ERROR_EXIT_CODE, &value), AK_OK);
    assert_int_equal(value, 3);
    assert_int_equal(ak_error_int(err, AK_ERROR_HTTP_STATUS, &value), AK_OK);
    assert_int_equal(value, 409);
    assert_int_equal(ak_error_view(err, AK_ERROR_OUTPUT, &output, &len), AK_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(output, "out\nerr\n", 8);
    ak_call_free(call);

    call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "sh", "-c", "exit 4");
    ak_call_set_int(call, AK_KEY_CHECK, 0, NULL);
    assert_int_equal(next(call, NULL), AK_ITEM);
    assert_int_equal(ak_call_int(call, AK_KEY_EXIT_CODE, &value, NULL), AK_OK);
    assert_int_equal(value, 4);
    ak_call_free(call);

    call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "no-such-program");
    assert_int_equal(next(call, err), AK_E_COMMAND);
    assert_int_equal(ak_error_int(err, AK_ERROR_EXIT_CODE, &value), AK_OK);
    assert_int_equal(value, 127);
    ak_call_free(call);
    ak_error_free(err);
}

static void test_binary_output(void **state) {
    (void)state;
    static const char expected[] = {'a', 0, (char)0xff, (char)0xc3, '\n'};
    char bytes[16];
    size_t len = 0;
    ak_call *call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "printf", "a\\000\\377\\303\\n");
    assert_int_equal(next(call, NULL), AK_ITEM);
    assert_int_equal(ak_call_text(call, AK_KEY_OUTPUT, bytes, sizeof bytes, &len, NULL), AK_OK);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(bytes, expected, len);
    ak_call_free(call);
}

static void test_large_argument(void **state) {
    (void)state;
    size_t size = 100 * 1024;
    char *argument = malloc(size);
    assert_non_null(argument);
    memset(argument, 'x', size);
    ak_call *call = new_call(AK_OP_RUN, NULL);
    COMMAND(call, "sh", "-c", "printf ${#1}", "sh");
    ak_call_add_text(call, AK_KEY_COMMAND, argument, size, NULL);
    assert_yields(call, AK_KEY_OUTPUT, "102400");
    free(argument);
}

static void test_sandbox_life(void **state) {
    (void)state;
    create("life");
    assert_fails(new_call(AK_OP_CREATE_SANDBOX, "life"), AK_E_CONFLICT);
    assert_yields(new_call(AK_OP_GET_SANDBOX, "life"), AK_KEY_STATUS, "running");
    assert_yields(new_call(AK_OP_LIST_SANDBOXES, NULL), AK_KEY_NAME, "life");
    ak_call *call = new_call(AK_OP_EXEC_IN_SANDBOX, "life");
    COMMAND(call, "sh", "-c", "echo $GREETING > note");
    ak_call_put_text(call, AK_KEY_ENV, "GREETING", 8, "good day", 8, NULL);
    assert_yields(call, AK_KEY_OUTPUT, "");
    call = new_call(AK_OP_EXEC_IN_SANDBOX, "life");
    COMMAND(call, "cat", "note");
    assert_yields(call, AK_KEY_OUTPUT, "good day\n");
    call = new_call(AK_OP_EXEC_IN_SANDBOX, "life");
    COMMAND(call, "pwd");
    ak_call_set_text(call, AK_KEY_WORKDIR, "/tmp", 4, NULL);
    assert_yields(call, AK_KEY_OUTPUT, "/tmp\n");
    call = new_call(AK_OP_EXEC_IN_SANDBOX, "life");
    COMMAND(call, "id");
    ak_call_set_int(call, AK_KEY_SUDO, 1, NULL);
    assert_fails(call, AK_E_FORBIDDEN);
    remove_it("life");
    assert_fails(new_call(AK_OP_REMOVE_SANDBOX, "life"), AK_E_NOT_FOUND);
    assert_fails(new_call(AK_OP_GET_SANDBOX, "life"), AK_E_NOT_FOUND);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether the first line came before the second was written, which is some seconds later. */
static bool first_line_came_alone(int seconds) {
    static const char *const types[] = {"started", "output", "output", "done"};
    char script[64];
    ak_call *call = new_call(AK_OP_RUN_STREAM, NULL);
    snprintf(script, sizeof script, "echo one; sleep %d; echo two; exit 5", seconds);
    COMMAND(call, "sh", "-c", script);
    ak_call_set_int(call, AK_KEY_FAST, 1, NULL); /* without the progress events */
    int64_t times[4], exit_code = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(next(call, NULL), AK_ITEM);
        assert_field(call, AK_KEY_TYPE, types[i]);
        times[i] = now_ms();
    }
    assert_int_equal(ak_call_int(call, AK_KEY_EXIT_CODE, &exit_code, NULL), AK_OK);
    assert_int_equal(exit_code, 5);
    assert_int_equal(next(call, NULL), AK_DONE);
    ak_call_free(call);
    return times[2] - times[1] >= seconds * 500;
}

static void test_stream(void **state) {
    (void)state;
    int seconds = 1;
    while (seconds < 16 && !first_line_came_alone(seconds)) { /* a busy machine may have been late itself */
        seconds *= 2;
    }
    assert_true(seconds < 16);
}

/* ---- many and much ------------------------------------------------------------------------------------------------
 */

/* One thread, one poll(2) over all of them. */
static void test_many_in_flight(void **state) {
    (void)state;
    enum { CALLS = 200 };
    static ak_call *calls[CALLS];
    static struct pollfd fds[CALLS];
    size_t left = CALLS;
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = new_call(AK_OP_RUN, NULL);
        COMMAND(calls[i], "sh", "-c", "sleep 0.2; echo done");
        fds[i].events = POLLIN;
        fds[i].fd = -1;
    }
    int64_t deadline = now_ms() + 120000;
    while (left && now_ms() < deadline) {
        for (size_t i = 0; i < CALLS; i++) {
            if (!calls[i] || (fds[i].fd >= 0 && !fds[i].revents)) {
                continue;
            }
            ak_status status = ak_call_step(calls[i], NULL);
            if (status == AK_ITEM) {
                assert_field(calls[i], AK_KEY_OUTPUT, "done\n");
                status = ak_call_step(calls[i], NULL);
                assert_int_equal(status, AK_DONE);
            }
            fds[i].fd = ak_call_fd(calls[i]);
            if (status == AK_DONE) {
                ak_call_free(calls[i]);
                calls[i] = NULL;
                fds[i].fd = -1;
                left--;
            } else {
                assert_int_equal(status, AK_AGAIN);
            }
        }
        assert_true(poll(fds, CALLS, 1000) >= 0);
    }
    assert_int_equal(left, 0);
}

static void *run_some(void *data) {
    size_t *good = data;
    for (int i = 0; i < 4; i++) {
        ak_call *call = NULL;
        if (ak_call_new(client, AK_OP_RUN, &call, NULL) == AK_OK) {
            ak_call_add_text(call, AK_KEY_COMMAND, "true", 4, NULL);
            ak_status status;
            while ((status = ak_call_wait(call, 10000, NULL)) == AK_ITEM || status == AK_AGAIN) {
            }
            *good += status == AK_DONE;
            ak_call_free(call);
        }
    }
    return NULL;
}

static void test_many_threads(void **state) {
    (void)state;
    enum { THREADS = 50 };
    pthread_t threads[THREADS];
    size_t good[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &good[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(good[i], 4);
    }
}

static size_t open_descriptors(void) {
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count;
}

static void test_descriptors_stay(void **state) {
    (void)state;
    size_t before = 0;
    ak_client_free(client); /* with the connections of the tests before, which would end meanwhile */
    client = local_client(&server);
    for (int i = 0; i < 10000; i++) {
        ak_call *call = new_call(AK_OP_HEALTH, NULL);
        assert_int_equal(next(call, NULL), AK_ITEM);
        assert_int_equal(next(call, NULL), AK_DONE);
        ak_call_free(call);
        if (i == 0) {
            before = open_descriptors();
        }
    }
    assert_int_equal(open_descriptors(), before);
}

/* Makes the most memory that was used be what is used now. */
static void reset_peak(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

/* Reads a stream of exactly this many bytes; what it costs in memory is the most that either side grows by. */
static void test_gigabyte_is_flat(void **state) {
    (void)state;
    size_t expected = 1000 * 1000 * (getenv("AK_TEST_SMALL") ? 100ULL : 1000ULL), got = 0;
    static char buf[256 * 1024];
    char line[128];
    snprintf(line, sizeof line, "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c %zu", expected);
    ak_call *call = new_call(AK_OP_RUN_STREAM, NULL);
    COMMAND(call, "sh", "-c", line);
    long client_before = 0, server_before = 0;
    for (;;) {
        size_t len = 0;
        ak_status status = ak_call_read(call, buf, sizeof buf, &len, NULL);
        if (status == AK_AGAIN) {
            status = ak_call_wait(call, 10000, NULL);
        }
        if (got > expected / 100 && !client_before) {
            reset_peak(getpid());
            client_before = memory_kib(getpid(), "VmRSS:");
            server_before = memory_kib(server.pid, "VmRSS:");
        }
        got += len;
        if (status != AK_OK && status != AK_ITEM && status != AK_AGAIN) {
            assert_int_equal(status, AK_DONE);
            break;
        }
    }
    ak_call_free(call);
    assert_int_equal(got, expected);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(memory_kib(getpid(), "VmHWM:") - client_before < 8 * 1024);
    assert_true(memory_kib(server.pid, "VmHWM:") - server_before < 8 * 1024);
#else
    (void)server_before;
#endif
}

/* A reader that stops makes the writer stop: the command counts in a file how far it got. */
static void test_stopped_reader_stops_writer(void **state) {
    (void)state;
    unsigned seconds = getenv("AK_TEST_LONG") ? 10 : 2;
    ak_call *call = new_call(AK_OP_RUN_STREAM, NULL);
    ak_call_set_int(call, AK_KEY_FAST, 1, NULL);
    COMMAND(call, "sh", "-c", "(while :; do head -c 1000000 /dev/zero | tr '\\0' x || exit; echo; done) & sleep 600");
    assert_int_equal(next(call, NULL), AK_ITEM); /* started */
    assert_int_equal(next(call, NULL), AK_ITEM);
    assert_field(call, AK_KEY_TYPE, "output");
    sleep(1); /* pipe and sockets fill up */
    long before = memory_kib(server.pid, "VmRSS:");
    sleep(seconds);
    long after = memory_kib(server.pid, "VmRSS:");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(after - before < 2 * 1024);
#else
    (void)before;
    (void)after;
#endif
    ak_call_free(call);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_run_fails),
        cmocka_unit_test(test_binary_output),
        cmocka_unit_test(test_large_argument),
        cmocka_unit_test(test_sandbox_life),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_gigabyte_is_flat),
        cmocka_unit_test(test_stopped_reader_stops_writer),
        cmocka_unit_test(test_many_in_flight),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_descriptors_stay),
    };
    return cmocka_run_group_tests(tests, start, stop_server);
}
