#include "operations.h"

#include "agentkernel.h"

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

#define P_IN(place, key, type, flags, rule)                                                                            \
    { key, type, flags, place, rule, false }
#define P_PATH_PART(key, rule) P_IN(AK_IN_PATH, key, AK_TYPE_TEXT, AK_KEY_REQUIRED, rule)
#define P_NEEDED(key, type, rule) P_IN(AK_IN_BODY, key, type, AK_KEY_REQUIRED, rule)

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
    P_OPTIONAL(AK_KEY_PORTS, AK_TYPE_LIST, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_NETWORK, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_OPTIONAL(AK_KEY_AGENT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_PLACEHOLDER_SECRETS, AK_TYPE_BOOL, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_SECRET_MAPPINGS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_INIT_SCRIPT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_CREATED_FROM_TEMPLATE, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_TEMPLATE_HELP_TEXT, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LABELS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_DESCRIPTION, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LIFECYCLE, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_UNARY,
};
static const ak_parameter list_parameters[] = {
    P_IN(AK_IN_QUERY, AK_KEY_LABELS, AK_TYPE_MAP, 0, AK_RULE_LABEL),
    P_UNARY,
};
static const ak_parameter uuid_parameters[] = {P_PATH_PART(AK_KEY_UUID, AK_RULE_UUID), P_UNARY};
static const ak_parameter fork_parameters[] = {
    P_NAME_IN_PATH,
    P_NEEDED(AK_KEY_AS_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_UNARY,
};
static const ak_parameter resize_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_VCPUS, AK_TYPE_INT, AK_RULE_COUNT),
    P_OPTIONAL(AK_KEY_MEMORY_MB, AK_TYPE_INT, AK_RULE_AMOUNT),
    P_UNARY,
};
static const ak_parameter update_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_LABELS, AK_TYPE_MAP, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_DESCRIPTION, AK_TYPE_TEXT, AK_RULE_NONE),
    P_OPTIONAL(AK_KEY_LIFECYCLE, AK_TYPE_JSON, AK_RULE_OBJECT),
    P_UNARY,
};
static const ak_parameter file_parameters[] = {P_NAME_IN_PATH, P_PATH_PART(AK_KEY_PATH, AK_RULE_FILE), P_UNARY};
static const ak_parameter write_parameters[] = {
    P_NAME_IN_PATH,
    P_PATH_PART(AK_KEY_PATH, AK_RULE_FILE),
    P_OPTIONAL(AK_KEY_CONTENT, AK_TYPE_BYTES, AK_RULE_NONE),
    P_IN(AK_IN_LIBRARY, AK_KEY_SIZE, AK_TYPE_INT, AK_KEY_SETTING, AK_RULE_SIZE),
    P_UNARY,
};
static const ak_parameter write_files_parameters[] = {
    P_NAME_IN_PATH,
    P_NEEDED(AK_KEY_FILES, AK_TYPE_MAP, AK_RULE_FILE),
    P_UNARY,
};
static const ak_parameter batch_parameters[] = {P_NEEDED(AK_KEY_COMMANDS, AK_TYPE_LISTS, AK_RULE_COMMAND), P_UNARY};
static const ak_parameter detach_parameters[] = {
    P_NAME_IN_PATH,
    P_COMMAND,
    P_OPTIONAL(AK_KEY_ENV, AK_TYPE_LIST, AK_RULE_ENV),
    P_OPTIONAL(AK_KEY_WORKDIR, AK_TYPE_TEXT, AK_RULE_WORKDIR),
    P_OPTIONAL(AK_KEY_SUDO, AK_TYPE_BOOL, AK_RULE_NONE),
    P_UNARY,
};
static const ak_parameter detached_parameters[] = {P_NAME_IN_PATH, P_PATH_PART(AK_KEY_ID, AK_RULE_SEGMENT), P_UNARY};
static const ak_parameter detached_logs_parameters[] = {
    P_NAME_IN_PATH,
    P_PATH_PART(AK_KEY_ID, AK_RULE_SEGMENT),
    P_IN(AK_IN_QUERY, AK_KEY_STREAM, AK_TYPE_TEXT, 0, AK_RULE_STREAM),
    P_UNARY,
};
static const ak_parameter extend_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_BY, AK_TYPE_TEXT, AK_RULE_TTL),
    P_UNARY,
};
static const ak_parameter take_parameters[] = {
    P_NEEDED(AK_KEY_SANDBOX, AK_TYPE_TEXT, AK_RULE_NAME),
    P_NEEDED(AK_KEY_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_UNARY,
};
static const ak_parameter restore_parameters[] = {
    P_NAME_IN_PATH,
    P_OPTIONAL(AK_KEY_AS_NAME, AK_TYPE_TEXT, AK_RULE_NAME),
    P_OPTIONAL(AK_KEY_START, AK_TYPE_BOOL, AK_RULE_NONE),
    P_UNARY,
};
static const ak_parameter request_parameters[] = {
    P_IN(AK_IN_PATH, AK_KEY_METHOD, AK_TYPE_TEXT, AK_KEY_REQUIRED, AK_RULE_METHOD),
    P_PATH_PART(AK_KEY_PATH, AK_RULE_TARGET),
    P_OPTIONAL(AK_KEY_BODY, AK_TYPE_JSON, AK_RULE_JSON),
    P_CHECK,
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

static const ak_field file_fields[] = {
    F_REQUIRED(AK_KEY_CONTENT, AK_TYPE_BYTES),
    F(AK_KEY_ENCODING, AK_TYPE_TEXT),
    F(AK_KEY_SIZE, AK_TYPE_INT),
    F_RAW,
};
static const ak_field written_fields[] = {F_REQUIRED(AK_KEY_WRITTEN, AK_TYPE_INT), F_RAW};
static const ak_field batch_fields[] = {
    {AK_KEY_OUTPUT, AK_TYPE_BYTES, 0, NULL, "output_base64"},
    F(AK_KEY_ERROR, AK_TYPE_TEXT),
    F_RAW,
};
/* Every kind of entry has some of them. */
static const ak_field log_fields[] = {
    F_REQUIRED(AK_KEY_TYPE, AK_TYPE_TEXT), F(AK_KEY_TIMESTAMP, AK_TYPE_TEXT), F(AK_KEY_PID, AK_TYPE_INT),
    F(AK_KEY_USER, AK_TYPE_TEXT),          F(AK_KEY_NAME, AK_TYPE_TEXT),      F(AK_KEY_SANDBOX, AK_TYPE_TEXT),
    F(AK_KEY_IMAGE, AK_TYPE_TEXT),         F(AK_KEY_BACKEND, AK_TYPE_TEXT),   F(AK_KEY_LABELS, AK_TYPE_MAP),
    F(AK_KEY_PROFILE, AK_TYPE_TEXT),       F(AK_KEY_COMMAND, AK_TYPE_LIST),   F(AK_KEY_EXIT_CODE, AK_TYPE_INT),
    F(AK_KEY_PATH, AK_TYPE_TEXT),          F(AK_KEY_ERROR, AK_TYPE_TEXT),     F_RAW,
};
static const ak_field detached_fields[] = {
    F_REQUIRED(AK_KEY_ID, AK_TYPE_TEXT), F_REQUIRED(AK_KEY_STATUS, AK_TYPE_TEXT),
    F(AK_KEY_SANDBOX, AK_TYPE_TEXT),     F(AK_KEY_COMMAND, AK_TYPE_LIST),
    F(AK_KEY_PID, AK_TYPE_INT),          F(AK_KEY_EXIT_CODE, AK_TYPE_INT),
    F(AK_KEY_STARTED_AT, AK_TYPE_TEXT),  F_RAW,
};
static const ak_field detached_logs_fields[] = {
    {AK_KEY_STDOUT, AK_TYPE_BYTES, 0, NULL, "stdout_base64"},
    {AK_KEY_STDERR, AK_TYPE_BYTES, 0, NULL, "stderr_base64"},
    F_RAW,
};
static const ak_field extend_fields[] = {F(AK_KEY_EXPIRES_AT, AK_TYPE_TEXT), F_RAW};
static const ak_field snapshot_fields[] = {
    F_REQUIRED(AK_KEY_NAME, AK_TYPE_TEXT), F(AK_KEY_SANDBOX, AK_TYPE_TEXT),    F(AK_KEY_IMAGE_TAG, AK_TYPE_TEXT),
    F(AK_KEY_BACKEND, AK_TYPE_TEXT),       F(AK_KEY_BASE_IMAGE, AK_TYPE_TEXT), F(AK_KEY_VCPUS, AK_TYPE_INT),
    F(AK_KEY_MEMORY_MB, AK_TYPE_INT),      F(AK_KEY_CREATED_AT, AK_TYPE_TEXT), F_RAW,
};
static const ak_field backends_fields[] = {
    F(AK_KEY_DEFAULT_BACKEND, AK_TYPE_TEXT),
    F_REQUIRED(AK_KEY_BACKENDS, AK_TYPE_JSON),
    F_RAW,
};
static const ak_field status_fields[] = {
    F_REQUIRED(AK_KEY_VERSION, AK_TYPE_TEXT),
    F(AK_KEY_BACKEND, AK_TYPE_TEXT),
    F(AK_KEY_API_KEY_CONFIGURED, AK_TYPE_BOOL),
    F_RAW,
};
static const ak_field stats_fields[] = {
    F_REQUIRED(AK_KEY_SANDBOX_COUNT, AK_TYPE_INT),
    F(AK_KEY_SANDBOX_LIMIT, AK_TYPE_INT),
    F(AK_KEY_BACKEND, AK_TYPE_TEXT),
    F(AK_KEY_UPTIME_SECONDS, AK_TYPE_INT),
    F(AK_KEY_VERSION, AK_TYPE_TEXT),
    F(AK_KEY_RESOURCE_USAGE, AK_TYPE_JSON),
    F_RAW,
};
static const ak_field request_fields[] = {
    F_REQUIRED(AK_KEY_HTTP_STATUS, AK_TYPE_INT),
    F(AK_KEY_CONTENT_TYPE, AK_TYPE_TEXT),
    F_REQUIRED(AK_KEY_CONTENT, AK_TYPE_BYTES),
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
     TAKES(list_parameters),
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

    {.id = AK_OP_GET_SANDBOX_BY_UUID,
     .name = "get_sandbox_by_uuid",
     .route = "GET /sandboxes/by-uuid/{uuid}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(uuid_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_START_SANDBOX,
     .name = "start_sandbox",
     .route = "POST /sandboxes/{name}/start",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_STOP_SANDBOX,
     .name = "stop_sandbox",
     .route = "POST /sandboxes/{name}/stop",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_PAUSE_SANDBOX,
     .name = "pause_sandbox",
     .route = "POST /sandboxes/{name}/pause",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_RESUME_SANDBOX,
     .name = "resume_sandbox",
     .route = "POST /sandboxes/{name}/resume",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_FORK_SANDBOX,
     .name = "fork_sandbox",
     .route = "POST /sandboxes/{name}/fork",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     .within = "sandbox",
     TAKES(fork_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_RESIZE_SANDBOX,
     .name = "resize_sandbox",
     .route = "POST /sandboxes/{name}/resize",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(resize_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_RECOVER_SANDBOX,
     .name = "recover_sandbox",
     .route = "POST /sandboxes/{name}/recover",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(named_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_UPDATE_SANDBOX,
     .name = "update_sandbox",
     .route = "PATCH /sandboxes/{name}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(update_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_READ_FILE,
     .name = "read_file",
     .route = "GET /sandboxes/{name}/files/{path}",
     .flags = AK_OP_IDEMPOTENT | AK_OP_READABLE,
     .yields = AK_YIELDS_ONE,
     .output_key = AK_KEY_CONTENT,
     TAKES(file_parameters),
     GIVES(file_fields)},

    {.id = AK_OP_WRITE_FILE,
     .name = "write_file",
     .route = "PUT /sandboxes/{name}/files/{path}",
     .flags = AK_OP_IDEMPOTENT | AK_OP_WRITABLE,
     .yields = AK_YIELDS_NOTHING,
     TAKES(write_parameters)},

    {.id = AK_OP_DELETE_FILE,
     .name = "delete_file",
     .route = "DELETE /sandboxes/{name}/files/{path}",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(file_parameters)},

    {.id = AK_OP_WRITE_FILES,
     .name = "write_files",
     .route = "POST /sandboxes/{name}/files",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_WRITTEN,
     TAKES(write_files_parameters),
     GIVES(written_fields)},

    {.id = AK_OP_GET_SANDBOX_LOGS,
     .name = "get_sandbox_logs",
     .route = "GET /sandboxes/{name}/logs",
     .flags = AK_OP_IDEMPOTENT | AK_OP_MANY,
     .yields = AK_YIELDS_LIST,
     TAKES(named_parameters),
     GIVES(log_fields)},

    {.id = AK_OP_BATCH_RUN,
     .name = "batch_run",
     .route = "POST /batch/run",
     .flags = AK_OP_MANY,
     .yields = AK_YIELDS_LIST,
     .within = "results",
     TAKES(batch_parameters),
     GIVES(batch_fields)},

    {.id = AK_OP_EXEC_DETACHED,
     .name = "exec_detached",
     .route = "POST /sandboxes/{name}/exec/detach",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(detach_parameters),
     GIVES(detached_fields)},

    {.id = AK_OP_DETACHED_STATUS,
     .name = "detached_status",
     .route = "GET /sandboxes/{name}/exec/detached/{id}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(detached_parameters),
     GIVES(detached_fields)},

    {.id = AK_OP_DETACHED_LOGS,
     .name = "detached_logs",
     .route = "GET /sandboxes/{name}/exec/detached/{id}/logs",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(detached_logs_parameters),
     GIVES(detached_logs_fields)},

    {.id = AK_OP_DETACHED_KILL,
     .name = "detached_kill",
     .route = "DELETE /sandboxes/{name}/exec/detached/{id}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_NOTHING,
     TAKES(detached_parameters)},

    {.id = AK_OP_DETACHED_LIST,
     .name = "detached_list",
     .route = "GET /sandboxes/{name}/exec/detached",
     .flags = AK_OP_IDEMPOTENT | AK_OP_MANY,
     .yields = AK_YIELDS_LIST,
     TAKES(named_parameters),
     GIVES(detached_fields)},

    {.id = AK_OP_EXTEND_TTL,
     .name = "extend_ttl",
     .route = "POST /sandboxes/{name}/extend",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(extend_parameters),
     GIVES(extend_fields)},

    {.id = AK_OP_TAKE_SNAPSHOT,
     .name = "take_snapshot",
     .route = "POST /snapshots",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(take_parameters),
     GIVES(snapshot_fields)},

    {.id = AK_OP_LIST_SNAPSHOTS,
     .name = "list_snapshots",
     .route = "GET /snapshots",
     .flags = AK_OP_IDEMPOTENT | AK_OP_MANY,
     .yields = AK_YIELDS_LIST,
     TAKES(unary_parameters),
     GIVES(snapshot_fields)},

    {.id = AK_OP_GET_SNAPSHOT,
     .name = "get_snapshot",
     .route = "GET /snapshots/{name}",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(named_parameters),
     GIVES(snapshot_fields)},

    {.id = AK_OP_DELETE_SNAPSHOT,
     .name = "delete_snapshot",
     .route = "DELETE /snapshots/{name}",
     .flags = 0,
     .yields = AK_YIELDS_NOTHING,
     TAKES(named_parameters)},

    {.id = AK_OP_RESTORE_SNAPSHOT,
     .name = "restore_snapshot",
     .route = "POST /snapshots/{name}/restore",
     .flags = 0,
     .yields = AK_YIELDS_ONE,
     TAKES(restore_parameters),
     GIVES(sandbox_fields)},

    {.id = AK_OP_GET_BACKENDS,
     .name = "get_backends",
     .route = "GET /backends",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(unary_parameters),
     GIVES(backends_fields)},

    {.id = AK_OP_GET_STATUS,
     .name = "get_status",
     .route = "GET /status",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(unary_parameters),
     GIVES(status_fields)},

    {.id = AK_OP_GET_STATS,
     .name = "get_stats",
     .route = "GET /stats",
     .flags = AK_OP_IDEMPOTENT,
     .yields = AK_YIELDS_ONE,
     TAKES(unary_parameters),
     GIVES(stats_fields)},

    {.id = AK_OP_REQUEST,
     .name = "request",
     .route = "{method} {path}",
     .flags = AK_OP_READABLE,
     .yields = AK_YIELDS_REPLY,
     .output_key = AK_KEY_CONTENT,
     TAKES(request_parameters),
     GIVES(request_fields)},
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
