#include "fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

void fields_fail(struct fields *fields, const char *message) {
    if (!fields->failed) {
        fields->failed = true;
        snprintf(fields->error, sizeof fields->error, "%s", message);
    }
}

/* Latches "Invalid JSON: <what> at line L column C", at the end of the value that is invalid. */
__attribute__((format(printf, 3, 4))) static void fail_at(struct fields *fields, const char *where, const char *format,
                                                          ...) {
    if (fields->failed) {
        return;
    }
    size_t line = 1;
    const char *start = fields->text;
    for (const char *p = fields->text; p < where; p++) {
        if (*p == '\n') {
            line++;
            start = p + 1;
        }
    }
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    fields->failed = true;
    snprintf(fields->error, sizeof fields->error, "Invalid JSON: %s at line %zu column %zu", what, line,
             (size_t)(where - start));
}

static void fail_memory(struct fields *fields) {
    fields_fail(fields, "out of memory");
}

/* The name of a kind in error texts. */
static const char *kind_name(ak_json_kind kind) {
    switch (kind) {
    case AK_JSON_NULL:
        return "null";
    case AK_JSON_FALSE:
    case AK_JSON_TRUE:
        return "boolean";
    case AK_JSON_NUMBER:
        return "number";
    case AK_JSON_STRING:
        return "string";
    case AK_JSON_ARRAY:
        return "sequence";
    default:
        return "map";
    }
}

static void fail_type(struct fields *fields, const ak_json_value *value, const char *expected) {
    fail_at(fields, value->text + value->len, "invalid type: %s, expected %s", kind_name(value->kind), expected);
}

void fields_parse(struct fields *fields, const char *text, size_t len) {
    *fields = (struct fields){.text = text, .len = len};
    size_t valid = ak_utf8_prefix(text, len, NULL);
    if (valid < len) {
        fail_at(fields, text + valid, "invalid unicode code point");
        return;
    }
    size_t offset = 0;
    if (!ak_json_parse(text, len, &fields->root, &offset)) {
        fail_at(fields, text + offset, offset >= len ? "EOF while parsing a value" : "expected value");
        return;
    }
    if (fields->root.kind != AK_JSON_OBJECT) {
        fail_type(fields, &fields->root, "a request object");
    }
}

/* Finds a member, which must not occur twice. */
static bool find(struct fields *fields, const char *name, ak_json_value *found) {
    *found = (ak_json_value){.kind = AK_JSON_ABSENT};
    if (fields->failed) {
        return false;
    }
    ak_json_iter iter;
    ak_json_value key;
    ak_json_value value;
    ak_json_iter_init(&iter, &fields->root);
    while (ak_json_iter_next(&iter, &key, &value)) {
        if (!ak_json_equals(&key, name, strlen(name))) {
            continue;
        }
        if (found->kind != AK_JSON_ABSENT) {
            fail_at(fields, key.text + key.len, "duplicate field `%s`", name);
            return false;
        }
        *found = value;
    }
    return found->kind != AK_JSON_ABSENT;
}

static void fail_missing(struct fields *fields, const char *name) {
    if (!fields->failed) {
        fail_at(fields, fields->root.text + fields->root.len, "missing field `%s`", name);
    }
}

bool fields_given(struct fields *fields, const char *name) {
    ak_json_value value;
    return find(fields, name, &value) && value.kind != AK_JSON_NULL;
}

char *fields_decode(const ak_json_value *string, size_t *len) {
    size_t size = ak_json_string_size(string);
    char *text = malloc(size + 1);
    if (!text) {
        return NULL;
    }
    ak_json_reader reader;
    ak_json_reader_init(&reader, string);
    size_t used = 0;
    while (used < size) {
        size_t n = ak_json_reader_read(&reader, text + used, size - used);
        if (n == 0) {
            break;
        }
        used += n;
    }
    text[used] = '\0';
    *len = used;
    return text;
}

/* The code unit of the \u escape at p, whose six characters the scanner has checked. */
static unsigned escape_unit(const char *p) {
    char digits[5] = {p[2], p[3], p[4], p[5], 0};
    return (unsigned)strtoul(digits, NULL, 16);
}

/* Whether a string holds half of a surrogate pair. */
static bool has_half_pair(const ak_json_value *string) {
    const char *end = string->text + string->len - 1;
    for (const char *p = string->text + 1; p < end; p++) {
        if (*p != '\\') {
            continue;
        }
        if (p[1] != 'u') {
            p++;
            continue;
        }
        unsigned unit = escape_unit(p);
        p += 5;
        if (unit < 0xD800 || unit > 0xDFFF) {
            continue;
        }
        bool paired = unit < 0xDC00 && end - p > 6 && p[1] == '\\' && p[2] == 'u' && escape_unit(p + 1) >= 0xDC00 &&
                      escape_unit(p + 1) <= 0xDFFF;
        if (!paired) {
            return true;
        }
        p += 6;
    }
    return false;
}

char *fields_bytes(struct fields *fields, const ak_json_value *value, size_t *len) {
    if (value->kind != AK_JSON_STRING) {
        fail_type(fields, value, "a string");
        return NULL;
    }
    if (has_half_pair(value)) {
        fail_at(fields, value->text + value->len, "lone surrogate in hex escape");
        return NULL;
    }
    char *bytes = fields_decode(value, len);
    if (!bytes) {
        fail_memory(fields);
    }
    return bytes;
}

/* The same for a string that must not contain NUL. */
static char *decode_text(struct fields *fields, const char *name, const ak_json_value *value) {
    size_t len = 0;
    char *text = fields_bytes(fields, value, &len);
    if (text && strlen(text) != len) {
        char message[128];
        snprintf(message, sizeof message, "%s must not contain NUL characters", name);
        fields_fail(fields, message);
        free(text);
        return NULL;
    }
    return text;
}

bool fields_value(struct fields *fields, const char *name, bool required, ak_json_kind kind, ak_json_value *out) {
    bool found = find(fields, name, out);
    if (!found && required) {
        fail_missing(fields, name);
    }
    if (found && out->kind != kind) {
        fail_type(fields, out, kind == AK_JSON_STRING ? "a string" : "a map");
    }
    return found && !fields->failed;
}

char *fields_text(struct fields *fields, const char *name) {
    ak_json_value value;
    if (!find(fields, name, &value) || value.kind == AK_JSON_NULL) {
        return NULL;
    }
    return decode_text(fields, name, &value);
}

char *fields_required_text(struct fields *fields, const char *name) {
    ak_json_value value;
    if (!find(fields, name, &value)) {
        fail_missing(fields, name);
        return NULL;
    }
    return decode_text(fields, name, &value);
}

bool fields_bool(struct fields *fields, const char *name, bool nullable, bool fallback) {
    ak_json_value value;
    if (!find(fields, name, &value) || (nullable && value.kind == AK_JSON_NULL)) {
        return fallback;
    }
    if (value.kind != AK_JSON_TRUE && value.kind != AK_JSON_FALSE) {
        fail_type(fields, &value, "a boolean");
        return fallback;
    }
    return value.kind == AK_JSON_TRUE;
}

bool fields_uint(struct fields *fields, const char *name, uint64_t max, uint64_t *out) {
    ak_json_value value;
    if (!find(fields, name, &value) || value.kind == AK_JSON_NULL) {
        return false;
    }
    if (value.kind != AK_JSON_NUMBER) {
        fail_type(fields, &value, "an unsigned integer");
        return false;
    }
    int64_t number = 0;
    if (!ak_json_int64(&value, &number) || number < 0 || (uint64_t)number > max) {
        int shown = value.len < 40 ? (int)value.len : 40;
        fail_at(fields, value.text + value.len, "invalid value: number `%.*s`, expected an unsigned integer", shown,
                value.text);
        return false;
    }
    *out = (uint64_t)number;
    return true;
}

void fields_free_list(char **list) {
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

char **fields_list(struct fields *fields, const char *name, bool required, size_t *count) {
    *count = 0;
    ak_json_value value;
    bool found = find(fields, name, &value);
    if (!found && required) {
        fail_missing(fields, name);
    }
    if (fields->failed) {
        return NULL;
    }
    if (found && value.kind != AK_JSON_ARRAY) {
        fail_type(fields, &value, "a sequence");
        return NULL;
    }
    char **list = calloc(ak_json_count(&value) + 1, sizeof *list);
    if (!list) {
        fail_memory(fields);
        return NULL;
    }
    ak_json_iter iter;
    ak_json_value element;
    ak_json_iter_init(&iter, &value);
    while (ak_json_iter_next(&iter, NULL, &element)) {
        list[*count] = decode_text(fields, name, &element);
        if (!list[*count]) {
            fields_free_list(list);
            *count = 0;
            return NULL;
        }
        ++*count;
    }
    return list;
}

bool fields_array(struct fields *fields, const char *name, ak_json_value *list) {
    if (!find(fields, name, list)) {
        fail_missing(fields, name);
    } else if (list->kind != AK_JSON_ARRAY) {
        fail_type(fields, list, "a sequence");
    }
    return !fields->failed;
}

struct fields fields_below(const struct fields *fields, const ak_json_value *object) {
    struct fields below = *fields;
    below.root = *object;
    if (object->kind != AK_JSON_OBJECT) {
        fail_type(&below, object, "an object");
    }
    return below;
}

/* Writes the members of a map; of duplicate names the last one wins. */
static bool write_map(struct fields *fields, const char *name, const ak_json_value *map, struct writer *writer) {
    ak_json_iter iter;
    ak_json_value key;
    ak_json_value value;
    ak_json_iter_init(&iter, map);
    writer_open(writer, '{');
    while (ak_json_iter_next(&iter, &key, &value)) {
        char *key_text = decode_text(fields, name, &key);
        char *value_text = key_text ? decode_text(fields, name, &value) : NULL;
        ak_json_value last;
        bool is_last = value_text && ak_json_member(map, key_text, strlen(key_text), &last) && last.text == value.text;
        if (is_last) {
            writer_element(writer);
            writer_string(writer, key_text, strlen(key_text));
            writer_raw(writer, ":", 1);
            writer_string(writer, value_text, strlen(value_text));
        }
        free(key_text);
        free(value_text);
        if (!value_text) {
            return false;
        }
    }
    writer_close(writer, '}');
    writer_raw(writer, "\0", 1);
    return true;
}

char *fields_map(struct fields *fields, const char *name) {
    ak_json_value value;
    if (!find(fields, name, &value)) {
        return NULL;
    }
    if (value.kind != AK_JSON_OBJECT) {
        fail_type(fields, &value, "a map");
        return NULL;
    }
    size_t count = ak_json_count(&value);
    if (count > FIELDS_MAP_MAX) {
        char message[96];
        snprintf(message, sizeof message, "%s has too many entries (max %d)", name, FIELDS_MAP_MAX);
        fields_fail(fields, message);
    }
    if (count == 0 || fields->failed) {
        return NULL;
    }
    struct writer writer = {0};
    if (!write_map(fields, name, &value, &writer) || !writer_ok(&writer)) {
        fail_memory(fields); /* kept only when nothing else was wrong: the first error stays */
        writer_free(&writer);
        return NULL;
    }
    return writer.text;
}
