#include "constants.h"

#include <string.h>

#include "agentkernel.h"

#define C(name)                                                                                                        \
    { #name, name }

/* Every constant of the header; a test compares the two. */
static const struct {
    const char *name;
    int64_t value;
} constants[] = {
    C(AK_VERSION),
    C(AK_OK),
    C(AK_ITEM),
    C(AK_DONE),
    C(AK_AGAIN),
    C(AK_NULL),
    C(AK_ABSENT),
    C(AK_E_ARGUMENT),
    C(AK_E_STATE),
    C(AK_E_MEMORY),
    C(AK_E_BUFFER),
    C(AK_E_RESOLVE),
    C(AK_E_CONNECT),
    C(AK_E_TLS),
    C(AK_E_NETWORK),
    C(AK_E_TIMEOUT),
    C(AK_E_CANCELLED),
    C(AK_E_FORKED),
    C(AK_E_TRUNCATED),
    C(AK_E_PROTOCOL),
    C(AK_E_TOO_LARGE),
    C(AK_E_DESCRIPTORS),
    C(AK_E_REDIRECT),
    C(AK_E_HTTP),
    C(AK_E_BAD_REQUEST),
    C(AK_E_UNAUTHORIZED),
    C(AK_E_FORBIDDEN),
    C(AK_E_NOT_FOUND),
    C(AK_E_CONFLICT),
    C(AK_E_COMMAND),
    C(AK_E_BODY_TOO_LARGE),
    C(AK_E_UNPROCESSABLE),
    C(AK_E_QUOTA),
    C(AK_E_SERVER),
    C(AK_OP_HEALTH),
    C(AK_OP_RUN),
    C(AK_OP_RUN_STREAM),
    C(AK_OP_LIST_SANDBOXES),
    C(AK_OP_CREATE_SANDBOX),
    C(AK_OP_GET_SANDBOX),
    C(AK_OP_REMOVE_SANDBOX),
    C(AK_OP_EXEC_IN_SANDBOX),
    C(AK_OP_STOP_SANDBOX),
    C(AK_OP_STREAMS),
    C(AK_OP_IDEMPOTENT),
    C(AK_OP_READABLE),
    C(AK_OP_MANY),
    C(AK_KEY_COMMAND),
    C(AK_KEY_IMAGE),
    C(AK_KEY_PROFILE),
    C(AK_KEY_FAST),
    C(AK_KEY_NAME),
    C(AK_KEY_BACKEND),
    C(AK_KEY_VCPUS),
    C(AK_KEY_MEMORY_MB),
    C(AK_KEY_SOURCE_URL),
    C(AK_KEY_SOURCE_REF),
    C(AK_KEY_VOLUMES),
    C(AK_KEY_SECRETS),
    C(AK_KEY_SECRET_FILES),
    C(AK_KEY_ENV),
    C(AK_KEY_WORKDIR),
    C(AK_KEY_SUDO),
    C(AK_KEY_CHECK),
    C(AK_KEY_TIMEOUT_MS),
    C(AK_KEY_CONNECT_TIMEOUT_MS),
    C(AK_KEY_IDLE_TIMEOUT_MS),
    C(AK_KEY_TOTAL_TIMEOUT_MS),
    C(AK_KEY_RAW),
    C(AK_KEY_STATUS),
    C(AK_KEY_OUTPUT),
    C(AK_KEY_EXIT_CODE),
    C(AK_KEY_TYPE),
    C(AK_KEY_DATA),
    C(AK_KEY_STREAM),
    C(AK_KEY_SUCCESS),
    C(AK_KEY_MESSAGE),
    C(AK_KEY_TIMESTAMP),
    C(AK_KEY_STAGE),
    C(AK_KEY_SANDBOX),
    C(AK_KEY_PARSED),
    C(AK_KEY_ID),
    C(AK_KEY_UUID),
    C(AK_KEY_IP),
    C(AK_KEY_CREATED_AT),
    C(AK_KEY_CREATED_FROM_TEMPLATE),
    C(AK_KEY_TEMPLATE_HELP_TEXT),
    C(AK_KEY_PORTS),
    C(AK_KEY_ENDPOINTS),
    C(AK_KEY_PLACEHOLDER_SECRETS),
    C(AK_KEY_PROXY_PORT),
    C(AK_KEY_SECRET_MAPPINGS),
    C(AK_KEY_LABELS),
    C(AK_KEY_DESCRIPTION),
    C(AK_KEY_LAST_ACTIVITY_AT),
    C(AK_KEY_WORKSPACE_REVISION),
    C(AK_KEY_ARCHIVED_AT),
    C(AK_KEY_ARCHIVED_REASON),
    C(AK_KEY_LIFECYCLE),
    C(AK_KEY_TRUNCATED),
    C(AK_KEY_TOTAL_BYTES),
    C(AK_KEY_OOM),
    C(AK_KEY_REQUIRED),
    C(AK_KEY_SETTING),
    C(AK_TYPE_ABSENT),
    C(AK_TYPE_NULL),
    C(AK_TYPE_TEXT),
    C(AK_TYPE_BYTES),
    C(AK_TYPE_INT),
    C(AK_TYPE_BOOL),
    C(AK_TYPE_LIST),
    C(AK_TYPE_MAP),
    C(AK_TYPE_JSON),
    C(AK_CLIENT_BASE_URL),
    C(AK_CLIENT_API_KEY),
    C(AK_CLIENT_TIMEOUT_MS),
    C(AK_CLIENT_CONNECT_TIMEOUT_MS),
    C(AK_CLIENT_IDLE_TIMEOUT_MS),
    C(AK_CLIENT_TOTAL_TIMEOUT_MS),
    C(AK_CLIENT_CA_FILE),
    C(AK_CLIENT_CA_DIR),
    C(AK_CLIENT_CERT_FILE),
    C(AK_CLIENT_KEY_FILE),
    C(AK_CLIENT_PROXY),
    C(AK_CLIENT_NO_PROXY),
    C(AK_CLIENT_MAX_REPLY_BYTES),
    C(AK_CLIENT_MAX_EVENT_BYTES),
    C(AK_CLIENT_USER_AGENT),
    C(AK_CLIENT_MAX_IDLE),
    C(AK_TIMEOUT_DEFAULT),
    C(AK_TIMEOUT_NONE),
    C(AK_ERROR_CODE),
    C(AK_ERROR_MESSAGE),
    C(AK_ERROR_HTTP_STATUS),
    C(AK_ERROR_SERVER_TEXT),
    C(AK_ERROR_EXIT_CODE),
    C(AK_ERROR_OUTPUT),
    C(AK_ERROR_RETRY_AFTER_MS),
    C(AK_ERROR_OPERATION),
    C(AK_ERROR_PHASE),
    C(AK_ERROR_LIBCURL),
    C(AK_ERROR_SENT),
    C(AK_SENT_NOTHING),
    C(AK_SENT_SOME),
    C(AK_SENT_ANSWERED),
    C(AK_STATE_NEW),
    C(AK_STATE_RUNNING),
    C(AK_STATE_ITEM),
    C(AK_STATE_READING),
    C(AK_STATE_DONE),
    C(AK_STATE_FAILED),
};

#define COUNT (sizeof constants / sizeof constants[0])

bool ak_constant_find(const char *name, size_t len, int64_t *value) {
    for (size_t i = 0; i < COUNT; i++) {
        if (strlen(constants[i].name) == len && memcmp(constants[i].name, name, len) == 0) {
            *value = constants[i].value;
            return true;
        }
    }
    return false;
}

/* The statuses are the table's beginning, up to the first operation. */
const char *ak_constant_status_name(int32_t status) {
    for (size_t i = 1; i < COUNT && strncmp(constants[i].name, "AK_OP_", 6) != 0; i++) {
        if (constants[i].value == status) {
            return constants[i].name;
        }
    }
    return NULL;
}
