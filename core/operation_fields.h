/*
 * operation_fields.h: what each record holds. A part of operations.c, included there only.
 */
#ifndef AK_OPERATION_FIELDS_H
#define AK_OPERATION_FIELDS_H

#include "agentkernel.h"
#include "operations.h"

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

#endif
