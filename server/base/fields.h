/*
 * fields.h: the members of a request's JSON object, with their types checked.
 *
 * The first error latches as a message ("Invalid JSON: ..." with line and column); every later query then returns
 * nothing, so a handler reads all members and checks for an error once. Members that are not queried are ignored. A
 * duplicate member is refused. A member may be absent unless a query says "required"; null is treated as absent only
 * where a query says so.
 *
 * Strings are copied and NUL-terminated; they must not contain NUL or half a surrogate pair: no argv, environment or
 * path could hold those, and replacing them would run a different command.
 */
#ifndef AKL_FIELDS_H
#define AKL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json_text.h"

struct fields {
    const char *text;
    size_t len;
    ak_json_value root;
    bool failed;
    char error[320];
};

/* Parses text, which must outlive the fields. The outcome is in fields->failed. */
void fields_parse(struct fields *fields, const char *text, size_t len);

/* Whether the member is present and not null. */
bool fields_given(struct fields *fields, const char *name);

/* A string, to be freed; NULL when absent or null. */
char *fields_text(struct fields *fields, const char *name);

/* The same, but required. */
char *fields_required_text(struct fields *fields, const char *name);

/* A boolean; fallback when absent. null is treated as absent if nullable. */
bool fields_bool(struct fields *fields, const char *name, bool nullable, bool fallback);

/* A whole number from 0 to max into *out; false when absent or null. */
bool fields_uint(struct fields *fields, const char *name, uint64_t max, uint64_t *out);

/* A list of strings as a NULL-terminated vector for fields_free_list; *count is its length. An absent list is empty,
 * unless it is required; null is refused. NULL on failure. */
char **fields_list(struct fields *fields, const char *name, bool required, size_t *count);
void fields_free_list(char **list);

/* A list with elements of any kind, which is required; null is refused. False on failure. */
bool fields_array(struct fields *fields, const char *name, ak_json_value *list);

/* The members of an object in a list of these fields, with its own error, whose position is that in the whole text. */
struct fields fields_below(const struct fields *fields, const ak_json_value *object);

/* A map of at most FIELDS_MAP_MAX strings to strings, written as compact JSON; to be freed. NULL when absent or empty.
 * null is refused. */
#define FIELDS_MAP_MAX 1000
char *fields_map(struct fields *fields, const char *name);

/* The raw value of a string or map of the requested kind; null is refused. False when absent. */
bool fields_value(struct fields *fields, const char *name, bool required, ak_json_kind kind, ak_json_value *out);

/* The decoded bytes of a string value, which may include NUL, to be freed; NULL when it is not a string or contains
 * half a surrogate pair. */
char *fields_bytes(struct fields *fields, const ak_json_value *value, size_t *len);

/* Latches an error of the handler, verbatim. */
void fields_fail(struct fields *fields, const char *message);

/* A string value's decoded text, to be freed, and its length; NULL if out of memory. */
char *fields_decode(const ak_json_value *string, size_t *len);

#endif
