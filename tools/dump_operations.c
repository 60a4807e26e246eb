/* dump_operations.c: prints what the library says of its operations as JSON, for the generators. */
#include <stdio.h>

#include <agentkernel.h>

static const char *type_name(int32_t type) {
    static const char *const names[] = {
        [AK_TYPE_TEXT] = "text", [AK_TYPE_BYTES] = "bytes", [AK_TYPE_INT] = "int",   [AK_TYPE_BOOL] = "bool",
        [AK_TYPE_LIST] = "list", [AK_TYPE_MAP] = "map",     [AK_TYPE_JSON] = "json", [AK_TYPE_LISTS] = "lists",
    };
    return names[type];
}

static const char *yields_name(int32_t operation) {
    int32_t flags = ak_operation_flags(operation);
    if (flags & AK_OP_MANY) {
        return flags & AK_OP_STREAMS ? "events" : "many";
    }
    return ak_field_at(operation, 0) ? "one" : "nothing";
}

static void print_key(size_t index, int32_t key, int32_t type, int32_t flags) {
    printf("%s\n      {\"key\": \"%s\", \"type\": \"%s\", \"required\": %s}", index ? "," : "", ak_key_name(key),
           type_name(type), flags & AK_KEY_REQUIRED ? "true" : "false");
}

static void print_operation(int32_t operation) {
    int32_t key;
    printf("  {\"name\": \"%s\", \"route\": \"%s\", \"yields\": \"%s\", \"readable\": %s, \"writable\": %s,\n"
           "    \"parameters\": [",
           ak_operation_name(operation), ak_operation_route(operation), yields_name(operation),
           ak_operation_flags(operation) & AK_OP_READABLE ? "true" : "false",
           ak_operation_flags(operation) & AK_OP_WRITABLE ? "true" : "false");
    for (size_t i = 0; (key = ak_parameter_at(operation, i)); i++) {
        print_key(i, key, ak_parameter_type(operation, key), ak_parameter_flags(operation, key));
    }
    printf("],\n    \"fields\": [");
    for (size_t i = 0; (key = ak_field_at(operation, i)); i++) {
        print_key(i, key, ak_field_type(operation, key), ak_field_flags(operation, key));
    }
    printf("]}");
}

int main(void) {
    int32_t operation;
    printf("[\n");
    for (size_t i = 0; (operation = ak_operation_at(i)); i++) {
        printf("%s", i ? ",\n" : "");
        print_operation(operation);
    }
    printf("\n]\n");
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
