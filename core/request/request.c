#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "schema.h"
#include "value_limits.h"

/* ---- path ---- */

/* Servers compare a UUID as text, which they store in lower case. */
static bool append_lower(ak_buffer *url, const char *text) {
    bool ok = true;
    for (; ok && *text; text++) {
        char c = *text >= 'A' && *text <= 'F' ? (char)(*text - 'A' + 'a') : *text;
        ok = ak_buffer_append(url, &c, 1);
    }
    return ok;
}

/* keep: one character that is not escaped, or NUL. */
static bool append_escaped(ak_buffer *url, const char *text, char keep) {
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' ||
                     *c == '.' || *c == '_' || *c == '~' || *c == (unsigned char)keep;
        char escaped[3] = {'%', hex[*c >> 4], hex[*c & 15]};
        if (!ak_buffer_append(url, plain ? (const char *)c : escaped, plain ? 1 : 3)) {
            return false;
        }
    }
    return true;
}

static size_t parameter_by_name(const ak_operation *operation, const char *name, size_t len) {
    size_t i = 0;
    for (; i < operation->parameter_count; i++) {
        const char *text = ak_key_text(operation->parameters[i].key);
        if (strlen(text) == len && memcmp(text, name, len) == 0) {
            break;
        }
    }
    return i;
}

static bool append_path_part(ak_buffer *url, const ak_parameter *parameter, const char *text) {
    switch (parameter->rule) {
    case AK_RULE_FILE: /* the route has its first slash */
        return append_escaped(url, text + 1, '/');
    case AK_RULE_TARGET:
        return ak_buffer_append_text(url, text);
    case AK_RULE_UUID:
        return append_lower(url, text);
    default:
        return append_escaped(url, text, '\0');
    }
}

static bool append_query(ak_buffer *url, const char *name, const char *key, const char *value, bool *any) {
    bool ok = ak_buffer_append(url, *any ? "&" : "?", 1) && append_escaped(url, name, '\0') &&
              ak_buffer_append(url, "=", 1) &&
              (!key || (append_escaped(url, key, '\0') && ak_buffer_append(url, ":", 1)));
    *any = true;
    return ok && append_escaped(url, value, '\0');
}

static bool encode_query(ak_request *request) {
    bool ok = true, any = false;
    for (size_t i = 0; ok && i < request->operation->parameter_count; i++) {
        const ak_parameter *parameter = &request->operation->parameters[i];
        const ak_bound *bound = &request->bound[i];
        if (parameter->place != AK_IN_QUERY || !bound->set) {
            continue;
        }
        if (parameter->type == AK_TYPE_TEXT) {
            ok = append_query(&request->url, ak_key_text(parameter->key), NULL, bound->text, &any);
        }
        char *const *items = (char *const *)bound->items.data;
        for (size_t n = 0; ok && n + 1 < bound->items.len / sizeof *items; n += 2) {
            ok = append_query(&request->url, "label", items[n], items[n + 1], &any);
        }
    }
    return ok;
}

static ak_status encode_url(ak_request *request, const char *base_url, ak_error *err) {
    const ak_operation *operation = request->operation;
    bool ok = ak_buffer_append_text(&request->url, base_url);
    const char *p = strchr(operation->route, ' ') + 1;
    while (ok && *p) {
        size_t plain = strcspn(p, "{");
        ok = ak_buffer_append(&request->url, p, plain);
        p += plain;
        if (ok && *p == '{') {
            size_t len = strcspn(++p, "}");
            size_t index = parameter_by_name(operation, p, len);
            const char *text = index < operation->parameter_count ? request->bound[index].text : NULL;
            /* The rules of the table allow no such segment today; a path must never traverse upwards. */
            if (!text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
                return ak_error_set(err, AK_E_ARGUMENT, "%.*s: not possible in a path", (int)len, p);
            }
            ok = append_path_part(&request->url, &operation->parameters[index], text);
            p += len + 1;
        }
    }
    ok = ok && encode_query(request) && ak_buffer_terminate(&request->url);
    if (ok && request->url.len > AK_MAX_URL_BYTES) {
        return ak_error_set(err, AK_E_TOO_LARGE, "the URL of the request has %zu bytes; at most %d can be sent",
                            request->url.len, AK_MAX_URL_BYTES);
    }
    return ok ? AK_OK : ak_error_memory(err);
}

/* ---- body ---- */

/* Uses references only: bound values and the names of the table outlive the tree. */
static cJSON *encode_list(const ak_bound *bound) {
    cJSON *list = cJSON_CreateArray();
    char *const *items = (char *const *)bound->items.data;
    /* Appending takes constant time: cJSON keeps the tail. */
    for (size_t i = 0; list && i < bound->items.len / sizeof *items; i++) {
        cJSON *item = cJSON_CreateStringReference(items[i]);
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static cJSON *encode_map(const ak_bound *bound) {
    cJSON *object = cJSON_CreateObject();
    char *const *items = (char *const *)bound->items.data;
    for (size_t i = 0; object && i + 1 < bound->items.len / sizeof *items; i += 2) {
        cJSON *value = cJSON_CreateStringReference(items[i + 1]);
        if (!value || !cJSON_AddItemToObjectCS(object, items[i], value)) {
            cJSON_Delete(value);
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}

/* [{"command": [...]}, ...] */
static cJSON *encode_lists(const ak_bound *bound) {
    cJSON *lists = cJSON_CreateArray(), *list = NULL;
    char *const *items = (char *const *)bound->items.data;
    bool ok = lists != NULL;
    for (size_t i = 0; ok && i < bound->items.len / sizeof *items; i++) {
        if (items[i]) {
            cJSON *item = cJSON_CreateStringReference(items[i]);
            ok = item && cJSON_AddItemToArray(list, item);
            if (!ok) {
                cJSON_Delete(item);
            }
            continue;
        }
        cJSON *entry = cJSON_CreateObject();
        ok = entry && cJSON_AddItemToArray(lists, entry);
        if (!ok) {
            cJSON_Delete(entry);
        } else {
            list = cJSON_AddArrayToObject(entry, ak_key_text(AK_KEY_COMMAND));
            ok = list != NULL;
        }
    }
    if (!ok) {
        cJSON_Delete(lists);
        return NULL;
    }
    return lists;
}

static cJSON *encode_value(const ak_parameter *parameter, const ak_bound *bound) {
    char digits[24];
    switch (parameter->type) {
    case AK_TYPE_TEXT:
        return cJSON_CreateStringReference(bound->text);
    case AK_TYPE_BOOL:
        return cJSON_CreateBool(bound->set && bound->integer);
    case AK_TYPE_INT: /* raw: a cJSON number is a double */
        snprintf(digits, sizeof digits, "%" PRId64, bound->integer);
        return cJSON_CreateRaw(digits);
    case AK_TYPE_JSON:
        return cJSON_CreateRaw(bound->text);
    case AK_TYPE_MAP:
        return encode_map(bound);
    case AK_TYPE_LISTS:
        return encode_lists(bound);
    default:
        return encode_list(bound);
    }
}

static ak_status encode_body(ak_request *request, ak_error *err) {
    cJSON *object = cJSON_CreateObject();
    bool ok = object != NULL;
    for (size_t i = 0; ok && i < request->operation->parameter_count; i++) {
        const ak_parameter *parameter = &request->operation->parameters[i];
        const ak_bound *bound = &request->bound[i];
        if (parameter->place != AK_IN_BODY || !(bound->set || parameter->send_false)) {
            continue;
        }
        cJSON *value = encode_value(parameter, bound);
        ok = value && cJSON_AddItemToObjectCS(object, ak_key_text(parameter->key), value);
        if (!ok) {
            cJSON_Delete(value);
        }
    }
    request->made_body = ok ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    if (!request->made_body) {
        return ak_error_memory(err);
    }
    request->body = request->made_body;
    request->body_len = strlen(request->body);
    return AK_OK;
}

const char *ak_request_method(const ak_request *request, size_t *len) {
    const char *route = request->operation->route;
    if (*route == '{') {
        const char *method = ak_request_bound(request, AK_KEY_METHOD)->text;
        *len = strlen(method);
        return method;
    }
    *len = strcspn(route, " ");
    return route;
}

static bool has_body(const ak_request *request) {
    size_t len = 0;
    const char *method = ak_request_method(request, &len);
    return (len == 4 && memcmp(method, "POST", 4) == 0) || (len == 5 && memcmp(method, "PATCH", 5) == 0);
}

/* Bound content is the whole body; else it is written piece by piece. */
static ak_status begin_upload(ak_request *request, ak_error *err) {
    const ak_bound *content = ak_request_bound(request, AK_KEY_CONTENT);
    int64_t declared = ak_request_int(request, AK_KEY_SIZE, -1);
    if (content) {
        ak_status status =
            ak_upload_encode(content->text, content->text_len, declared, &request->made_body, &request->body_len, err);
        request->body = request->made_body;
        return status;
    }
    if (!request->uploads) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: content is required", request->operation->name);
    }
    return ak_upload_begin(&request->upload, declared, err);
}

ak_status ak_request_encode(ak_request *request, const char *base_url, ak_error *err) {
    ak_status status = encode_url(request, base_url, err);
    if (status != AK_OK) {
        return status;
    }
    if (request->operation->flags & AK_OP_WRITABLE) {
        return begin_upload(request, err);
    }
    bool raw = request->operation->yields == AK_YIELDS_REPLY;
    const ak_bound *body = raw ? ak_request_bound(request, AK_KEY_BODY) : NULL;
    if (body) { /* sent unchanged; it lives as long as the request */
        request->body = body->text;
        request->body_len = body->text_len;
    } else if (!raw && has_body(request)) {
        status = encode_body(request, err);
    }
    if (status == AK_OK && request->body_len > AK_MAX_BODY_BYTES) {
        return ak_error_set(err, AK_E_TOO_LARGE, "the request has %zu bytes; servers take at most %d",
                            request->body_len, AK_MAX_BODY_BYTES);
    }
    return status;
}
