/* constants.h: the numbers of agentkernel.h by name, at run time. Thread: any. */
#ifndef AK_CONSTANTS_H
#define AK_CONSTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool ak_constant_find(const char *name, size_t len, int64_t *value);
/* The name of a status code, NULL for an unknown one. */
const char *ak_constant_status_name(int32_t status);

#endif
