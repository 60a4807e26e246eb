/* test_binds.c: each type of parameter through each door: what fits is taken, what does not is refused at once. */
#include "kit.h"

#include <stdio.h>
#include <string.h>

static ak_client *client;

static int start(void **state) {
    (void)state;
    return ak_client_new(&client, NULL) == AK_OK ? 0 : -1;
}

static int stop_server(void **state) {
    (void)state;
    ak_client_free(client);
    return 0;
}

typedef enum { SET_TEXT, SET_INT, ADD_TEXT, ADD_LIST, PUT_TEXT, DOORS } door;

static ak_status apply(door how, ak_call *call, int32_t key, const char *text) {
    switch (how) {
    case SET_TEXT:
        return ak_call_set_text(call, key, text, strlen(text), NULL);
    case SET_INT:
        return ak_call_set_int(call, key, 1, NULL);
    case ADD_TEXT:
        return ak_call_add_text(call, key, text, strlen(text), NULL);
    case ADD_LIST:
        return ak_call_add_list(call, key, NULL);
    default:
        return ak_call_put_text(call, key, text, strlen(text), "v", 1, NULL);
    }
}

static void each_type_has_its_doors(void **state) {
    (void)state;
    static const struct {
        int32_t operation, key;
        const char *text;
        unsigned doors;
    } rows[] = {
        {AK_OP_RUN, AK_KEY_IMAGE, "alpine", 1u << SET_TEXT},
        {AK_OP_WRITE_FILE, AK_KEY_CONTENT, "\xFF", 1u << SET_TEXT},
        {AK_OP_WRITE_FILE, AK_KEY_SIZE, "1", 1u << SET_INT},
        {AK_OP_RUN, AK_KEY_FAST, "1", 1u << SET_INT},
        {AK_OP_RUN, AK_KEY_COMMAND, "true", 1u << ADD_TEXT},
        {AK_OP_EXEC_IN_SANDBOX, AK_KEY_ENV, "A=1", 1u << ADD_TEXT},
        {AK_OP_EXEC_IN_SANDBOX, AK_KEY_ENV, "A", 1u << PUT_TEXT},
        {AK_OP_UPDATE_SANDBOX, AK_KEY_LABELS, "a", 1u << PUT_TEXT},
        {AK_OP_UPDATE_SANDBOX, AK_KEY_LIFECYCLE, "{}", 1u << SET_TEXT},
        {AK_OP_BATCH_RUN, AK_KEY_COMMANDS, "true", 1u << ADD_LIST}, /* text comes after */
        {AK_OP_BATCH_RUN, AK_KEY_IMAGE, "true", 0},                 /* it has none */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int how = 0; how < DOORS; how++) {
            ak_call *call = NULL;
            assert_int_equal(ak_call_new(client, rows[i].operation, &call, NULL), AK_OK);
            ak_status wanted = rows[i].doors >> how & 1 ? AK_OK : AK_E_ARGUMENT;
            ak_status status = apply((door)how, call, rows[i].key, rows[i].text);
            if (status != wanted) {
                fail_msg("row %zu, door %d: %s", i, how, ak_status_name(status));
            }
            ak_call_free(call);
        }
    }
}

/* The body of the one request that these calls make. */
static void assert_body(int32_t operation, void (*bind)(ak_call *call), const char *body) {
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":{\"name\":\"box\",\"status\":\"running\"}}");
    ak_client *asking = kit_client(server, "");
    ak_call *call = kit_call(asking, operation);
    bind(call);
    assert_int_equal(kit_finish(call, NULL), AK_ITEM);
    ak_call_free(call);
    const fault_request *request = fault_request_at(server, 0);
    if (!fault_body_is(request, body)) {
        fail_msg("%.*s, not %s", (int)request->body_len, (const char *)request->body, body);
    }
    ak_client_free(asking);
    fault_stop(server);
}

static void bind_labels_again(ak_call *call) {
    assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, "a", 1, "1", 1, NULL), AK_OK);
    assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, "ab", 2, "2", 1, NULL), AK_OK);
    assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, NULL, 0, NULL, 0, NULL), AK_OK);
    assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, "a", 1, "3", 1, NULL), AK_OK);
    assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, "", 0, "4", 1, NULL), AK_OK);
}

#define MANY 1000

/* Every other one again, the last first. Sorted as text their names have another order than this. */
static void bind_many_labels(ak_call *call) {
    char name[16], value[16];
    for (int i = 0; i < MANY + MANY / 2; i++) {
        int number = i < MANY ? i : 2 * (MANY + MANY / 2 - 1 - i);
        int name_len = snprintf(name, sizeof name, "k%d", number);
        int len = snprintf(value, sizeof value, "%d", i);
        assert_int_equal(ak_call_put_text(call, AK_KEY_LABELS, name, (size_t)name_len, value, (size_t)len, NULL),
                         AK_OK);
    }
}

static void many_labels_are_merged(void **state) {
    (void)state;
    static char body[MANY * 24];
    int len = snprintf(body, sizeof body, "{\"labels\":");
    for (int i = 0; i < MANY; i++) {
        int value = i % 2 ? i : MANY + MANY / 2 - 1 - i / 2;
        len += snprintf(body + len, sizeof body - (size_t)len, "%c\"k%d\":\"%d\"", i ? ',' : '{', i, value);
    }
    snprintf(body + len, sizeof body - (size_t)len, "}}");
    assert_body(AK_OP_UPDATE_SANDBOX, bind_many_labels, body);
}

static void bind_no_labels(ak_call *call) {
    bind_labels_again(call);
    assert_int_equal(ak_call_set_text(call, AK_KEY_LABELS, NULL, 0, NULL), AK_OK);
}

static void bind_lifecycle_again(ak_call *call) {
    static const char *const values[] = {"{\"a\": 1}", "{\"b\": [9007199254740993]}"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ak_call_set_text(call, AK_KEY_LIFECYCLE, values[i], strlen(values[i]), NULL), AK_OK);
    }
}

static void binding_again_replaces(void **state) {
    (void)state;
    assert_body(AK_OP_UPDATE_SANDBOX, bind_labels_again, "{\"labels\":{\"a\":\"3\",\"ab\":\"2\",\"\":\"4\"}}");
    assert_body(AK_OP_UPDATE_SANDBOX, bind_no_labels, "{\"labels\":{}}");
    assert_body(AK_OP_UPDATE_SANDBOX, bind_lifecycle_again, "{\"lifecycle\":{\"b\": [9007199254740993]}}");
}

static void lists_of_lists_have_an_order(void **state) {
    (void)state;
    static const char *const orders[] = {"t", "ll", "l", "ltl", "lt", "ltlt", "le", "lte"};
    static const ak_status bound[] = {AK_E_ARGUMENT, AK_E_ARGUMENT, AK_OK, AK_OK, AK_OK, AK_OK, AK_E_ARGUMENT, AK_OK};
    static const ak_status ends[] = {AK_E_ARGUMENT, AK_E_ARGUMENT, AK_E_ARGUMENT, AK_E_ARGUMENT,
                                     AK_DONE,       AK_DONE,       AK_E_ARGUMENT, AK_DONE};
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":{\"results\":[]}}");
    ak_client *asking = kit_client(server, "");
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        ak_call *call = NULL;
        ak_status status = AK_OK;
        assert_int_equal(ak_call_new(asking, AK_OP_BATCH_RUN, &call, NULL), AK_OK);
        for (const char *c = orders[i]; *c && status == AK_OK; c++) {
            status = *c == 'l' ? ak_call_add_list(call, AK_KEY_COMMANDS, NULL)
                               : ak_call_add_text(call, AK_KEY_COMMANDS, "x", *c == 't', NULL);
        }
        if (status != bound[i] || kit_finish(call, NULL) != ends[i]) {
            fail_msg("%s: %s", orders[i], ak_status_name(status));
        }
        ak_call_free(call);
    }
    ak_client_free(asking);
    fault_stop(server);
}

static void bytes_that_are_not_there(void **state) {
    (void)state;
    ak_call *call = NULL;
    assert_int_equal(ak_call_new(client, AK_OP_WRITE_FILE, &call, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(call, AK_KEY_CONTENT, NULL, 0, NULL), AK_OK); /* an empty file */
    assert_int_equal(ak_call_set_text(call, AK_KEY_CONTENT, NULL, 1, NULL), AK_E_ARGUMENT);
    ak_call_free(call);
    assert_int_equal(ak_call_add_list(NULL, AK_KEY_COMMANDS, NULL), AK_E_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_doors),  cmocka_unit_test(binding_again_replaces),
        cmocka_unit_test(many_labels_are_merged),   cmocka_unit_test(lists_of_lists_have_an_order),
        cmocka_unit_test(bytes_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, start, stop_server);
}
