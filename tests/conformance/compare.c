/* compare.c: what came against what a case wants. */
#include "conformance.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How much of a wrong value is shown. */
#define SHOWN 200

static int shown(size_t len) {
    return (int)(len < SHOWN ? len : SHOWN);
}

/* ---- fields of records --------------------------------------------------------------------------------------------
 */

typedef struct {
    conf_run *run;
    ak_call *call;
    int32_t key;
    const char *name;
    size_t record;
} place;

static void wrong(const place *at, const char *how, const char *data, size_t len) {
    conf_fail(at->run, "record %zu: %s is not as wanted: %s %.*s", at->record, at->name, how, shown(len),
              data ? data : "");
}

/* The wanted text, bytes or JSON against the view of the field. */
static void compare_view(const place *at, const char *type, const cJSON *wanted) {
    const char *data = NULL;
    size_t len = 0;
    fault_buffer text = {0};
    ak_status status = ak_call_view(at->call, at->key, &data, &len, NULL);
    bool same = status == AK_OK;
    if (same && strcmp(type, "json") == 0) {
        same = conf_json_is(wanted, data, len);
    } else if (same) {
        same = conf_text(at->run, at->name, wanted, &text) && conf_bytes_are(&text, data, len);
    }
    if (!same) {
        wrong(at, ak_status_name(status), data, len);
    }
    fault_buffer_free(&text);
}

static void compare_integer(const place *at, const char *type, const cJSON *wanted) {
    int64_t want = cJSON_IsTrue(wanted);
    int64_t got = 0;
    bool right = strcmp(type, "bool") == 0 ? cJSON_IsBool(wanted) : conf_integer(at->run, at->name, wanted, &want);
    ak_status status = ak_call_int(at->call, at->key, &got, NULL);
    if (!right || status != AK_OK || got != want) {
        conf_fail(at->run, "record %zu: %s is %s %" PRId64, at->record, at->name, ak_status_name(status), got);
    }
}

/* One entry of a list or map: text, null or JSON. */
static bool entry_is(const place *at, size_t index, const cJSON *wanted) {
    const char *data = NULL;
    size_t len = 0;
    ak_status status = ak_call_view_at(at->call, at->key, index, &data, &len, NULL);
    const cJSON *json = fault_member(wanted, "json");
    if (cJSON_IsNull(wanted)) {
        return status == AK_NULL;
    }
    if (json) {
        return status == AK_OK && cJSON_GetArraySize(wanted) == 1 && conf_json_is(json, data, len);
    }
    fault_buffer text = {0};
    bool same = conf_text(at->run, at->name, wanted, &text) && status == AK_OK && conf_bytes_are(&text, data, len);
    fault_buffer_free(&text);
    return same;
}

static bool entry_of_map_is(const place *at, size_t index, const cJSON *wanted) {
    const char *data = NULL;
    size_t len = 0;
    if (ak_call_key_at(at->call, at->key, index, &data, &len, NULL) != AK_OK) {
        return false;
    }
    char *name = strndup(data, len);
    conf_must(name != NULL);
    const cJSON *value = fault_member(wanted, name);
    free(name);
    return value && entry_is(at, index, value);
}

static void compare_container(const place *at, const char *type, const cJSON *wanted) {
    bool map = strcmp(type, "map") == 0;
    size_t count = 0;
    ak_status status = ak_call_count(at->call, at->key, &count, NULL);
    bool same = status == AK_OK && (map ? cJSON_IsObject(wanted) : cJSON_IsArray(wanted)) &&
                count == (size_t)cJSON_GetArraySize(wanted);
    const cJSON *next = wanted->child;
    for (size_t i = 0; same && i < count; i++, next = next->next) {
        same = map ? entry_of_map_is(at, i, wanted) : entry_is(at, i, next);
    }
    if (!same) {
        const char *data = NULL;
        size_t len = 0;
        ak_call_view(at->call, at->key, &data, &len, NULL);
        wrong(at, ak_status_name(status), data, len);
    }
}

static const struct {
    const char *name;
    int32_t type;
    void (*compare)(const place *at, const char *type, const cJSON *wanted);
} TYPES[] = {
    {"text", AK_TYPE_TEXT, compare_view},      {"bytes", AK_TYPE_BYTES, compare_view},
    {"json", AK_TYPE_JSON, compare_view},      {"json_text", AK_TYPE_JSON, compare_view},
    {"int", AK_TYPE_INT, compare_integer},     {"bool", AK_TYPE_BOOL, compare_integer},
    {"list", AK_TYPE_LIST, compare_container}, {"map", AK_TYPE_MAP, compare_container},
};

static void compare_field(const place *at, int32_t operation, const cJSON *wanted) {
    int32_t type = ak_field_type(operation, at->key);
    if (type == 0) {
        conf_fail(at->run, "%s has no field %s", ak_operation_name(operation), at->name);
        return;
    }
    if (cJSON_IsString(wanted)) {
        const char *data = NULL;
        size_t len = 0;
        ak_status status = ak_call_view(at->call, at->key, &data, &len, NULL);
        bool null = strcmp(wanted->valuestring, "null") == 0;
        if (!(null || strcmp(wanted->valuestring, "absent") == 0) || status != (null ? AK_NULL : AK_ABSENT)) {
            wrong(at, ak_status_name(status), data, len);
        }
        return;
    }
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        const cJSON *value = fault_member(wanted, TYPES[i].name);
        if (value && TYPES[i].type == type && cJSON_GetArraySize(wanted) == 1) {
            TYPES[i].compare(at, TYPES[i].name, value);
            return;
        }
    }
    conf_fail(at->run, "record %zu: %s has another type", at->record, at->name);
}

void conf_compare_record(conf_run *run, ak_call *call, int32_t operation, const cJSON *wanted, size_t index) {
    if (!cJSON_IsObject(wanted)) {
        conf_fail(run, "record %zu is no object", index);
        return;
    }
    for (const cJSON *field = wanted->child; field; field = field->next) {
        int64_t key = 0;
        if (!conf_constant("AK_KEY_", field->string, &key)) {
            conf_fail(run, "no key %s", field->string);
            continue;
        }
        place at = {run, call, (int32_t)key, field->string, index};
        compare_field(&at, operation, field);
    }
}

/* ---- errors -------------------------------------------------------------------------------------------------------
 */

static void compare_error_text(conf_run *run, const ak_error *err, int32_t field, const cJSON *wanted) {
    const char *data = NULL;
    size_t len = 0;
    ak_status status = ak_error_view(err, field, &data, &len);
    fault_buffer text = {0};
    bool same = cJSON_IsNull(wanted) ? status == AK_ABSENT
                                     : conf_text(run, wanted->string, wanted, &text) && status == AK_OK &&
                                           conf_bytes_are(&text, data, len);
    if (!same) {
        conf_fail(run, "the error's %s: %s %.*s", wanted->string, ak_status_name(status), shown(len), data ? data : "");
    }
    fault_buffer_free(&text);
}

static void compare_error_int(conf_run *run, const ak_error *err, int32_t field, const cJSON *wanted) {
    int64_t want = 0;
    int64_t got = 0;
    ak_status status = ak_error_int(err, field, &got);
    bool same = status == AK_ABSENT;
    if (!cJSON_IsNull(wanted)) {
        bool known = field == AK_ERROR_SENT
                         ? cJSON_IsString(wanted) && conf_constant("AK_SENT_", wanted->valuestring, &want)
                         : conf_integer(run, wanted->string, wanted, &want);
        same = known && status == AK_OK && got == want;
    }
    if (!same) {
        conf_fail(run, "the error's %s: %s %" PRId64, wanted->string, ak_status_name(status), got);
    }
}

static void compare_code(conf_run *run, const ak_error *err, int32_t field, const cJSON *wanted) {
    const char *name = ak_status_name(ak_error_code(err));
    (void)field;
    if (!cJSON_IsString(wanted) || !name || strcmp(name, wanted->valuestring) != 0) {
        const char *data = NULL;
        size_t len = 0;
        ak_error_view(err, AK_ERROR_MESSAGE, &data, &len);
        conf_fail(run, "the error is %s: %.*s", name ? name : "unknown", shown(len), data ? data : "");
    }
}

/* Lists of what the message holds, or (by the name) lacks. */
static void compare_message(conf_run *run, const ak_error *err, int32_t field, const cJSON *wanted) {
    bool has = strcmp(wanted->string, "message_has") == 0;
    const char *data = NULL;
    size_t len = 0;
    ak_error_view(err, field, &data, &len);
    if (!cJSON_IsArray(wanted)) {
        conf_fail(run, "\"%s\" is a list", wanted->string);
        return;
    }
    for (const cJSON *part = wanted->child; part; part = part->next) {
        if (!cJSON_IsString(part) || !data ||
            (memmem(data, len, part->valuestring, strlen(part->valuestring)) != NULL) != has) {
            conf_fail(run, "the error's message: %.*s", shown(len), data ? data : "");
        }
    }
}

static const struct {
    const char *name;
    int32_t field;
    void (*compare)(conf_run *run, const ak_error *err, int32_t field, const cJSON *wanted);
} ERROR_FIELDS[] = {
    {"code", AK_ERROR_CODE, compare_code},
    {"http_status", AK_ERROR_HTTP_STATUS, compare_error_int},
    {"exit_code", AK_ERROR_EXIT_CODE, compare_error_int},
    {"retry_after_ms", AK_ERROR_RETRY_AFTER_MS, compare_error_int},
    {"server_text", AK_ERROR_SERVER_TEXT, compare_error_text},
    {"output", AK_ERROR_OUTPUT, compare_error_text},
    {"sent", AK_ERROR_SENT, compare_error_int},
    {"phase", AK_ERROR_PHASE, compare_error_text},
    {"operation", AK_ERROR_OPERATION, compare_error_text},
    {"message_has", AK_ERROR_MESSAGE, compare_message},
    {"message_lacks", AK_ERROR_MESSAGE, compare_message},
};

#define ERROR_FIELD_COUNT (sizeof ERROR_FIELDS / sizeof ERROR_FIELDS[0])

void conf_compare_error(conf_run *run, const ak_error *err, const cJSON *wanted) {
    if (!fault_member(wanted, "code")) {
        conf_fail(run, "an error has a code");
        return;
    }
    for (const cJSON *field = wanted->child; field; field = field->next) {
        size_t i = 0;
        while (i < ERROR_FIELD_COUNT && strcmp(ERROR_FIELDS[i].name, field->string) != 0) {
            i++;
        }
        if (i == ERROR_FIELD_COUNT) {
            conf_fail(run, "errors have no %s", field->string);
        } else {
            ERROR_FIELDS[i].compare(run, err, ERROR_FIELDS[i].field, field);
        }
    }
}

/* ---- requests -----------------------------------------------------------------------------------------------------
 */

#define AWAIT_MS 5000

static bool header_is(const fault_request *request, const cJSON *wanted) {
    static const char *const MEMBERS[] = {"contains", NULL};
    const cJSON *part = fault_member(wanted, MEMBERS[0]);
    const char *value = NULL;
    size_t len = 0;
    size_t count = fault_header_count(request, wanted->string);
    if (cJSON_IsNull(wanted)) {
        return count == 0;
    }
    if (cJSON_IsString(wanted)) {
        return count == 1 && fault_header_is(request, wanted->string, wanted->valuestring);
    }
    return count == 1 && cJSON_IsString(part) && cJSON_GetArraySize(wanted) == 1 &&
           fault_header(request, wanted->string, &value, &len) &&
           memmem(value, len, part->valuestring, strlen(part->valuestring)) != NULL;
}

static void compare_body(conf_run *run, const fault_request *request, const cJSON *item) {
    const cJSON *json = fault_member(item, "json");
    const cJSON *body = fault_member(item, "body");
    fault_buffer text = {0};
    bool same = !(json && body) && (!json || conf_json_is(json, (const char *)request->body, request->body_len));
    if (body) {
        same = conf_text(run, "body", body, &text) && conf_bytes_are(&text, request->body, request->body_len);
    }
    if (!same) {
        conf_fail(run, "the request's body is %.*s", shown(request->body_len), (const char *)request->body);
    }
    fault_buffer_free(&text);
}

static void compare_request(conf_run *run, const fault_request *request, const cJSON *item) {
    static const char *const MEMBERS[] = {"method", "target", "headers", "json", "body", NULL};
    const cJSON *method = fault_member(item, "method");
    const cJSON *target = fault_member(item, "target");
    const cJSON *headers = fault_member(item, "headers");
    if (!conf_members(run, "the request", item, MEMBERS)) {
        return;
    }
    if (!request->complete || request->malformed) {
        conf_fail(run, "a request is not whole");
    }
    if ((method && !(cJSON_IsString(method) && strcmp(method->valuestring, request->method) == 0)) ||
        (target && !(cJSON_IsString(target) && strcmp(target->valuestring, request->target) == 0))) {
        conf_fail(run, "the request is %s %s", request->method, request->target);
    }
    if (headers && !cJSON_IsObject(headers)) {
        conf_fail(run, "\"headers\" is an object");
    }
    for (const cJSON *header = headers ? headers->child : NULL; header; header = header->next) {
        if (!header_is(request, header)) {
            conf_fail(run, "the request's header %s: %.*s", header->string, (int)request->head_len,
                      (const char *)request->raw);
        }
    }
    compare_body(run, request, item);
}

void conf_compare_requests(conf_run *run, const cJSON *item) {
    const cJSON *requests = fault_member(item, "requests");
    const cJSON *connections = fault_member(item, "connections");
    if (!cJSON_IsArray(requests)) {
        conf_fail(run, "\"requests\" is a list");
        return;
    }
    size_t wanted = (size_t)cJSON_GetArraySize(requests);
    int64_t wanted_connections = 0;
    fault_await(run->server, FAULT_COMPLETE, wanted, run->failed ? 0 : AWAIT_MS);
    uint64_t came = fault_count(run->server, FAULT_REQUESTS);
    if (came != wanted) {
        conf_fail(run, "the server saw %" PRIu64 " requests, not %zu", came, wanted);
        return;
    }
    const cJSON *request = requests->child;
    for (size_t i = 0; i < wanted; i++, request = request->next) {
        compare_request(run, fault_request_at(run->server, i), request);
    }
    came = fault_count(run->server, FAULT_CONNECTIONS);
    if (connections && conf_integer(run, "connections", connections, &wanted_connections) &&
        came != (uint64_t)wanted_connections) {
        conf_fail(run, "the server saw %" PRIu64 " connections", came);
    }
}
