/*
 * schema.h: the tables that tools/generate writes from abi/schema (tables.c), and look-up functions.
 */
#ifndef AK_SCHEMA_H
#define AK_SCHEMA_H

#include "operations.h"

typedef struct {
    const char *name;
    int64_t value;
} ak_constant_entry;

extern const ak_operation ak_operations[];
extern const size_t ak_operation_count;

/* Indexed by key. The names of keys are the names of members on the wire. */
extern const char *const ak_key_names[];
extern const size_t ak_key_count;

/* Every constant of agentkernel.h: the version, the statuses, then the others. */
extern const ak_constant_entry ak_constants[];
extern const size_t ak_constant_count;

/* NULL for an unknown id, or past the end. */
const ak_operation *ak_operation_find(int32_t id);
const ak_operation *ak_operation_index(size_t index);

const char *ak_key_text(int32_t key);

/* The index of a parameter or field, or -1. */
int ak_parameter_index(const ak_operation *operation, int32_t key);
int ak_field_index(const ak_operation *operation, int32_t key);

#endif
