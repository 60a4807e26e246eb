#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "rules.h"

static ak_status out_of_memory(ak_error *err) {
    return ak_error_set(err, AK_E_MEMORY, "out of memory");
}

/* The parameter, if it may be bound now. A call that is not new refuses without being poisoned. */
static ak_status find(const ak_call *call, int32_t key, const ak_parameter **parameter, size_t *index, ak_error *err) {
    if (call->poisoned) {
        return ak_error_copy(err, &call->error);
    }
    if (call->state != AK_STATE_NEW) {
        return ak_error_set(err, AK_E_STATE, "parameters are bound before the first step");
    }
    int found = ak_parameter_index(call->operation, key);
    if (found < 0) {
        const char *name = ak_key_text(key);
        return ak_error_set(err, AK_E_ARGUMENT, "%s has no such parameter: %s", call->operation->name,
                            name ? name : "unknown key");
    }
    *index = (size_t)found;
    *parameter = &call->operation->parameters[found];
    return AK_OK;
}

/* The first failed bind poisons the call. */
static ak_status latch(ak_call *call, ak_status status, ak_error *err) {
    if (status < 0 && call->state == AK_STATE_NEW && call->error.code == AK_OK) {
        call->poisoned = true;
        ak_error_copy(&call->error, err);
        call->error.code = status;
        call->error.operation = call->operation->name;
        call->error.phase = "bind";
        call->error.sent = AK_SENT_NOTHING;
        ak_error_copy(err, &call->error);
    }
    return status;
}

static ak_status bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    const ak_parameter *parameter = NULL;
    size_t index = 0;
    ak_status status = find(call, key, &parameter, &index, err);
    if (status != AK_OK) {
        return status;
    }
    if (parameter->type != AK_TYPE_TEXT) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a text", ak_key_text(key));
    }
    status = ak_rule_check_text(parameter->rule, ak_key_text(key), text, len, err);
    if (status != AK_OK) {
        return status;
    }
    char *copy = strndup(text ? text : "", len);
    if (!copy) {
        return out_of_memory(err);
    }
    ak_bound *bound = &call->bound[index];
    free(bound->text);
    bound->text = copy;
    bound->set = true;
    return AK_OK;
}

static ak_status bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err) {
    const ak_parameter *parameter = NULL;
    size_t index = 0;
    ak_status status = find(call, key, &parameter, &index, err);
    if (status != AK_OK) {
        return status;
    }
    const char *name = ak_key_text(key);
    if (parameter->type == AK_TYPE_BOOL) {
        status = value == 0 || value == 1 ? AK_OK : ak_error_set(err, AK_E_ARGUMENT, "%s: must be 0 or 1", name);
    } else if (parameter->type == AK_TYPE_INT) {
        status = ak_rule_check_int(parameter->rule, name, value, err);
    } else {
        status = ak_error_set(err, AK_E_ARGUMENT, "%s is not a number", name);
    }
    if (status == AK_OK) {
        call->bound[index].integer = value;
        call->bound[index].set = true;
    }
    return status;
}

static ak_status append(ak_bound *bound, char *item, ak_error *err) {
    if (!item || !ak_buffer_append(&bound->items, &item, sizeof item)) {
        free(item);
        return out_of_memory(err);
    }
    bound->set = true;
    return AK_OK;
}

static ak_status bind_add(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    const ak_parameter *parameter = NULL;
    size_t index = 0;
    ak_status status = find(call, key, &parameter, &index, err);
    if (status != AK_OK) {
        return status;
    }
    if (parameter->type != AK_TYPE_LIST) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a list", ak_key_text(key));
    }
    status = ak_rule_check_text(parameter->rule, ak_key_text(key), text, len, err);
    if (status != AK_OK) {
        return status;
    }
    ak_bound *bound = &call->bound[index];
    if (parameter->rule == AK_RULE_COMMAND && bound->items.len == 0 && len == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "command: the program's name cannot be empty");
    }
    return append(bound, strndup(text ? text : "", len), err);
}

static ak_status bind_put(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text, size_t len,
                          ak_error *err) {
    const ak_parameter *parameter = NULL;
    size_t index = 0;
    ak_status status = find(call, key, &parameter, &index, err);
    if (status != AK_OK) {
        return status;
    }
    if (parameter->rule != AK_RULE_ENV) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a map", ak_key_text(key));
    }
    if (!name || name_len == 0 || memchr(name, '=', name_len)) {
        return ak_error_set(err, AK_E_ARGUMENT,
                            "%s: a name must not be empty and must not contain =", ak_key_text(key));
    }
    status = ak_rule_check_wire_text(ak_key_text(key), name, name_len, err);
    if (status == AK_OK) {
        status = ak_rule_check_wire_text(ak_key_text(key), text, len, err);
    }
    if (status != AK_OK) {
        return status;
    }
    ak_buffer entry = {0};
    bool ok = ak_buffer_append(&entry, name, name_len) && ak_buffer_append(&entry, "=", 1) &&
              ak_buffer_append(&entry, text, len) && ak_buffer_terminate(&entry);
    if (!ok) {
        ak_buffer_free(&entry);
    }
    return append(&call->bound[index], entry.data, err);
}

/* The binds report into an error of their own when the caller gave none, so that it can be latched. */
#define WITH_LATCH(call, err, expression)                                                                              \
    do {                                                                                                               \
        ak_error local;                                                                                                \
        ak_error_init(&local);                                                                                         \
        ak_error *report = (err) ? (err) : &local;                                                                     \
        ak_status result = latch((call), (expression), report);                                                        \
        ak_error_clear(&local);                                                                                        \
        return result;                                                                                                 \
    } while (0)

ak_status ak_bind_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    WITH_LATCH(call, err, bind_text(call, key, text, len, report));
}

ak_status ak_bind_int(ak_call *call, int32_t key, int64_t value, ak_error *err) {
    WITH_LATCH(call, err, bind_int(call, key, value, report));
}

ak_status ak_bind_add(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err) {
    WITH_LATCH(call, err, bind_add(call, key, text, len, report));
}

ak_status ak_bind_put(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text, size_t len,
                      ak_error *err) {
    WITH_LATCH(call, err, bind_put(call, key, name, name_len, text, len, report));
}

ak_status ak_bind_check_required(const ak_call *call, ak_error *err) {
    for (size_t i = 0; i < call->operation->parameter_count; i++) {
        const ak_parameter *parameter = &call->operation->parameters[i];
        if ((parameter->flags & AK_KEY_REQUIRED) && !call->bound[i].set) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: %s is required", call->operation->name,
                                ak_key_text(parameter->key));
        }
    }
    return AK_OK;
}

int64_t ak_bound_int(const ak_call *call, int32_t key, int64_t fallback) {
    int index = ak_parameter_index(call->operation, key);
    return index >= 0 && call->bound[index].set ? call->bound[index].integer : fallback;
}

void ak_bind_free(ak_call *call) {
    for (size_t i = 0; i < call->operation->parameter_count; i++) {
        ak_bound *bound = &call->bound[i];
        char **items = (char **)bound->items.data;
        for (size_t n = 0; n < bound->items.len / sizeof *items; n++) {
            free(items[n]);
        }
        ak_buffer_free(&bound->items);
        free(bound->text);
    }
}
