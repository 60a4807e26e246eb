/*
 * operations.h: the table of operations, which drives encoding, decoding, validation and introspection. tools/generate
 * writes it (tables.c) from abi/schema.
 */
#ifndef AK_OPERATIONS_H
#define AK_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most parameters or fields an operation may have; tools/generate refuses more. */
#define AK_MAX_PARAMETERS 32
#define AK_MAX_FIELDS 32

/* Where a parameter goes. */
typedef enum {
    AK_IN_BODY,
    AK_IN_PATH,
    AK_IN_QUERY,  /* NAME=VALUE; a map: label=KEY:VALUE for each entry */
    AK_IN_LIBRARY /* not sent: controls the call */
} ak_place;

/* The rule for its value; see rules.h. */
typedef enum {
    AK_RULE_NONE,
    AK_RULE_COMMAND,
    AK_RULE_NAME,
    AK_RULE_IMAGE,
    AK_RULE_PROFILE,
    AK_RULE_WORKDIR,
    AK_RULE_ENV,
    AK_RULE_COUNT,  /* 1 to 2^32 - 1 */
    AK_RULE_AMOUNT, /* 1 and up */
    AK_RULE_SIZE,   /* 0 and up */
    AK_RULE_TIMEOUT,
    AK_RULE_UUID,
    AK_RULE_FILE,    /* an absolute path; of a map, the names are */
    AK_RULE_SEGMENT, /* one part of a path */
    AK_RULE_LABEL,   /* a name without a colon */
    AK_RULE_STREAM,  /* stdout or stderr */
    AK_RULE_TTL,
    AK_RULE_JSON,
    AK_RULE_OBJECT, /* JSON, an object */
    AK_RULE_METHOD,
    AK_RULE_TARGET /* a path that may have a query, sent unchanged */
} ak_rule;

typedef struct {
    int32_t key;
    int32_t type;
    int32_t flags;
    ak_place place;
    ak_rule rule;
    bool send_false; /* a bool that is sent as false when it is not bound; other unbound parameters are omitted */
} ak_parameter;

typedef struct {
    int32_t key;
    int32_t type;
    int32_t flags;
    const char *alias; /* a second name the member may have, or NULL */
    const char *exact; /* a member with the same bytes in base64, present when text could not carry them; or NULL */
} ak_field;

/* What a reply's data holds. */
typedef enum {
    AK_YIELDS_NOTHING,
    AK_YIELDS_TEXT, /* a string, which is the record's first field */
    AK_YIELDS_ONE,  /* an object */
    AK_YIELDS_LIST, /* a list of objects */
    AK_YIELDS_EVENTS,
    AK_YIELDS_WRITTEN, /* {"written": N}, or a string that holds the number */
    AK_YIELDS_REPLY    /* the reply as received, without an envelope */
} ak_yields;

typedef struct {
    int32_t id;
    int32_t flags;
    const char *name;
    const char *route; /* method, a space, path; {name} stands for the path parameter of that name */
    ak_yields yields;
    const char *within; /* the member of the data that holds what is yielded; NULL: the data itself */
    int32_t output_key; /* the field that ak_call_read reads, 0: none */
    const ak_parameter *parameters;
    size_t parameter_count;
    const ak_field *fields;
    size_t field_count;
} ak_operation;

#endif
