/* test_values.c: what the doors give for what a server may send: types, numbers, text, lists, maps, output. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOX(members) "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\"," members "}}"
#define RUN(members) "{\"success\":true,\"data\":{" members "}}"

static void expect_text(ak_call *call, int32_t key, const char *wanted, size_t wanted_len) {
    const char *data = NULL;
    size_t len = 0;
    char buf[256];
    assert_int_equal(ak_call_view(call, key, &data, &len, NULL), AK_OK);
    assert_int_equal(len, wanted_len);
    assert_memory_equal(data, wanted, len);
    assert_int_equal(ak_call_text(call, key, buf, sizeof buf, &len, NULL), AK_OK);
    assert_int_equal(len, wanted_len);
    assert_memory_equal(buf, wanted, len);
}

static void expect_no_text(ak_call *call, int32_t key, ak_status wanted) {
    const char *data = "";
    size_t len = 99;
    char buf[8];
    assert_int_equal(ak_call_view(call, key, &data, &len, NULL), wanted);
    assert_null(data);
    assert_int_equal(len, 0);
    len = 99;
    assert_int_equal(ak_call_text(call, key, buf, sizeof buf, &len, NULL), wanted);
    assert_int_equal(len, 0);
}

static void absent_null_and_there_are_told_apart(void **state) {
    (void)state;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             BOX("\"ip\":null,\"image\":\"\",\"vcpus\":null,\"memory_mb\":0,\"ports\":null,"
                                 "\"labels\":{},\"secret_files\":[],\"placeholder_secrets\":false,\"lifecycle\":null"));
    ak_call *call = box.call;
    size_t count = 99;
    int64_t value = 99;
    assert_int_equal(box.status, AK_ITEM);
    expect_no_text(call, AK_KEY_UUID, AK_ABSENT);
    expect_no_text(call, AK_KEY_IP, AK_NULL);
    expect_text(call, AK_KEY_IMAGE, "", 0);
    expect_no_text(call, AK_KEY_LIFECYCLE, AK_NULL);
    expect_no_text(call, AK_KEY_ENDPOINTS, AK_ABSENT);
    assert_int_equal(ak_call_int(call, AK_KEY_PROXY_PORT, &value, NULL), AK_ABSENT);
    assert_int_equal(value, 0);
    assert_int_equal(ak_call_int(call, AK_KEY_VCPUS, &value, NULL), AK_NULL);
    assert_int_equal(ak_call_int(call, AK_KEY_MEMORY_MB, &value, NULL), AK_OK);
    assert_int_equal(ak_call_int(call, AK_KEY_PLACEHOLDER_SECRETS, &value, NULL), AK_OK);
    assert_int_equal(value, 0);
    assert_int_equal(ak_call_count(call, AK_KEY_SECRET_MAPPINGS, &count, NULL), AK_ABSENT);
    assert_int_equal(count, 0);
    assert_int_equal(ak_call_count(call, AK_KEY_PORTS, &count, NULL), AK_NULL);
    assert_int_equal(ak_call_count(call, AK_KEY_LABELS, &count, NULL), AK_OK);
    assert_int_equal(ak_call_count(call, AK_KEY_SECRET_FILES, &count, NULL), AK_OK);
    assert_int_equal(count, 0);
    /* What the operation does not have, or has as something else, is a mistake of the caller. */
    expect_no_text(call, AK_KEY_OUTPUT, AK_E_ARGUMENT);
    expect_no_text(call, 1000, AK_E_ARGUMENT);
    assert_int_equal(ak_call_int(call, AK_KEY_NAME, &value, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_count(call, AK_KEY_NAME, &count, NULL), AK_E_ARGUMENT);
    kit_close(&box);
}

static void integers_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *json;
        ak_status status;
        int64_t value;
    } cases[] = {
        {"9007199254740993", AK_OK, 9007199254740993},
        {"9223372036854775807", AK_OK, INT64_MAX},
        {"-9223372036854775808", AK_OK, INT64_MIN},
        {"-1", AK_OK, -1},
        {"-0", AK_OK, 0},
        {"9223372036854775808", AK_ABSENT, 0},
        {"-9223372036854775809", AK_ABSENT, 0},
        {"1.5", AK_ABSENT, 0},
        {"1e3", AK_ABSENT, 0},
        {"\"7\"", AK_ABSENT, 0},
        {"true", AK_ABSENT, 0},
        {"[1]", AK_ABSENT, 0},
        {"null", AK_NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[256];
        int64_t value = 99;
        snprintf(json, sizeof json, BOX("\"memory_mb\":%s"), cases[i].json);
        kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200, json);
        assert_int_equal(box.status, AK_ITEM);
        assert_int_equal(ak_call_int(box.call, AK_KEY_MEMORY_MB, &value, NULL), cases[i].status);
        assert_true(value == cases[i].value);
        if (cases[i].status == AK_OK) {
            expect_text(box.call, AK_KEY_MEMORY_MB, cases[i].json, strlen(cases[i].json));
        }
        kit_close(&box);
    }
}

static void text_is_kept_byte_for_byte(void **state) {
    (void)state;
    static const struct {
        const char *json; /* the inside of a JSON string */
        const char *text;
        size_t len;
    } cases[] = {
        {"a\\u0000b", "a\0b", 3},
        {"\\u0000", "\0", 1},
        {"\\n\\t\\\"\\\\\\/", "\n\t\"\\/", 5},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 4},
        {"x\\ud83dy", "x\xef\xbf\xbdy", 5},                /* half a surrogate pair */
        {"\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", 6}, /* and in the wrong order */
        {"\xff\xc3(", "\xff\xc3(", 3},                     /* not UTF-8: passed on */
        {"\\u00e4\xff", "\xc3\xa4\xff", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[256];
        snprintf(json, sizeof json, RUN("\"output\":\"%s\""), cases[i].json);
        kit_answer run = kit_ask(AK_OP_RUN, 200, json);
        char buf[64];
        size_t len = 0;
        assert_int_equal(run.status, AK_ITEM);
        expect_text(run.call, AK_KEY_OUTPUT, cases[i].text, cases[i].len);
        assert_int_equal(ak_call_read(run.call, buf, sizeof buf, &len, NULL), AK_OK);
        assert_int_equal(len, cases[i].len);
        assert_memory_equal(buf, cases[i].text, len);
        kit_close(&run);
    }
}

static void expect_entry(ak_call *call, int32_t key, size_t index, const char *wanted, ak_status status) {
    const char *data = NULL;
    size_t len = 99;
    char buf[64];
    assert_int_equal(ak_call_view_at(call, key, index, &data, &len, NULL), status);
    assert_int_equal(len, wanted ? strlen(wanted) : 0);
    if (wanted) {
        assert_memory_equal(data, wanted, len);
    }
    assert_int_equal(ak_call_text_at(call, key, index, buf, sizeof buf, &len, NULL), status);
    assert_int_equal(len, wanted ? strlen(wanted) : 0);
    if (wanted) {
        assert_memory_equal(buf, wanted, len);
    }
}

static void expect_name(ak_call *call, size_t index, const char *wanted) {
    const char *data = NULL;
    size_t len = 0;
    assert_int_equal(ak_call_key_at(call, AK_KEY_LABELS, index, &data, &len, NULL), AK_OK);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(data, wanted, len);
}

static void lists_and_maps_have_entries(void **state) {
    (void)state;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             BOX("\"ports\":[\"8080:80\",\"\",null,7,{\"a\": [1]},\"\\u00e4\"],"
                                 "\"labels\":{\"k\\n\":\"v\",\"empty\":\"\",\"none\":null,\"n\":1,\"\":\"x\"}"));
    ak_call *call = box.call;
    const char *data = "";
    size_t count = 0;
    assert_int_equal(ak_call_count(call, AK_KEY_PORTS, &count, NULL), AK_OK);
    assert_int_equal(count, 6);
    expect_entry(call, AK_KEY_PORTS, 0, "8080:80", AK_OK);
    expect_entry(call, AK_KEY_PORTS, 1, "", AK_OK);
    expect_entry(call, AK_KEY_PORTS, 2, NULL, AK_NULL);
    expect_entry(call, AK_KEY_PORTS, 3, "7", AK_OK);
    expect_entry(call, AK_KEY_PORTS, 4, "{\"a\": [1]}", AK_OK);
    expect_entry(call, AK_KEY_PORTS, 5, "\xc3\xa4", AK_OK);
    expect_entry(call, AK_KEY_PORTS, 6, NULL, AK_E_ARGUMENT);
    expect_entry(call, AK_KEY_PORTS, SIZE_MAX, NULL, AK_E_ARGUMENT);
    expect_entry(call, AK_KEY_SECRET_FILES, 0, NULL, AK_ABSENT);
    expect_entry(call, AK_KEY_NAME, 0, NULL, AK_E_ARGUMENT);
    assert_int_equal(ak_call_count(call, AK_KEY_LABELS, &count, NULL), AK_OK);
    assert_int_equal(count, 5);
    static const char *const names[] = {"k\n", "empty", "none", "n", ""};
    static const char *const texts[] = {"v", "", NULL, "1", "x"};
    for (size_t i = 0; i < 5; i++) {
        expect_name(call, i, names[i]);
        expect_entry(call, AK_KEY_LABELS, i, texts[i], texts[i] ? AK_OK : AK_NULL);
    }
    assert_int_equal(ak_call_key_at(call, AK_KEY_LABELS, 5, &data, &count, NULL), AK_E_ARGUMENT);
    assert_null(data);
    assert_int_equal(ak_call_key_at(call, AK_KEY_PORTS, 0, &data, &count, NULL), AK_E_ARGUMENT);
    kit_close(&box);
}

static void optional_members_of_wrong_types_are_absent(void **state) {
    (void)state;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             BOX("\"ip\":7,\"ports\":\"80\",\"labels\":[\"a\"],\"placeholder_secrets\":1,"
                                 "\"image\":[\"x\"],\"proxy_port\":\"x\",\"endpoints\":7,\"new\":{\"a\":1}"));
    ak_call *call = box.call;
    size_t count;
    int64_t value;
    const char *raw = NULL;
    assert_int_equal(box.status, AK_ITEM);
    expect_no_text(call, AK_KEY_IP, AK_ABSENT);
    expect_no_text(call, AK_KEY_IMAGE, AK_ABSENT);
    assert_int_equal(ak_call_count(call, AK_KEY_PORTS, &count, NULL), AK_ABSENT);
    assert_int_equal(ak_call_count(call, AK_KEY_LABELS, &count, NULL), AK_ABSENT);
    assert_int_equal(ak_call_int(call, AK_KEY_PLACEHOLDER_SECRETS, &value, NULL), AK_ABSENT);
    assert_int_equal(ak_call_int(call, AK_KEY_PROXY_PORT, &value, NULL), AK_ABSENT);
    expect_text(call, AK_KEY_ENDPOINTS, "7", 1); /* raw JSON has no wrong type */
    assert_int_equal(ak_call_view(call, AK_KEY_RAW, &raw, &count, NULL), AK_OK);
    char *copy = strndup(raw, count);
    assert_non_null(copy);
    assert_non_null(strstr(copy, "\"ip\":7"));
    assert_non_null(strstr(copy, "\"new\":{\"a\":1}"));
    free(copy);
    kit_close(&box);
}

static void answers_without_what_is_required_are_refused(void **state) {
    (void)state;
    static const struct {
        int32_t operation;
        const char *json;
    } cases[] = {
        {AK_OP_GET_SANDBOX, "{\"success\":true,\"data\":{\"name\":\"box\"}}"},
        {AK_OP_GET_SANDBOX, "{\"success\":true,\"data\":{\"name\":7,\"status\":\"running\"}}"},
        {AK_OP_GET_SANDBOX, "{\"success\":true,\"data\":{\"name\":null,\"status\":\"running\"}}"},
        {AK_OP_GET_SANDBOX, "{\"success\":true,\"data\":[]}"},
        {AK_OP_GET_SANDBOX, "{\"success\":true,\"data\":null}"},
        {AK_OP_GET_SANDBOX, "{\"success\":true}"},
        {AK_OP_RUN, "{\"success\":true,\"data\":{\"output\":7}}"},
        {AK_OP_RUN, "{\"success\":true,\"data\":{}}"},
        {AK_OP_RUN, "{\"success\":true,\"data\":{\"output_base64\":\"?\"}}"},
        {AK_OP_HEALTH, "{\"success\":true,\"data\":{}}"},
        {AK_OP_LIST_SANDBOXES, "{\"success\":true,\"data\":{}}"},
        {AK_OP_LIST_SANDBOXES, "{\"success\":true,\"data\":[7]}"},
        {AK_OP_HEALTH, "{}"},
        {AK_OP_HEALTH, "[]"},
        {AK_OP_HEALTH, "\"ok\""},
        {AK_OP_HEALTH, "{\"success\":true,\"data\":\"ok\"} x"},
        {AK_OP_HEALTH, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kit_answer answer = kit_ask(cases[i].operation, 200, cases[i].json);
        if (answer.status != AK_E_PROTOCOL) {
            fail_msg("%s gives %s", cases[i].json, ak_status_name(answer.status));
        }
        assert_int_equal(ak_error_code(answer.err), AK_E_PROTOCOL);
        kit_close(&answer);
    }
}

static void all_values_come_at_once(void **state) {
    (void)state;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             BOX("\"ip\":null,\"vcpus\":2,\"ports\":[\"1\",\"2\"],\"labels\":{\"a\":\"b\"},"
                                 "\"placeholder_secrets\":true,\"lifecycle\":{\"x\": 1}"));
    ak_value all[64];
    size_t count = 0, need = 0;
    while (ak_field_at(AK_OP_GET_SANDBOX, need)) {
        need++;
    }
    memset(all, 0x5a, sizeof all);
    ak_value untouched = all[0];
    for (size_t cap = 0; cap < need; cap++) {
        count = 0;
        assert_int_equal(ak_call_values(box.call, cap ? all : NULL, cap, &count, NULL), AK_E_BUFFER);
        assert_int_equal(count, need);
        assert_memory_equal(&all[0], &untouched, sizeof untouched);
    }
    for (int more = 0; more < 2; more++) {
        assert_int_equal(ak_call_values(box.call, all, need + (size_t)more, &count, NULL), AK_OK);
        assert_int_equal(count, need);
        assert_memory_equal(&all[need], &untouched, sizeof untouched);
    }
    for (size_t i = 0; i < need; i++) {
        const ak_value *value = &all[i];
        const char *data = NULL;
        size_t len = 0;
        assert_int_equal(value->key, ak_field_at(AK_OP_GET_SANDBOX, i));
        ak_status status = ak_call_view(box.call, value->key, &data, &len, NULL);
        int32_t type = ak_field_type(AK_OP_GET_SANDBOX, value->key);
        bool number = type == AK_TYPE_INT || type == AK_TYPE_BOOL;
        assert_int_equal(value->type, status == AK_NULL ? AK_TYPE_NULL : status == AK_ABSENT ? AK_TYPE_ABSENT : type);
        assert_int_equal(value->size, number ? 0 : len);
        assert_true(number ? !value->data : value->size == 0 || memcmp(value->data, data, len) == 0);
        int64_t integer = value->key == AK_KEY_VCPUS || value->key == AK_KEY_PORTS                  ? 2
                          : value->key == AK_KEY_LABELS || value->key == AK_KEY_PLACEHOLDER_SECRETS ? 1
                                                                                                    : 0;
        assert_true(value->integer == integer);
    }
    kit_close(&box);
}

static void views_hold_until_the_next_step(void **state) {
    (void)state;
    kit_answer list =
        kit_ask(AK_OP_LIST_SANDBOXES, 200,
                "{\"success\":true,\"data\":[{\"name\":\"a\\u0062\",\"status\":\"s\\u0074\",\"ports\":[\"\\u0031\"]},"
                "{\"name\":\"c\",\"status\":\"running\"}]}");
    const char *views[3];
    size_t lens[3], len;
    ak_value all[64];
    char buf[64];
    assert_int_equal(list.status, AK_ITEM);
    assert_int_equal(ak_call_view(list.call, AK_KEY_NAME, &views[0], &lens[0], NULL), AK_OK);
    assert_int_equal(ak_call_view(list.call, AK_KEY_STATUS, &views[1], &lens[1], NULL), AK_OK);
    assert_int_equal(ak_call_view_at(list.call, AK_KEY_PORTS, 0, &views[2], &lens[2], NULL), AK_OK);
    for (int i = 0; i < 1000; i++) { /* whatever else is asked */
        assert_int_equal(ak_call_text(list.call, AK_KEY_RAW, buf, 1, &len, NULL), AK_E_BUFFER);
        assert_int_equal(ak_call_text_at(list.call, AK_KEY_PORTS, 0, buf, sizeof buf, &len, NULL), AK_OK);
        assert_int_equal(ak_call_values(list.call, all, 64, &len, NULL), AK_OK);
    }
    assert_int_equal(lens[0] + lens[1] + lens[2], 5);
    assert_memory_equal(views[0], "ab", 2);
    assert_memory_equal(views[1], "st", 2);
    assert_memory_equal(views[2], "1", 1);
    assert_int_equal(ak_call_step(list.call, NULL), AK_ITEM);
    expect_text(list.call, AK_KEY_NAME, "c", 1);
    expect_text(list.call, AK_KEY_STATUS, "running", 7);
    expect_no_text(list.call, AK_KEY_PORTS, AK_ABSENT); /* nothing is left of the record before */
    assert_int_equal(ak_call_step(list.call, NULL), AK_DONE);
    kit_close(&list);
}

/* Reads a run's output by so many bytes, with a view of it taken at some point in between. */
static void expect_read(const char *json, size_t cap, const char *wanted, size_t wanted_len, size_t view_at) {
    kit_answer run = kit_ask(AK_OP_RUN, 200, json);
    char buf[128], all[128];
    size_t have = 0, len = 99;
    ak_status status;
    assert_int_equal(run.status, AK_ITEM);
    while (have < sizeof all && (status = ak_call_read(run.call, buf, cap, &len, NULL)) == AK_OK) {
        assert_within(len, 1, cap);
        assert_true(len == cap || have + len == wanted_len); /* it fills the buffer */
        assert_true(have + len <= sizeof all);
        memcpy(all + have, buf, len);
        have += len;
        assert_int_equal(ak_call_state(run.call), have < wanted_len ? AK_STATE_READING : AK_STATE_ITEM);
        if (have > view_at) {
            expect_text(run.call, AK_KEY_OUTPUT, wanted, wanted_len);
        }
    }
    assert_int_equal(status, AK_DONE);
    assert_int_equal(len, 0);
    assert_int_equal(have, wanted_len);
    assert_memory_equal(all, wanted, have);
    kit_close(&run);
}

static void output_is_read_by_any_number_of_bytes(void **state) {
    (void)state;
    static const size_t caps[] = {1, 2, 3, 4, 5, 6, 7, 100};
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        for (size_t view = 0; view <= 100; view += 100) {
            expect_read(RUN("\"output\":\"a\\u00e4\\ud83d\\ude00\\u0000\\n\xff z\""), caps[i],
                        "a\xc3\xa4\xf0\x9f\x98\x80\0\n\xff z", 12, view);
            expect_read(RUN("\"output\":\"plain text\""), caps[i], "plain text", 10, view);
            expect_read(RUN("\"output\":\"?\",\"output_base64\":\"AAH/\\u0041gIDBA==\""), caps[i],
                        "\x00\x01\xff\x02\x02\x03\x04", 7, view);
            expect_read(RUN("\"output\":\"\""), caps[i], "", 0, view);
            expect_read(RUN("\"output\":\"x\",\"output_base64\":\"\""), caps[i], "", 0, view);
        }
    }
}

static void exact_bytes_count_more_than_text(void **state) {
    (void)state;
    kit_answer run = kit_ask(AK_OP_RUN, 200, RUN("\"output_base64\":\"/wA=\",\"output\":\"\\ufffd\""));
    expect_text(run.call, AK_KEY_OUTPUT, "\xff\0", 2);
    kit_close(&run);
    run = kit_ask(AK_OP_RUN, 200, RUN("\"output\":\"text\",\"output_base64\":\"not base64\""));
    expect_text(run.call, AK_KEY_OUTPUT, "text", 4);
    kit_close(&run);
    run = kit_ask(AK_OP_RUN, 200, RUN("\"output\":\"text\",\"output_base64\":null"));
    expect_text(run.call, AK_KEY_OUTPUT, "text", 4);
    kit_close(&run);
    run = kit_ask(AK_OP_RUN, 200, RUN("\"output_base64\":\"/wA=\""));
    expect_text(run.call, AK_KEY_OUTPUT, "\xff\0", 2);
    kit_close(&run);
}

static void events_have_exact_bytes_too(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"?\",\"data_base64\":\"/wA=\"}");
    fault_sse_event(script, "output", "{\"content\":\"other name\"}");
    fault_sse_event(script, "output", "not JSON");
    fault_sse_event(script, "done", "{\"exit_code\":3,\"success\":false}");
    fault_sse_end(script);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    ak_client *client = kit_client(server, "");
    ak_call *call = kit_call(client, AK_OP_RUN_STREAM);
    int64_t value = 99;
    size_t len;
    char buf[64];
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    expect_text(call, AK_KEY_DATA, "\xff\0", 2);
    assert_int_equal(ak_call_read(call, buf, 1, &len, NULL), AK_OK);
    assert_int_equal(ak_call_read(call, buf + 1, 9, &len, NULL), AK_OK);
    assert_memory_equal(buf, "\xff\0", 2);
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    expect_text(call, AK_KEY_DATA, "other name", 10);
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    assert_int_equal(ak_call_int(call, AK_KEY_PARSED, &value, NULL), AK_OK);
    assert_int_equal(value, 0);
    expect_text(call, AK_KEY_PARSED, "false", 5);
    expect_text(call, AK_KEY_RAW, "not JSON", 8);
    expect_text(call, AK_KEY_TYPE, "output", 6);
    expect_no_text(call, AK_KEY_DATA, AK_ABSENT);
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    expect_text(call, AK_KEY_PARSED, "true", 4);
    assert_int_equal(ak_call_int(call, AK_KEY_EXIT_CODE, &value, NULL), AK_OK);
    assert_int_equal(value, 3);
    assert_int_equal(kit_finish(call, NULL), AK_DONE);
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
}

static int64_t entry_of(ak_call *call, int32_t key, size_t index) {
    const char *data = NULL;
    size_t len = 0;
    assert_int_equal(ak_call_view_at(call, key, index, &data, &len, NULL), AK_OK);
    return strtoll(data, NULL, 10); /* what follows in the JSON ends it */
}

/* A server decides how long a list is: reading it in order takes time in proportion, and any other order works. */
static void long_lists_are_walked_once(void **state) {
    (void)state;
    enum { entries = 300000 };
    char *json = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&json, &len);
    assert_non_null(out);
    fputs("{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"s\",\"secret_files\":[7,8,9],\"ports\":[0", out);
    for (int i = 1; i < entries; i++) {
        fprintf(out, ",%d", i);
    }
    fputs("]}}", out);
    fclose(out);
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200, json);
    free(json);
    assert_int_equal(box.status, AK_ITEM);
    clock_t begin = clock();
    for (size_t i = 0; i < entries; i++) {
        assert_int_equal(entry_of(box.call, AK_KEY_PORTS, i), i);
    }
    assert_true((clock() - begin) / CLOCKS_PER_SEC < 20); /* looking at all before it each time takes minutes */
    static const size_t order[] = {5, 5, 4, entries - 1, 0, 1, 1, 7, 2};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_int_equal(entry_of(box.call, AK_KEY_PORTS, order[i]), order[i]);
        assert_int_equal(entry_of(box.call, AK_KEY_SECRET_FILES, i % 3), 7 + i % 3);
    }
    const char *data = "";
    assert_int_equal(ak_call_view_at(box.call, AK_KEY_PORTS, entries, &data, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view_at(box.call, AK_KEY_PORTS, SIZE_MAX, &data, &len, NULL), AK_E_ARGUMENT);
    assert_null(data);
    assert_int_equal(entry_of(box.call, AK_KEY_PORTS, 3), 3);
    kit_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_null_and_there_are_told_apart),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(text_is_kept_byte_for_byte),
        cmocka_unit_test(lists_and_maps_have_entries),
        cmocka_unit_test(long_lists_are_walked_once),
        cmocka_unit_test(optional_members_of_wrong_types_are_absent),
        cmocka_unit_test(answers_without_what_is_required_are_refused),
        cmocka_unit_test(all_values_come_at_once),
        cmocka_unit_test(views_hold_until_the_next_step),
        cmocka_unit_test(output_is_read_by_any_number_of_bytes),
        cmocka_unit_test(exact_bytes_count_more_than_text),
        cmocka_unit_test(events_have_exact_bytes_too),
    };
    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
