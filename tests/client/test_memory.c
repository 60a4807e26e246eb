/*
 * Every allocation of the library fails once, at each point of a call's life in turn: what comes is AK_E_MEMORY (or
 * what the server said, with less to it), never a crash, a leak or a wrong success, and the next call works.
 *
 * Linked with the core itself and --wrap, so that the library's own allocations fail, with cJSON's and libcurl's by
 * their hooks, and only in the thread that asks for it: the fault server's go on.
 */
#include "host.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>

#define MAX_POINTS 3000

/* The allocation that fails, counted from 1; 0: none. */
static _Thread_local long countdown;
static _Thread_local bool failed;

static bool fails(void) {
    if (countdown > 0 && --countdown == 0) {
        failed = true;
        return true;
    }
    return false;
}

/* The linker's names for the wrapped functions. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len) {
    return fails() ? NULL : __real_strndup(text, len);
}

/* libcurl's own allocations fail too, where that is asked for. */
static bool counts_libcurl;

static void *curl_malloc(size_t size) {
    return counts_libcurl ? __wrap_malloc(size) : __real_malloc(size);
}

static void *curl_calloc(size_t count, size_t size) {
    return counts_libcurl ? __wrap_calloc(count, size) : __real_calloc(count, size);
}

static void *curl_realloc(void *old, size_t size) {
    return counts_libcurl ? __wrap_realloc(old, size) : __real_realloc(old, size);
}

static char *curl_strdup(const char *value) {
    return counts_libcurl ? __wrap_strdup(value) : __real_strdup(value);
}

/* ---- what a program does ---- */

typedef ak_status (*use_fn)(ak_client *client, ak_error *err);

static ak_status text(ak_status before, ak_call *call, int32_t key, const char *value, ak_error *err) {
    return before < 0 ? before : ak_call_set_text(call, key, value, strlen(value), err);
}

static ak_status add(ak_status before, ak_call *call, int32_t key, const char *value, ak_error *err) {
    return before < 0 ? before : ak_call_add_text(call, key, value, strlen(value), err);
}

/* All fields of the record through the bulk door, and the entries of its lists and maps. */
static ak_status read_record(ak_call *call, ak_error *err) {
    ak_value values[64];
    size_t count = 0;
    ak_status status = ak_call_values(call, values, 64, &count, err);
    for (size_t i = 0; status >= 0 && i < count; i++) {
        bool container = values[i].type == AK_TYPE_LIST || values[i].type == AK_TYPE_MAP;
        for (size_t n = 0; container && status >= 0 && n < (size_t)values[i].integer; n++) {
            const char *data = NULL;
            size_t len = 0;
            status = ak_call_view_at(call, values[i].key, n, &data, &len, err);
            if (status >= 0 && values[i].type == AK_TYPE_MAP) {
                status = ak_call_key_at(call, values[i].key, n, &data, &len, err);
            }
        }
    }
    return status;
}

/* Steps to the end, reading all. */
static ak_status finish(ak_status before, ak_call *call, ak_error *err) {
    ak_status status = before;
    while (status >= 0 && (status = ak_call_wait(call, HOST_WAIT_MS, err)) == AK_ITEM) {
        status = read_record(call, err);
    }
    ak_call_free(call);
    return status;
}

static ak_status use_run(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_RUN, &call, err);
    status = add(status, call, AK_KEY_COMMAND, "echo", err);
    for (int i = 0; i < 20; i++) {
        status = add(status, call, AK_KEY_COMMAND, "an argument", err);
    }
    status = text(status, call, AK_KEY_IMAGE, "alpine", err);
    return finish(status, call, err);
}

static ak_status use_exec(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_EXEC_IN_SANDBOX, &call, err);
    status = text(status, call, AK_KEY_NAME, "t1", err);
    status = add(status, call, AK_KEY_COMMAND, "false", err);
    status = status < 0 ? status : ak_call_put_text(call, AK_KEY_ENV, "NAME", 4, "value", 5, err);
    return finish(status, call, err);
}

static ak_status use_list(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_LIST_SANDBOXES, &call, err);
    return finish(status, call, err);
}

static ak_status use_stream(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_RUN_STREAM, &call, err);
    return finish(add(status, call, AK_KEY_COMMAND, "true", err), call, err);
}

static ak_status use_read(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_RUN_STREAM, &call, err);
    status = add(status, call, AK_KEY_COMMAND, "true", err);
    char buf[7];
    size_t len = 0;
    while (status >= 0 && status != AK_DONE) {
        status = ak_call_read(call, buf, sizeof buf, &len, err);
        if (status == AK_AGAIN) {
            status = ak_call_wait(call, HOST_WAIT_MS, err);
        }
    }
    ak_call_free(call);
    return status;
}

/* A file that is read while it comes, or all at once where its encoding comes too late. */
static ak_status use_file_at(const char *path, ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_READ_FILE, &call, err);
    status = text(status, call, AK_KEY_NAME, "t1", err);
    status = text(status, call, AK_KEY_PATH, path, err);
    char buf[7];
    size_t len = 0;
    while (status >= 0 && status != AK_DONE) {
        status = ak_call_read(call, buf, sizeof buf, &len, err);
        if (status == AK_AGAIN) {
            ak_call_wait(call, HOST_WAIT_MS, NULL);
        }
    }
    ak_call_free(call);
    return status;
}

static ak_status use_file(ak_client *client, ak_error *err) {
    return use_file_at("/first", client, err);
}

static ak_status use_late_file(ak_client *client, ak_error *err) {
    return use_file_at("/last", client, err);
}

static ak_status use_upload(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_WRITE_FILE, &call, err);
    status = text(status, call, AK_KEY_NAME, "t1", err);
    status = text(status, call, AK_KEY_PATH, "/first", err);
    for (int i = 0; status >= 0 && i <= 40; i++) {
        static const char piece[7000];
        size_t taken = 0;
        size_t len = i < 40 ? sizeof piece : 0; /* 0: the end */
        while (status >= 0 && (status = ak_call_write(call, piece, len, &taken, err)) != AK_OK) {
            ak_call_wait(call, HOST_WAIT_MS, NULL);
        }
    }
    return finish(status, call, err);
}

static ak_status use_content(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_WRITE_FILE, &call, err);
    status = text(status, call, AK_KEY_NAME, "t1", err);
    status = text(status, call, AK_KEY_PATH, "/first", err);
    return finish(text(status, call, AK_KEY_CONTENT, "bytes", err), call, err);
}

static ak_status use_batch(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_BATCH_RUN, &call, err);
    for (int i = 0; i < 10; i++) {
        status = status < 0 ? status : ak_call_add_list(call, AK_KEY_COMMANDS, err);
        status = add(status, call, AK_KEY_COMMANDS, "echo", err);
        status = add(status, call, AK_KEY_COMMANDS, "x", err);
    }
    return finish(status, call, err);
}

static ak_status put(ak_status before, ak_call *call, int32_t key, const char *name, const char *value, ak_error *err) {
    return before < 0 ? before : ak_call_put_text(call, key, name, strlen(name), value, strlen(value), err);
}

static ak_status use_maps(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_UPDATE_SANDBOX, &call, err);
    status = text(status, call, AK_KEY_NAME, "t1", err);
    status = put(status, call, AK_KEY_LABELS, "a", "1", err);
    status = put(status, call, AK_KEY_LABELS, "b", "2", err);
    status = put(status, call, AK_KEY_LABELS, "a", "3", err);
    status = text(status, call, AK_KEY_LIFECYCLE, "{\"auto_stop_after_seconds\":60}", err);
    return finish(status, call, err);
}

static ak_status use_query(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_LIST_SANDBOXES, &call, err);
    status = put(status, call, AK_KEY_LABELS, "team", "a b", err);
    return finish(status, call, err);
}

static ak_status use_request(ak_client *client, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_call_new(client, AK_OP_REQUEST, &call, err);
    status = text(status, call, AK_KEY_METHOD, "POST", err);
    status = text(status, call, AK_KEY_PATH, "/run", err);
    return finish(text(status, call, AK_KEY_BODY, "{\"command\":[\"true\"]}", err), call, err);
}

/* ---- the server ---- */

static void reply(fault_script *script, const char *target, int status, const char *json) {
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_only_target(script, target);
    fault_reply_json(script, status, json);
}

static fault_server *start(void) {
    fault_script *script = fault_script_new();
    reply(script, "/run", 200, "{\"success\":true,\"data\":{\"output\":\"one\\ntwo \\u00e9\\n\"}}");
    reply(script, "/sandboxes/t1/exec", 409,
          "{\"success\":false,\"error\":\"Command exited with code 3: "
          "b\\u00e4d\",\"exit_code\":3,\"output\":\"b\\u00e4d\"}");
    reply(script, "/sandboxes", 200,
          "{\"success\":true,\"data\":[{\"name\":\"a\",\"status\":\"r\\u0075nning\",\"labels\":{\"k\\u0021\":"
          "\"v\\u0021\"},"
          "\"ports\":[\"80\\u003a80\"]},{\"name\":\"b\",\"status\":\"stopped\"}]}");
    reply(script, "/sandboxes?label=team:a%20b", 200, "{\"success\":true,\"data\":[]}");
    reply(script, "/sandboxes/t1", 200, "{\"success\":true,\"data\":{\"name\":\"t1\",\"status\":\"running\"}}");
    reply(script, "/batch/run", 200, "{\"success\":true,\"data\":{\"results\":[{\"output\":\"x\",\"error\":null}]}}");
    reply(script, "/sandboxes/t1/files/first", 200,
          "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"Ynl\\u0030ZXMK\",\"size\":6}}");
    reply(script, "/sandboxes/t1/files/last", 200,
          "{\"success\":true,\"data\":{\"content\":\"Ynl0ZXMK\",\"size\":6,\"encoding\":\"base64\"}}");
    reply(script, "/health", 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_only_target(script, "/run/stream");
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"several\\nlines\\nand more\"}");
    fault_chunk(script, "id: 7\ndata: {\ndat", 17); /* an event that has to be put together */
    fault_chunk(script, "a: }\n\n", 6);
    fault_sse_event(script, "done", "{\"exit_code\":0,\"success\":true}");
    fault_sse_end(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* ---- the points ---- */

static ak_status make_client(const char *url, ak_client **client, ak_error *err) {
    ak_status status = ak_client_new(client, err);
    status = status < 0 ? status : ak_client_set_text(*client, AK_CLIENT_BASE_URL, url, strlen(url), err);
    return status < 0 ? status : ak_client_set_text(*client, AK_CLIENT_API_KEY, "secret", 6, err);
}

/* Fails each allocation of making a client and using it. libcurl says of some that a name was not found, or the like:
 * there any error will do. */
static void each_point(use_fn use, ak_status expected) {
    fault_server *server = start();
    ak_error *err = ak_error_new();
    long point = 1;
    for (; point < MAX_POINTS; point++) {
        ak_client *client = NULL;
        countdown = point;
        failed = false;
        ak_status status = make_client(fault_url(server), &client, err);
        bool made = status >= 0;
        status = made ? use(client, err) : status;
        countdown = 0;
        if (!failed) {
            assert_int_equal(status, expected);
            ak_client_free(client);
            break;
        }
        if (status != AK_E_MEMORY && status != expected && !(counts_libcurl && status < 0)) {
            fail_msg("allocation %ld failed: %s", point, ak_status_name(status));
        }
        if (status < 0) {
            assert_int_equal(ak_error_code(err), status);
        }
        if (made) {
            assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        }
        ak_client_free(client);
    }
    assert_within(point, 10, MAX_POINTS - 1);
    /* Nothing went out with less than was asked for. */
    const fault_request *request;
    for (size_t i = 0; (request = fault_request_at(server, i)); i++) {
        assert_true(fault_header_is(request, "Authorization", "Bearer secret"));
        assert_true(fault_header_count(request, "User-Agent") == 1 && fault_header_count(request, "Accept") == 1);
    }
    ak_error_free(err);
    fault_stop(server);
}

static void at_every_point(use_fn use, ak_status expected) {
    counts_libcurl = false;
    each_point(use, expected);
    counts_libcurl = true;
    each_point(use, expected);
}

static void run(void **state) {
    (void)state;
    at_every_point(use_run, AK_DONE);
}

static void failing_command(void **state) {
    (void)state;
    at_every_point(use_exec, AK_E_COMMAND);
}

static void list(void **state) {
    (void)state;
    at_every_point(use_list, AK_DONE);
}

static void stream(void **state) {
    (void)state;
    at_every_point(use_stream, AK_DONE);
}

static void output(void **state) {
    (void)state;
    at_every_point(use_read, AK_DONE);
}

static void files(void **state) {
    (void)state;
    at_every_point(use_file, AK_DONE);
    at_every_point(use_late_file, AK_DONE);
}

static void uploads(void **state) {
    (void)state;
    at_every_point(use_upload, AK_DONE);
    at_every_point(use_content, AK_DONE);
}

static void lists_of_lists(void **state) {
    (void)state;
    at_every_point(use_batch, AK_DONE);
}

static void maps(void **state) {
    (void)state;
    at_every_point(use_maps, AK_DONE);
    at_every_point(use_query, AK_DONE);
}

static void any_request(void **state) {
    (void)state;
    at_every_point(use_request, AK_DONE);
}

/* The door that gives text as its result says NULL, and asking again gives it. */
static void text_as_a_result(void **state) {
    (void)state;
    static const int32_t keys[] = {AK_KEY_NAME, AK_KEY_STATUS, AK_KEY_LABELS, AK_KEY_RAW};
    fault_server *server = start();
    ak_client *client = NULL;
    assert_int_equal(make_client(fault_url(server), &client, NULL), AK_OK);
    long point = 1;
    for (failed = true; failed && point < MAX_POINTS; point++) {
        ak_call *call = NULL;
        size_t lacking = 0;
        assert_int_equal(ak_call_new(client, AK_OP_LIST_SANDBOXES, &call, NULL), AK_OK);
        assert_int_equal(ak_call_wait(call, HOST_WAIT_MS, NULL), AK_ITEM);
        failed = false;
        countdown = point;
        for (size_t i = 0; i < 4; i++) {
            lacking += ak_call_cstring(call, keys[i]) == NULL;
        }
        countdown = 0;
        assert_int_equal(lacking, failed);
        assert_string_equal(ak_call_cstring(call, AK_KEY_NAME), "a");
        assert_string_equal(ak_call_cstring(call, AK_KEY_STATUS), "running");
        assert_string_equal(ak_call_cstring(call, AK_KEY_LABELS), "{\"k\\u0021\":\"v\\u0021\"}");
        ak_call_free(call);
    }
    assert_within(point, 3, MAX_POINTS - 1);
    ak_client_free(client);
    fault_stop(server);
}

static void error_object(void **state) {
    (void)state;
    countdown = 1;
    assert_null(ak_error_new());
    countdown = 0;
}

int main(void) {
    cJSON_Hooks hooks = {__wrap_malloc, free};
    cJSON_InitHooks(&hooks);
    assert_int_equal(
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, curl_realloc, curl_strdup, curl_calloc), CURLE_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run),         cmocka_unit_test(failing_command), cmocka_unit_test(list),
        cmocka_unit_test(stream),      cmocka_unit_test(output),          cmocka_unit_test(files),
        cmocka_unit_test(uploads),     cmocka_unit_test(lists_of_lists),  cmocka_unit_test(maps),
        cmocka_unit_test(any_request), cmocka_unit_test(error_object),    cmocka_unit_test(text_as_a_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
