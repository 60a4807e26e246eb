#include "schema.h"

const ak_operation *ak_operation_index(size_t index) {
    return index < ak_operation_count ? &ak_operations[index] : NULL;
}

const ak_operation *ak_operation_find(int32_t id) {
    for (size_t i = 0; i < ak_operation_count; i++) {
        if (ak_operations[i].id == id) {
            return &ak_operations[i];
        }
    }
    return NULL;
}

int ak_parameter_index(const ak_operation *operation, int32_t key) {
    for (size_t i = 0; i < operation->parameter_count; i++) {
        if (operation->parameters[i].key == key) {
            return (int)i;
        }
    }
    return -1;
}

int ak_field_index(const ak_operation *operation, int32_t key) {
    for (size_t i = 0; i < operation->field_count; i++) {
        if (operation->fields[i].key == key) {
            return (int)i;
        }
    }
    return -1;
}

const char *ak_key_text(int32_t key) {
    return key > 0 && (size_t)key < ak_key_count ? ak_key_names[key] : NULL;
}
