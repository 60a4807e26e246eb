/* case.c: reading the files, and one case from its script to its end. */
#include "conformance.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void conf_must(bool ok) {
    if (!ok) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
}

void conf_fail(conf_run *run, const char *format, ...) {
    run->failed = true;
    if (run->silent) {
        return;
    }
    fprintf(stderr, "FAILED %s: ", run->id);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static char *read_file(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    fault_buffer text = {0};
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, file)) > 0) {
        fault_buffer_add(&text, part, n);
    }
    bool read = !ferror(file);
    fclose(file);
    conf_must(!text.failed);
    *len = text.len;
    if (!read || !text.at) {
        fault_buffer_free(&text);
    }
    return (char *)text.at;
}

/* {"repeat": T, "times": N} becomes the text T, N times. */
static void expand(cJSON *item) {
    const cJSON *unit = fault_member(item, "repeat");
    const cJSON *times = fault_member(item, "times");
    if (cJSON_IsString(unit) && cJSON_IsNumber(times) && cJSON_GetArraySize(item) == 2) {
        size_t len = strlen(unit->valuestring);
        size_t count = (size_t)times->valuedouble;
        char *text = cJSON_malloc(len * count + 1);
        conf_must(text != NULL);
        for (size_t i = 0; i < count; i++) {
            memcpy(text + i * len, unit->valuestring, len);
        }
        text[len * count] = '\0';
        cJSON_Delete(item->child);
        item->child = NULL;
        item->type = cJSON_String;
        item->valuestring = text;
        return;
    }
    for (cJSON *child = item->child; child; child = child->next) {
        if (!child->string || strcmp(child->string, "server") != 0) {
            expand(child);
        }
    }
}

cJSON *conf_load(const char *path) {
    char error[256] = "cannot be read";
    size_t len = 0;
    char *text = read_file(path, &len);
    cJSON *root = text ? fault_parse_text(text, len, error, sizeof error) : NULL;
    free(text);
    const cJSON *version = fault_member(root, "version");
    if (root && !(cJSON_IsNumber(version) && version->valuedouble == 1 && cJSON_GetArraySize(root) == 2 &&
                  cJSON_IsArray(fault_member(root, "cases")))) {
        snprintf(error, sizeof error, "no file of cases of version 1");
        cJSON_Delete(root);
        root = NULL;
    }
    if (!root) {
        fprintf(stderr, "%s: %s\n", path, error);
        return NULL;
    }
    expand(root);
    return root;
}

/* ---- values -------------------------------------------------------------------------------------------------------
 */

bool conf_members(conf_run *run, const char *what, const cJSON *object, const char *const *allowed) {
    char error[256];
    fault_reader reader = {.error = error, .error_cap = sizeof error};
    if (!fault_check_members(&reader, object, allowed)) {
        conf_fail(run, "%s: %s", what, error);
        return false;
    }
    return true;
}

bool conf_text(conf_run *run, const char *what, const cJSON *value, fault_buffer *out) {
    static const char *const MEMBERS[] = {"base64", NULL};
    const cJSON *base64 = fault_member(value, "base64");
    bool good = true;
    if (cJSON_IsString(value)) {
        fault_buffer_text(out, value->valuestring);
    } else if (cJSON_IsString(base64) && conf_members(run, what, value, MEMBERS)) {
        good = fault_base64_decode(base64->valuestring, out);
    } else {
        good = false;
    }
    fault_buffer_add(out, "", 1);
    conf_must(!out->failed);
    out->len--;
    if (!good) {
        conf_fail(run, "%s: not a text", what);
    }
    return good;
}

bool conf_integer(conf_run *run, const char *what, const cJSON *value, int64_t *out) {
    if (cJSON_IsNumber(value) && value->valuedouble >= -FAULT_MAX_INTEGER - 1 &&
        value->valuedouble <= FAULT_MAX_INTEGER + 1 && value->valuedouble == (double)(int64_t)value->valuedouble) {
        *out = (int64_t)value->valuedouble;
        return true;
    }
    char *end = NULL;
    *out = cJSON_IsString(value) ? strtoimax(value->valuestring, &end, 10) : 0;
    if (!end || end == value->valuestring || *end) {
        conf_fail(run, "%s: not an integer", what);
        return false;
    }
    return true;
}

bool conf_bytes_are(const fault_buffer *wanted, const void *bytes, size_t len) {
    return wanted->len == len && (len == 0 || memcmp(wanted->at, bytes, len) == 0);
}

bool conf_json_is(const cJSON *wanted, const char *bytes, size_t len) {
    cJSON *got = cJSON_ParseWithLength(bytes, len);
    bool same = got && cJSON_Compare(wanted, got, true);
    cJSON_Delete(got);
    return same;
}

bool conf_constant(const char *prefix, const char *name, int64_t *value) {
    char text[96];
    int len = snprintf(text, sizeof text, "%s%s", prefix, name);
    for (char *c = text; *c; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    return len > 0 && (size_t)len < sizeof text && ak_constant(text, (size_t)len, value) == AK_OK;
}

/* ---- one case -----------------------------------------------------------------------------------------------------
 */

static void run_calls(conf_run *run, const cJSON *item) {
    const cJSON *wanted = fault_member(item, "client_error");
    const cJSON *calls = fault_member(item, "calls");
    ak_error *err = ak_error_new();
    conf_must(err != NULL);
    ak_client *client = conf_client(run, fault_member(item, "client"), err);
    if (!client && wanted) {
        conf_log_error(run, err);
        conf_compare_error(run, err, wanted);
    } else if (!client) {
        conf_fail(run, "no client: %s", ak_error_code(err) ? ak_status_name(ak_error_code(err)) : "not a setting");
    } else if (wanted) {
        conf_fail(run, "the client takes its settings");
    }
    if (!cJSON_IsArray(calls) || (!calls->child && !wanted)) {
        conf_fail(run, "\"calls\" is a list");
    }
    for (const cJSON *call = client && calls ? calls->child : NULL; call; call = call->next) {
        conf_call(run, client, call, err);
    }
    ak_client_free(client);
    ak_error_free(err);
}

void conf_run_case(conf_run *run, const cJSON *item) {
    static const char *const MEMBERS[] = {"id",           "about", "shows",    "client",      "server",
                                          "client_error", "calls", "requests", "connections", NULL};
    char error[256] = "";
    const cJSON *id = fault_member(item, "id");
    const cJSON *script_tree = fault_member(item, "server");
    run->id = cJSON_IsString(id) ? id->valuestring : "a case without an id";
    run->failed = false;
    if (!conf_members(run, "the case", item, MEMBERS)) {
        return;
    }
    if (!cJSON_IsString(id) || !cJSON_IsString(fault_member(item, "about")) || !script_tree) {
        conf_fail(run, "\"id\", \"about\" and \"server\" must be there");
        return;
    }
    fault_script *script = fault_script_parse_tree(script_tree, error, sizeof error);
    run->server = script ? fault_start_or_say(script, error, sizeof error) : NULL;
    if (!run->server) {
        conf_fail(run, "server: %s", error);
        return;
    }
    conf_log_case(run);
    run_calls(run, item);
    conf_compare_requests(run, item);
    conf_log_requests(run);
    fault_stop(run->server);
    run->server = NULL;
}
