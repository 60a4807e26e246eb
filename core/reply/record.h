/*
 * record.h: one record of a call, its fields found once and decoded where the caller asks. Thread: one.
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
    AK_FIELD_BASE64, /* json is a string that holds the bytes in base64 */
    AK_FIELD_PLAIN,  /* text and len as they are */
    AK_FIELD_NUMBER  /* integer */
} ak_field_source;

typedef struct {
    ak_field_source source;
    ak_json_value json;
    const char *text;
    size_t len;
    int64_t integer;
    const char *cstring; /* what a view of it shows, with a NUL after it; NULL until that was made */
} ak_field_value;

typedef struct {
    const ak_operation *operation;
    ak_field_value fields[AK_MAX_FIELDS];
    ak_arena arena; /* decoded text, until the next record */
    /* What ak_call_read hands out. */
    bool has_output;
    bool output_is_base64;
    ak_json_reader output;
    ak_base64_reader output_base64;
    const char *output_plain; /* else NULL: bytes as they are */
    size_t output_left;
    ak_content *content; /* else NULL: what of a file has come */
    /* The walk through the list or map whose entry was read last, so that reading entries in order looks at each once:
     * a server may send millions. */
    const ak_field_value *walked; /* NULL: none */
    ak_json_iter walk;
    size_t walk_count; /* entries it has passed; the last of them is kept */
    ak_json_value walk_name;
    ak_json_value walk_value;
} ak_record;

/* An empty record. */
void ak_record_begin(ak_record *record, const ak_operation *operation);
void ak_record_free(ak_record *record);

void ak_record_set_plain(ak_record *record, int32_t key, const char *text, size_t len);
void ak_record_set_integer(ak_record *record, int32_t key, int64_t value);

/* Takes the fields from an object's members. A member of the wrong type is treated as absent. */
void ak_record_take_members(ak_record *record, const ak_json_value *object);

/* The name of a required field that is not there, NULL when all are. */
const char *ak_record_missing(const ak_record *record);

/* Of a file: lets the content be decoded as its encoding says; by_pieces: it is read by ak_record_read. AK_E_PROTOCOL
 * when it is not so encoded, or of another size than it says. Nothing happens to other records. */
ak_status ak_record_check_content(ak_record *record, bool by_pieces, ak_error *err);

/* Lets ak_record_read hand out what waits in a content. */
void ak_record_begin_content(ak_record *record, ak_content *content);
/* Makes the field ready for ak_record_read; does nothing when it is absent. */
void ak_record_begin_output(ak_record *record, int32_t key);
/* Copies output bytes; 0 at their end. */
size_t ak_record_read(ak_record *record, void *buf, size_t cap);
bool ak_record_output_done(const ak_record *record);

/* Ways to read, as in agentkernel.h. */
ak_status ak_record_view(ak_record *record, int32_t key, const char **data, size_t *len, ak_error *err);
ak_status ak_record_int(const ak_record *record, int32_t key, int64_t *value, ak_error *err);
ak_status ak_record_count(const ak_record *record, int32_t key, size_t *count, ak_error *err);
/* NULL when there is nothing to show, or out of memory. */
const char *ak_record_cstring(ak_record *record, int32_t key);
/* The name (want_name) or the value of an entry. */
ak_status ak_record_entry(ak_record *record, int32_t key, size_t index, bool want_name, const char **data, size_t *len,
                          ak_error *err);
ak_status ak_record_values(ak_record *record, ak_value *values, size_t cap, size_t *count, ak_error *err);

/* Decodes a JSON string into the arena, with a NUL after it that does not count; a view of the text itself, without
 * one, when nothing has to be decoded. False: out of memory. */
bool ak_decode_string(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len);
/* The same for bytes in base64. AK_OK, AK_E_MEMORY, or AK_E_PROTOCOL when it is none. */
ak_status ak_decode_base64(ak_arena *arena, const ak_json_value *string, const char **data, size_t *len);

#endif
