/* test_ops_failures.c: every way in which a typed call can fail leaves zeros, a code, and nothing to free. */
#include "kit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* The header's own allocations can be made to fail: the one with this number, from 1. */
static int fail_at, allocations;

static void *failing_malloc(size_t size) {
    return ++allocations == fail_at ? NULL : malloc(size);
}

#define malloc(size) failing_malloc(size)
#include "agentkernel_ops.h"
#undef malloc

#define RAN "{\"success\":true,\"data\":{\"output\":\"hello\\n\",\"exit_code\":0}}"
#define COMMAND ((const char *const[]){"echo", "hello", NULL})

static void assert_zeros(const void *record, size_t size) {
    const unsigned char *bytes = record;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

static ak_failure failure_of(const ak_error *err) {
    ak_failure failure = {0};
    assert_int_equal(ak_failure_fill(err, &failure), AK_OK);
    return failure;
}

static void a_failing_command_is_told_whole(void **state) {
    (void)state;
    fault_server *server = kit_server(409, "{\"success\":false,\"error\":\"Command exited with code 3: no\","
                                           "\"exit_code\":3,\"output\":\"no\"}");
    ak_client *client = kit_client(server, "");
    ak_error *err = ak_error_new();
    ak_run_result result = {0};
    assert_int_equal(ak_run(client, COMMAND, NULL, &result, err), AK_E_COMMAND);
    assert_zeros(&result, sizeof result);
    ak_failure failure = failure_of(err);
    assert_int_equal(failure.code, AK_E_COMMAND);
    assert_true(failure.has.exit_code && failure.exit_code == 3);
    assert_true(failure.has.http_status && failure.http_status == 409);
    assert_true(failure.has.sent && failure.sent == AK_SENT_ANSWERED);
    assert_int_equal(failure.output_len, 2);
    assert_string_equal(failure.output, "no");
    assert_string_equal(failure.operation, "run");
    assert_non_null(failure.message);
    assert_non_null(failure.server_text);
    assert_false(failure.has.libcurl || failure.has.retry_after_ms);

    /* With check off it is a record. */
    assert_int_equal(ak_run(client, COMMAND, &(ak_run_options){.check = AK_NO}, &result, err), AK_OK);
    assert_int_equal(result.exit_code, 3);
    assert_string_equal(result.output, "no");
    ak_run_result_free(&result);

    /* The failure is a copy, and may be filled again. */
    ak_error_free(err);
    assert_string_equal(failure.output, "no");
    assert_int_equal(ak_failure_fill(NULL, &failure), AK_OK);
    assert_zeros(&failure, sizeof failure);
    ak_failure_free(&failure);
    ak_client_free(client);
    fault_stop(server);
}

static void wrong_parameters_are_found_before_any_io(void **state) {
    (void)state;
    fault_server *server = kit_server(200, RAN);
    ak_client *client = kit_client(server, "");
    ak_error *err = ak_error_new();
    ak_run_result result = {0};
    ak_sandbox box = {0};
    ak_call *call = NULL;
    const char *const none[] = {NULL};
    const char *const bad_env[] = {"A=1", "nonsense", "B=2", NULL};
    assert_int_equal(ak_run(client, COMMAND, NULL, &result, err), AK_OK);
    uint64_t before = fault_count(server, FAULT_REQUESTS);
    /* What the record held is gone. */
    assert_int_equal(ak_run(client, NULL, NULL, &result, err), AK_E_ARGUMENT);
    assert_zeros(&result, sizeof result);
    assert_int_equal(ak_run(client, none, NULL, &result, err), AK_E_ARGUMENT);
    assert_int_equal(ak_run(NULL, COMMAND, NULL, &result, err), AK_E_ARGUMENT);
    assert_int_equal(ak_sandbox_get(client, NULL, NULL, &box, err), AK_E_ARGUMENT);
    assert_int_equal(ak_sandbox_get(client, "../x", NULL, &box, err), AK_E_ARGUMENT);
    assert_int_equal(ak_sandbox_remove(client, "", NULL, err), AK_E_ARGUMENT);
    assert_int_equal(ak_sandbox_create(client, "b", &(ak_sandbox_create_options){.vcpus = -1}, &box, err),
                     AK_E_ARGUMENT);
    assert_int_equal(ak_sandbox_create(client, "b", &(ak_sandbox_create_options){.memory_mb = AK_ZERO}, &box, err),
                     AK_E_ARGUMENT);
    assert_zeros(&box, sizeof box);
    /* A call that was refused is not handed out. */
    assert_int_equal(ak_run_new(client, COMMAND, &(ak_run_options){.image = "b\xff"}, &call, err), AK_E_ARGUMENT);
    assert_null(call);
    assert_int_equal(ak_run_stream(client, COMMAND, &(ak_run_stream_options){.profile = "lax"}, &call, err),
                     AK_E_ARGUMENT);
    assert_null(call);
    assert_int_equal(ak_sandbox_exec(client, "b", COMMAND, &(ak_sandbox_exec_options){.env = bad_env}, &result, err),
                     AK_E_ARGUMENT);
    ak_failure failure = failure_of(err);
    assert_non_null(strstr(failure.message, "env"));
    ak_failure_free(&failure);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), before);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void records_of_another_operation(void **state) {
    (void)state;
    fault_server *server = kit_server(200, RAN);
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_sandbox box = {0};
    ak_run_result result = {0};
    assert_int_equal(ak_run_new(client, COMMAND, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_run_result_fill(call, &result, NULL), AK_E_STATE); /* nothing has come yet */
    assert_int_equal(ak_sandbox_next(call, &box, NULL), AK_E_ARGUMENT);
    assert_zeros(&box, sizeof box);
    /* The record is still there for one of the right kind. */
    assert_int_equal(ak_run_result_fill(call, &result, NULL), AK_OK);
    assert_string_equal(result.output, "hello\n");
    ak_run_result_free(&result);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
}

/* The server answers, but not with what it must. */
static void answers_that_are_wrong(void **state) {
    (void)state;
    static const struct {
        int http;
        const char *json;
        ak_status status;
    } cases[] = {
        {404, "{\"success\":false,\"error\":\"Sandbox not found\"}", AK_E_NOT_FOUND},
        {200, "{\"success\":true,\"data\":{\"status\":\"running\"}}", AK_E_PROTOCOL},
        {200, "{\"success\":true}", AK_E_PROTOCOL},
        {200, "nonsense", AK_E_PROTOCOL},
        {500, "", AK_E_SERVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault_server *server = kit_server(cases[i].http, cases[i].json);
        ak_client *client = kit_client(server, "");
        ak_sandbox box = {0};
        assert_int_equal(ak_sandbox_get(client, "box", NULL, &box, NULL), cases[i].status);
        assert_zeros(&box, sizeof box);
        ak_client_free(client);
        fault_stop(server);
    }
}

static void a_stream_that_breaks_off(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"a\",\"stream\":\"stdout\"}");
    fault_sse_end(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_event event = {0};
    assert_int_equal(ak_run_stream(client, COMMAND, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_string_equal(event.data, "a");
    assert_int_equal(ak_event_next(call, &event, NULL), AK_E_TRUNCATED);
    assert_zeros(&event, sizeof event);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_E_TRUNCATED);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- time ---- */

static fault_server *silent_server(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_close(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void waiting_ends_with_the_calls_deadline(void **state) {
    (void)state;
    fault_server *server = silent_server();
    ak_client *client = kit_client(server, "");
    int64_t begin = fault_now_ms();
    assert_int_equal(ak_run(client, COMMAND, &(ak_run_options){.timeout_ms = 100}, NULL, NULL), AK_E_TIMEOUT);
    assert_within(fault_now_ms() - begin, 100, KIT_WAIT_MS);
    ak_client_free(client);
    fault_stop(server);
}

typedef struct {
    fault_server *server;
    ak_call *call;
} cancelling;

static void *cancel_when_sent(void *argument) {
    cancelling *what = argument;
    fault_await(what->server, FAULT_COMPLETE, 1, KIT_WAIT_MS);
    ak_call_cancel(what->call);
    ak_call_free(what->call);
    return NULL;
}

static void waiting_ends_when_another_thread_cancels(void **state) {
    (void)state;
    fault_server *server = silent_server();
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_event event = {0};
    pthread_t thread;
    assert_int_equal(ak_run_stream(client, COMMAND, NULL, &call, NULL), AK_OK);
    cancelling what = {server, ak_call_retain(call)};
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_sent, &what), 0);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_E_CANCELLED);
    pthread_join(thread, NULL);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals++;
}

static void signals_do_not_end_it(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_delay(script, 300);
    fault_reply_json(script, 200, RAN);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = kit_client(server, "");
    struct sigaction action = {.sa_handler = count_signal}, before; /* without SA_RESTART */
    const struct itimerval every = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    setitimer(ITIMER_REAL, &every, NULL);
    ak_status status = ak_run(client, COMMAND, NULL, NULL, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(status, AK_OK);
    assert_true(signals > 0);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- memory ---- */

/* Each allocation of copying a record fails once. */
static void out_of_memory(void **state) {
    (void)state;
    enum { size = 3000 };
    char json[3 * size];
    int len = snprintf(json, sizeof json,
                       "{\"success\":true,\"data\":{\"name\":\"b\",\"status\":\"s\","
                       "\"ports\":[\"%0*d\",\"1\"],\"labels\":{\"a\":\"%0*d\"}}}",
                       size, 1, size, 2);
    assert_within(len, 2 * size, sizeof json - 1);
    fault_server *server = kit_server(200, json);
    ak_client *client = kit_client(server, "");
    ak_sandbox box = {0};
    ak_status status = AK_E_MEMORY;
    int failures = 0;
    while (status == AK_E_MEMORY && failures < 100) {
        allocations = 0;
        fail_at = ++failures;
        status = ak_sandbox_get(client, "b", NULL, &box, NULL);
        if (status == AK_E_MEMORY) {
            assert_zeros(&box, sizeof box);
        }
    }
    fail_at = 0;
    assert_int_equal(status, AK_OK);
    assert_within(failures, 4, 99);
    assert_int_equal(strlen(box.ports[0]), size);
    ak_sandbox_free(&box);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_command_is_told_whole),
        cmocka_unit_test(wrong_parameters_are_found_before_any_io),
        cmocka_unit_test(records_of_another_operation),
        cmocka_unit_test(answers_that_are_wrong),
        cmocka_unit_test(a_stream_that_breaks_off),
        cmocka_unit_test(waiting_ends_with_the_calls_deadline),
        cmocka_unit_test(waiting_ends_when_another_thread_cancels),
        cmocka_unit_test(signals_do_not_end_it),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
