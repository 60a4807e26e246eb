/* test_introspection.c: what the library says about itself is whole and holds together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../range.h"
#include "agentkernel.h"
#include "operations.h"

/* No walk is longer, whatever the tables hold. */
#define WALK_MAX 1000

static size_t count_parameters(int32_t operation) {
    size_t n = 0;
    while (n < WALK_MAX && ak_parameter_at(operation, n) != 0) {
        n++;
    }
    return n;
}

static size_t count_fields(int32_t operation) {
    size_t n = 0;
    while (n < WALK_MAX && ak_field_at(operation, n) != 0) {
        n++;
    }
    return n;
}

static size_t count_operations(void) {
    size_t n = 0;
    while (n < WALK_MAX && ak_operation_at(n) != 0) {
        n++;
    }
    return n;
}

static void the_walk_of_operations_ends(void **state) {
    (void)state;
    static const struct {
        int32_t id;
        const char *name;
        const char *route;
        int32_t flags;
    } expected[] = {
        {AK_OP_HEALTH, "health", "GET /health", AK_OP_IDEMPOTENT},
        {AK_OP_RUN, "run", "POST /run", AK_OP_READABLE},
        {AK_OP_RUN_STREAM, "run_stream", "POST /run/stream", AK_OP_STREAMS | AK_OP_READABLE | AK_OP_MANY},
        {AK_OP_LIST_SANDBOXES, "list_sandboxes", "GET /sandboxes", AK_OP_IDEMPOTENT | AK_OP_MANY},
        {AK_OP_CREATE_SANDBOX, "create_sandbox", "POST /sandboxes", 0},
        {AK_OP_GET_SANDBOX, "get_sandbox", "GET /sandboxes/{name}", AK_OP_IDEMPOTENT},
        {AK_OP_REMOVE_SANDBOX, "remove_sandbox", "DELETE /sandboxes/{name}", 0},
        {AK_OP_EXEC_IN_SANDBOX, "exec_in_sandbox", "POST /sandboxes/{name}/exec", AK_OP_READABLE},
        {AK_OP_GET_SANDBOX_BY_UUID, "get_sandbox_by_uuid", "GET /sandboxes/by-uuid/{uuid}", AK_OP_IDEMPOTENT},
        {AK_OP_START_SANDBOX, "start_sandbox", "POST /sandboxes/{name}/start", 0},
        {AK_OP_STOP_SANDBOX, "stop_sandbox", "POST /sandboxes/{name}/stop", AK_OP_IDEMPOTENT},
        {AK_OP_PAUSE_SANDBOX, "pause_sandbox", "POST /sandboxes/{name}/pause", 0},
        {AK_OP_RESUME_SANDBOX, "resume_sandbox", "POST /sandboxes/{name}/resume", 0},
        {AK_OP_FORK_SANDBOX, "fork_sandbox", "POST /sandboxes/{name}/fork", 0},
        {AK_OP_RESIZE_SANDBOX, "resize_sandbox", "POST /sandboxes/{name}/resize", AK_OP_IDEMPOTENT},
        {AK_OP_RECOVER_SANDBOX, "recover_sandbox", "POST /sandboxes/{name}/recover", 0},
        {AK_OP_UPDATE_SANDBOX, "update_sandbox", "PATCH /sandboxes/{name}", AK_OP_IDEMPOTENT},
        {AK_OP_READ_FILE, "read_file", "GET /sandboxes/{name}/files/{path}", AK_OP_IDEMPOTENT | AK_OP_READABLE},
        {AK_OP_WRITE_FILE, "write_file", "PUT /sandboxes/{name}/files/{path}", AK_OP_IDEMPOTENT | AK_OP_WRITABLE},
        {AK_OP_DELETE_FILE, "delete_file", "DELETE /sandboxes/{name}/files/{path}", 0},
        {AK_OP_WRITE_FILES, "write_files", "POST /sandboxes/{name}/files", AK_OP_IDEMPOTENT},
        {AK_OP_GET_SANDBOX_LOGS, "get_sandbox_logs", "GET /sandboxes/{name}/logs", AK_OP_IDEMPOTENT | AK_OP_MANY},
        {AK_OP_BATCH_RUN, "batch_run", "POST /batch/run", AK_OP_MANY},
        {AK_OP_EXEC_DETACHED, "exec_detached", "POST /sandboxes/{name}/exec/detach", 0},
        {AK_OP_DETACHED_STATUS, "detached_status", "GET /sandboxes/{name}/exec/detached/{id}", AK_OP_IDEMPOTENT},
        {AK_OP_DETACHED_LOGS, "detached_logs", "GET /sandboxes/{name}/exec/detached/{id}/logs", AK_OP_IDEMPOTENT},
        {AK_OP_DETACHED_KILL, "detached_kill", "DELETE /sandboxes/{name}/exec/detached/{id}", AK_OP_IDEMPOTENT},
        {AK_OP_DETACHED_LIST, "detached_list", "GET /sandboxes/{name}/exec/detached", AK_OP_IDEMPOTENT | AK_OP_MANY},
        {AK_OP_EXTEND_TTL, "extend_ttl", "POST /sandboxes/{name}/extend", 0},
        {AK_OP_TAKE_SNAPSHOT, "take_snapshot", "POST /snapshots", 0},
        {AK_OP_LIST_SNAPSHOTS, "list_snapshots", "GET /snapshots", AK_OP_IDEMPOTENT | AK_OP_MANY},
        {AK_OP_GET_SNAPSHOT, "get_snapshot", "GET /snapshots/{name}", AK_OP_IDEMPOTENT},
        {AK_OP_DELETE_SNAPSHOT, "delete_snapshot", "DELETE /snapshots/{name}", 0},
        {AK_OP_RESTORE_SNAPSHOT, "restore_snapshot", "POST /snapshots/{name}/restore", 0},
        {AK_OP_GET_BACKENDS, "get_backends", "GET /backends", AK_OP_IDEMPOTENT},
        {AK_OP_GET_STATUS, "get_status", "GET /status", AK_OP_IDEMPOTENT},
        {AK_OP_GET_STATS, "get_stats", "GET /stats", AK_OP_IDEMPOTENT},
        {AK_OP_REQUEST, "request", "{method} {path}", AK_OP_READABLE},
    };
    size_t count = sizeof expected / sizeof expected[0];
    assert_int_equal(count_operations(), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ak_operation_at(i), expected[i].id);
        assert_string_equal(ak_operation_name(expected[i].id), expected[i].name);
        assert_string_equal(ak_operation_route(expected[i].id), expected[i].route);
        assert_int_equal(ak_operation_flags(expected[i].id), expected[i].flags);
    }
    assert_int_equal(ak_operation_at(count), 0);
    assert_int_equal(ak_operation_at(SIZE_MAX), 0);
}

static void parameters_are_whole(void **state) {
    (void)state;
    for (size_t o = 0; o < count_operations(); o++) {
        int32_t operation = ak_operation_at(o);
        size_t count = count_parameters(operation);
        assert_within(count, 1, AK_MAX_PARAMETERS);
        assert_int_equal(ak_parameter_at(operation, SIZE_MAX), 0);
        for (size_t i = 0; i < count; i++) {
            int32_t key = ak_parameter_at(operation, i);
            int32_t type = ak_parameter_type(operation, key);
            assert_non_null(ak_key_name(key));
            assert_true(type == AK_TYPE_TEXT || type == AK_TYPE_INT || type == AK_TYPE_BOOL || type == AK_TYPE_LIST ||
                        type == AK_TYPE_MAP || type == AK_TYPE_JSON || type == AK_TYPE_BYTES || type == AK_TYPE_LISTS);
            int32_t flags = ak_parameter_flags(operation, key);
            assert_int_equal(flags & ~(AK_KEY_REQUIRED | AK_KEY_SETTING), 0);
            assert_int_not_equal(flags, AK_KEY_REQUIRED | AK_KEY_SETTING);
            for (size_t other = 0; other < i; other++) {
                assert_int_not_equal(ak_parameter_at(operation, other), key);
            }
        }
    }
}

static void fields_are_whole(void **state) {
    (void)state;
    for (size_t o = 0; o < count_operations(); o++) {
        int32_t operation = ak_operation_at(o);
        size_t count = count_fields(operation);
        assert_true(count <= AK_MAX_FIELDS);
        assert_true(count != 1 || operation == AK_OP_HEALTH); /* none, or at least one and what was sent */
        assert_int_equal(ak_field_at(operation, SIZE_MAX), 0);
        for (size_t i = 0; i < count; i++) {
            int32_t key = ak_field_at(operation, i);
            int32_t type = ak_field_type(operation, key);
            assert_non_null(ak_key_name(key));
            assert_within(type, AK_TYPE_TEXT, AK_TYPE_JSON);
            assert_int_equal(ak_field_flags(operation, key) & ~AK_KEY_REQUIRED, 0);
            for (size_t other = 0; other < i; other++) {
                assert_int_not_equal(ak_field_at(operation, other), key);
            }
        }
        if (count) {
            assert_int_equal(ak_field_flags(operation, AK_KEY_RAW), AK_KEY_REQUIRED);
            assert_int_not_equal(ak_field_type(operation, AK_KEY_RAW), 0);
        }
    }
}

/* A binding hands a parameter and a field of one key to its user as the same thing. */
static void a_key_has_one_type(void **state) {
    (void)state;
    for (int32_t key = 1; ak_key_name(key); key++) {
        int32_t seen = 0;
        for (size_t o = 0; o < count_operations(); o++) {
            int32_t types[2] = {ak_parameter_type(ak_operation_at(o), key), ak_field_type(ak_operation_at(o), key)};
            for (size_t i = 0; i < 2 && key != AK_KEY_RAW; i++) { /* JSON of a record, bytes of an event */
                assert_true(types[i] == 0 || seen == 0 || types[i] == seen);
                seen = types[i] ? types[i] : seen;
            }
        }
    }
}

static void timeouts_are_parameters(void **state) {
    (void)state;
    for (size_t o = 0; o < count_operations(); o++) {
        int32_t operation = ak_operation_at(o);
        bool streams = ak_operation_flags(operation) & AK_OP_STREAMS;
        int32_t set = AK_KEY_SETTING;
        assert_int_equal(ak_parameter_flags(operation, AK_KEY_CONNECT_TIMEOUT_MS), set);
        assert_int_equal(ak_parameter_flags(operation, AK_KEY_TIMEOUT_MS), streams ? 0 : set);
        assert_int_equal(ak_parameter_flags(operation, AK_KEY_IDLE_TIMEOUT_MS), streams ? set : 0);
        assert_int_equal(ak_parameter_flags(operation, AK_KEY_TOTAL_TIMEOUT_MS), streams ? set : 0);
    }
    assert_int_equal(ak_parameter_flags(AK_OP_RUN, AK_KEY_COMMAND), AK_KEY_REQUIRED);
    assert_int_equal(ak_parameter_flags(AK_OP_EXEC_IN_SANDBOX, AK_KEY_NAME), AK_KEY_REQUIRED);
    assert_int_equal(ak_parameter_flags(AK_OP_RUN, AK_KEY_IMAGE), 0);
}

static void every_key_has_its_own_name(void **state) {
    (void)state;
    int32_t last = 0;
    for (int32_t key = 1; key < WALK_MAX && ak_key_name(key); key++) {
        last = key;
        char constant[80] = "AK_KEY_";
        size_t len = strlen(constant);
        for (const char *c = ak_key_name(key); *c && len < sizeof constant; c++) {
            assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
            constant[len++] = *c == '_' ? '_' : (char)(*c - 'a' + 'A');
        }
        int64_t value = 0;
        assert_int_equal(ak_constant(constant, len, &value), AK_OK);
        assert_int_equal(value, key);
    }
    assert_int_equal(last, AK_KEY_CONTENT_TYPE);
    assert_string_equal(ak_key_name(AK_KEY_MEMORY_MB), "memory_mb");
}

static void every_status_has_a_name(void **state) {
    (void)state;
    size_t named = 0;
    for (int32_t status = -1000; status <= 1000; status++) {
        const char *name = ak_status_name(status);
        int64_t value = 0;
        if (name) {
            named++;
            assert_int_equal(ak_constant(name, strlen(name), &value), AK_OK);
            assert_int_equal(value, status);
            assert_int_equal(strncmp(name, "AK_E_", 5) == 0, status < 0);
        }
    }
    /* 6 that are no errors, 4 of wrong use, -10 to -21, -40 to -50. */
    assert_int_equal(named, 6 + 4 + 12 + 11);
    for (int32_t status = AK_E_BUFFER; status <= AK_ABSENT; status++) {
        assert_non_null(ak_status_name(status));
    }
    for (int32_t status = AK_E_REDIRECT; status <= AK_E_RESOLVE; status++) {
        assert_non_null(ak_status_name(status));
    }
    for (int32_t status = AK_E_SERVER; status <= AK_E_HTTP; status++) {
        assert_non_null(ak_status_name(status));
    }
    assert_string_equal(ak_status_name(AK_OK), "AK_OK");
    assert_string_equal(ak_status_name(AK_E_TIMEOUT), "AK_E_TIMEOUT");
    assert_null(ak_status_name(INT32_MIN));
    assert_null(ak_status_name(INT32_MAX));
}

static void constants_are_found_by_their_whole_name(void **state) {
    (void)state;
    int64_t value = 99;
    assert_int_equal(ak_constant("AK_KEY_COMMAND", 14, &value), AK_OK);
    assert_int_equal(value, AK_KEY_COMMAND);
    assert_int_equal(ak_constant("AK_TIMEOUT_NONE", 15, &value), AK_OK);
    assert_int_equal(value, AK_TIMEOUT_NONE);
    static const char *const unknown[] = {"", "AK_", "AK_KEY_COMMAN", "AK_KEY_COMMANDSS", "ak_key_command", "AK_API"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        value = 99;
        assert_int_equal(ak_constant(unknown[i], strlen(unknown[i]), &value), AK_ABSENT);
        assert_int_equal(value, 0);
    }
    assert_int_equal(ak_constant(NULL, 0, &value), AK_E_ARGUMENT);
    assert_int_equal(ak_constant("AK_OK", 5, NULL), AK_E_ARGUMENT);
}

static void unknown_numbers_are_nothing(void **state) {
    (void)state;
    static const int32_t operations[] = {0, -1, AK_OP_REQUEST + 1, INT32_MAX, INT32_MIN};
    static const int32_t keys[] = {0, -1, AK_KEY_CONTENT_TYPE + 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 5; i++) {
        assert_null(ak_operation_name(operations[i]));
        assert_null(ak_operation_route(operations[i]));
        assert_int_equal(ak_operation_flags(operations[i]), 0);
        assert_int_equal(ak_parameter_at(operations[i], 0), 0);
        assert_int_equal(ak_parameter_type(operations[i], AK_KEY_NAME), 0);
        assert_int_equal(ak_parameter_flags(operations[i], AK_KEY_NAME), 0);
        assert_int_equal(ak_field_at(operations[i], 0), 0);
        assert_int_equal(ak_field_type(operations[i], AK_KEY_NAME), 0);
        assert_int_equal(ak_field_flags(operations[i], AK_KEY_NAME), 0);
        assert_null(ak_key_name(keys[i]));
        assert_int_equal(ak_parameter_type(AK_OP_RUN, keys[i]), 0);
        assert_int_equal(ak_parameter_flags(AK_OP_RUN, keys[i]), 0);
        assert_int_equal(ak_field_type(AK_OP_RUN, keys[i]), 0);
        assert_int_equal(ak_field_flags(AK_OP_RUN, keys[i]), 0);
    }
    assert_int_equal(ak_parameter_type(AK_OP_RUN, AK_KEY_OUTPUT), 0);
    assert_int_equal(ak_field_type(AK_OP_RUN, AK_KEY_COMMAND), 0);
}

static void the_version_is_the_headers(void **state) {
    (void)state;
    char text[64];
    snprintf(text, sizeof text, "libagentkernel/%d.%d.%d (libcurl ", AK_VERSION / 1000000, AK_VERSION / 1000 % 1000,
             AK_VERSION % 1000);
    assert_int_equal(ak_version(), AK_VERSION);
    assert_memory_equal(ak_version_text(), text, strlen(text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_of_operations_ends),
        cmocka_unit_test(parameters_are_whole),
        cmocka_unit_test(fields_are_whole),
        cmocka_unit_test(a_key_has_one_type),
        cmocka_unit_test(timeouts_are_parameters),
        cmocka_unit_test(every_key_has_its_own_name),
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(constants_are_found_by_their_whole_name),
        cmocka_unit_test(unknown_numbers_are_nothing),
        cmocka_unit_test(the_version_is_the_headers),
    };
    return cmocka_run_group_tests_name("introspection", tests, NULL, NULL);
}
