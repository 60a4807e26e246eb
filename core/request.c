#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* What the server takes at most. */
#define MAX_BODY_BYTES (16 * 1024 * 1024)

/* ---- path ---- */

static bool append_escaped(ak_buffer *url, const char *text) {
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' ||
                     *c == '.' || *c == '_' || *c == '~';
        char escaped[3] = {'%', hex[*c >> 4], hex[*c & 15]};
        if (!ak_buffer_append(url, plain ? (const char *)c : escaped, plain ? 1 : 3)) {
            return false;
        }
    }
    return true;
}

static const ak_bound *bound_by_name(const ak_call *call, const char *name, size_t len) {
    for (size_t i = 0; i < call->operation->parameter_count; i++) {
        const char *text = ak_key_text(call->operation->parameters[i].key);
        if (strlen(text) == len && memcmp(text, name, len) == 0) {
            return &call->bound[i];
        }
    }
    return NULL;
}

static ak_status encode_url(ak_call *call, ak_error *err) {
    bool ok = ak_buffer_append_text(&call->url, call->client->settings.url);
    const char *p = strchr(call->operation->route, ' ') + 1;
    while (ok && *p) {
        size_t plain = strcspn(p, "{");
        ok = ak_buffer_append(&call->url, p, plain);
        p += plain;
        if (ok && *p == '{') {
            size_t len = strcspn(++p, "}");
            const ak_bound *bound = bound_by_name(call, p, len);
            /* The rules of the table allow no such segment today; a path must never be able to climb. */
            if (!bound || !bound->text || strcmp(bound->text, ".") == 0 || strcmp(bound->text, "..") == 0) {
                return ak_error_set(err, AK_E_ARGUMENT, "%.*s: not possible in a path", (int)len, p);
            }
            ok = append_escaped(&call->url, bound->text);
            p += len + 1;
        }
    }
    ok = ok && ak_buffer_terminate(&call->url);
    return ok ? AK_OK : ak_error_set(err, AK_E_MEMORY, "out of memory");
}

/* ---- body ---- */

/* References throughout: what is bound, and the names of the table, outlive the tree. */
static cJSON *encode_list(const ak_bound *bound) {
    cJSON *list = cJSON_CreateArray();
    char *const *items = (char *const *)bound->items.data;
    /* Appending one by one walks to nothing: cJSON keeps the tail. */
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
    default:
        return encode_list(bound);
    }
}

static ak_status encode_body(ak_call *call, ak_error *err) {
    cJSON *object = cJSON_CreateObject();
    bool ok = object != NULL;
    for (size_t i = 0; ok && i < call->operation->parameter_count; i++) {
        const ak_parameter *parameter = &call->operation->parameters[i];
        const ak_bound *bound = &call->bound[i];
        if (parameter->place != AK_IN_BODY || !(bound->set || parameter->send_false)) {
            continue;
        }
        cJSON *value = encode_value(parameter, bound);
        ok = value && cJSON_AddItemToObjectCS(object, ak_key_text(parameter->key), value);
        if (!ok) {
            cJSON_Delete(value);
        }
    }
    call->body = ok ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    if (!call->body) {
        return ak_error_set(err, AK_E_MEMORY, "out of memory");
    }
    if (strlen(call->body) > MAX_BODY_BYTES) {
        return ak_error_set(err, AK_E_TOO_LARGE, "the request has %zu bytes; the server takes at most %d",
                            strlen(call->body), MAX_BODY_BYTES);
    }
    return AK_OK;
}

ak_status ak_request_encode(ak_call *call, ak_error *err) {
    ak_status status = encode_url(call, err);
    if (status == AK_OK && strncmp(call->operation->route, "POST ", 5) == 0) {
        status = encode_body(call, err);
    }
    return status;
}
