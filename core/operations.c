#include "operations.h"

#include "agentkernel.h"

/* The names of keys are the member names on the wire. Indexed by key. */
static const char *const key_names[] = {
    [AK_KEY_COMMAND] = "command",
    [AK_KEY_IMAGE] = "image",
    [AK_KEY_PROFILE] = "profile",
    [AK_KEY_FAST] = "fast",
    [AK_KEY_NAME] = "name",
    [AK_KEY_BACKEND] = "backend",
    [AK_KEY_VCPUS] = "vcpus",
    [AK_KEY_MEMORY_MB] = "memory_mb",
    [AK_KEY_SOURCE_URL] = "source_url",
    [AK_KEY_SOURCE_REF] = "source_ref",
    [AK_KEY_VOLUMES] = "volumes",
    [AK_KEY_SECRETS] = "secrets",
    [AK_KEY_SECRET_FILES] = "secret_files",
    [AK_KEY_ENV] = "env",
    [AK_KEY_WORKDIR] = "workdir",
    [AK_KEY_SUDO] = "sudo",
    [AK_KEY_CHECK] = "check",
    [AK_KEY_TIMEOUT_MS] = "timeout_ms",
    [AK_KEY_CONNECT_TIMEOUT_MS] = "connect_timeout_ms",
    [AK_KEY_IDLE_TIMEOUT_MS] = "idle_timeout_ms",
    [AK_KEY_TOTAL_TIMEOUT_MS] = "total_timeout_ms",
    [AK_KEY_RAW] = "raw",
    [AK_KEY_STATUS] = "status",
    [AK_KEY_OUTPUT] = "output",
    [AK_KEY_EXIT_CODE] = "exit_code",
    [AK_KEY_TYPE] = "type",
    [AK_KEY_DATA] = "data",
    [AK_KEY_STREAM] = "stream",
    [AK_KEY_SUCCESS] = "success",
    [AK_KEY_MESSAGE] = "message",
    [AK_KEY_TIMESTAMP] = "timestamp",
    [AK_KEY_STAGE] = "stage",
    [AK_KEY_SANDBOX] = "sandbox",
    [AK_KEY_PARSED] = "parsed",
    [AK_KEY_ID] = "id",
    [AK_KEY_UUID] = "uuid",
    [AK_KEY_IP] = "ip",
    [AK_KEY_CREATED_AT] = "created_at",
    [AK_KEY_CREATED_FROM_TEMPLATE] = "created_from_template",
    [AK_KEY_TEMPLATE_HELP_TEXT] = "template_help_text",
    [AK_KEY_PORTS] = "ports",
    [AK_KEY_ENDPOINTS] = "endpoints",
    [AK_KEY_PLACEHOLDER_SECRETS] = "placeholder_secrets",
    [AK_KEY_PROXY_PORT] = "proxy_port",
    [AK_KEY_SECRET_MAPPINGS] = "secret_mappings",
    [AK_KEY_LABELS] = "labels",
    [AK_KEY_DESCRIPTION] = "description",
    [AK_KEY_LAST_ACTIVITY_AT] = "last_activity_at",
    [AK_KEY_WORKSPACE_REVISION] = "workspace_revision",
    [AK_KEY_ARCHIVED_AT] = "archived_at",
    [AK_KEY_ARCHIVED_REASON] = "archived_reason",
    [AK_KEY_LIFECYCLE] = "lifecycle",
    [AK_KEY_TRUNCATED] = "truncated",
    [AK_KEY_TOTAL_BYTES] = "total_bytes",
    [AK_KEY_OOM] = "oom",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Parameters that several operations take. */
#define P_COMMAND                                                                                                      \
    { AK_KEY_COMMAND, AK_TYPE_LIST, AK_KEY_REQUIRED, AK_IN_BODY, AK_RULE_COMMAND, false }
#define P_IMAGE                                                                                                        \
    { AK_KEY_IMAGE, AK_TYPE_TEXT, 0, AK_IN_BODY, AK_RULE_IMAGE, false }
#define P_PROFILE                                                                                                      \
    { AK_KEY_PROFILE, AK_TYPE_TEXT, 0, AK_IN_BODY, AK_RULE_PROFILE, false }
/* The full server's warm pool re-parses arguments in a shell and loses exit codes: never by default. */
#define P_FAST                                                                                                         \
    { AK_KEY_FAST, AK_TYPE_BOOL, 0, AK_IN_BODY, AK_RULE_NONE, true }
#define P_NAME_IN_PATH                                                                                                 \
    { AK_KEY_NAME, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_IN_PATH, AK_RULE_NAME, false }
#define P_CHECK                                                                                                        \
    { AK_KEY_CHECK, AK_TYPE_BOOL, AK_KEY_SETTING, AK_IN_LIBRARY, AK_RULE_NONE, false }
#define P_TIMEOUT(key)                                                                                                 \
    { key, AK_TYPE_INT, AK_KEY_SETTING, AK_IN_LIBRARY, AK_RULE_TIMEOUT, false }
#define P_UNARY P_TIMEOUT(AK_KEY_TIMEOUT_MS), P_TIMEOUT(AK_KEY_CONNECT_TIMEOUT_MS)
#define P_STREAM                                                                                                       \
    P_TIMEOUT(AK_KEY_CONNECT_TIMEOUT_MS), P_TIMEOUT(AK_KEY_IDLE_TIMEOUT_MS), P_TIMEOUT(AK_KEY_TOTAL_TIMEOUT_MS)

/* A member of the body that may be left out. */
#define P_OPTIONAL(key, type, rule)                                                                                    \
    { key, type, 0, AK_IN_BODY, rule, false }

static const ak_parameter unary_parameters[] = {P_UNARY};
static const ak_parameter named_parameters[] = {P_NAME_IN_PATH, P_UNARY};
static const ak_parameter run_parameters[] = {P_COMMAND, P_IMAGE, P_PROFILE, P_FAST, P_CHECK, P_UNARY};
static const ak_parameter run_stream_parameters[] = {P_COMMAND, P_IMAGE, P_PROFILE, P_FAST, P_STREAM};
static const ak_parameter exec_parameters[] = {
    P_NAME_IN_PATH,
    P_COMMAND,
    P_OPTIONAL(AK_KEY_ENV, AK_TYPE_LIST, AK_RULE_ENV),
    P_OPTIONAL(AK_KEY_WORKDIR, AK_TYPE_TEXT, AK_RULE_WORKDIR),
    P_OPTIONAL(AK_KEY_SUDO, AK_TYPE_BOOL, AK_RULE_NONE),
    P_CHECK,
    P_UNARY,
};
static const ak_parameter create_parameters[] = {
    {AK_KEY_NAME, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_IN_BODY, AK_RULE_NAME, false},
    P_IMAGE,
    P_OPTIONAL(AK_KEY_VCPUS, AK_TYPE_INT, AK_RULE_COUNT),
    P_OPTIONAL(AK_KEY_MEMORY_MB, AK_TYPE_INT, AK_RULE_AMOUNT),
    P_PROFILE,
    P_OPTIONAL(AK_KEY_BACKEND, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SOURCE_URL, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SOURCE_REF, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_VOLUMES, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRETS, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRET_FILES, AK_TYPE_LIST, AK_RULE_NONE),
    P_UNARY,
};

#define F(key, type)                                                                                                   \
    { key, type, 0, NULL, NULL }
#define F_REQUIRED(key, type)                                                                                          \
    { key, type, AK_KEY_REQUIRED, NULL, NULL }
#define F_RAW F_REQUIRED(AK_KEY_RAW, AK_TYPE_JSON)

static const ak_field health_fields[] = {F_REQUIRED(AK_KEY_STATUS, AK_TYPE_TEXT), F_RAW};

static const ak_field run_fields[] = {
    {AK_KEY_OUTPUT, AK_TYPE_BYTES, AK_KEY_REQUIRED, NULL, "output_base64"},
    F_REQUIRED(AK_KEY_EXIT_CODE, AK_TYPE_INT),
    F(AK_KEY_TRUNCATED, AK_TYPE_BOOL),
    F(AK_KEY_TOTAL_BYTES, AK_TYPE_INT),
    F_RAW,
};

/* An event's fields depend on its type, so none but the first four is always there. */
static const ak_field event_fields[] = {
    F_REQUIRED(AK_KEY_TYPE, AK_TYPE_TEXT),
    {AK_KEY_RAW, AK_TYPE_BYTES, AK_KEY_REQUIRED, NULL, NULL},
    F_REQUIRED(AK_KEY_PARSED, AK_TYPE_BOOL),
    F_REQUIRED(AK_KEY_ID, AK_TYPE_TEXT),
    {AK_KEY_DATA, AK_TYPE_BYTES, 0, "content", "data_base64"},
    F(AK_KEY_STREAM, AK_TYPE_TEXT),
    F(AK_KEY_EXIT_CODE, AK_TYPE_INT),
    F(AK_KEY_SUCCESS, AK_TYPE_BOOL),
    {AK_KEY_OUTPUT, AK_TYPE_BYTES, 0, NULL, "output_base64"},
    F(AK_KEY_MESSAGE, AK_TYPE_TEXT),
    F(AK_KEY_COMMAND, AK_TYPE_LIST),
    F(AK_KEY_FAST, AK_TYPE_BOOL),
    F(AK_KEY_TIMESTAMP, AK_TYPE_TEXT),
    F(AK_KEY_STAGE, AK_TYPE_TEXT),
    F(AK_KEY_SANDBOX, AK_TYPE_TEXT),
    F(AK_KEY_OOM, AK_TYPE_BOOL),
};

static const ak_field sandbox_fields[] = {
    F_REQUIRED(AK_KEY_NAME, AK_TYPE_TEXT),
    F_REQUIRED(AK_KEY_STATUS, AK_TYPE_TEXT),
    F(AK_KEY_UUID, AK_TYPE_TEXT),
    F(AK_KEY_BACKEND, AK_TYPE_TEXT),
    F(AK_KEY_IP, AK_TYPE_TEXT),
    F(AK_KEY_IMAGE, AK_TYPE_TEXT),
    F(AK_KEY_VCPUS, AK_TYPE_INT),
    F(AK_KEY_MEMORY_MB, AK_TYPE_INT),
    F(AK_KEY_CREATED_AT, AK_TYPE_TEXT),
    F(AK_KEY_CREATED_FROM_TEMPLATE, AK_TYPE_TEXT),
    F(AK_KEY_TEMPLATE_HELP_TEXT, AK_TYPE_TEXT),
    F(AK_KEY_PORTS, AK_TYPE_LIST),
    F(AK_KEY_ENDPOINTS, AK_TYPE_JSON),
    F(AK_KEY_SECRET_FILES, AK_TYPE_LIST),
    F(AK_KEY_PLACEHOLDER_SECRETS, AK_TYPE_BOOL),
    F(AK_KEY_PROXY_PORT, AK_TYPE_INT),
    F(AK_KEY_SECRET_MAPPINGS, AK_TYPE_MAP),
    F(AK_KEY_LABELS, AK_TYPE_MAP),
    F(AK_KEY_DESCRIPTION, AK_TYPE_TEXT),
    F(AK_KEY_LAST_ACTIVITY_AT, AK_TYPE_TEXT),
    F(AK_KEY_WORKSPACE_REVISION, AK_TYPE_TEXT),
    F(AK_KEY_ARCHIVED_AT, AK_TYPE_TEXT),
    F(AK_KEY_ARCHIVED_REASON, AK_TYPE_TEXT),
    F(AK_KEY_LIFECYCLE, AK_TYPE_JSON),
    F_RAW,
};

#define TAKES(array) .parameters = (array), .parameter_count = COUNT(array)
#define GIVES(array) .fields = (array), .field_count = COUNT(array)

static const ak_operation operations[] = {
    {.id = AK_OP_HEALTH,
     .name = "health",
     .route = "GET /health",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_TEXT,
     TAKES(unary_parameters),
     GIVES(health_fields)},

    {.id = AK_OP_RUN,
     .name = "run",
     .route = "POST /run",
     .flags = AK_OP_READABLE,
     .yields = AK_YIELDS_ONE,
     .output_key = AK_KEY_OUTPUT,
     TAKES(run_parameters),
     GIVES(run_fields)},

    {.id = AK_OP_RUN_STREAM,
     .name = "run_stream",
     .route = "POST /run/stream",
     .flags = AK_OP_STREAMS | AK_OP_READABLE | AK_OP_MANY,
     .yields = AK_YIELDS_EVENTS,
     .output_key = AK_KEY_DATA,
     TAKES(run_stream_parameters),
     GIVES(event_fields)},

    {.id = AK_OP_LIST_SANDBOXES,
     .name = "list_sandboxes",
     .route = "GET /sandboxes",
     .flags = AK_OP_IDEMPOTENT | AK_OP_MANY,
     .yields = AK_YIELDS_LIST,
     TAKES(unary_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_CREATE_SANDBOX,
     .name = "create_sandbox",
     .route = "POST /sandboxes",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(create_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_GET_SANDBOX,
     .name = "get_sandbox",
     .route = "GET /sandboxes/{name}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(named_parameters),
     GIVES(sandbox_fields)},

    /* Not idempotent in what it answers: a repeat of one that worked is a 404. */
    {.id = AK_OP_REMOVE_SANDBOX,
     .name = "remove_sandbox",
     .route = "DELETE /sandboxes/{name}",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_EXEC_IN_SANDBOX,
     .name = "exec_in_sandbox",
     .route = "POST /sandboxes/{name}/exec",
     .flags = AK_OP_READABLE,
     .yields = AK_YIELDS_ONE,
     .output_key = AK_KEY_OUTPUT,
     TAKES(exec_parameters),
     GIVES(run_fields)},

    {.id = AK_OP_STOP_SANDBOX,
     .name = "stop_sandbox",
     .route = "POST /sandboxes/{name}/stop",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},
};

const ak_operation *ak_operation_index(size_t index) {
    return index < COUNT(operations) ? &operations[index] : NULL;
}

const ak_operation *ak_operation_find(int32_t id) {
    for (size_t i = 0; i < COUNT(operations); i++) {
        if (operations[i].id == id) {
            return &operations[i];
        }
    }
    return NULL;
}

const char *ak_key_text(int32_t key) {
    return key > 0 && (size_t)key < COUNT(key_names) ? key_names[key] : NULL;
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
