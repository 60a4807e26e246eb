/* call.c: clients, calls and their parameters, by what the library says of itself. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- settings -----------------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;
    const char *value;
} placeholder;

/* Puts the server's values in the places of their names. */
static void fill_in(const conf_run *run, const fault_buffer *text, fault_buffer *out) {
    char port[16];
    snprintf(port, sizeof port, "%u", fault_port(run->server));
    const placeholder known[] = {
        {"$URL", fault_url(run->server)},
        {"$PORT", port},
        {"$CA_FILE", fault_tls_path(run->server, FAULT_CA_FILE)},
        {"$CLIENT_CERTIFICATE_FILE", fault_tls_path(run->server, FAULT_CLIENT_CERTIFICATE_FILE)},
        {"$CLIENT_KEY_FILE", fault_tls_path(run->server, FAULT_CLIENT_KEY_FILE)},
    };
    for (size_t at = 0; at < text->len;) {
        const placeholder *found = NULL;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            size_t len = strlen(known[i].name);
            if (known[i].value && text->len - at >= len && memcmp(text->at + at, known[i].name, len) == 0) {
                found = &known[i];
            }
        }
        fault_buffer_add(out, found ? (const void *)found->value : text->at + at, found ? strlen(found->value) : 1);
        at += found ? strlen(found->name) : 1;
    }
    conf_must(!out->failed);
}

/* A number, "none" or "default". */
static bool is_timeout(const char *name) {
    size_t len = strlen(name);
    return len >= 10 && strcmp(name + len - 10, "timeout_ms") == 0;
}

static bool get_integer(conf_run *run, const cJSON *value, int64_t *out) {
    if (is_timeout(value->string) && cJSON_IsString(value) && conf_constant("AK_TIMEOUT_", value->valuestring, out)) {
        return true;
    }
    return conf_integer(run, value->string, value, out);
}

static ak_status set_setting(conf_run *run, ak_client *client, const cJSON *value, ak_error *err) {
    int64_t setting = 0;
    int64_t integer = 0;
    if (!conf_constant("AK_CLIENT_", value->string, &setting)) {
        conf_fail(run, "no setting %s", value->string);
        return AK_E_ARGUMENT;
    }
    if (cJSON_IsNumber(value) || is_timeout(value->string)) {
        return get_integer(run, value, &integer) ? ak_client_set_int(client, (int32_t)setting, integer, err)
                                                 : AK_E_ARGUMENT;
    }
    fault_buffer text = {0};
    fault_buffer filled = {0};
    ak_status status = AK_E_ARGUMENT;
    if (conf_text(run, value->string, value, &text)) {
        fill_in(run, &text, &filled);
        status = ak_client_set_text(client, (int32_t)setting, (const char *)filled.at, filled.len, err);
    }
    fault_buffer_free(&text);
    fault_buffer_free(&filled);
    return status;
}

ak_client *conf_client(conf_run *run, const cJSON *settings, ak_error *err) {
    ak_client *client = NULL;
    const char *url = fault_url(run->server);
    ak_status status = ak_client_new(&client, err);
    if (settings && !cJSON_IsObject(settings)) {
        conf_fail(run, "\"client\" is an object");
    }
    if (status == AK_OK && !fault_member(settings, "base_url")) {
        status = ak_client_set_text(client, AK_CLIENT_BASE_URL, url, strlen(url), err);
    }
    for (const cJSON *value = settings ? settings->child : NULL; value && status == AK_OK; value = value->next) {
        status = set_setting(run, client, value, err);
    }
    if (status != AK_OK) {
        ak_client_free(client);
        return NULL;
    }
    return client;
}

/* ---- parameters ---------------------------------------------------------------------------------------------------
 */

/* What is refused here comes again with the first step; so no status is looked at. */
static void bind_texts(conf_run *run, ak_call *call, int32_t key, const char *name, const cJSON *values) {
    for (const cJSON *value = values->child; value; value = value->next) {
        fault_buffer text = {0};
        if (conf_text(run, name, value, &text)) {
            const char *at = (const char *)text.at;
            if (cJSON_IsArray(values)) {
                ak_call_add_text(call, key, at, text.len, NULL);
            } else {
                ak_call_put_text(call, key, value->string, strlen(value->string), at, text.len, NULL);
            }
        }
        fault_buffer_free(&text);
    }
}

static void bind_lists(conf_run *run, ak_call *call, int32_t key, const cJSON *lists) {
    for (const cJSON *list = lists->child; list; list = list->next) {
        if (!cJSON_IsArray(list)) {
            conf_fail(run, "%s is a list of lists", lists->string);
            return;
        }
        ak_call_add_list(call, key, NULL);
        bind_texts(run, call, key, lists->string, list);
    }
}

/* {"json": value} */
static void bind_json(conf_run *run, ak_call *call, int32_t key, const cJSON *value) {
    static const char *const MEMBERS[] = {"json", NULL};
    const cJSON *json = fault_member(value, "json");
    if (!json || !conf_members(run, value->string, value, MEMBERS)) {
        conf_fail(run, "%s: no {\"json\": value}", value->string);
        return;
    }
    char *text = cJSON_PrintUnformatted(json);
    conf_must(text != NULL);
    ak_call_set_text(call, key, text, strlen(text), NULL);
    cJSON_free(text);
}

static void bind(conf_run *run, ak_call *call, int32_t operation, const cJSON *value) {
    int64_t key = 0;
    int64_t integer = 0;
    fault_buffer text = {0};
    int32_t type = conf_constant("AK_KEY_", value->string, &key) ? ak_parameter_type(operation, (int32_t)key) : 0;
    if (type == AK_TYPE_TEXT || type == AK_TYPE_BYTES) {
        if (conf_text(run, value->string, value, &text)) {
            ak_call_set_text(call, (int32_t)key, (const char *)text.at, text.len, NULL);
        }
    } else if (type == AK_TYPE_INT) {
        if (get_integer(run, value, &integer)) {
            ak_call_set_int(call, (int32_t)key, integer, NULL);
        }
    } else if (type == AK_TYPE_BOOL && cJSON_IsBool(value)) {
        ak_call_set_int(call, (int32_t)key, cJSON_IsTrue(value), NULL);
    } else if ((type == AK_TYPE_LIST && cJSON_IsArray(value)) ||
               ((type == AK_TYPE_LIST || type == AK_TYPE_MAP) && cJSON_IsObject(value))) {
        bind_texts(run, call, (int32_t)key, value->string, value);
        if (type == AK_TYPE_MAP && !value->child) {
            ak_call_set_text(call, (int32_t)key, NULL, 0, NULL);
        }
    } else if (type == AK_TYPE_LISTS && cJSON_IsArray(value)) {
        bind_lists(run, call, (int32_t)key, value);
    } else if (type == AK_TYPE_JSON) {
        bind_json(run, call, (int32_t)key, value);
    } else {
        conf_fail(run, "%s takes no such %s", ak_operation_name(operation), value->string);
    }
    fault_buffer_free(&text);
}

/* ---- calls --------------------------------------------------------------------------------------------------------
 */

int32_t conf_operation(const char *name) {
    int32_t operation;
    for (size_t i = 0; (operation = ak_operation_at(i)) != 0; i++) {
        if (strcmp(ak_operation_name(operation), name) == 0) {
            return operation;
        }
    }
    return 0;
}

/* The end of a call: as wanted, and for good. */
static void check_end(conf_run *run, ak_call *call, ak_status status, const cJSON *wanted, ak_error *err) {
    if (status == CONF_LOST) {
        conf_fail(run, "nothing came, and no deadline either");
        return;
    }
    if (status == AK_DONE && wanted) {
        conf_fail(run, "ended well, but an error was wanted");
    } else if (status < 0 && !wanted) {
        char message[512];
        size_t len = 0;
        bool told = ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message, &len) == AK_OK;
        conf_fail(run, "%s: %.*s", ak_status_name(status), told ? (int)len : 0, message);
    } else if (status < 0) {
        conf_compare_error(run, err, wanted);
    }
    if (ak_call_step(call, NULL) != status) {
        conf_fail(run, "its end does not last");
    }
}

static void drive(conf_run *run, ak_call *call, int32_t operation, const cJSON *item, ak_error *err) {
    const cJSON *records = fault_member(item, "records");
    const cJSON *wanted = records ? records->child : NULL;
    size_t count = 0;
    int epoll = -1;
    ak_status status;
    while ((status = conf_next(run->way, call, &epoll, err)) == AK_ITEM) {
        conf_log_record(run, call);
        if (wanted) {
            conf_compare_record(run, call, operation, wanted, count);
            wanted = wanted->next;
        }
        count++;
    }
    if (!cJSON_IsArray(records) || count != (size_t)cJSON_GetArraySize(records)) {
        conf_fail(run, "%zu records came, but %d were wanted", count, cJSON_GetArraySize(records));
    }
    if (status < 0 && status != CONF_LOST) {
        conf_log_error(run, err);
    }
    check_end(run, call, status, fault_member(item, "error"), err);
    if (epoll >= 0) {
        close(epoll);
    }
}

void conf_call(conf_run *run, ak_client *client, const cJSON *item, ak_error *err) {
    static const char *const MEMBERS[] = {"operation", "arguments", "records", "error", NULL};
    const cJSON *name = fault_member(item, "operation");
    const cJSON *arguments = fault_member(item, "arguments");
    if (!conf_members(run, "the call", item, MEMBERS)) {
        return;
    }
    int32_t operation = cJSON_IsString(name) ? conf_operation(name->valuestring) : 0;
    ak_call *call = NULL;
    if (operation == 0 || (arguments && !cJSON_IsObject(arguments))) {
        conf_fail(run, "no such operation, or \"arguments\" is no object");
        return;
    }
    if (ak_call_new(client, operation, &call, err) != AK_OK) {
        conf_fail(run, "no call: %s", ak_status_name(ak_error_code(err)));
        return;
    }
    for (const cJSON *value = arguments ? arguments->child : NULL; value; value = value->next) {
        bind(run, call, operation, value);
    }
    drive(run, call, operation, item, err);
    ak_call_free(call);
}
