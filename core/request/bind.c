#include "request.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "rules.h"
#include "schema.h"

static bool holds_items(const ak_parameter *parameter) {
    return parameter->type == AK_TYPE_LIST || parameter->type == AK_TYPE_LISTS || parameter->type == AK_TYPE_MAP;
}

static void clear_items(ak_bound *bound) {
    char **items = (char **)bound->items.data;
    for (size_t n = 0; n < bound->items.len / sizeof *items; n++) {
        free(items[n]);
    }
    bound->items.len = 0;
}

static ak_status bind_text(const ak_parameter *parameter, ak_bound *bound, const char *text, size_t len,
                           ak_error *err) {
    if (holds_items(parameter) && len == 0) {
        clear_items(bound);
        bound->set = true;
        return AK_OK;
    }
    bool bytes = parameter->type == AK_TYPE_BYTES;
    if (!bytes && parameter->type != AK_TYPE_TEXT && parameter->type != AK_TYPE_JSON) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a text", ak_key_text(parameter->key));
    }
    if (bytes && !text && len) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: the pointer is NULL", ak_key_text(parameter->key));
    }
    ak_status status = bytes ? AK_OK : ak_rule_check_text(parameter->rule, ak_key_text(parameter->key), text, len, err);
    if (status != AK_OK) {
        return status;
    }
    char *copy = malloc(len + 1);
    if (!copy) {
        return ak_error_memory(err);
    }
    if (len) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    free(bound->text);
    bound->text = copy;
    bound->text_len = len;
    bound->set = true;
    return AK_OK;
}

static ak_status bind_int(const ak_parameter *parameter, ak_bound *bound, int64_t value, ak_error *err) {
    const char *name = ak_key_text(parameter->key);
    ak_status status = AK_OK;
    if (parameter->type == AK_TYPE_BOOL) {
        status = value == 0 || value == 1 ? AK_OK : ak_error_set(err, AK_E_ARGUMENT, "%s: must be 0 or 1", name);
    } else if (parameter->type == AK_TYPE_INT) {
        status = ak_rule_check_int(parameter->rule, name, value, err);
    } else {
        status = ak_error_set(err, AK_E_ARGUMENT, "%s is not a number", name);
    }
    if (status == AK_OK) {
        bound->integer = value;
        bound->set = true;
    }
    return status;
}

static const char *last_item(const ak_bound *bound) {
    char *const *items = (char *const *)bound->items.data;
    return bound->items.len ? items[bound->items.len / sizeof *items - 1] : NULL;
}

/* Takes ownership of the item. */
static ak_status append(ak_bound *bound, char *item, ak_error *err) {
    if (!ak_buffer_append(&bound->items, &item, sizeof item)) {
        free(item);
        return ak_error_memory(err);
    }
    bound->set = true;
    return AK_OK;
}

static ak_status bind_item(const ak_parameter *parameter, ak_bound *bound, const char *text, size_t len,
                           ak_error *err) {
    bool lists = parameter->type == AK_TYPE_LISTS;
    if (!lists && parameter->type != AK_TYPE_LIST) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a list", ak_key_text(parameter->key));
    }
    ak_status status = ak_rule_check_text(parameter->rule, ak_key_text(parameter->key), text, len, err);
    if (status != AK_OK) {
        return status;
    }
    if (lists && bound->items.len == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: ak_call_add_list begins each list", ak_key_text(parameter->key));
    }
    bool first = lists ? last_item(bound) == NULL : bound->items.len == 0;
    if (parameter->rule == AK_RULE_COMMAND && first && len == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "command: the program's name cannot be empty");
    }
    char *copy = strndup(text ? text : "", len);
    return copy ? append(bound, copy, err) : ak_error_memory(err);
}

/* In a list of lists, a NULL starts each list. */
static ak_status bind_list(const ak_parameter *parameter, ak_bound *bound, ak_error *err) {
    if (parameter->type != AK_TYPE_LISTS) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a list of lists", ak_key_text(parameter->key));
    }
    if (bound->items.len && !last_item(bound)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: a list in it is empty", ak_key_text(parameter->key));
    }
    return append(bound, NULL, err);
}

static ak_status put_env(ak_bound *bound, const char *name, size_t name_len, const char *text, size_t len,
                         ak_error *err) {
    ak_buffer entry = {0};
    bool ok = ak_buffer_append(&entry, name, name_len) && ak_buffer_append(&entry, "=", 1) &&
              ak_buffer_append(&entry, text, len) && ak_buffer_terminate(&entry);
    if (!ok) {
        ak_buffer_free(&entry);
        return ak_error_memory(err);
    }
    return append(bound, entry.data, err);
}

/* A map is a list of alternating names and values; merge_entries handles duplicate names. */
static ak_status put_pair(ak_bound *bound, const char *name, size_t name_len, const char *text, size_t len,
                          ak_error *err) {
    char *pair[2] = {strndup(name ? name : "", name_len), strndup(text ? text : "", len)};
    if (!pair[0] || !pair[1] || !ak_buffer_append(&bound->items, pair, sizeof pair)) {
        free(pair[0]);
        free(pair[1]);
        return ak_error_memory(err);
    }
    bound->set = true;
    return AK_OK;
}

static ak_status bind_entry(const ak_parameter *parameter, ak_bound *bound, const char *name, size_t name_len,
                            const char *text, size_t len, ak_error *err) {
    const char *what = ak_key_text(parameter->key);
    bool env = parameter->rule == AK_RULE_ENV;
    if (!env && parameter->type != AK_TYPE_MAP) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a map", what);
    }
    if (env && (name_len == 0 || !name || memchr(name, '=', name_len))) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: a name must not be empty and must not contain =", what);
    }
    ak_status status = ak_rule_check_text(env ? AK_RULE_NONE : parameter->rule, what, name, name_len, err);
    if (status == AK_OK) {
        status = ak_rule_check_wire_text(what, text, len, err);
    }
    if (status != AK_OK) {
        return status;
    }
    return env ? put_env(bound, name, name_len, text, len, err) : put_pair(bound, name, name_len, text, len, err);
}

/* By name, and entries of the same name in insertion order. */
static int compare_entries(const void *a, const void *b) {
    char **left = *(char **const *)a, **right = *(char **const *)b;
    int order = strcmp(left[0], right[0]);
    return order ? order : (left > right) - (left < right);
}

/* Gives the first entry of each name the last one's value, and empties the others. */
static void merge_sorted(char ***sorted, size_t count) {
    char **first = sorted[0];
    for (size_t i = 1; i < count; i++) {
        char **entry = sorted[i];
        if (strcmp(first[0], entry[0]) != 0) {
            first = entry;
            continue;
        }
        free(entry[0]);
        free(first[1]);
        first[1] = entry[1];
        entry[0] = entry[1] = NULL;
    }
}

/* A later entry replaces an earlier one of the same name. Searching for the name at each put would take quadratic time,
 * and there may be many thousand entries. */
static ak_status merge_entries(ak_bound *bound, ak_error *err) {
    char **items = (char **)bound->items.data;
    size_t count = bound->items.len / sizeof *items / 2, kept = 0;
    if (count < 2) {
        return AK_OK;
    }
    char ***sorted = malloc(count * sizeof *sorted);
    if (!sorted) {
        return ak_error_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &items[2 * i];
    }
    qsort(sorted, count, sizeof *sorted, compare_entries);
    merge_sorted(sorted, count);
    free(sorted);
    for (size_t i = 0; i < 2 * count; i++) {
        if (items[i]) {
            items[kept++] = items[i];
        }
    }
    bound->items.len = kept * sizeof *items;
    return AK_OK;
}

static ak_status check_required(const ak_request *request, ak_error *err) {
    const ak_operation *operation = request->operation;
    for (size_t i = 0; i < operation->parameter_count; i++) {
        const ak_parameter *parameter = &operation->parameters[i];
        const ak_bound *bound = &request->bound[i];
        bool empty = holds_items(parameter) && bound->items.len == 0;
        if ((parameter->flags & AK_KEY_REQUIRED) && (!bound->set || empty)) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: %s is required", operation->name, ak_key_text(parameter->key));
        }
        if (parameter->type == AK_TYPE_LISTS && bound->items.len && !last_item(bound)) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: a list in %s is empty", operation->name,
                                ak_key_text(parameter->key));
        }
    }
    return AK_OK;
}

ak_status ak_request_complete(ak_request *request, ak_error *err) {
    ak_status status = check_required(request, err);
    for (size_t i = 0; status == AK_OK && i < request->operation->parameter_count; i++) {
        if (request->operation->parameters[i].type == AK_TYPE_MAP) {
            status = merge_entries(&request->bound[i], err);
        }
    }
    return status;
}

/* ---- by key ---- */

static ak_status find(ak_request *request, int32_t key, const ak_parameter **parameter, ak_bound **bound,
                      ak_error *err) {
    int found = ak_parameter_index(request->operation, key);
    if (found < 0) {
        const char *name = ak_key_text(key);
        return ak_error_set(err, AK_E_ARGUMENT, "%s has no such parameter: %s", request->operation->name,
                            name ? name : "unknown key");
    }
    *bound = &request->bound[found];
    *parameter = &request->operation->parameters[found];
    return AK_OK;
}

ak_status ak_request_bind_text(ak_request *request, int32_t key, const char *text, size_t len, ak_error *err) {
    const ak_parameter *parameter = NULL;
    ak_bound *bound = NULL;
    ak_status status = find(request, key, &parameter, &bound, err);
    return status == AK_OK ? bind_text(parameter, bound, text, len, err) : status;
}

ak_status ak_request_bind_int(ak_request *request, int32_t key, int64_t value, ak_error *err) {
    const ak_parameter *parameter = NULL;
    ak_bound *bound = NULL;
    ak_status status = find(request, key, &parameter, &bound, err);
    return status == AK_OK ? bind_int(parameter, bound, value, err) : status;
}

ak_status ak_request_bind_item(ak_request *request, int32_t key, const char *text, size_t len, ak_error *err) {
    const ak_parameter *parameter = NULL;
    ak_bound *bound = NULL;
    ak_status status = find(request, key, &parameter, &bound, err);
    return status == AK_OK ? bind_item(parameter, bound, text, len, err) : status;
}

ak_status ak_request_bind_list(ak_request *request, int32_t key, ak_error *err) {
    const ak_parameter *parameter = NULL;
    ak_bound *bound = NULL;
    ak_status status = find(request, key, &parameter, &bound, err);
    return status == AK_OK ? bind_list(parameter, bound, err) : status;
}

ak_status ak_request_bind_entry(ak_request *request, int32_t key, const char *name, size_t name_len, const char *text,
                                size_t len, ak_error *err) {
    const ak_parameter *parameter = NULL;
    ak_bound *bound = NULL;
    ak_status status = find(request, key, &parameter, &bound, err);
    return status == AK_OK ? bind_entry(parameter, bound, name, name_len, text, len, err) : status;
}

const ak_bound *ak_request_bound(const ak_request *request, int32_t key) {
    int index = ak_parameter_index(request->operation, key);
    return index >= 0 && request->bound[index].set ? &request->bound[index] : NULL;
}

int64_t ak_request_int(const ak_request *request, int32_t key, int64_t fallback) {
    const ak_bound *bound = ak_request_bound(request, key);
    return bound ? bound->integer : fallback;
}

void ak_request_free(ak_request *request) {
    for (size_t i = 0; i < request->operation->parameter_count; i++) {
        ak_bound *bound = &request->bound[i];
        clear_items(bound);
        ak_buffer_free(&bound->items);
        free(bound->text);
    }
    ak_buffer_free(&request->url);
    cJSON_free(request->made_body);
    ak_buffer_free(&request->upload.out);
}
