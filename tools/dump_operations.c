/* dump_operations.c: prints the operations table as JSON, for the generators. */
#include <stdio.h>

#include "agentkernel.h"
#include "operations.h"

static const char *type_name(int32_t type) {
    static const char *const names[] = {
        [AK_TYPE_TEXT] = "text", [AK_TYPE_BYTES] = "bytes", [AK_TYPE_INT] = "int",   [AK_TYPE_BOOL] = "bool",
        [AK_TYPE_LIST] = "list", [AK_TYPE_MAP] = "map",     [AK_TYPE_JSON] = "json",
    };
    return names[type];
}

static const char *yields_name(ak_yields yields) {
    static const char *const names[] = {
        [AK_YIELDS_NOTHING] = "nothing", [AK_YIELDS_TEXT] = "one",      [AK_YIELDS_ONE] = "one",
        [AK_YIELDS_LIST] = "many",       [AK_YIELDS_EVENTS] = "events",
    };
    return names[yields];
}

static void print_key(size_t index, int32_t key, int32_t type, int32_t flags) {
    printf("%s\n      {\"key\": \"%s\", \"type\": \"%s\", \"required\": %s}", index ? "," : "", ak_key_text(key),
           type_name(type), flags & AK_KEY_REQUIRED ? "true" : "false");
}

static void print_operation(const ak_operation *row) {
    printf("  {\"name\": \"%s\", \"route\": \"%s\", \"yields\": \"%s\",\n    \"parameters\": [", row->name, row->route,
           yields_name(row->yields));
    for (size_t i = 0; i < row->parameter_count; i++) {
        print_key(i, row->parameters[i].key, row->parameters[i].type, row->parameters[i].flags);
    }
    printf("],\n    \"fields\": [");
    for (size_t i = 0; i < row->field_count; i++) {
        print_key(i, row->fields[i].key, row->fields[i].type, row->fields[i].flags);
    }
    printf("]}");
}

int main(void) {
    printf("[\n");
    for (size_t i = 0; ak_operation_index(i); i++) {
        printf("%s", i ? ",\n" : "");
        print_operation(ak_operation_index(i));
    }
    printf("\n]\n");
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
