/* test_states.c: every cell of the table of states in agentkernel.h, and what may be done out of order. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

#include <poll.h>

/* Where a call stands before a function is tried on it. */
typedef enum { FROM_NEW, FROM_RUNNING, FROM_ITEM, FROM_READING, FROM_DONE, FROM_FAILED, FROM_COUNT } from;

static const char *const from_names[] = {"new", "running", "item", "reading", "done", "failed"};
static const int32_t from_states[] = {AK_STATE_NEW,     AK_STATE_RUNNING, AK_STATE_ITEM,
                                      AK_STATE_READING, AK_STATE_DONE,    AK_STATE_FAILED};

/* What the server does next, which is the same in every state that goes on. */
typedef enum { THEN_ITEM, THEN_PLAIN_ITEM, THEN_DONE, THEN_AGAIN, THEN_ERROR, THEN_COUNT } then;

static const char *const then_names[] = {"item", "plain", "done", "again", "error"};

#define OUTPUT "{\"data\":\"hello\",\"command\":[\"a\",\"b\"]}"

static fault_server *server;

static void script_then(fault_script *script, then what) {
    switch (what) {
    case THEN_ITEM:
        fault_sse_event(script, "output", OUTPUT);
        fault_wait_close(script);
        break;
    case THEN_PLAIN_ITEM:
        fault_sse_event(script, "progress", "{\"stage\":\"pull\"}");
        fault_wait_close(script);
        break;
    case THEN_DONE:
        /* The final event is a record too, and the end comes with the step after it. */
        fault_sse_event(script, "done", "{\"exit_code\":0}");
        fault_sse_end(script);
        break;
    case THEN_ERROR:
        fault_sse_end(script); /* without a final event */
        break;
    default:
        fault_wait_close(script);
    }
}

/* One rule for each pair, under the path /FROM/THEN. */
static int start(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    for (int f = 0; f < FROM_COUNT; f++) {
        for (int t = 0; t < THEN_COUNT; t++) {
            char target[64];
            snprintf(target, sizeof target, "/%s/%s/run/stream", from_names[f], then_names[t]);
            fault_on_request(script);
            fault_times(script, FAULT_ALWAYS);
            fault_only_target(script, target);
            if (f == FROM_FAILED) {
                fault_reply_json(script, 404, "{\"success\":false,\"error\":\"no such thing\"}");
                continue;
            }
            if (f == FROM_RUNNING && t != THEN_AGAIN) {
                fault_wait_release(script);
            }
            fault_sse_begin(script, FAULT_CHUNKED);
            if (f == FROM_ITEM || f == FROM_READING) {
                fault_sse_event(script, "output", OUTPUT);
            }
            script_then(script, f == FROM_DONE ? THEN_DONE : (then)t);
        }
    }
    server = fault_start(script);
    return server ? 0 : -1;
}

static int stop_server(void **state) {
    (void)state;
    fault_stop(server);
    return 0;
}

/* A call that stands in a state. The client is freed first, which its call does not mind. */
static ak_call *call_in(from f, then t) {
    char path[64], byte;
    size_t len;
    snprintf(path, sizeof path, "/%s/%s", from_names[f], then_names[t]);
    ak_client *client = kit_client(server, path);
    ak_call *call = kit_call(client, AK_OP_RUN_STREAM);
    ak_client_free(client);
    switch (f) {
    case FROM_RUNNING:
        assert_int_equal(ak_call_step(call, NULL), AK_AGAIN);
        break;
    case FROM_READING:
        assert_int_equal(kit_finish(call, NULL), AK_ITEM);
        assert_int_equal(ak_call_read(call, &byte, 1, &len, NULL), AK_OK);
        assert_int_equal(byte, 'h');
        break;
    case FROM_ITEM:
        assert_int_equal(kit_finish(call, NULL), AK_ITEM);
        break;
    case FROM_DONE:
        assert_int_equal(kit_finish(call, NULL), AK_ITEM);
        assert_int_equal(kit_finish(call, NULL), AK_DONE);
        break;
    case FROM_FAILED:
        assert_int_equal(kit_finish(call, NULL), AK_E_NOT_FOUND);
        break;
    default:
        break;
    }
    assert_int_equal(ak_call_state(call), from_states[f]);
    return call;
}

/* ---- the functions, each with arguments that only the state can be wrong for ---- */

typedef ak_status (*function)(ak_call *call, ak_error *err);

static char bytes[64];
static size_t length;
static const char *view;

static ak_status set_text(ak_call *call, ak_error *err) {
    return ak_call_set_text(call, AK_KEY_IMAGE, "alpine", 6, err);
}

static ak_status set_int(ak_call *call, ak_error *err) {
    return ak_call_set_int(call, AK_KEY_FAST, 1, err);
}

static ak_status add_text(ak_call *call, ak_error *err) {
    return ak_call_add_text(call, AK_KEY_COMMAND, "x", 1, err);
}

/* run_stream has no environment, so this one can only fail. */
static ak_status put_text(ak_call *call, ak_error *err) {
    return ak_call_put_text(call, AK_KEY_ENV, "A", 1, "b", 1, err);
}

static ak_status step(ak_call *call, ak_error *err) {
    return ak_call_step(call, err);
}

static ak_status wait_now(ak_call *call, ak_error *err) {
    return ak_call_wait(call, 0, err);
}

static ak_status read_some(ak_call *call, ak_error *err) {
    return ak_call_read(call, bytes, sizeof bytes, &length, err);
}

static ak_status text(ak_call *call, ak_error *err) {
    return ak_call_text(call, AK_KEY_TYPE, bytes, sizeof bytes, &length, err);
}

static ak_status integer(ak_call *call, ak_error *err) {
    int64_t value;
    return ak_call_int(call, AK_KEY_PARSED, &value, err);
}

static ak_status get_view(ak_call *call, ak_error *err) {
    return ak_call_view(call, AK_KEY_DATA, &view, &length, err);
}

static ak_status count(ak_call *call, ak_error *err) {
    return ak_call_count(call, AK_KEY_COMMAND, &length, err);
}

static ak_status text_at(ak_call *call, ak_error *err) {
    return ak_call_text_at(call, AK_KEY_COMMAND, 1, bytes, sizeof bytes, &length, err);
}

static ak_status view_at(ak_call *call, ak_error *err) {
    return ak_call_view_at(call, AK_KEY_COMMAND, 1, &view, &length, err);
}

/* An event has no map, so where there is a record the argument is wrong. */
static ak_status key_at(ak_call *call, ak_error *err) {
    ak_status status = ak_call_key_at(call, AK_KEY_COMMAND, 1, &view, &length, err);
    return status == AK_E_ARGUMENT ? AK_OK : status;
}

static ak_status values(ak_call *call, ak_error *err) {
    ak_value all[64];
    return ak_call_values(call, all, 64, &length, err);
}

static const struct {
    const char *name;
    function apply;
} binds[] = {{"set_text", set_text}, {"set_int", set_int}, {"add_text", add_text}, {"put_text", put_text}},
  movers[] = {{"step", step}, {"wait", wait_now}, {"read", read_some}},
  doors[] = {{"text", text},       {"int", integer},     {"view", get_view}, {"count", count},
             {"text_at", text_at}, {"view_at", view_at}, {"key_at", key_at}, {"values", values}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Says which cell it is before it fails. */
static void expect_cell(const char *name, from f, ak_status got, ak_status wanted) {
    if (got != wanted) {
        fail_msg("%s in state %s: %s, not %s", name, from_names[f], ak_status_name(got), ak_status_name(wanted));
    }
}

/* ---- cells ---- */

static void parameters_are_bound_while_new(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    for (int f = 0; f < FROM_COUNT; f++) {
        ak_call *call = call_in((from)f, THEN_AGAIN);
        for (size_t i = 0; i < COUNT(binds); i++) {
            if (f == FROM_NEW && binds[i].apply == put_text) {
                continue; /* below */
            }
            ak_status wanted = f == FROM_NEW ? AK_OK : AK_E_STATE;
            expect_cell(binds[i].name, (from)f, binds[i].apply(call, err), wanted);
            assert_int_equal(ak_error_code(err), wanted);
            assert_int_equal(ak_call_state(call), from_states[f]);
        }
        ak_call_free(call);
    }
    ak_client *client = kit_client(server, "");
    ak_call *call = kit_call(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(put_text(call, NULL), AK_OK);
    assert_int_equal(ak_call_state(call), AK_STATE_NEW);
    ak_call_free(call);
    ak_client_free(client);
    ak_error_free(err);
}

/* Whether the caller passes an error must not matter. */
static void a_failed_bind_is_told_again(void **state) {
    (void)state;
    for (int with = 0; with < 2; with++) {
        ak_error *err = with ? ak_error_new() : NULL;
        ak_error *last = ak_error_new();
        char message[512];
        size_t len = 0;
        ak_call *call = call_in(FROM_NEW, THEN_AGAIN);
        assert_int_equal(ak_call_set_text(call, AK_KEY_PROFILE, "loose", 5, err), AK_E_ARGUMENT);
        assert_int_equal(ak_call_state(call), AK_STATE_NEW);
        assert_int_equal(ak_call_fd(call), -1);
        for (size_t i = 0; i < COUNT(binds); i++) {
            expect_cell(binds[i].name, FROM_NEW, binds[i].apply(call, err), AK_E_ARGUMENT);
        }
        for (int again = 0; again < 2; again++) {
            for (size_t i = 0; i < COUNT(movers); i++) {
                expect_cell(movers[i].name, FROM_NEW, movers[i].apply(call, last), AK_E_ARGUMENT);
                assert_int_equal(ak_call_state(call), AK_STATE_FAILED);
                assert_int_equal(ak_error_text(last, AK_ERROR_MESSAGE, message, sizeof message - 1, &len), AK_OK);
                message[len] = '\0';
                assert_non_null(strstr(message, "profile"));
            }
            for (size_t i = 0; i < COUNT(binds); i++) {
                expect_cell(binds[i].name, FROM_FAILED, binds[i].apply(call, err), AK_E_ARGUMENT);
            }
            assert_int_equal(ak_call_fd(call), -1); /* it never ran */
        }
        ak_call_free(call);
        ak_error_free(err);
        ak_error_free(last);
    }
}

static void records_are_there_in_item_and_reading(void **state) {
    (void)state;
    for (int f = 0; f < FROM_COUNT; f++) {
        ak_call *call = call_in((from)f, THEN_AGAIN);
        bool has = f == FROM_ITEM || f == FROM_READING;
        for (size_t i = 0; i < COUNT(doors); i++) {
            expect_cell(doors[i].name, (from)f, doors[i].apply(call, NULL), has ? AK_OK : AK_E_STATE);
            assert_int_equal(ak_call_state(call), from_states[f]);
            assert_true(has || length == 0);
        }
        const char *type = ak_call_cstring(call, AK_KEY_TYPE);
        assert_true(has ? type && strcmp(type, "output") == 0 : type == NULL);
        assert_int_equal(ak_call_number(call, AK_KEY_PARSED, -7), has ? 1 : -7);
        assert_int_equal(ak_call_state(call), from_states[f]);
        ak_call_free(call);
    }
}

/* Until something has come; read hands out the output of a record at once. */
static ak_status move(size_t mover, ak_call *call, ak_error *err) {
    int64_t end = fault_now_ms() + KIT_WAIT_MS;
    ak_status status = movers[mover].apply(call, err);
    while (status == AK_AGAIN && fault_now_ms() < end) {
        struct pollfd watch = {.fd = ak_call_fd(call), .events = POLLIN};
        assert_true(poll(&watch, 1, KIT_WAIT_MS) == 1);
        status = movers[mover].apply(call, err);
    }
    return status;
}

static void new_running_and_item_go_on(void **state) {
    (void)state;
    for (int f = FROM_NEW; f <= FROM_ITEM; f++) {
        for (int t = 0; t < THEN_COUNT; t++) {
            for (size_t i = 0; i < COUNT(movers); i++) {
                bool reads = movers[i].apply == read_some;
                ak_call *call = call_in((from)f, (then)t);
                if (f == FROM_RUNNING && t != THEN_AGAIN) {
                    fault_release(server, 1);
                }
                if (f == FROM_ITEM && reads) { /* first the bytes of the record that is current */
                    expect_cell("read", FROM_ITEM, read_some(call, NULL), AK_OK);
                    assert_int_equal(length, 5);
                    assert_int_equal(ak_call_state(call), AK_STATE_ITEM);
                }
                if (t == THEN_AGAIN) {
                    expect_cell(movers[i].name, (from)f, movers[i].apply(call, NULL), AK_AGAIN);
                    assert_int_equal(ak_call_state(call), AK_STATE_RUNNING);
                    assert_true(ak_call_fd(call) >= 0);
                } else if (t == THEN_ERROR) {
                    expect_cell(movers[i].name, (from)f, move(i, call, NULL), AK_E_TRUNCATED);
                    assert_int_equal(ak_call_state(call), AK_STATE_FAILED);
                } else {
                    ak_status wanted = reads && t == THEN_ITEM ? AK_OK : AK_ITEM;
                    expect_cell(movers[i].name, (from)f, move(i, call, NULL), wanted);
                    assert_int_equal(ak_call_state(call), AK_STATE_ITEM);
                    assert_int_equal(text(call, NULL), AK_OK);
                }
                if (t == THEN_DONE) {
                    expect_cell(movers[i].name, FROM_ITEM, move(i, call, NULL), AK_DONE);
                    assert_int_equal(ak_call_state(call), AK_STATE_DONE);
                }
                ak_call_free(call);
            }
        }
    }
}

static void a_record_read_in_part_is_read_on(void **state) {
    (void)state;
    ak_call *call = call_in(FROM_READING, THEN_AGAIN);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ak_call_step(call, NULL), AK_E_STATE);
        assert_int_equal(ak_call_wait(call, 10, NULL), AK_E_STATE);
        assert_int_equal(ak_call_state(call), AK_STATE_READING);
    }
    assert_int_equal(ak_call_read(call, bytes, 1, &length, NULL), AK_OK);
    assert_int_equal(ak_call_state(call), AK_STATE_READING);
    assert_int_equal(read_some(call, NULL), AK_OK);
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "llo", 3);
    assert_int_equal(ak_call_state(call), AK_STATE_ITEM);
    assert_int_equal(ak_call_step(call, NULL), AK_AGAIN);
    ak_call_free(call);
}

static void the_end_stays_the_end(void **state) {
    (void)state;
    ak_error *err = ak_error_new();
    ak_call *done = call_in(FROM_DONE, THEN_AGAIN);
    ak_call *failed = call_in(FROM_FAILED, THEN_AGAIN);
    for (size_t i = 0; i < 2 * COUNT(movers); i++) {
        function apply = movers[i % COUNT(movers)].apply;
        int64_t http_status = 0;
        expect_cell("mover", FROM_DONE, apply(done, NULL), AK_DONE);
        expect_cell("mover", FROM_FAILED, apply(failed, err), AK_E_NOT_FOUND);
        assert_int_equal(ak_error_code(err), AK_E_NOT_FOUND);
        assert_int_equal(ak_error_int(err, AK_ERROR_HTTP_STATUS, &http_status), AK_OK);
        assert_int_equal(http_status, 404);
        assert_int_equal(ak_call_state(done), AK_STATE_DONE);
        assert_int_equal(ak_call_state(failed), AK_STATE_FAILED);
    }
    ak_error_free(err);
    ak_call_free(done);
    ak_call_free(failed);
}

static void the_descriptor_is_there_from_the_first_step_on(void **state) {
    (void)state;
    for (int f = 0; f < FROM_COUNT; f++) {
        ak_call *call = call_in((from)f, THEN_AGAIN);
        int fd = ak_call_fd(call);
        assert_int_equal(fd >= 0, f != FROM_NEW);
        assert_int_equal(ak_call_fd(call), fd);
        if (f == FROM_DONE || f == FROM_FAILED) {
            struct pollfd watch = {.fd = fd, .events = POLLIN};
            assert_int_equal(poll(&watch, 1, 0), 1);
        }
        ak_call_free(call);
    }
}

static void a_cancel_is_heard_in_every_state(void **state) {
    (void)state;
    for (int f = 0; f < FROM_COUNT; f++) {
        for (size_t i = 0; i < COUNT(movers); i++) {
            ak_status wanted = f == FROM_DONE ? AK_DONE : f == FROM_FAILED ? AK_E_NOT_FOUND : AK_E_CANCELLED;
            ak_call *call = call_in((from)f, THEN_AGAIN);
            ak_call_cancel(call);
            ak_call_cancel(call);
            assert_int_equal(ak_call_state(call), from_states[f]);
            if (f == FROM_RUNNING) {
                struct pollfd watch = {.fd = ak_call_fd(call), .events = POLLIN};
                assert_int_equal(poll(&watch, 1, KIT_WAIT_MS), 1);
            }
            expect_cell(movers[i].name, (from)f, movers[i].apply(call, NULL), wanted);
            assert_int_equal(ak_call_state(call), f == FROM_DONE ? AK_STATE_DONE : AK_STATE_FAILED);
            ak_call_cancel(call);
            expect_cell(movers[i].name, (from)f, movers[i].apply(call, NULL), wanted);
            ak_call_free(call);
        }
    }
}

static void references_count_in_every_state(void **state) {
    (void)state;
    for (int f = 0; f < FROM_COUNT; f++) {
        ak_call *call = call_in((from)f, THEN_AGAIN);
        assert_ptr_equal(ak_call_retain(call), call);
        ak_call_free(call);
        assert_int_equal(ak_call_state(call), from_states[f]);
        ak_call_free(call);
    }
    assert_null(ak_call_retain(NULL));
    assert_null(ak_client_retain(NULL));
    ak_call_free(NULL);
    ak_client_free(NULL);
    ak_error_free(NULL);
}

static void a_call_freed_while_open_closes_its_connection(void **state) {
    (void)state;
    uint64_t before = fault_count(server, FAULT_CLIENT_ENDED);
    ak_client *client = kit_client(server, "/item/again");
    ak_call *call = kit_call(client, AK_OP_RUN_STREAM);
    ak_call *other = kit_call(client, AK_OP_RUN_STREAM);
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    assert_int_equal(kit_finish(other, NULL), AK_ITEM);
    ak_call_cancel(call);
    ak_call_free(call);
    assert_true(fault_await(server, FAULT_CLIENT_ENDED, before + 1, KIT_WAIT_MS));
    assert_int_equal(read_some(other, NULL), AK_OK); /* its neighbour goes on */
    assert_int_equal(ak_call_step(other, NULL), AK_AGAIN);
    ak_call_free(other);
    ak_client_free(client);
}

static void settings_are_fixed_by_the_first_call(void **state) {
    (void)state;
    ak_client *client = kit_client(server, "");
    assert_int_equal(ak_client_set_int(client, AK_CLIENT_TIMEOUT_MS, 5000, NULL), AK_OK);
    ak_call *call = kit_call(client, AK_OP_HEALTH);
    assert_int_equal(ak_client_set_int(client, AK_CLIENT_TIMEOUT_MS, 6000, NULL), AK_E_STATE);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_API_KEY, "k", 1, NULL), AK_E_STATE);
    int64_t value = 0;
    assert_int_equal(ak_client_int(client, AK_CLIENT_TIMEOUT_MS, &value, NULL), AK_OK);
    assert_int_equal(value, 5000);
    ak_call_free(call);
    ak_client_free(client);
}

static void others_take_no_content(void **state) {
    (void)state;
    for (int f = 0; f < FROM_COUNT; f++) {
        ak_call *call = call_in((from)f, THEN_AGAIN);
        size_t taken = 9;
        expect_cell("write", (from)f, ak_call_write(call, "x", 1, &taken, NULL), AK_E_ARGUMENT);
        assert_int_equal(taken, 0);
        assert_int_equal(ak_call_state(call), from_states[f]);
        ak_call_free(call);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_take_no_content),
        cmocka_unit_test(parameters_are_bound_while_new),
        cmocka_unit_test(a_failed_bind_is_told_again),
        cmocka_unit_test(records_are_there_in_item_and_reading),
        cmocka_unit_test(new_running_and_item_go_on),
        cmocka_unit_test(a_record_read_in_part_is_read_on),
        cmocka_unit_test(the_end_stays_the_end),
        cmocka_unit_test(the_descriptor_is_there_from_the_first_step_on),
        cmocka_unit_test(a_cancel_is_heard_in_every_state),
        cmocka_unit_test(references_count_in_every_state),
        cmocka_unit_test(a_call_freed_while_open_closes_its_connection),
        cmocka_unit_test(settings_are_fixed_by_the_first_call),
    };
    return cmocka_run_group_tests_name("states", tests, start, stop_server);
}
