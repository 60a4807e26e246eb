/*
 * abi.c: every exported function: checks of its arguments, and a call into the core. Nothing else.
 */
#include "agentkernel.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "call.h"
#include "constants.h"
#include "schema.h"

static ak_status null_argument(ak_error *err, const char *what) {
    (void)ak_error_set(err, AK_E_ARGUMENT, "%s is NULL", what);
    return AK_E_ARGUMENT;
}

/* Copies the bytes of a view, like every copying function: all or nothing. */
static ak_status copy_out(ak_status status, const char *data, size_t size, char *buf, size_t cap, size_t *len,
                          ak_error *err) {
    *len = size;
    if (status != AK_OK) {
        return status;
    }
    if (cap && !buf) {
        *len = 0;
        return null_argument(err, "the buffer");
    }
    if (cap < size) {
        return ak_error_set(err, AK_E_BUFFER, "the buffer has %zu bytes; %zu are needed", cap, size);
    }
    if (size) {
        memcpy(buf, data, size);
    }
    return AK_OK;
}

/* Checks of every function that reads a record; result receives AK_OK when they hold. */
static ak_status check_record(const ak_call *call, const void *out, ak_error *err) {
    if (!call || !out) {
        return null_argument(err, call ? "the out-parameter" : "the call");
    }
    return ak_call_has_record(call) ? AK_OK : ak_error_set(err, AK_E_STATE, "no record is current");
}

/* ---- library ---- */

uint32_t ak_version(void) {
    return AK_VERSION;
}

const char *ak_version_text(void) {
    return "libagentkernel/" AK_VERSION_TEXT " (libcurl " LIBCURL_VERSION ")";
}

const char *ak_status_name(ak_status status) {
    return ak_constant_status_name(status);
}

ak_status ak_constant(const char *name, size_t len, int64_t *value) {
    if (!name || !value) {
        return AK_E_ARGUMENT;
    }
    *value = 0;
    return ak_constant_find(name, len, value) ? AK_OK : AK_ABSENT;
}

/* ---- operations ---- */

int32_t ak_operation_at(size_t index) {
    const ak_operation *operation = ak_operation_index(index);
    return operation ? operation->id : 0;
}

const char *ak_operation_name(int32_t operation) {
    const ak_operation *row = ak_operation_find(operation);
    return row ? row->name : NULL;
}

const char *ak_operation_route(int32_t operation) {
    const ak_operation *row = ak_operation_find(operation);
    return row ? row->route : NULL;
}

int32_t ak_operation_flags(int32_t operation) {
    const ak_operation *row = ak_operation_find(operation);
    return row ? row->flags : 0;
}

const char *ak_key_name(int32_t key) {
    return ak_key_text(key);
}

int32_t ak_parameter_at(int32_t operation, size_t index) {
    const ak_operation *row = ak_operation_find(operation);
    return row && index < row->parameter_count ? row->parameters[index].key : 0;
}

static const ak_parameter *find_parameter(int32_t operation, int32_t key) {
    const ak_operation *row = ak_operation_find(operation);
    int index = row ? ak_parameter_index(row, key) : -1;
    return index < 0 ? NULL : &row->parameters[index];
}

int32_t ak_parameter_type(int32_t operation, int32_t key) {
    const ak_parameter *parameter = find_parameter(operation, key);
    return parameter ? parameter->type : 0;
}

int32_t ak_parameter_flags(int32_t operation, int32_t key) {
    const ak_parameter *parameter = find_parameter(operation, key);
    return parameter ? parameter->flags : 0;
}

int32_t ak_field_at(int32_t operation, size_t index) {
    const ak_operation *row = ak_operation_find(operation);
    return row && index < row->field_count ? row->fields[index].key : 0;
}

static const ak_field *find_field(int32_t operation, int32_t key) {
    const ak_operation *row = ak_operation_find(operation);
    int index = row ? ak_field_index(row, key) : -1;
    return index < 0 ? NULL : &row->fields[index];
}

int32_t ak_field_type(int32_t operation, int32_t key) {
    const ak_field *field = find_field(operation, key);
    return field ? field->type : 0;
}

int32_t ak_field_flags(int32_t operation, int32_t key) {
    const ak_field *field = find_field(operation, key);
    return field ? field->flags : 0;
}

/* ---- client ---- */

ak_status ak_client_new(ak_client **client, ak_error *err) {
    return client ? ak_client_create(client, err) : null_argument(err, "the out-parameter");
}

static ak_status check_settable(ak_client *client, ak_error *err) {
    if (!client) {
        return null_argument(err, "the client");
    }
    return atomic_load(&client->headers) ? ak_error_set(err, AK_E_STATE, "settings are fixed by the first call")
                                         : AK_OK;
}

ak_status ak_client_set_text(ak_client *client, int32_t setting, const char *text, size_t len, ak_error *err) {
    ak_status status = check_settable(client, err);
    return status == AK_OK ? ak_settings_set_text(&client->settings, setting, text, len, err) : status;
}

ak_status ak_client_set_int(ak_client *client, int32_t setting, int64_t value, ak_error *err) {
    ak_status status = check_settable(client, err);
    return status == AK_OK ? ak_settings_set_int(&client->settings, setting, value, err) : status;
}

ak_status ak_client_text(const ak_client *client, int32_t setting, char *buf, size_t cap, size_t *len, ak_error *err) {
    if (len) {
        *len = 0;
    }
    if (!client || !len) {
        return null_argument(err, client ? "the out-parameter" : "the client");
    }
    const char *text = NULL;
    ak_status status = ak_settings_get_text(&client->settings, setting, &text, err);
    return copy_out(status, text, text ? strlen(text) : 0, buf, cap, len, err);
}

ak_status ak_client_int(const ak_client *client, int32_t setting, int64_t *value, ak_error *err) {
    if (value) {
        *value = 0;
    }
    if (!client || !value) {
        return null_argument(err, client ? "the out-parameter" : "the client");
    }
    return ak_settings_get_int(&client->settings, setting, value, err);
}

ak_client *ak_client_retain(ak_client *client) {
    return ak_client_ref(client);
}

void ak_client_free(ak_client *client) {
    ak_client_unref(client);
}

/* ---- call ---- */

ak_status ak_call_new(ak_client *client, int32_t operation, ak_call **call, ak_error *err) {
    if (!call) {
        return null_argument(err, "the out-parameter");
    }
    return ak_call_create(client, operation, call, err);
}

ak_status ak_call_set_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    return call ? ak_call_bind_text(call, key, text, len, err) : null_argument(err, "the call");
}

ak_status ak_call_set_int(ak_call *call, int32_t key, int64_t value, ak_error *err) {
    return call ? ak_call_bind_int(call, key, value, err) : null_argument(err, "the call");
}

ak_status ak_call_add_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    return call ? ak_call_bind_item(call, key, text, len, err) : null_argument(err, "the call");
}

ak_status ak_call_add_list(ak_call *call, int32_t key, ak_error *err) {
    return call ? ak_call_bind_list(call, key, err) : null_argument(err, "the call");
}

ak_status ak_call_put_text(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text, size_t len,
                           ak_error *err) {
    return call ? ak_call_bind_entry(call, key, name, name_len, text, len, err) : null_argument(err, "the call");
}

ak_status ak_call_step(ak_call *call, ak_error *err) {
    return call ? ak_call_step_unless_content(call, err) : null_argument(err, "the call");
}

ak_status ak_call_wait(ak_call *call, int32_t max_ms, ak_error *err) {
    return call ? ak_call_wait_for(call, max_ms, err) : null_argument(err, "the call");
}

int ak_call_fd(const ak_call *call) {
    return call ? ak_transfer_fd(&call->transfer) : -1;
}

int32_t ak_call_state(const ak_call *call) {
    return call ? call->state : 0;
}

void ak_call_cancel(ak_call *call) {
    if (call) {
        ak_call_request_cancel(call);
    }
}

ak_call *ak_call_retain(ak_call *call) {
    if (call) {
        atomic_fetch_add(&call->refs, 1);
    }
    return call;
}

void ak_call_free(ak_call *call) {
    ak_call_unref(call);
}

/* ---- record ---- */

ak_status ak_call_text(ak_call *call, int32_t key, char *buf, size_t cap, size_t *len, ak_error *err) {
    const char *data = NULL;
    size_t size = 0;
    if (len) {
        *len = 0;
    }
    ak_status status = check_record(call, len, err);
    if (status != AK_OK) {
        return status;
    }
    status = ak_record_view(&call->record, key, &data, &size, err);
    return copy_out(status, data, size, buf, cap, len, err);
}

ak_status ak_call_int(ak_call *call, int32_t key, int64_t *value, ak_error *err) {
    if (value) {
        *value = 0;
    }
    ak_status status = check_record(call, value, err);
    return status == AK_OK ? ak_record_int(&call->record, key, value, err) : status;
}

/* Clears the out-parameters of a view and checks that neither is NULL. */
static ak_status check_view(const ak_call *call, const char **data, size_t *len, ak_error *err) {
    if (data) {
        *data = NULL;
    }
    if (len) {
        *len = 0;
    }
    return check_record(call, data ? (const void *)len : NULL, err);
}

ak_status ak_call_view(ak_call *call, int32_t key, const char **data, size_t *len, ak_error *err) {
    ak_status status = check_view(call, data, len, err);
    return status == AK_OK ? ak_record_view(&call->record, key, data, len, err) : status;
}

const char *ak_call_cstring(ak_call *call, int32_t key) {
    return call && ak_call_has_record(call) ? ak_record_cstring(&call->record, key) : NULL;
}

int64_t ak_call_number(ak_call *call, int32_t key, int64_t default_value) {
    int64_t value = 0;
    return ak_call_int(call, key, &value, NULL) == AK_OK ? value : default_value;
}

ak_status ak_call_count(ak_call *call, int32_t key, size_t *count, ak_error *err) {
    if (count) {
        *count = 0;
    }
    ak_status status = check_record(call, count, err);
    return status == AK_OK ? ak_record_count(&call->record, key, count, err) : status;
}

ak_status ak_call_text_at(ak_call *call, int32_t key, size_t index, char *buf, size_t cap, size_t *len, ak_error *err) {
    const char *data = NULL;
    size_t size = 0;
    if (len) {
        *len = 0;
    }
    ak_status status = check_record(call, len, err);
    if (status != AK_OK) {
        return status;
    }
    status = ak_record_entry(&call->record, key, index, false, &data, &size, err);
    return copy_out(status, data, size, buf, cap, len, err);
}

ak_status ak_call_view_at(ak_call *call, int32_t key, size_t index, const char **data, size_t *len, ak_error *err) {
    ak_status status = check_view(call, data, len, err);
    return status == AK_OK ? ak_record_entry(&call->record, key, index, false, data, len, err) : status;
}

ak_status ak_call_key_at(ak_call *call, int32_t key, size_t index, const char **data, size_t *len, ak_error *err) {
    ak_status status = check_view(call, data, len, err);
    return status == AK_OK ? ak_record_entry(&call->record, key, index, true, data, len, err) : status;
}

ak_status ak_call_values(ak_call *call, ak_value *values, size_t cap, size_t *count, ak_error *err) {
    if (count) {
        *count = 0;
    }
    ak_status status = check_record(call, count, err);
    if (status == AK_OK && cap && !values) {
        return null_argument(err, "the array");
    }
    return status == AK_OK ? ak_record_values(&call->record, values, cap, count, err) : status;
}

ak_status ak_call_read(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err) {
    if (len) {
        *len = 0;
    }
    if (!call || !len) {
        return null_argument(err, call ? "the out-parameter" : "the call");
    }
    return ak_call_read_output(call, buf, cap, len, err);
}

ak_status ak_call_write(ak_call *call, const void *data, size_t size, size_t *taken, ak_error *err) {
    if (!taken) {
        return null_argument(err, "the out-parameter");
    }
    *taken = 0;
    return call ? ak_call_write_content(call, data, size, taken, err) : null_argument(err, "the call");
}

/* ---- error ---- */

ak_error *ak_error_new(void) {
    ak_error *err = malloc(sizeof *err);
    if (err) {
        ak_error_init(err);
    }
    return err;
}

ak_status ak_error_code(const ak_error *err) {
    return err ? err->code : AK_OK;
}

ak_status ak_error_text(const ak_error *err, int32_t field, char *buf, size_t cap, size_t *len) {
    const char *data = NULL;
    size_t size = 0;
    if (!len) {
        return AK_E_ARGUMENT;
    }
    ak_status status = ak_error_get_view(err, field, &data, &size);
    return copy_out(status, data, size, buf, cap, len, NULL);
}

ak_status ak_error_int(const ak_error *err, int32_t field, int64_t *value) {
    return value ? ak_error_get_int(err, field, value) : AK_E_ARGUMENT;
}

ak_status ak_error_view(const ak_error *err, int32_t field, const char **data, size_t *len) {
    return data && len ? ak_error_get_view(err, field, data, len) : AK_E_ARGUMENT;
}

const char *ak_error_cstring(const ak_error *err, int32_t field) {
    const char *data = NULL;
    size_t size = 0;
    return ak_error_get_view(err, field, &data, &size) == AK_OK ? data : NULL;
}

int64_t ak_error_number(const ak_error *err, int32_t field, int64_t default_value) {
    int64_t value = 0;
    return ak_error_get_int(err, field, &value) == AK_OK ? value : default_value;
}

void ak_error_free(ak_error *err) {
    if (err) {
        ak_error_clear(err);
        free(err);
    }
}
