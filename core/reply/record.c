#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema.h"

/* Room for any int64 as text. */
#define NUMBER_CAP 24

void ak_record_begin(ak_record *record, const ak_operation *operation) {
    record->operation = operation;
    for (size_t i = 0; i < operation->field_count; i++) {
        record->fields[i].source = AK_FIELD_ABSENT;
        record->fields[i].cstring = NULL; /* it was in the arena */
    }
    ak_arena_reset(&record->arena);
    record->has_output = false;
    record->output_plain = NULL;
    record->content = NULL;
    record->walked = NULL;
}

void ak_record_free(ak_record *record) {
    ak_arena_free(&record->arena);
}

static ak_field_value *field_of(ak_record *record, int32_t key) {
    int index = ak_field_index(record->operation, key);
    return index < 0 ? NULL : &record->fields[index];
}

void ak_record_set_plain(ak_record *record, int32_t key, const char *text, size_t len) {
    ak_field_value *field = field_of(record, key);
    if (field) {
        *field = (ak_field_value){.source = AK_FIELD_PLAIN, .text = text, .len = len};
    }
}

void ak_record_set_integer(ak_record *record, int32_t key, int64_t value) {
    ak_field_value *field = field_of(record, key);
    if (field) {
        *field = (ak_field_value){.source = AK_FIELD_NUMBER, .integer = value};
    }
}

/* ---- taking fields from JSON ---- */

static bool type_fits(int32_t type, const ak_json_value *value) {
    int64_t number;
    switch (type) {
    case AK_TYPE_TEXT:
    case AK_TYPE_BYTES:
        return value->kind == AK_JSON_STRING;
    case AK_TYPE_INT:
        return ak_json_int64(value, &number);
    case AK_TYPE_BOOL:
        return value->kind == AK_JSON_TRUE || value->kind == AK_JSON_FALSE;
    case AK_TYPE_LIST:
        return value->kind == AK_JSON_ARRAY;
    case AK_TYPE_MAP:
        return value->kind == AK_JSON_OBJECT;
    default:
        return true;
    }
}

static void take_value(ak_field_value *field, int32_t type, const ak_json_value *value) {
    if (value->kind == AK_JSON_NULL) {
        field->source = AK_FIELD_NULL;
    } else if (type_fits(type, value)) {
        field->source = AK_FIELD_JSON;
        field->json = *value;
    } else {
        field->source = AK_FIELD_ABSENT;
    }
}

/* Most compared names differ in their first byte, which is checked first when the reply's name has no escapes. */
static bool is_named(const ak_json_value *name, bool plain, const char *text) {
    return text && (!plain || name->text[1] == text[0]) && ak_json_equals(name, text, strlen(text));
}

/* The last of several equal names wins; a field's own name takes precedence over its alias, its exact bytes over
 * both. */
static void take_member(ak_record *record, const ak_json_value *name, const ak_json_value *value) {
    const ak_operation *operation = record->operation;
    bool plain = ak_json_string_is_plain(name);
    for (size_t i = 0; i < operation->field_count; i++) {
        const ak_field *row = &operation->fields[i];
        ak_field_value *field = &record->fields[i];
        if (row->key == AK_KEY_RAW) {
            continue;
        }
        if (is_named(name, plain, ak_key_text(row->key))) {
            if (field->source != AK_FIELD_BASE64) {
                take_value(field, row->type, value);
            }
            return;
        }
        if (is_named(name, plain, row->alias) && field->source == AK_FIELD_ABSENT) {
            take_value(field, row->type, value);
            return;
        }
        if (is_named(name, plain, row->exact) && ak_base64_check_string(value, NULL)) {
            field->source = AK_FIELD_BASE64;
            field->json = *value;
            return;
        }
    }
}

void ak_record_take_members(ak_record *record, const ak_json_value *object) {
    ak_json_iter iter;
    ak_json_value name, value;
    ak_json_iter_init(&iter, object);
    while (object->kind == AK_JSON_OBJECT && ak_json_iter_next(&iter, &name, &value)) {
        take_member(record, &name, &value);
    }
}

const char *ak_record_missing(const ak_record *record) {
    const ak_operation *operation = record->operation;
    for (size_t i = 0; i < operation->field_count; i++) {
        ak_field_source source = record->fields[i].source;
        if ((operation->fields[i].flags & AK_KEY_REQUIRED) && (source == AK_FIELD_ABSENT || source == AK_FIELD_NULL)) {
            return ak_key_text(operation->fields[i].key);
        }
    }
    return NULL;
}

/* ---- output ---- */

/* When read as a whole it is decoded at once, which also checks it: a second pass would take a fifth of the time of
 * reading a file. When read by pieces it is only checked, so that only the reply is held in memory. */
static ak_status take_base64(ak_record *record, ak_field_value *content, bool by_pieces, size_t *size) {
    const char *data = NULL;
    if (by_pieces) {
        content->source = AK_FIELD_BASE64;
        return ak_base64_check_string(&content->json, size) ? AK_OK : AK_E_PROTOCOL;
    }
    ak_status status = ak_decode_base64(&record->arena, &content->json, &data, size);
    if (status == AK_OK) {
        *content = (ak_field_value){.source = AK_FIELD_PLAIN, .text = data, .len = *size, .cstring = data};
    }
    return status;
}

ak_status ak_record_check_content(ak_record *record, bool by_pieces, ak_error *err) {
    ak_field_value *content = field_of(record, AK_KEY_CONTENT);
    const ak_field_value *encoding = field_of(record, AK_KEY_ENCODING);
    const ak_field_value *stated = field_of(record, AK_KEY_SIZE);
    if (!content || !encoding) {
        return AK_OK;
    }
    bool named = encoding->source == AK_FIELD_JSON;
    size_t size = 0;
    if (named && ak_json_equals(&encoding->json, "base64", strlen("base64"))) {
        ak_status status = take_base64(record, content, by_pieces, &size);
        if (status != AK_OK) {
            return status == AK_E_MEMORY
                       ? ak_error_memory(err)
                       : ak_error_set(err, status, "the content in the server's reply is not the base64 it says it is");
        }
    } else if (!named || ak_json_equals(&encoding->json, "utf8", strlen("utf8"))) {
        size = ak_json_string_size(&content->json);
    } else { /* decoding it as text would change the file's bytes */
        return ak_error_set(err, AK_E_PROTOCOL, "the content in the server's reply has an unknown encoding: %.*s",
                            (int)(encoding->json.len < 64 ? encoding->json.len : 64), encoding->json.text);
    }
    int64_t expected = 0;
    if (stated && stated->source == AK_FIELD_JSON && ak_json_int64(&stated->json, &expected) &&
        (uint64_t)expected != size) {
        return ak_error_set(err, AK_E_PROTOCOL, "the content has %zu bytes, its size says %lld", size,
                            (long long)expected);
    }
    return AK_OK;
}

void ak_record_begin_content(ak_record *record, ak_content *content) {
    record->content = content;
    record->has_output = true;
}

void ak_record_begin_output(ak_record *record, int32_t key) {
    const ak_field_value *field = field_of(record, key);
    if (!field) {
        return;
    }
    if (field->source == AK_FIELD_JSON) {
        ak_json_reader_init(&record->output, &field->json);
        record->output_is_base64 = false;
        record->has_output = true;
    } else if (field->source == AK_FIELD_BASE64) {
        ak_base64_reader_init(&record->output_base64, &field->json);
        record->output_is_base64 = true;
        record->has_output = true;
    } else if (field->source == AK_FIELD_PLAIN) {
        record->output_plain = field->text;
        record->output_left = field->len;
        record->has_output = true;
    }
}

static size_t read_plain(ak_record *record, void *buf, size_t cap) {
    size_t n = cap < record->output_left ? cap : record->output_left;
    if (n) {
        memcpy(buf, record->output_plain, n);
        record->output_plain += n;
        record->output_left -= n;
    }
    return n;
}

size_t ak_record_read(ak_record *record, void *buf, size_t cap) {
    if (!record->has_output) {
        return 0;
    }
    if (record->content) {
        return ak_content_read(record->content, buf, cap);
    }
    if (record->output_plain) {
        return read_plain(record, buf, cap);
    }
    if (!record->output_is_base64) {
        return ak_json_reader_read(&record->output, buf, cap);
    }
    size_t n = 0;
    ak_base64_reader_read(&record->output_base64, buf, cap, &n); /* was checked when the field was set */
    return n;
}

bool ak_record_output_done(const ak_record *record) {
    if (record->content) {
        return ak_content_waiting(record->content) == 0;
    }
    if (record->output_plain) {
        return record->output_left == 0;
    }
    return !record->has_output || (record->output_is_base64 ? ak_base64_reader_done(&record->output_base64)
                                                            : ak_json_reader_done(&record->output));
}

/* ---- decoding ---- */

bool ak_decode_string(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len) {
    size_t size = ak_json_string_size(string);
    if (size == string->len - 2) { /* every escape would shorten it */
        *data = string->text + 1;
        *len = size;
        return true;
    }
    char *copy = ak_arena_alloc(arena, size + 1);
    if (!copy) {
        return false;
    }
    ak_json_reader reader;
    ak_json_reader_init(&reader, string);
    *len = ak_json_reader_read(&reader, copy, size);
    copy[*len] = '\0';
    *data = copy;
    return true;
}

ak_status ak_decode_base64(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len) {
    if (string->kind != AK_JSON_STRING) {
        return AK_E_PROTOCOL;
    }
    size_t size = string->len / 4 * 3, more = 0; /* at most: escapes only shorten it */
    char *copy = ak_arena_alloc(arena, size + 1);
    if (!copy) {
        return AK_E_MEMORY;
    }
    ak_base64_reader reader;
    unsigned char beyond[3];
    ak_base64_reader_init(&reader, string);
    bool whole = ak_base64_reader_read(&reader, copy, size, len) &&
                 ak_base64_reader_read(&reader, beyond, sizeof beyond, &more) && more == 0;
    copy[*len] = '\0';
    *data = copy;
    return whole ? AK_OK : AK_E_PROTOCOL;
}

/* ---- ways to read ---- */

static ak_status no_field(const ak_record *record, int32_t key, ak_error *err) {
    const char *name = ak_key_text(key);
    return ak_error_set(err, AK_E_ARGUMENT, "%s has no such field: %s", record->operation->name,
                        name ? name : "unknown key");
}

/* Formats a number or bool that the library itself set as JSON. */
static bool view_number(ak_arena *arena, int32_t type, int64_t number, const char **data, size_t *len) {
    char *text = ak_arena_alloc(arena, NUMBER_CAP);
    if (!text) {
        return false;
    }
    int n = type == AK_TYPE_BOOL ? snprintf(text, NUMBER_CAP, "%s", number ? "true" : "false")
                                 : snprintf(text, NUMBER_CAP, "%" PRId64, number);
    *data = text;
    *len = (size_t)n;
    return true;
}

/* Decodes once: a decoded field becomes plain, so that the next view is free. */
static ak_status view_field(ak_record *record, int index, const char **data, size_t *len, ak_error *err) {
    ak_field_value *field = &record->fields[index];
    int32_t type = record->operation->fields[index].type;
    bool ok = true;
    switch (field->source) {
    case AK_FIELD_ABSENT:
        return AK_ABSENT;
    case AK_FIELD_NULL:
        return AK_NULL;
    case AK_FIELD_PLAIN:
        *data = field->text;
        *len = field->len;
        return AK_OK;
    case AK_FIELD_JSON:
        if (type == AK_TYPE_TEXT || type == AK_TYPE_BYTES) {
            ok = ak_decode_string(&record->arena, &field->json, data, len);
            break;
        }
        *data = field->json.text;
        *len = field->json.len;
        return AK_OK;
    case AK_FIELD_BASE64:
        ok = ak_decode_base64(&record->arena, &field->json, data, len) == AK_OK; /* it was checked */
        break;
    case AK_FIELD_NUMBER:
        return view_number(&record->arena, type, field->integer, data, len) ? AK_OK : ak_error_memory(err);
    }
    if (!ok) {
        return ak_error_memory(err);
    }
    /* Text that needs no decoding is a view of the reply, followed by a quotation mark instead of a NUL. */
    const char *decoded = *data == field->json.text + 1 ? NULL : *data;
    *field = (ak_field_value){.source = AK_FIELD_PLAIN, .text = *data, .len = *len, .cstring = decoded};
    return AK_OK;
}

ak_status ak_record_view(ak_record *record, int32_t key, const char **data, size_t *len, ak_error *err) {
    int index = ak_field_index(record->operation, key);
    return index < 0 ? no_field(record, key, err) : view_field(record, index, data, len, err);
}

const char *ak_record_cstring(ak_record *record, int32_t key) {
    ak_field_value *field = field_of(record, key);
    const char *data = NULL;
    size_t len = 0;
    if (!field || field->cstring) {
        return field ? field->cstring : NULL;
    }
    if (ak_record_view(record, key, &data, &len, NULL) != AK_OK) {
        return NULL;
    }
    if (!field->cstring) { /* a view of the reply itself */
        char *copy = ak_arena_alloc(&record->arena, len + 1);
        if (!copy) {
            return NULL;
        }
        if (len) {
            memcpy(copy, data, len);
        }
        copy[len] = '\0';
        field->cstring = copy;
    }
    return field->cstring;
}

static ak_status int_field(const ak_field_value *field, int32_t type, int64_t *value) {
    switch (field->source) {
    case AK_FIELD_NULL:
        return AK_NULL;
    case AK_FIELD_NUMBER:
        *value = field->integer;
        return AK_OK;
    case AK_FIELD_JSON:
        if (type == AK_TYPE_BOOL) {
            *value = field->json.kind == AK_JSON_TRUE;
        } else {
            ak_json_int64(&field->json, value); /* fits: it was checked when the field was set */
        }
        return AK_OK;
    default:
        return AK_ABSENT;
    }
}

ak_status ak_record_int(const ak_record *record, int32_t key, int64_t *value, ak_error *err) {
    int index = ak_field_index(record->operation, key);
    if (index < 0) {
        return no_field(record, key, err);
    }
    int32_t type = record->operation->fields[index].type;
    if (type != AK_TYPE_INT && type != AK_TYPE_BOOL) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a number", ak_key_text(key));
    }
    return int_field(&record->fields[index], type, value);
}

static ak_status container(const ak_record *record, int32_t key, const ak_field_value **field, ak_error *err) {
    int index = ak_field_index(record->operation, key);
    if (index < 0) {
        return no_field(record, key, err);
    }
    int32_t type = record->operation->fields[index].type;
    if (type != AK_TYPE_LIST && type != AK_TYPE_MAP) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is neither a list nor a map", ak_key_text(key));
    }
    *field = &record->fields[index];
    return (*field)->source == AK_FIELD_ABSENT ? AK_ABSENT : (*field)->source == AK_FIELD_NULL ? AK_NULL : AK_OK;
}

ak_status ak_record_count(const ak_record *record, int32_t key, size_t *count, ak_error *err) {
    const ak_field_value *field = NULL;
    ak_status status = container(record, key, &field, err);
    if (status == AK_OK) {
        *count = ak_json_count(&field->json);
    }
    return status;
}

/* Advances to an entry, from the previous one if possible. False past the end. */
static bool walk_to(ak_record *record, const ak_field_value *field, size_t index) {
    if (record->walked != field || index + 1 < record->walk_count) {
        record->walked = field;
        record->walk_count = 0;
        ak_json_iter_init(&record->walk, &field->json);
    }
    while (record->walk_count <= index) {
        if (!ak_json_iter_next(&record->walk, &record->walk_name, &record->walk_value)) {
            record->walked = NULL;
            return false;
        }
        record->walk_count++;
    }
    return true;
}

ak_status ak_record_entry(ak_record *record, int32_t key, size_t index, bool want_name, const char **data, size_t *len,
                          ak_error *err) {
    const ak_field_value *field = NULL;
    ak_status status = container(record, key, &field, err);
    if (status != AK_OK) {
        return status;
    }
    if (want_name && field->json.kind != AK_JSON_OBJECT) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s is not a map", ak_key_text(key));
    }
    if (!walk_to(record, field, index)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s has no entry %zu", ak_key_text(key), index);
    }
    const ak_json_value *wanted = want_name ? &record->walk_name : &record->walk_value;
    if (wanted->kind == AK_JSON_NULL) {
        return AK_NULL;
    }
    if (wanted->kind != AK_JSON_STRING) {
        *data = wanted->text;
        *len = wanted->len;
        return AK_OK;
    }
    return ak_decode_string(&record->arena, wanted, data, len) ? AK_OK : ak_error_memory(err);
}

ak_status ak_record_values(ak_record *record, ak_value *values, size_t cap, size_t *count, ak_error *err) {
    const ak_operation *operation = record->operation;
    *count = operation->field_count;
    if (cap < operation->field_count) {
        return ak_error_set(err, AK_E_BUFFER, "room for %zu values is needed", operation->field_count);
    }
    for (size_t i = 0; i < operation->field_count; i++) {
        const ak_field *row = &operation->fields[i];
        ak_value *value = &values[i];
        if (record->fields[i].source == AK_FIELD_ABSENT) { /* as are most fields of an event */
            *value = (ak_value){.key = row->key, .type = AK_TYPE_ABSENT};
            continue;
        }
        *value = (ak_value){.key = row->key, .type = row->type};
        ak_status status = row->type == AK_TYPE_INT || row->type == AK_TYPE_BOOL
                               ? int_field(&record->fields[i], row->type, &value->integer)
                               : view_field(record, (int)i, &value->data, &value->size, err);
        if (status < 0) {
            return status;
        }
        if (status == AK_OK && (row->type == AK_TYPE_LIST || row->type == AK_TYPE_MAP)) {
            value->integer = (int64_t)ak_json_count(&record->fields[i].json);
        }
        value->type = status == AK_NULL ? AK_TYPE_NULL : row->type;
    }
    return AK_OK;
}
