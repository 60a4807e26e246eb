/* test_ops.c: agentkernel_ops.h sends what its options say, and its records hold what the server sent. */
#include "kit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentkernel_ops.h"

#define BOX(members) "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\"," members "}}"
#define RAN "{\"success\":true,\"data\":{\"output\":\"hello\\n\",\"exit_code\":0}}"
#define COMMAND ((const char *const[]){"echo", "hello", NULL})

static void assert_zeros(const void *record, size_t size) {
    const unsigned char *bytes = record;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0);
    }
}

/* The body of the only request, compared as bytes; then the server goes. */
static void assert_sent(fault_server *server, ak_client *client, const char *method, const char *target,
                        const char *body) {
    const fault_request *request = fault_request_at(server, 0);
    assert_non_null(request);
    assert_string_equal(request->method, method);
    assert_string_equal(request->target, target);
    if (!fault_body_is(request, body)) {
        print_error("sent: %.*s\nnot:  %s\n", (int)request->body_len, (const char *)request->body, body);
        fail();
    }
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- options ---- */

static void what_is_not_set_is_not_sent(void **state) {
    (void)state;
    static const ak_run_options zeros;
    const ak_run_options *const options[] = {NULL, &zeros};
    for (size_t i = 0; i < 2; i++) {
        fault_server *server = kit_server(200, RAN);
        ak_client *client = kit_client(server, "");
        assert_int_equal(ak_run(client, COMMAND, options[i], NULL, NULL), AK_OK);
        assert_sent(server, client, "POST", "/run", "{\"command\":[\"echo\",\"hello\"],\"fast\":false}");
    }
}

static void what_is_set_is_sent(void **state) {
    (void)state;
    fault_server *server = kit_server(200, RAN);
    ak_client *client = kit_client(server, "");
    const ak_run_options options = {.image = "alpine", .profile = "restrictive", .fast = AK_YES, .timeout_ms = 20000};
    assert_int_equal(ak_run(client, COMMAND, &options, NULL, NULL), AK_OK);
    assert_sent(server, client, "POST", "/run",
                "{\"command\":[\"echo\",\"hello\"],\"image\":\"alpine\",\"profile\":\"restrictive\",\"fast\":true}");

    server = kit_server(201, BOX("\"vcpus\":2"));
    client = kit_client(server, "");
    const ak_sandbox_create_options create = {
        .image = "alpine",
        .vcpus = 2,
        .memory_mb = 512,
        .profile = "moderate",
        .backend = "bubblewrap",
        .source_url = "https://example.org/x.git",
        .source_ref = "main",
        .volumes = (const char *const[]){"data:/data", "more:/more:ro", NULL},
        .secrets = (const char *const[]){"KEY:host", NULL},
        .secret_files = (const char *const[]){NULL},
    };
    assert_int_equal(ak_sandbox_create(client, "box", &create, NULL, NULL), AK_OK);
    assert_sent(server, client, "POST", "/sandboxes",
                "{\"name\":\"box\",\"image\":\"alpine\",\"vcpus\":2,\"memory_mb\":512,\"profile\":\"moderate\","
                "\"backend\":\"bubblewrap\",\"source_url\":\"https://example.org/x.git\",\"source_ref\":\"main\","
                "\"volumes\":[\"data:/data\",\"more:/more:ro\"],\"secrets\":[\"KEY:host\"]}");

    server = kit_server(200, RAN);
    client = kit_client(server, "");
    const ak_sandbox_exec_options exec = {
        .env = (const char *const[]){"A=1", "B=", NULL}, .workdir = "/tmp", .sudo = AK_NO, .check = AK_NO};
    assert_int_equal(ak_sandbox_exec(client, "box", COMMAND, &exec, NULL, NULL), AK_OK);
    assert_sent(server, client, "POST", "/sandboxes/box/exec",
                "{\"command\":[\"echo\",\"hello\"],\"env\":[\"A=1\",\"B=\"],\"workdir\":\"/tmp\",\"sudo\":false}");
}

static void operations_without_a_body(void **state) {
    (void)state;
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":\"ok\"}");
    ak_client *client = kit_client(server, "");
    ak_health_result health = {0};
    assert_int_equal(ak_health(client, NULL, &health, NULL), AK_OK);
    assert_string_equal(health.status, "ok");
    assert_string_equal(health.raw, "\"ok\"");
    ak_health_result_free(&health);
    assert_sent(server, client, "GET", "/health", "");

    server = kit_server(200, "{\"success\":true,\"data\":\"Sandbox removed\"}");
    client = kit_client(server, "");
    assert_int_equal(ak_sandbox_remove(client, "box", NULL, NULL), AK_OK);
    assert_sent(server, client, "DELETE", "/sandboxes/box", "");
}

/* 0 is not set, AK_ZERO is the number: no time is left, so nothing is sent. */
static void zero_is_a_number_of_its_own(void **state) {
    (void)state;
    fault_server *server = kit_server(200, RAN);
    ak_client *client = kit_client(server, "");
    assert_int_equal(ak_run(client, COMMAND, &(ak_run_options){.timeout_ms = AK_ZERO}, NULL, NULL), AK_E_TIMEOUT);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 0);
    assert_int_equal(ak_run(client, COMMAND, &(ak_run_options){.timeout_ms = AK_TIMEOUT_NONE}, NULL, NULL), AK_OK);
    assert_int_equal(ak_run(client, COMMAND, &(ak_run_options){.timeout_ms = 0}, NULL, NULL), AK_OK);
    ak_client_free(client);
    fault_stop(server);
}

/* ---- records ---- */

static ak_sandbox get_box(const char *json) {
    fault_server *server = kit_server(200, json);
    ak_client *client = kit_client(server, "");
    ak_sandbox box = {0};
    assert_int_equal(ak_sandbox_get(client, "box", NULL, &box, NULL), AK_OK);
    ak_client_free(client);
    fault_stop(server);
    return box; /* outlives call, client and server */
}

static void every_type_of_member(void **state) {
    (void)state;
    ak_sandbox box = get_box(BOX("\"vcpus\":9007199254740993,\"image\":\"\",\"placeholder_secrets\":true,"
                                 "\"ports\":[\"8080:80\",null,3000],\"secret_files\":[],"
                                 "\"labels\":{\"a\":\"\\u00e9\",\"b\":null},\"lifecycle\":{\"x\": 1},\"odd\":1"));
    assert_string_equal(box.name, "box");
    assert_string_equal(box.status, "running");
    assert_string_equal(box.image, "");
    assert_true(box.has.vcpus && box.has.image && box.has.ports && box.has.labels && box.has.placeholder_secrets);
    assert_int_equal(box.vcpus, 9007199254740993);
    assert_true(box.placeholder_secrets);
    assert_int_equal(box.ports_count, 3);
    assert_string_equal(box.ports[0], "8080:80");
    assert_null(box.ports[1]);
    assert_string_equal(box.ports[2], "3000");
    assert_null(box.ports[3]);
    assert_true(box.has.secret_files);
    assert_int_equal(box.secret_files_count, 0);
    assert_null(box.secret_files[0]);
    assert_int_equal(box.labels_count, 2);
    assert_string_equal(box.labels[0].name, "a");
    assert_string_equal(box.labels[0].value, "\xc3\xa9");
    assert_string_equal(box.labels[1].name, "b");
    assert_null(box.labels[1].value);
    assert_null(box.labels[2].name);
    assert_string_equal(box.lifecycle, "{\"x\": 1}");
    assert_non_null(strstr(box.raw, "\"odd\":1"));
    ak_sandbox_free(&box);
    assert_zeros(&box, sizeof box);
    ak_sandbox_free(&box);
    ak_sandbox_free(NULL);
}

static void absent_and_null_are_told_apart(void **state) {
    (void)state;
    ak_sandbox box = get_box(BOX("\"ip\":null,\"vcpus\":null,\"ports\":null,\"labels\":null,"
                                 "\"placeholder_secrets\":null,\"memory_mb\":0,\"lifecycle\":null"));
    assert_true(box.null.ip && box.null.vcpus && box.null.ports && box.null.labels && box.null.lifecycle);
    assert_true(box.null.placeholder_secrets);
    assert_false(box.has.ip || box.has.vcpus || box.has.ports || box.has.labels || box.has.lifecycle);
    assert_false(box.has.placeholder_secrets);
    assert_true(box.has.memory_mb && !box.null.memory_mb);
    assert_false(box.has.uuid || box.null.uuid || box.has.proxy_port || box.null.proxy_port);
    assert_false(box.has.secret_mappings || box.null.secret_mappings || box.has.endpoints || box.null.endpoints);
    assert_true(!box.ip && !box.uuid && !box.ports && !box.labels && !box.endpoints && !box.lifecycle);
    assert_true(box.ports_count == 0 && box.labels_count == 0 && box.vcpus == 0 && box.memory_mb == 0);
    ak_sandbox_free(&box);
}

static void output_is_bytes(void **state) {
    (void)state;
    fault_server *server = kit_server(
        200, "{\"success\":true,\"data\":{\"output\":\"x\",\"output_base64\":\"AGEA/w==\",\"exit_code\":0}}");
    ak_client *client = kit_client(server, "");
    ak_run_result result = {0};
    assert_int_equal(ak_run(client, COMMAND, NULL, &result, NULL), AK_OK);
    assert_int_equal(result.output_len, 4);
    assert_memory_equal(result.output, "\0a\0\xff", 5);
    assert_false(result.has.truncated || result.null.truncated);
    ak_run_result_free(&result);
    ak_client_free(client);
    fault_stop(server);
}

/* More than fits in a block, next to much that is small; pointers in it stay aligned (UBSan looks). */
static void large_records(void **state) {
    (void)state;
    enum { size = 100000, ports = 3000 };
    char *json = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&json, &len);
    assert_non_null(out);
    fputs("{\"success\":true,\"data\":{\"name\":\"b\",\"status\":\"s\",\"ip\":\"1\",\"ports\":[", out);
    for (int i = 0; i < ports; i++) {
        fprintf(out, "%s\"%d\"", i ? "," : "", i);
    }
    fprintf(out, "],\"description\":\"%0*d\",\"uuid\":\"u\",\"labels\":{\"k\":\"v\"}}}", size, 7);
    fclose(out);
    ak_sandbox box = get_box(json);
    free(json);
    assert_int_equal(box.ports_count, ports);
    for (int i = 0; i < ports; i++) {
        assert_int_equal(atoi(box.ports[i]), i);
    }
    assert_int_equal(strlen(box.description), size);
    assert_string_equal(box.labels[0].value, "v");
    assert_string_equal(box.ip, "1");
    ak_sandbox_free(&box);
}

/* ---- many records ---- */

#define BOXES                                                                                                          \
    "{\"success\":true,\"data\":[{\"name\":\"a\",\"status\":\"running\",\"vcpus\":1},"                                 \
    "{\"name\":\"b\",\"status\":\"stopped\",\"ip\":\"10.0.0.2\"},{\"name\":\"c\",\"status\":\"odd\"}]}"

static void a_list_gives_each_record(void **state) {
    (void)state;
    fault_server *server = kit_server(200, BOXES);
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_sandbox box = {0};
    char names[4] = "";
    size_t count = 0;
    ak_status status;
    assert_int_equal(ak_sandbox_list(client, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_call_state(call), AK_STATE_NEW);
    while ((status = ak_sandbox_next(call, &box, NULL)) == AK_ITEM) {
        assert_within(count, 0, sizeof names - 2);
        names[count++] = box.name[0];
        /* Nothing is left of the record before. */
        assert_int_equal(box.has.vcpus, strcmp(box.name, "a") == 0);
        assert_int_equal(box.ip != NULL, strcmp(box.name, "b") == 0);
    }
    assert_int_equal(status, AK_DONE);
    assert_string_equal(names, "abc");
    assert_zeros(&box, sizeof box); /* so a loop to the end leaves nothing to free */
    assert_int_equal(ak_sandbox_next(call, &box, NULL), AK_DONE);
    ak_call_free(call);

    /* One that is left early keeps its record until that is freed. */
    assert_int_equal(ak_sandbox_list(client, NULL, &call, NULL), AK_OK);
    assert_int_equal(ak_sandbox_next(call, &box, NULL), AK_ITEM);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
    assert_string_equal(box.name, "a");
    ak_sandbox_free(&box);
}

static fault_server *event_server(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "started", "{\"command\":[\"echo\",\"hi\"],\"fast\":false,\"timestamp\":\"now\"}");
    fault_sse_event(script, "progress", "{\"stage\":\"sandbox_created\",\"sandbox\":\"s\"}");
    fault_sse_event(script, "output", "{\"data\":\"a\\u0000b\",\"stream\":\"stdout\"}");
    fault_sse_event(script, "odd", "no json");
    fault_sse_event(script, "done", "{\"exit_code\":3,\"success\":false,\"output\":\"x\",\"oom\":null}");
    fault_sse_end(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void a_stream_gives_each_event(void **state) {
    (void)state;
    fault_server *server = event_server();
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_event event = {0};
    const ak_run_stream_options options = {.image = "alpine", .idle_timeout_ms = 20000, .total_timeout_ms = 20000};
    assert_int_equal(ak_run_stream(client, COMMAND, &options, &call, NULL), AK_OK);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_string_equal(event.type, "started");
    assert_int_equal(event.command_count, 2);
    assert_string_equal(event.command[1], "hi");
    assert_true(event.has.fast && !event.fast && event.parsed);
    assert_string_equal(event.timestamp, "now");
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_string_equal(event.stage, "sandbox_created");
    assert_string_equal(event.sandbox, "s");
    assert_null(event.command);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_int_equal(event.data_len, 3);
    assert_memory_equal(event.data, "a\0b", 4);
    assert_string_equal(event.stream, "stdout");
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_string_equal(event.type, "odd");
    assert_false(event.parsed);
    assert_int_equal(event.raw_len, 7);
    assert_memory_equal(event.raw, "no json", 7);
    assert_int_equal(ak_event_next(call, &event, NULL), AK_ITEM);
    assert_true(event.has.exit_code && event.exit_code == 3 && event.has.success && !event.success);
    assert_true(event.null.oom && !event.has.oom);
    assert_string_equal(event.output, "x");
    assert_int_equal(ak_event_next(call, &event, NULL), AK_DONE);
    assert_zeros(&event, sizeof event);
    ak_call_free(call);
    assert_sent(server, client, "POST", "/run/stream",
                "{\"command\":[\"echo\",\"hello\"],\"image\":\"alpine\",\"fast\":false}");
}

/* A call that ak_run_new prepared goes through a loop of the program's own. */
static void a_prepared_call_can_be_polled(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_delay(script, 30);
    fault_reply_json(script, 200, RAN);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = kit_client(server, "");
    ak_call *call = NULL;
    ak_run_result result = {0};
    int waits = 0;
    ak_status status;
    assert_int_equal(ak_run_new(client, COMMAND, NULL, &call, NULL), AK_OK);
    while ((status = ak_call_step(call, NULL)) != AK_DONE && status >= 0) {
        if (status == AK_ITEM) {
            assert_int_equal(ak_run_result_fill(call, &result, NULL), AK_OK);
        } else {
            struct pollfd wait = {.fd = ak_call_fd(call), .events = POLLIN};
            assert_true(poll(&wait, 1, KIT_WAIT_MS) == 1 && waits++ < 10000);
        }
    }
    assert_int_equal(status, AK_DONE);
    assert_true(waits > 0);
    ak_call_free(call);
    assert_string_equal(result.output, "hello\n");
    ak_run_result_free(&result);
    ak_client_free(client);
    fault_stop(server);
}

/* One record for many calls, as a loop has it: each call frees what the one before left. */
static void a_record_may_be_filled_again(void **state) {
    (void)state;
    fault_server *server = kit_server(200, RAN);
    ak_client *client = kit_client(server, "");
    ak_run_result result = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ak_run(client, COMMAND, NULL, &result, NULL), AK_OK);
        assert_string_equal(result.output, "hello\n");
    }
    /* The call before has ended well: its connection serves the next one. */
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), 1);
    ak_run_result_free(&result);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_set_is_not_sent),
        cmocka_unit_test(what_is_set_is_sent),
        cmocka_unit_test(operations_without_a_body),
        cmocka_unit_test(zero_is_a_number_of_its_own),
        cmocka_unit_test(every_type_of_member),
        cmocka_unit_test(absent_and_null_are_told_apart),
        cmocka_unit_test(output_is_bytes),
        cmocka_unit_test(large_records),
        cmocka_unit_test(a_list_gives_each_record),
        cmocka_unit_test(a_stream_gives_each_event),
        cmocka_unit_test(a_prepared_call_can_be_polled),
        cmocka_unit_test(a_record_may_be_filled_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
