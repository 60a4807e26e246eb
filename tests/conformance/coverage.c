/* coverage.c: whether every operation of the library has its cases, by what the library says of itself. */
#include "conformance.h"

#include <string.h>

/* What each operation is shown with; "success" and "minimal" are looked into. */
static const char *const SHAPES[] = {"success", "minimal", "unknown", "null", "wrong-type"};
static const char *const ERRORS[] = {"error-400", "error-401", "error-403",  "error-404", "error-409",   "error-413",
                                     "error-422", "error-429", "error-500",  "error-503", "body-null",   "body-list",
                                     "body-text", "body-html", "body-empty", "redirect",  "ok-but-null", "ok-but-html"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cJSON *find_case(cJSON *const *trees, size_t count, const char *operation, const char *what) {
    char id[96];
    snprintf(id, sizeof id, "%s.%s", operation, what);
    for (size_t i = 0; i < count; i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, fault_member(trees[i], "cases")) {
            const cJSON *found = fault_member(item, "id");
            if (cJSON_IsString(found) && strcmp(found->valuestring, id) == 0) {
                return item;
            }
        }
    }
    return NULL;
}

static const cJSON *first_call(const cJSON *item) {
    return cJSON_GetArrayItem(fault_member(item, "calls"), 0);
}

/* The case of that name, when it is there and calls the operation. */
static const cJSON *need_case(cJSON *const *trees, size_t count, const char *operation, const char *what) {
    const cJSON *item = find_case(trees, count, operation, what);
    const cJSON *called = fault_member(first_call(item), "operation");
    if (!cJSON_IsString(called) || strcmp(called->valuestring, operation) != 0) {
        fprintf(stderr, "%s has no case %s.%s\n", operation, operation, what);
        return NULL;
    }
    return item;
}

/* Whether no call goes without it. A content need not be bound, but only because ak_call_write may bring it. */
static bool is_needed(int32_t operation, int32_t key) {
    return (ak_parameter_flags(operation, key) & AK_KEY_REQUIRED) ||
           ((ak_operation_flags(operation) & AK_OP_WRITABLE) && ak_parameter_type(operation, key) == AK_TYPE_BYTES);
}

/* A successful call binds all that can be bound, a minimal one what must be. */
static bool binds_what_it_should(const cJSON *item, int32_t operation, bool all) {
    const cJSON *arguments = fault_member(first_call(item), "arguments");
    bool good = true;
    int32_t key;
    for (size_t i = 0; (key = ak_parameter_at(operation, i)) != 0; i++) {
        bool bound = fault_member(arguments, ak_key_name(key)) != NULL;
        bool must = all || is_needed(operation, key);
        if (bound != must) {
            fprintf(stderr, "%s %s %s\n", fault_member(item, "id")->valuestring, must ? "does not bind" : "binds",
                    ak_key_name(key));
            good = false;
        }
    }
    return good;
}

/* Over its records, a successful call asks for every field, with a value. */
static bool asks_for_all_fields(const cJSON *item, int32_t operation) {
    bool good = true;
    int32_t key;
    for (size_t i = 0; (key = ak_field_at(operation, i)) != 0; i++) {
        bool asked = false;
        const cJSON *record;
        cJSON_ArrayForEach(record, fault_member(first_call(item), "records")) {
            asked = asked || cJSON_IsObject(fault_member(record, ak_key_name(key)));
        }
        if (!asked) {
            fprintf(stderr, "%s does not ask for %s\n", fault_member(item, "id")->valuestring, ak_key_name(key));
            good = false;
        }
    }
    return good;
}

bool conf_covers(cJSON *const *trees, size_t count) {
    bool good = true;
    int32_t operation;
    size_t operations = 0;
    for (; (operation = ak_operation_at(operations)) != 0; operations++) {
        const char *name = ak_operation_name(operation);
        for (size_t i = 0; i < COUNT(SHAPES); i++) {
            const cJSON *item = need_case(trees, count, name, SHAPES[i]);
            good = item && (i > 1 || binds_what_it_should(item, operation, i == 0)) &&
                   (i > 0 || asks_for_all_fields(item, operation)) && good;
        }
        for (size_t i = 0; i < COUNT(ERRORS); i++) {
            good = need_case(trees, count, name, ERRORS[i]) && good;
        }
    }
    printf("%zu operations\n", operations);
    return good && operations > 0;
}
