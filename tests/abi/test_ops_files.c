/* test_ops_files.c: agentkernel_ops.h where values are not just text: bytes, maps, JSON, lists of lists. */
#include "kit.h"

#include <string.h>

#include <agentkernel_ops.h>

#define OK_TEXT "{\"success\":true,\"data\":\"ok\"}"
#define BOX "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\"}}"

/* What came is this request, and no other. Ends the server. */
static void assert_sent(fault_server *server, ak_client *client, const char *method, const char *target,
                        const char *body) {
    const fault_request *request = fault_request_at(server, 0);
    assert_non_null(request);
    assert_null(fault_request_at(server, 1));
    assert_string_equal(request->method, method);
    assert_string_equal(request->target, target);
    if (!fault_body_is(request, body)) {
        fail_msg("the body is %.*s", (int)request->body_len, (const char *)request->body);
    }
    ak_client_free(client);
    fault_stop(server);
}

static void a_file_of_bytes(void **state) {
    (void)state;
    fault_server *server = kit_server(200, OK_TEXT);
    ak_client *client = kit_client(server, "");
    assert_int_equal(ak_file_write(client, "box", "/tmp/a b", "\0\xFF", 2, NULL, NULL), AK_OK);
    assert_sent(server, client, "PUT", "/sandboxes/box/files/tmp/a%20b",
                "{\"encoding\":\"base64\",\"content\":\"AP8=\"}");

    server = kit_server(200, OK_TEXT);
    client = kit_client(server, "");
    assert_int_equal(ak_file_write(client, "box", "/a", "", 0, NULL, NULL), AK_OK);
    assert_sent(server, client, "PUT", "/sandboxes/box/files/a", "{\"encoding\":\"base64\",\"content\":\"\"}");

    server = kit_server(200, "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"AP8=\",\"size\":2}}");
    client = kit_client(server, "");
    ak_file file = {0};
    assert_int_equal(ak_file_read(client, "box", "/tmp/a", NULL, &file, NULL), AK_OK);
    assert_int_equal(file.content_len, 2);
    assert_memory_equal(file.content, "\0\xFF", 3); /* and a NUL after it */
    assert_string_equal(file.encoding, "base64");
    assert_true(file.has.size && file.size == 2);
    ak_file_free(&file);
    assert_sent(server, client, "GET", "/sandboxes/box/files/tmp/a", "");
}

static void no_content_yet(void **state) {
    (void)state;
    fault_server *server = kit_server(200, OK_TEXT);
    ak_client *client = kit_client(server, "");
    assert_int_equal(ak_file_write(client, "box", "/a", NULL, 0, NULL, NULL), AK_E_ARGUMENT);
    ak_call *call = NULL;
    size_t taken = 0;
    const ak_file_write_options options = {.size = 2};
    assert_int_equal(ak_file_write_new(client, "box", "/a", NULL, 0, &options, &call, NULL), AK_OK);
    assert_int_equal(ak_call_write(call, "hi", 2, &taken, NULL), AK_OK);
    assert_int_equal(taken, 2);
    assert_int_equal(ak_call_write(call, NULL, 0, &taken, NULL), AK_OK);
    assert_int_equal(kit_finish(call, NULL), AK_DONE);
    ak_call_free(call);
    assert_sent(server, client, "PUT", "/sandboxes/box/files/a", "{\"encoding\":\"base64\",\"content\":\"aGk=\"}");
}

static void maps_and_json(void **state) {
    (void)state;
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":{\"written\":2}}");
    ak_client *client = kit_client(server, "");
    ak_files files = {0};
    const ak_pair pairs[] = {{"/a", "1"}, {"/b", NULL}, {NULL, NULL}};
    assert_int_equal(ak_files_write(client, "box", pairs, NULL, &files, NULL), AK_OK);
    assert_int_equal(files.written, 2);
    ak_files_free(&files);
    assert_sent(server, client, "POST", "/sandboxes/box/files", "{\"files\":{\"/a\":\"1\",\"/b\":\"\"}}");

    server = kit_server(200, BOX);
    client = kit_client(server, "");
    const ak_pair none[] = {{NULL, NULL}};
    const ak_sandbox_update_options update = {.labels = none, .lifecycle = "{\"auto_stop_after_seconds\": 60}"};
    assert_int_equal(ak_sandbox_update(client, "box", &update, NULL, NULL), AK_OK);
    assert_sent(server, client, "PATCH", "/sandboxes/box",
                "{\"labels\":{},\"lifecycle\":{\"auto_stop_after_seconds\": 60}}");
}

static void lists_of_lists(void **state) {
    (void)state;
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":{\"results\":[{\"output\":\"a\",\"error\":null},"
                                           "{\"output\":null,\"error\":\"no\"}]}}");
    ak_client *client = kit_client(server, "");
    static const char *const first[] = {"echo", "", NULL}, *const second[] = {"false", NULL};
    const char *const *const commands[] = {first, second, NULL};
    ak_call *call = NULL;
    ak_batch_run_result result = {0};
    assert_int_equal(ak_batch_run(client, commands, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_batch_run_result_next(call, &result, NULL), AK_ITEM);
    assert_string_equal(result.output, "a");
    assert_true(result.null.error && !result.has.error);
    assert_int_equal(ak_batch_run_result_next(call, &result, NULL), AK_ITEM);
    assert_string_equal(result.error, "no");
    assert_int_equal(ak_batch_run_result_next(call, &result, NULL), AK_DONE);
    ak_call_free(call);
    assert_sent(server, client, "POST", "/batch/run",
                "{\"commands\":[{\"command\":[\"echo\",\"\"]},{\"command\":[\"false\"]}]}");

    server = kit_server(200, OK_TEXT);
    client = kit_client(server, "");
    static const char *const empty[] = {NULL};
    const char *const *const odd[] = {first, empty, NULL};
    assert_int_equal(ak_batch_run(client, odd, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_batch_run_result_next(call, &result, NULL), AK_E_ARGUMENT);
    ak_call_free(call);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 0);
    ak_client_free(client);
    fault_stop(server);
}

static void any_request(void **state) {
    (void)state;
    fault_server *server = kit_server(404, "{\"mood\":\"bad\"}");
    ak_client *client = kit_client(server, "");
    ak_request_result result = {0};
    const ak_request_options options = {.body = "[1]", .check = AK_NO};
    assert_int_equal(ak_request(client, "POST", "/tasks?x=1", &options, &result, NULL), AK_OK);
    assert_int_equal(result.http_status, 404);
    assert_string_equal(result.content, "{\"mood\":\"bad\"}");
    assert_string_equal(result.raw, "{\"mood\":\"bad\"}");
    ak_request_result_free(&result);
    assert_sent(server, client, "POST", "/tasks?x=1", "[1]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_bytes), cmocka_unit_test(no_content_yet), cmocka_unit_test(maps_and_json),
        cmocka_unit_test(lists_of_lists),  cmocka_unit_test(any_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
