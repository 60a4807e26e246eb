/* fault_parse.c: scripts written as JSON: the script and its rules. README.md documents the format. */
#include "fault_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fault_refuse(fault_reader *reader, const char *format, ...) {
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (reader->in_step) {
        snprintf(reader->error, reader->error_cap, "rule %zu, step %zu: %s", reader->rule, reader->step, what);
    } else if (reader->in_rule) {
        snprintf(reader->error, reader->error_cap, "rule %zu: %s", reader->rule, what);
    } else {
        snprintf(reader->error, reader->error_cap, "%s", what);
    }
    return false;
}

const cJSON *fault_member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

bool fault_check_members(fault_reader *reader, const cJSON *object, const char *const *allowed) {
    if (!cJSON_IsObject(object)) {
        return fault_refuse(reader, "an object is expected");
    }
    for (const cJSON *member = object->child; member; member = member->next) {
        const char *const *name = allowed;
        while (*name && strcmp(*name, member->string) != 0) {
            name++;
        }
        if (!*name) {
            return fault_refuse(reader, "unknown member \"%s\"", member->string);
        }
        if (fault_member(object, member->string) != member) {
            return fault_refuse(reader, "member \"%s\" stands twice", member->string);
        }
    }
    return true;
}

bool fault_get_integer(fault_reader *reader, const cJSON *object, const char *name, uint64_t least, uint64_t *out) {
    const cJSON *item = fault_member(object, name);
    if (!item) {
        return true;
    }
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(value >= (double)least && value <= FAULT_MAX_INTEGER) ||
        value != (double)(uint64_t)value) {
        return fault_refuse(reader, "\"%s\" is an integer of at least %llu", name, (unsigned long long)least);
    }
    *out = (uint64_t)value;
    return true;
}

bool fault_get_count(fault_reader *reader, const cJSON *object, const char *name, uint64_t *out) {
    const cJSON *item = fault_member(object, name);
    if (cJSON_IsString(item) && strcmp(item->valuestring, "always") == 0) {
        *out = FAULT_ALWAYS;
        return true;
    }
    if (cJSON_IsString(item)) {
        return fault_refuse(reader, "\"%s\" is an integer or \"always\"", name);
    }
    return fault_get_integer(reader, object, name, 1, out);
}

bool fault_get_text(fault_reader *reader, const cJSON *object, const char *name, const char **out) {
    const cJSON *item = fault_member(object, name);
    if (item && !cJSON_IsString(item)) {
        return fault_refuse(reader, "\"%s\" is a string", name);
    }
    if (item) {
        *out = item->valuestring;
    }
    return true;
}

bool fault_get_bool(fault_reader *reader, const cJSON *object, const char *name, bool *out) {
    const cJSON *item = fault_member(object, name);
    if (item && !cJSON_IsBool(item)) {
        return fault_refuse(reader, "\"%s\" is true or false", name);
    }
    if (item) {
        *out = cJSON_IsTrue(item);
    }
    return true;
}

bool fault_get_choice(fault_reader *reader, const cJSON *object, const char *name, const char *const *choices,
                      size_t *out) {
    const char *text = NULL;
    if (!fault_get_text(reader, object, name, &text)) {
        return false;
    }
    if (!text) {
        return true;
    }
    for (size_t i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return fault_refuse(reader, "\"%s\" cannot be \"%s\"", name, text);
}

/* ---- The script ---- */

static bool read_tls(fault_reader *reader, const cJSON *item) {
    static const char *const MEMBERS[] = {"client_certificate", "handshake", "expired", "name", NULL};
    static const char *const HANDSHAKES[] = {"accept", "script", NULL};
    fault_tls_options options = {0};
    size_t handshake = 0;
    if (!item || cJSON_IsFalse(item)) {
        return true;
    }
    if (!cJSON_IsTrue(item) && !(fault_check_members(reader, item, MEMBERS) &&
                                 fault_get_bool(reader, item, "client_certificate", &options.client_certificate) &&
                                 fault_get_bool(reader, item, "expired", &options.expired) &&
                                 fault_get_text(reader, item, "name", &options.name) &&
                                 fault_get_choice(reader, item, "handshake", HANDSHAKES, &handshake))) {
        return false;
    }
    options.by_script = handshake == 1;
    fault_tls_on(reader->script, &options);
    return true;
}

static bool read_listener(fault_reader *reader, const cJSON *root) {
    static const char *const MODES[] = {"accept", "full", "refuse", NULL};
    const char *host = NULL;
    const char *path = NULL;
    uint64_t port = 0;
    uint64_t open_after = 0;
    size_t mode = 0;
    if (!fault_get_text(reader, root, "host", &host) || !fault_get_text(reader, root, "unix", &path) ||
        !fault_get_integer(reader, root, "port", 0, &port) || !fault_get_choice(reader, root, "listen", MODES, &mode) ||
        !fault_get_integer(reader, root, "open_after_ms", 0, &open_after)) {
        return false;
    }
    if (port > 65535) {
        return fault_refuse(reader, "\"port\" is at most 65535");
    }
    if (path && (host || port)) {
        return fault_refuse(reader, "\"unix\" goes with neither \"host\" nor \"port\"");
    }
    bool opens = fault_member(root, "open_after_ms") != NULL;
    if (opens && mode != 1) {
        return fault_refuse(reader, "\"open_after_ms\" needs \"listen\": \"full\"");
    }
    fault_listen_tcp(reader->script, host, (unsigned)port);
    fault_listen_unix(reader->script, path);
    if (mode == 1) {
        fault_listen_full(reader->script, opens ? (int64_t)open_after : -1);
    } else if (mode == 2) {
        fault_listen_refuse(reader->script);
    }
    return true;
}

static bool read_sizes(fault_reader *reader, const cJSON *root) {
    uint64_t send_bytes = 0;
    uint64_t receive_bytes = 0;
    uint64_t keep = reader->script->keep;
    if (!fault_get_integer(reader, root, "send_buffer", 0, &send_bytes) ||
        !fault_get_integer(reader, root, "receive_buffer", 0, &receive_bytes) ||
        !fault_get_integer(reader, root, "keep_body", 0, &keep)) {
        return false;
    }
    if (send_bytes > INT32_MAX || receive_bytes > INT32_MAX) {
        return fault_refuse(reader, "a buffer has at most 2^31-1 bytes");
    }
    fault_buffers(reader->script, (size_t)send_bytes, (size_t)receive_bytes);
    fault_keep(reader->script, (size_t)keep);
    return true;
}

/* ---- Rules ---- */

static bool read_filter(fault_reader *reader, const cJSON *object, const char *name,
                        void (*set)(fault_script *script, size_t index)) {
    uint64_t index = 0;
    if (!fault_get_integer(reader, object, name, 0, &index)) {
        return false;
    }
    if (fault_member(object, name)) {
        set(reader->script, (size_t)index);
    }
    return true;
}

static bool read_rule(fault_reader *reader, const cJSON *object) {
    static const char *const MEMBERS[] = {"on",     "times", "connection", "request", "method",
                                          "target", "read",  "steps",      NULL};
    static const char *const EVENTS[] = {"request", "accept", NULL};
    static const char *const READS[] = {"all", "head", NULL};
    size_t event = 0;
    size_t reads = 0;
    uint64_t times = 1;
    const char *method = NULL;
    const char *target = NULL;
    if (!fault_check_members(reader, object, MEMBERS) || !fault_get_choice(reader, object, "on", EVENTS, &event) ||
        !fault_get_choice(reader, object, "read", READS, &reads) || !fault_get_count(reader, object, "times", &times) ||
        !fault_get_text(reader, object, "method", &method) || !fault_get_text(reader, object, "target", &target)) {
        return false;
    }
    if (event == 1) {
        fault_on_accept(reader->script);
    } else {
        fault_on_request(reader->script);
    }
    fault_times(reader->script, times);
    if (!read_filter(reader, object, "connection", fault_only_connection) ||
        !read_filter(reader, object, "request", fault_only_request)) {
        return false;
    }
    if (method) {
        fault_only_method(reader->script, method);
    }
    if (target) {
        fault_only_target(reader->script, target);
    }
    if (reads == 1) {
        fault_read_head_only(reader->script);
    }
    if (reader->script->failure) {
        return fault_refuse(reader, "%s", reader->script->failure);
    }
    return fault_read_steps(reader, fault_member(object, "steps"));
}

static bool read_script(fault_reader *reader, const cJSON *root) {
    static const char *const MEMBERS[] = {"host",        "port",           "unix",      "listen", "open_after_ms",
                                          "send_buffer", "receive_buffer", "keep_body", "tls",    "rules",
                                          NULL};
    const cJSON *rules = fault_member(root, "rules");
    if (!fault_check_members(reader, root, MEMBERS) || !read_listener(reader, root) || !read_sizes(reader, root) ||
        !read_tls(reader, fault_member(root, "tls"))) {
        return false;
    }
    if (rules && !cJSON_IsArray(rules)) {
        return fault_refuse(reader, "\"rules\" is an array");
    }
    reader->in_rule = true;
    for (const cJSON *rule = rules ? rules->child : NULL; rule; rule = rule->next) {
        if (!read_rule(reader, rule)) {
            return false;
        }
        reader->rule++;
    }
    return true;
}

/* cJSON cuts strings at "\u0000" without a word. Whether the text holds one: an odd number of backslashes before
 * "u0000". */
static bool holds_nul(const char *json, size_t len) {
    for (size_t i = 0; i + 5 < len; i++) {
        if (json[i] == '\\') {
            if (memcmp(json + i + 1, "u0000", 5) == 0) {
                return true;
            }
            i++;
        }
    }
    return false;
}

cJSON *fault_parse_text(const char *json, size_t len, char *error, size_t error_cap) {
    fault_reader reader = {.error = error, .error_cap = error_cap};
    if (holds_nul(json, len)) {
        fault_refuse(&reader, "a string holds \\u0000: write it as \"bytes\"");
        return NULL;
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(json, len, &end, 0);
    while (root && end < json + len && *end && strchr(" \t\r\n", *end)) {
        end++;
    }
    if (!root || (end < json + len && *end)) {
        fault_refuse(&reader, "no JSON from byte %zu on", end ? (size_t)(end - json) : 0);
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

fault_script *fault_script_parse(const char *json, size_t len, char *error, size_t error_cap) {
    cJSON *root = fault_parse_text(json, len, error, error_cap);
    fault_script *script = root ? fault_script_parse_tree(root, error, error_cap) : NULL;
    cJSON_Delete(root);
    return script;
}

fault_script *fault_script_parse_tree(const cJSON *root, char *error, size_t error_cap) {
    fault_reader reader = {.script = fault_script_new(), .error = error, .error_cap = error_cap};
    if (!reader.script) {
        fault_refuse(&reader, "no memory");
        return NULL;
    }
    bool read = read_script(&reader, root);
    if (read && reader.script->failure) {
        read = fault_refuse(&reader, "%s", reader.script->failure);
    }
    if (!read) {
        fault_script_free(reader.script);
        return NULL;
    }
    return reader.script;
}
