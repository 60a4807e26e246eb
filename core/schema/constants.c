#include "constants.h"

#include <string.h>

#include "schema.h"

bool ak_constant_find(const char *name, size_t len, int64_t *value) {
    for (size_t i = 0; i < ak_constant_count; i++) {
        if (strlen(ak_constants[i].name) == len && memcmp(ak_constants[i].name, name, len) == 0) {
            *value = ak_constants[i].value;
            return true;
        }
    }
    return false;
}

/* The statuses come first in the table, after the version; the flags of operations follow. */
const char *ak_constant_status_name(int32_t status) {
    for (size_t i = 1; i < ak_constant_count && strncmp(ak_constants[i].name, "AK_OP_", 6) != 0; i++) {
        if (ak_constants[i].value == status) {
            return ak_constants[i].name;
        }
    }
    return NULL;
}
