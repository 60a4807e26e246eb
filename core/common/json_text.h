/*
 * json_text.h: a strict scanner of JSON text (RFC 8259) that never builds a tree.
 *
 * Values are slices of the source text, so a reply is scanned once and copied only on request. It exists in addition to
 * cJSON because replies need what cJSON cannot provide: text with its length ("\u0000" is kept), integers from their
 * digits (2^53+1 is exact), the raw text of any member, and rejection of everything that is not JSON (trailing bytes,
 * "01", raw control characters in strings). Names are matched byte for byte after unescaping. Bytes that are not UTF-8
 * are passed through unchanged: output of commands may hold any bytes.
 *
 * Has no dependency on the rest of the library, never allocates, and is shared with the server. Thread class of every
 * function: any; an iterator or a reader belongs to one thread at a time. Values, iterators and readers are valid as
 * long as the source text. json_text.c holds the scanner and the iterators, json_string.c the functions for strings.
 */
#ifndef AK_JSON_TEXT_H
#define AK_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deeper nesting is rejected, so that no input can exhaust the stack. */
#define AK_JSON_MAX_DEPTH 512

typedef enum {
    AK_JSON_ABSENT = 0,
    AK_JSON_NULL,
    AK_JSON_FALSE,
    AK_JSON_TRUE,
    AK_JSON_NUMBER,
    AK_JSON_STRING,
    AK_JSON_ARRAY,
    AK_JSON_OBJECT
} ak_json_kind;

/* One value: its text without surrounding white space (a string with its quotes). Only made by the functions below. */
typedef struct {
    const char *text;
    size_t len;
    ak_json_kind kind;
} ak_json_value;

/* Iterates over the members of an object or the elements of an array, in text order. */
typedef struct {
    const char *pos;
    const char *end;
    bool object;
} ak_json_iter;

/* Reads the decoded bytes of a string piece by piece; see ak_json_reader_read. */
typedef struct {
    const char *pos;
    const char *end;
    unsigned char pending[4];
    unsigned char pending_len;
    unsigned char pending_pos;
} ak_json_reader;

/* Checks that text holds exactly one JSON value and describes it. Returns false when it does not, with an ABSENT root
 * and, in *error_offset (may be NULL), the offset of the first invalid byte: len when the text ends too early. Linear
 * in len. */
bool ak_json_parse(const char *text, size_t len, ak_json_value *root, size_t *error_offset);

/* Starts an iteration. It is empty when the value is neither an object nor an array. */
void ak_json_iter_init(ak_json_iter *iter, const ak_json_value *value);

/* Advances. Returns false at the end. For arrays *name is ABSENT; name may be NULL. */
bool ak_json_iter_next(ak_json_iter *iter, ak_json_value *name, ak_json_value *value);

/* How many members or elements a value has; 0 for everything that is neither object nor array. */
size_t ak_json_count(const ak_json_value *value);

/* Finds a member by name; of several equal names the last counts, as in most parsers. Returns false and an ABSENT value
 * when there is none, or when object is not an object. Each call scans the whole object; if it is large, or many
 * members are needed, iterate over it once instead. out may be the object itself. */
bool ak_json_member(const ak_json_value *object, const char *name, size_t name_len, ak_json_value *out);

/* Whether a string value, unescaped, equals these bytes. */
bool ak_json_equals(const ak_json_value *string, const char *bytes, size_t len);

/* The exact integer value of a number. False for fractions, exponents, values outside int64, and other kinds. "-0" is
 * 0. */
bool ak_json_int64(const ak_json_value *number, int64_t *out);

/* The decoded length of a string in bytes. Half a surrogate pair counts as U+FFFD (3 bytes). */
size_t ak_json_string_size(const ak_json_value *string);

/* Whether the string holds no escape, so that its bytes are text + 1, len - 2. */
bool ak_json_string_is_plain(const ak_json_value *string);

/* Starts reading a string value's decoded bytes. Values of other kinds read as empty. */
void ak_json_reader_init(ak_json_reader *reader, const ak_json_value *string);

/* Copies up to cap decoded bytes to buf and returns how many; 0 means the end (or cap == 0). Any cap >= 1 makes
 * progress, even in the middle of a character. */
size_t ak_json_reader_read(ak_json_reader *reader, void *buf, size_t cap);

/* Whether everything has been read. */
bool ak_json_reader_done(const ak_json_reader *reader);

/* Whether bytes are valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool ak_utf8_valid(const char *bytes, size_t len);

/* Length of the longest prefix that is valid UTF-8. *incomplete (may be NULL) is set when what follows could be the
 * start of a character that is not complete yet. */
size_t ak_utf8_prefix(const char *bytes, size_t len, bool *incomplete);

/* Escapes bytes as the content of a JSON string (no quotes), as short as JSON allows; bytes that are not UTF-8 become
 * U+FFFD, one for each maximal invalid part. Returns the size needed and writes only if it fits into cap (buf may be
 * NULL when cap is 0). At most 6 output bytes for one input byte. */
size_t ak_json_escape(const char *bytes, size_t len, char *buf, size_t cap);

#endif
