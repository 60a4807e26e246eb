/* fault_parse.h: what the files that read scripts from JSON share. */
#ifndef AK_FAULT_PARSE_H
#define AK_FAULT_PARSE_H

#include "fault_internal.h"

#include <cJSON.h>

/* Integers of scripts are exact up to here in the doubles of cJSON. */
#define FAULT_MAX_INTEGER 9007199254740991.0

typedef struct {
    fault_script *script;
    char *error;
    size_t error_cap;
    bool in_rule;
    bool in_step;
    size_t rule;
    size_t step;
} fault_reader;

/* Writes the reason, after the position in the script. Always returns false. */
__attribute__((format(printf, 2, 3))) bool fault_refuse(fault_reader *reader, const char *format, ...);

const cJSON *fault_member(const cJSON *object, const char *name);
/* Checks that it is an object, and that each of its members is allowed and unique. */
bool fault_check_members(fault_reader *reader, const cJSON *object, const char *const *allowed);

/* Read a member into *out, which keeps its value when there is none. False when it is of another kind. */
bool fault_get_integer(fault_reader *reader, const cJSON *object, const char *name, uint64_t least, uint64_t *out);
bool fault_get_count(fault_reader *reader, const cJSON *object, const char *name, uint64_t *out);
bool fault_get_text(fault_reader *reader, const cJSON *object, const char *name, const char **out);
bool fault_get_bool(fault_reader *reader, const cJSON *object, const char *name, bool *out);
bool fault_get_choice(fault_reader *reader, const cJSON *object, const char *name, const char *const *choices,
                      size_t *out);

/* fault_parse_steps.c: adds an array of steps to the rule being built. */
bool fault_read_steps(fault_reader *reader, const cJSON *steps);

/* Parses exactly one JSON value, and rejects what cJSON would not represent exactly. */
cJSON *fault_parse_text(const char *json, size_t len, char *error, size_t error_cap);

/* As fault_script_parse, from parsed text. */
fault_script *fault_script_parse_tree(const cJSON *root, char *error, size_t error_cap);

/* fault_base64.c */
/* Decodes base64 with its padding. False when it is invalid. */
bool fault_base64_decode(const char *text, fault_buffer *out);
/* A new string, NULL when out of memory. */
char *fault_base64_encode(const unsigned char *bytes, size_t len);

#endif
