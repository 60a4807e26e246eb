/*
 * record.h: one record of a call; its fields are located once and decoded on request. Thread: one.
 */
#ifndef AK_RECORD_H
#define AK_RECORD_H

#include "base64.h"
#include "buffer.h"
#include "content.h"
#include "error.h"
#include "json_text.h"
#include "operations.h"

typedef enum {
    AK_FIELD_ABSENT,
    AK_FIELD_NULL,
    AK_FIELD_JSON,   /* decode json by the field's type */
    AK_FIELD_BASE64, /* json is a base64 string of the bytes */
    AK_FIELD_PLAIN,  /* text and len, not encoded */
    AK_FIELD_NUMBER  /* integer */
} ak_field_source;

typedef struct {
    ak_field_source source;
    ak_json_value json;
    const char *text;
    size_t len;
    int64_t integer;
    const char *cstring; /* the text with a NUL after it; NULL until it is created */
} ak_field_value;

typedef struct {
    const ak_operation *operation;
    ak_field_value fields[AK_MAX_FIELDS];
    ak_arena arena; /* decoded text, until the next record */
    /* The output that ak_call_read returns. */
    bool has_output;
    bool output_is_base64;
    ak_json_reader output;
    ak_base64_reader output_base64;
    const char *output_plain; /* unencoded output, or NULL */
    size_t output_left;
    ak_content *content; /* the received content of a file, or NULL */
    /* The iterator of the list or map whose entry was read last, so that reading entries in order scans each once: a
     * server may send millions. */
    const ak_field_value *walked; /* NULL: none */
    ak_json_iter walk;
    size_t walk_count; /* entries passed; the last one is kept */
    ak_json_value walk_name;
    ak_json_value walk_value;
} ak_record;

/* Starts an empty record. */
void ak_record_begin(ak_record *record, const ak_operation *operation);
void ak_record_free(ak_record *record);

void ak_record_set_plain(ak_record *record, int32_t key, const char *text, size_t len);
void ak_record_set_integer(ak_record *record, int32_t key, int64_t value);

/* Sets the fields from an object's members. A member of the wrong type is treated as absent. */
void ak_record_take_members(ak_record *record, const ak_json_value *object);

/* The name of a missing required field, NULL when none is missing. */
const char *ak_record_missing(const ak_record *record);

/* For a file: prepares decoding of the content by its encoding; by_pieces: it is read by ak_record_read. AK_E_PROTOCOL
 * when the content is not so encoded, or not of the stated size. Other records are unchanged. */
ak_status ak_record_check_content(ak_record *record, bool by_pieces, ak_error *err);

/* Makes ak_record_read return the decoded bytes of a content. */
void ak_record_begin_content(ak_record *record, ak_content *content);
/* Prepares the field for ak_record_read; does nothing when it is absent. */
void ak_record_begin_output(ak_record *record, int32_t key);
/* Copies output bytes; 0 at their end. */
size_t ak_record_read(ak_record *record, void *buf, size_t cap);
bool ak_record_output_done(const ak_record *record);

/* Ways to read, as in agentkernel.h. */
ak_status ak_record_view(ak_record *record, int32_t key, const char **data, size_t *len, ak_error *err);
ak_status ak_record_int(const ak_record *record, int32_t key, int64_t *value, ak_error *err);
ak_status ak_record_count(const ak_record *record, int32_t key, size_t *count, ak_error *err);
/* NULL when there is no value, or out of memory. */
const char *ak_record_cstring(ak_record *record, int32_t key);
/* The name (want_name) or the value of an entry. */
ak_status ak_record_entry(ak_record *record, int32_t key, size_t index, bool want_name, const char **data, size_t *len,
                          ak_error *err);
ak_status ak_record_values(ak_record *record, ak_value *values, size_t cap, size_t *count, ak_error *err);

/* Decodes a JSON string into the arena, with a NUL after it that is not counted; returns a view of the text itself,
 * without NUL, when nothing must be decoded. False: out of memory. */
bool ak_decode_string(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len);
/* The same for bytes in base64. AK_OK, AK_E_MEMORY, or AK_E_PROTOCOL when it is invalid. */
ak_status ak_decode_base64(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len);

#endif
