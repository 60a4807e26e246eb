/* test_doors.c: the doors that copy, their edges, and arguments that are NULL. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY 0x5a
#define ROOM 512

/* A copy door with all but the buffer filled in. */
typedef ak_status (*door)(void *from, char *buf, size_t cap, size_t *len, ak_error *err);

static ak_status call_text(void *from, char *buf, size_t cap, size_t *len, ak_error *err) {
    return ak_call_text(from, AK_KEY_DESCRIPTION, buf, cap, len, err);
}

static ak_status call_raw_of_number(void *from, char *buf, size_t cap, size_t *len, ak_error *err) {
    return ak_call_text(from, AK_KEY_VCPUS, buf, cap, len, err);
}

static ak_status call_text_at(void *from, char *buf, size_t cap, size_t *len, ak_error *err) {
    return ak_call_text_at(from, AK_KEY_PORTS, 1, buf, cap, len, err);
}

static ak_status client_text(void *from, char *buf, size_t cap, size_t *len, ak_error *err) {
    return ak_client_text(from, AK_CLIENT_USER_AGENT, buf, cap, len, err);
}

static ak_status error_text(void *from, char *buf, size_t cap, size_t *len, ak_error *err) {
    (void)err;
    return ak_error_text(from, AK_ERROR_SERVER_TEXT, buf, cap, len);
}

static bool untouched(const char *buf, size_t from) {
    for (size_t i = from; i < ROOM; i++) {
        if (buf[i] != CANARY) {
            return false;
        }
    }
    return true;
}

/* The buffer is of exactly cap bytes too, so that a memory checker sees what the canaries cannot. */
static void check_door(door open, void *from, const char *wanted) {
    size_t need = strlen(wanted);
    size_t caps[] = {0, need - 1, need, need + 1, ROOM};
    ak_error *err = ak_error_new();
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        char buf[ROOM];
        size_t len = 99;
        bool fits = caps[i] >= need;
        memset(buf, CANARY, sizeof buf);
        assert_int_equal(open(from, buf, caps[i], &len, err), fits ? AK_OK : AK_E_BUFFER);
        assert_int_equal(len, need);
        assert_true(untouched(buf, fits ? need : 0));
        assert_memory_equal(buf, wanted, fits ? need : 0);
        char *exact = malloc(caps[i] ? caps[i] : 1);
        assert_non_null(exact);
        assert_int_equal(open(from, exact, caps[i], &len, NULL), fits ? AK_OK : AK_E_BUFFER);
        free(exact);
    }
    size_t len = 99;
    assert_int_equal(open(from, NULL, 0, &len, NULL), AK_E_BUFFER); /* asking for the size */
    assert_int_equal(len, need);
    assert_int_equal(open(from, NULL, ROOM, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(len, 0);
    char buf[ROOM];
    assert_int_equal(open(from, buf, sizeof buf, NULL, NULL), AK_E_ARGUMENT);
    ak_error_free(err);
}

static void the_whole_or_nothing_is_copied(void **state) {
    (void)state;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\",\"vcpus\":16,"
                             "\"description\":\"tab\\tand \\u00e4\",\"ports\":[\"1\",\"80:80/tcp\"]}}");
    assert_int_equal(box.status, AK_ITEM);
    check_door(call_text, box.call, "tab\tand \xc3\xa4");
    check_door(call_text_at, box.call, "80:80/tcp");
    check_door(call_raw_of_number, box.call, "16");
    kit_close(&box);

    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, "tests/1", 7, NULL), AK_OK);
    check_door(client_text, client, "tests/1");
    ak_client_free(client);

    kit_answer none = kit_ask(AK_OP_GET_SANDBOX, 404, "{\"success\":false,\"error\":\"no box\"}");
    assert_int_equal(none.status, AK_E_NOT_FOUND);
    check_door(error_text, none.err, "no box");
    kit_close(&none);
}

static void check_cstring(ak_call *call, int32_t key, const char *wanted) {
    const char *text = ak_call_cstring(call, key);
    assert_true(wanted ? text && strcmp(text, wanted) == 0 : text == NULL);
    assert_ptr_equal(ak_call_cstring(call, key), text); /* made once */
}

static void one_expression_reads_a_field(void **state) {
    (void)state;
    const char *data = NULL;
    size_t len = 0;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"r\\u0075n\",\"vcpus\":16,"
                             "\"memory_mb\":null,\"placeholder_secrets\":true,\"ip\":null,\"uuid\":\"\","
                             "\"backend\":7,\"description\":\"a\\u0000b\",\"ports\":[\"1\", 2]}}");
    assert_int_equal(box.status, AK_ITEM);
    assert_int_equal(ak_call_view(box.call, AK_KEY_NAME, &data, &len, NULL), AK_OK);
    check_cstring(box.call, AK_KEY_NAME, "box");
    check_cstring(box.call, AK_KEY_STATUS, "run");
    check_cstring(box.call, AK_KEY_UUID, "");
    check_cstring(box.call, AK_KEY_VCPUS, "16");
    check_cstring(box.call, AK_KEY_PLACEHOLDER_SECRETS, "true");
    check_cstring(box.call, AK_KEY_PORTS, "[\"1\", 2]");
    check_cstring(box.call, AK_KEY_IP, NULL);        /* null */
    check_cstring(box.call, AK_KEY_IMAGE, NULL);     /* absent */
    check_cstring(box.call, AK_KEY_BACKEND, NULL);   /* of another type */
    check_cstring(box.call, AK_KEY_EXIT_CODE, NULL); /* not of this operation */
    check_cstring(box.call, 1000, NULL);
    check_cstring(box.call, AK_KEY_DESCRIPTION, "a"); /* shorter than it is */
    assert_int_equal(ak_call_view(box.call, AK_KEY_DESCRIPTION, &data, &len, NULL), AK_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(data, "a\0b", 4);
    assert_int_equal(ak_call_number(box.call, AK_KEY_VCPUS, -7), 16);
    assert_int_equal(ak_call_number(box.call, AK_KEY_PLACEHOLDER_SECRETS, -7), 1);
    assert_int_equal(ak_call_number(box.call, AK_KEY_MEMORY_MB, -7), -7);                /* null */
    assert_int_equal(ak_call_number(box.call, AK_KEY_PROXY_PORT, INT64_MIN), INT64_MIN); /* absent */
    assert_int_equal(ak_call_number(box.call, AK_KEY_NAME, -7), -7);                     /* text */
    assert_int_equal(ak_call_number(box.call, AK_KEY_EXIT_CODE, -7), -7);
    assert_int_equal(ak_call_view(box.call, AK_KEY_NAME, &data, &len, NULL), AK_OK);
    assert_int_equal(len, 3);
    assert_int_equal(ak_call_count(box.call, AK_KEY_PORTS, &len, NULL), AK_OK);
    assert_int_equal(len, 2);
    assert_null(ak_call_cstring(NULL, AK_KEY_NAME));
    assert_int_equal(ak_call_number(NULL, AK_KEY_VCPUS, -7), -7);
    kit_close(&box);
}

/* What one record was read as has nothing to do with the next one's. */
static void each_record_has_its_own_text(void **state) {
    (void)state;
    kit_answer list = kit_ask(AK_OP_LIST_SANDBOXES, 200,
                              "{\"success\":true,\"data\":[{\"name\":\"a\",\"status\":\"one\",\"ip\":\"1.2.3.4\"},"
                              "{\"name\":\"b\",\"status\":\"t\\u0077o\"},"
                              "{\"name\":\"c\",\"status\":\"three\",\"ip\":\"\"}]}");
    static const char *const wanted[][3] = {{"a", "one", "1.2.3.4"}, {"b", "two", NULL}, {"c", "three", ""}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(list.status, AK_ITEM);
        check_cstring(list.call, AK_KEY_NAME, wanted[i][0]);
        check_cstring(list.call, AK_KEY_STATUS, wanted[i][1]);
        check_cstring(list.call, AK_KEY_IP, wanted[i][2]);
        list.status = kit_finish(list.call, list.err);
    }
    assert_int_equal(list.status, AK_DONE);
    kit_close(&list);
}

/* Bytes that were sent in base64, and text of any length. */
static void bytes_end_with_a_nul_too(void **state) {
    (void)state;
    kit_answer run =
        kit_ask(AK_OP_RUN, 200, "{\"success\":true,\"data\":{\"output\":\"?\",\"output_base64\":\"eP95\"}}");
    assert_int_equal(run.status, AK_ITEM);
    check_cstring(run.call, AK_KEY_OUTPUT, "x\xffy");
    check_cstring(run.call, AK_KEY_EXIT_CODE, "0");
    assert_int_equal(ak_call_number(run.call, AK_KEY_EXIT_CODE, -7), 0);
    kit_close(&run);

    /* Around the sizes in which memory is taken, a checker of memory sees a byte too many. */
    static const size_t sizes[] = {1, 4095, 4096, 4097, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char json[9100];
        int size = (int)sizes[i];
        snprintf(json, sizeof json, "{\"success\":true,\"data\":{\"output\":\"%0*d\"}}", size, 0);
        run = kit_ask(AK_OP_RUN, 200, json);
        const char *text = ak_call_cstring(run.call, AK_KEY_OUTPUT);
        assert_non_null(text);
        assert_int_equal(strlen(text), size);
        kit_close(&run);
    }
}

static void numbers_of_our_own_have_raw_json(void **state) {
    (void)state;
    char buf[8];
    size_t len = 0;
    kit_answer run = kit_ask(AK_OP_RUN, 200, "{\"success\":true,\"data\":{\"output\":\"x\"}}");
    assert_int_equal(run.status, AK_ITEM);
    for (int again = 0; again < 2; again++) { /* and reading them as text does not end their being numbers */
        int64_t value = 9;
        assert_int_equal(ak_call_text(run.call, AK_KEY_EXIT_CODE, buf, sizeof buf, &len, NULL), AK_OK);
        assert_int_equal(len, 1);
        assert_memory_equal(buf, "0", 1);
        assert_int_equal(ak_call_int(run.call, AK_KEY_EXIT_CODE, &value, NULL), AK_OK);
        assert_int_equal(value, 0);
    }
    kit_close(&run);
}

static void settings_are_told_apart(void **state) {
    (void)state;
    ak_client *client = NULL;
    ak_error *err = ak_error_new();
    char buf[64];
    size_t len = 99;
    int64_t value = 99;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    assert_int_equal(ak_client_text(client, AK_CLIENT_USER_AGENT, buf, sizeof buf, &len, NULL), AK_ABSENT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_API_KEY, "sesame", 6, err), AK_OK);
    len = 99;
    assert_int_equal(ak_client_text(client, AK_CLIENT_API_KEY, buf, sizeof buf, &len, err), AK_E_ARGUMENT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_client_text(client, AK_CLIENT_TIMEOUT_MS, buf, sizeof buf, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_int(client, AK_CLIENT_PROXY, &value, err), AK_E_ARGUMENT);
    assert_int_equal(value, 0);
    assert_int_equal(ak_client_set_text(client, 0, "x", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(client, 1000, "x", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_int(client, -1, 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, "x", 1, NULL), AK_OK);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, "", 0, NULL), AK_OK); /* unset again */
    assert_int_equal(ak_client_text(client, AK_CLIENT_USER_AGENT, buf, sizeof buf, &len, NULL), AK_ABSENT);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, NULL, 0, NULL), AK_OK);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, NULL, 3, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_USER_AGENT, "a\nb", 3, err), AK_E_ARGUMENT);
    ak_client_free(client);
    ak_error_free(err);
}

static void an_error_says_what_it_has(void **state) {
    (void)state;
    const char *data = NULL;
    char buf[64];
    size_t len = 99;
    int64_t value = 99;
    ak_error *empty = ak_error_new();
    assert_int_equal(ak_error_code(empty), AK_OK);
    assert_int_equal(ak_error_code(NULL), AK_OK);
    for (int32_t field = AK_ERROR_CODE; field <= AK_ERROR_SENT; field++) {
        assert_null(ak_error_cstring(empty, field));
        assert_null(ak_error_cstring(NULL, field));
        assert_int_equal(ak_error_number(empty, field, -7), -7);
        assert_int_equal(ak_error_number(NULL, field, -7), -7);
        assert_int_equal(ak_error_int(empty, field, &value), AK_ABSENT);
        assert_int_equal(value, 0);
        assert_int_equal(ak_error_view(empty, field, &data, &len), AK_ABSENT);
        assert_int_equal(ak_error_text(NULL, field, buf, sizeof buf, &len), AK_ABSENT);
        assert_int_equal(len, 0);
    }
    ak_error_free(empty);

    kit_answer failed = kit_ask(AK_OP_RUN, 409,
                                "{\"success\":false,\"error\":\"exit 3\",\"exit_code\":3,\"output\":\"text\","
                                "\"output_base64\":\"AP8=\"}");
    assert_int_equal(failed.status, AK_E_COMMAND);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_CODE, &value), AK_OK);
    assert_int_equal(value, AK_E_COMMAND);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_EXIT_CODE, &value), AK_OK);
    assert_int_equal(value, 3);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_HTTP_STATUS, &value), AK_OK);
    assert_int_equal(value, 409);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_SENT, &value), AK_OK);
    assert_int_equal(value, AK_SENT_ANSWERED);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_RETRY_AFTER_MS, &value), AK_ABSENT);
    assert_int_equal(ak_error_int(failed.err, AK_ERROR_MESSAGE, &value), AK_E_ARGUMENT);
    assert_int_equal(ak_error_view(failed.err, AK_ERROR_CODE, &data, &len), AK_E_ARGUMENT);
    assert_int_equal(ak_error_view(failed.err, 1000, &data, &len), AK_E_ARGUMENT);
    assert_int_equal(ak_error_view(failed.err, AK_ERROR_OUTPUT, &data, &len), AK_OK);
    assert_int_equal(len, 2);
    assert_memory_equal(data, "\x00\xff", 2);
    assert_int_equal(ak_error_view(failed.err, AK_ERROR_OPERATION, &data, &len), AK_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(data, "run", 3);
    assert_string_equal(ak_error_cstring(failed.err, AK_ERROR_OPERATION), "run");
    assert_string_equal(ak_error_cstring(failed.err, AK_ERROR_MESSAGE), "exit 3");
    assert_string_equal(ak_error_cstring(failed.err, AK_ERROR_SERVER_TEXT), "exit 3");
    assert_string_equal(ak_error_cstring(failed.err, AK_ERROR_OUTPUT), ""); /* it begins with NUL */
    assert_memory_equal(ak_error_cstring(failed.err, AK_ERROR_OUTPUT), "\x00\xff", 3);
    assert_null(ak_error_cstring(failed.err, AK_ERROR_EXIT_CODE)); /* a number */
    assert_null(ak_error_cstring(failed.err, 1000));
    assert_int_equal(ak_error_number(failed.err, AK_ERROR_EXIT_CODE, -7), 3);
    assert_int_equal(ak_error_number(failed.err, AK_ERROR_RETRY_AFTER_MS, -7), -7);
    assert_int_equal(ak_error_number(failed.err, AK_ERROR_MESSAGE, -7), -7); /* a text */
    assert_int_equal(ak_error_number(failed.err, 1000, -7), -7);
    /* The error outlives its call, and only a failing function writes to it. */
    ak_call_free(failed.call);
    failed.call = NULL;
    ak_call *call = NULL;
    assert_int_equal(ak_call_new(failed.client, AK_OP_HEALTH, &call, failed.err), AK_OK);
    ak_call_free(call);
    assert_int_equal(ak_error_code(failed.err), AK_E_COMMAND);
    assert_int_equal(ak_call_new(failed.client, 0, &call, failed.err), AK_E_ARGUMENT);
    assert_null(call);
    assert_int_equal(ak_error_view(failed.err, AK_ERROR_OUTPUT, &data, &len), AK_ABSENT);
    kit_close(&failed);
}

static void no_call_or_client_is_an_argument_error(void **state) {
    (void)state;
    char buf[8];
    const char *data = buf;
    size_t len = 99;
    int64_t value = 99;
    ak_value values[1];
    ak_error *err = ak_error_new();
    ak_call *call = (ak_call *)buf;
    assert_int_equal(ak_client_new(NULL, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_text(NULL, AK_CLIENT_BASE_URL, "x", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_set_int(NULL, AK_CLIENT_TIMEOUT_MS, 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_client_text(NULL, AK_CLIENT_BASE_URL, buf, 8, &len, err), AK_E_ARGUMENT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_client_int(NULL, AK_CLIENT_TIMEOUT_MS, &value, err), AK_E_ARGUMENT);
    assert_int_equal(value, 0);
    assert_int_equal(ak_call_new(NULL, AK_OP_RUN, &call, err), AK_E_ARGUMENT);
    assert_null(call);
    assert_int_equal(ak_call_set_text(NULL, AK_KEY_NAME, "x", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_set_int(NULL, AK_KEY_FAST, 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_add_text(NULL, AK_KEY_COMMAND, "x", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_put_text(NULL, AK_KEY_ENV, "x", 1, "y", 1, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_step(NULL, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_wait(NULL, 1000, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_fd(NULL), -1);
    assert_int_equal(ak_call_state(NULL), 0);
    ak_call_cancel(NULL);
    len = 99;
    assert_int_equal(ak_call_read(NULL, buf, 8, &len, err), AK_E_ARGUMENT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_call_text(NULL, AK_KEY_NAME, buf, 8, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_int(NULL, AK_KEY_VCPUS, &value, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view(NULL, AK_KEY_NAME, &data, &len, err), AK_E_ARGUMENT);
    assert_null(data);
    assert_int_equal(ak_call_count(NULL, AK_KEY_PORTS, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_text_at(NULL, AK_KEY_PORTS, 0, buf, 8, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view_at(NULL, AK_KEY_PORTS, 0, &data, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_key_at(NULL, AK_KEY_LABELS, 0, &data, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_call_values(NULL, values, 1, &len, err), AK_E_ARGUMENT);
    assert_int_equal(ak_error_code(err), AK_E_ARGUMENT);
    ak_error_free(err);
}

static void no_place_for_the_answer_is_an_argument_error(void **state) {
    (void)state;
    char buf[8];
    const char *data;
    size_t len;
    kit_answer box = kit_ask(AK_OP_GET_SANDBOX, 200,
                             "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\",\"vcpus\":16,"
                             "\"ports\":[\"1\"],\"labels\":{\"a\":\"b\"}}}");
    ak_call *call = box.call;
    assert_int_equal(ak_call_new(box.client, AK_OP_RUN, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_int(call, AK_KEY_VCPUS, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view(call, AK_KEY_NAME, NULL, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view(call, AK_KEY_NAME, &data, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_count(call, AK_KEY_PORTS, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view_at(call, AK_KEY_PORTS, 0, NULL, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_view_at(call, AK_KEY_PORTS, 0, &data, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_key_at(call, AK_KEY_LABELS, 0, NULL, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_key_at(call, AK_KEY_LABELS, 0, &data, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_values(call, NULL, 64, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_values(call, NULL, 0, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_read(call, buf, 8, &len, NULL), AK_E_ARGUMENT); /* nothing to read here */
    assert_int_equal(ak_client_int(box.client, AK_CLIENT_TIMEOUT_MS, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_error_int(box.err, AK_ERROR_CODE, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_error_view(box.err, AK_ERROR_MESSAGE, NULL, &len), AK_E_ARGUMENT);
    assert_int_equal(ak_error_view(box.err, AK_ERROR_MESSAGE, &data, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_state(call), AK_STATE_ITEM); /* none of them did any harm */
    kit_close(&box);
    kit_answer run = kit_ask(AK_OP_RUN, 200, "{\"success\":true,\"data\":{\"output\":\"x\"}}");
    assert_int_equal(ak_call_read(run.call, NULL, 8, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_read(run.call, buf, 0, &len, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_read(run.call, buf, 8, NULL, NULL), AK_E_ARGUMENT);
    assert_int_equal(ak_call_read(run.call, buf, 8, &len, NULL), AK_OK);
    assert_int_equal(len, 1);
    kit_close(&run);
}

static void text_that_goes_in_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        ak_status status;
    } cases[] = {
        {NULL, 0, AK_OK},           {NULL, 1, AK_E_ARGUMENT},   {"", 0, AK_OK},
        {"a\0b", 3, AK_E_ARGUMENT}, {"\xff", 1, AK_E_ARGUMENT}, {"\xed\xa0\x80", 3, AK_E_ARGUMENT},
        {"\xc3", 1, AK_E_ARGUMENT}, {"\xc3\xa4", 2, AK_OK},     {"abc", 2, AK_OK},
    };
    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ak_call *calls[3];
        for (size_t c = 0; c < 3; c++) {
            calls[c] = kit_call(client, c < 2 ? AK_OP_EXEC_IN_SANDBOX : AK_OP_CREATE_SANDBOX);
        }
        assert_int_equal(ak_call_add_text(calls[0], AK_KEY_COMMAND, cases[i].text, cases[i].len, NULL),
                         cases[i].status);
        assert_int_equal(ak_call_put_text(calls[1], AK_KEY_ENV, "N", 1, cases[i].text, cases[i].len, NULL),
                         cases[i].status);
        assert_int_equal(ak_call_set_text(calls[2], AK_KEY_BACKEND, cases[i].text, cases[i].len, NULL),
                         cases[i].status);
        for (size_t c = 0; c < 3; c++) {
            ak_call_free(calls[c]);
        }
    }
    ak_call *call = kit_call(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(ak_call_put_text(call, AK_KEY_ENV, NULL, 1, "x", 1, NULL), AK_E_ARGUMENT);
    ak_call_free(call);
    call = kit_call(client, AK_OP_EXEC_IN_SANDBOX);
    assert_int_equal(ak_call_add_text(call, AK_KEY_ENV, NULL, 0, NULL), AK_E_ARGUMENT);
    ak_call_free(call);
    ak_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_or_nothing_is_copied),
        cmocka_unit_test(one_expression_reads_a_field),
        cmocka_unit_test(each_record_has_its_own_text),
        cmocka_unit_test(bytes_end_with_a_nul_too),
        cmocka_unit_test(numbers_of_our_own_have_raw_json),
        cmocka_unit_test(settings_are_told_apart),
        cmocka_unit_test(an_error_says_what_it_has),
        cmocka_unit_test(no_call_or_client_is_an_argument_error),
        cmocka_unit_test(no_place_for_the_answer_is_an_argument_error),
        cmocka_unit_test(text_that_goes_in_is_checked),
    };
    return cmocka_run_group_tests_name("doors", tests, NULL, NULL);
}
