// Generated from abi/schema by tools/generate: do not edit.
export const AK_VERSION = 1000;
export const AK_OK = 0;
export const AK_ITEM = 1;
export const AK_DONE = 2;
export const AK_AGAIN = 3;
export const AK_NULL = 4;
export const AK_ABSENT = 5;
export const AK_E_ARGUMENT = -1;
export const AK_E_STATE = -2;
export const AK_E_MEMORY = -3;
export const AK_E_BUFFER = -4;
export const AK_E_RESOLVE = -10;
export const AK_E_CONNECT = -11;
export const AK_E_TLS = -12;
export const AK_E_NETWORK = -13;
export const AK_E_TIMEOUT = -14;
export const AK_E_CANCELLED = -15;
export const AK_E_FORKED = -16;
export const AK_E_TRUNCATED = -17;
export const AK_E_PROTOCOL = -18;
export const AK_E_TOO_LARGE = -19;
export const AK_E_DESCRIPTORS = -20;
export const AK_E_REDIRECT = -21;
export const AK_E_HTTP = -40;
export const AK_E_BAD_REQUEST = -41;
export const AK_E_UNAUTHORIZED = -42;
export const AK_E_FORBIDDEN = -43;
export const AK_E_NOT_FOUND = -44;
export const AK_E_CONFLICT = -45;
export const AK_E_COMMAND = -46;
export const AK_E_BODY_TOO_LARGE = -47;
export const AK_E_UNPROCESSABLE = -48;
export const AK_E_QUOTA = -49;
export const AK_E_SERVER = -50;
export const AK_OP_STREAMS = 1;
export const AK_OP_IDEMPOTENT = 2;
export const AK_OP_READABLE = 4;
export const AK_OP_MANY = 8;
export const AK_OP_WRITABLE = 16;
export const AK_KEY_REQUIRED = 1;
export const AK_KEY_SETTING = 2;
export const AK_TYPE_ABSENT = 0;
export const AK_TYPE_NULL = 1;
export const AK_TYPE_TEXT = 2;
export const AK_TYPE_BYTES = 3;
export const AK_TYPE_INT = 4;
export const AK_TYPE_BOOL = 5;
export const AK_TYPE_LIST = 6;
export const AK_TYPE_MAP = 7;
export const AK_TYPE_JSON = 8;
export const AK_TYPE_LISTS = 9;
export const AK_CLIENT_BASE_URL = 1;
export const AK_CLIENT_API_KEY = 2;
export const AK_CLIENT_TIMEOUT_MS = 3;
export const AK_CLIENT_CONNECT_TIMEOUT_MS = 4;
export const AK_CLIENT_IDLE_TIMEOUT_MS = 5;
export const AK_CLIENT_TOTAL_TIMEOUT_MS = 6;
export const AK_CLIENT_CA_FILE = 7;
export const AK_CLIENT_CA_DIR = 8;
export const AK_CLIENT_CERT_FILE = 9;
export const AK_CLIENT_KEY_FILE = 10;
export const AK_CLIENT_PROXY = 11;
export const AK_CLIENT_NO_PROXY = 12;
export const AK_CLIENT_MAX_REPLY_BYTES = 13;
export const AK_CLIENT_MAX_EVENT_BYTES = 14;
export const AK_CLIENT_USER_AGENT = 15;
export const AK_CLIENT_MAX_IDLE = 16;
export const AK_CLIENT_LOCAL_PROGRAM = 17;
export const AK_TIMEOUT_DEFAULT = -1;
export const AK_TIMEOUT_NONE = -2;
export const AK_ERROR_CODE = 1;
export const AK_ERROR_MESSAGE = 2;
export const AK_ERROR_HTTP_STATUS = 3;
export const AK_ERROR_SERVER_TEXT = 4;
export const AK_ERROR_EXIT_CODE = 5;
export const AK_ERROR_OUTPUT = 6;
export const AK_ERROR_RETRY_AFTER_MS = 7;
export const AK_ERROR_OPERATION = 8;
export const AK_ERROR_PHASE = 9;
export const AK_ERROR_LIBCURL = 10;
export const AK_ERROR_SENT = 11;
export const AK_SENT_NOTHING = 0;
export const AK_SENT_SOME = 1;
export const AK_SENT_ANSWERED = 2;
export const AK_STATE_NEW = 1;
export const AK_STATE_RUNNING = 2;
export const AK_STATE_ITEM = 3;
export const AK_STATE_READING = 4;
export const AK_STATE_DONE = 5;
export const AK_STATE_FAILED = 6;
export const AK_OP_HEALTH = 1;
export const AK_OP_RUN = 2;
export const AK_OP_RUN_STREAM = 3;
export const AK_OP_LIST_SANDBOXES = 4;
export const AK_OP_CREATE_SANDBOX = 5;
export const AK_OP_GET_SANDBOX = 6;
export const AK_OP_REMOVE_SANDBOX = 7;
export const AK_OP_EXEC_IN_SANDBOX = 8;
export const AK_OP_GET_SANDBOX_BY_UUID = 9;
export const AK_OP_START_SANDBOX = 10;
export const AK_OP_STOP_SANDBOX = 11;
export const AK_OP_PAUSE_SANDBOX = 12;
export const AK_OP_RESUME_SANDBOX = 13;
export const AK_OP_FORK_SANDBOX = 14;
export const AK_OP_RESIZE_SANDBOX = 15;
export const AK_OP_RECOVER_SANDBOX = 16;
export const AK_OP_UPDATE_SANDBOX = 17;
export const AK_OP_READ_FILE = 18;
export const AK_OP_WRITE_FILE = 19;
export const AK_OP_DELETE_FILE = 20;
export const AK_OP_WRITE_FILES = 21;
export const AK_OP_GET_SANDBOX_LOGS = 22;
export const AK_OP_BATCH_RUN = 23;
export const AK_OP_EXEC_DETACHED = 24;
export const AK_OP_DETACHED_STATUS = 25;
export const AK_OP_DETACHED_LOGS = 26;
export const AK_OP_DETACHED_KILL = 27;
export const AK_OP_DETACHED_LIST = 28;
export const AK_OP_EXTEND_TTL = 29;
export const AK_OP_TAKE_SNAPSHOT = 30;
export const AK_OP_LIST_SNAPSHOTS = 31;
export const AK_OP_GET_SNAPSHOT = 32;
export const AK_OP_DELETE_SNAPSHOT = 33;
export const AK_OP_RESTORE_SNAPSHOT = 34;
export const AK_OP_GET_BACKENDS = 35;
export const AK_OP_GET_STATUS = 36;
export const AK_OP_GET_STATS = 37;
export const AK_OP_REQUEST = 38;
export const AK_KEY_COMMAND = 1;
export const AK_KEY_IMAGE = 2;
export const AK_KEY_PROFILE = 3;
export const AK_KEY_FAST = 4;
export const AK_KEY_NAME = 5;
export const AK_KEY_BACKEND = 6;
export const AK_KEY_VCPUS = 7;
export const AK_KEY_MEMORY_MB = 8;
export const AK_KEY_SOURCE_URL = 9;
export const AK_KEY_SOURCE_REF = 10;
export const AK_KEY_VOLUMES = 11;
export const AK_KEY_SECRETS = 12;
export const AK_KEY_SECRET_FILES = 13;
export const AK_KEY_ENV = 14;
export const AK_KEY_WORKDIR = 15;
export const AK_KEY_SUDO = 16;
export const AK_KEY_CHECK = 17;
export const AK_KEY_TIMEOUT_MS = 18;
export const AK_KEY_CONNECT_TIMEOUT_MS = 19;
export const AK_KEY_IDLE_TIMEOUT_MS = 20;
export const AK_KEY_TOTAL_TIMEOUT_MS = 21;
export const AK_KEY_RAW = 22;
export const AK_KEY_STATUS = 23;
export const AK_KEY_OUTPUT = 24;
export const AK_KEY_EXIT_CODE = 25;
export const AK_KEY_TYPE = 26;
export const AK_KEY_DATA = 27;
export const AK_KEY_STREAM = 28;
export const AK_KEY_SUCCESS = 29;
export const AK_KEY_MESSAGE = 30;
export const AK_KEY_TIMESTAMP = 31;
export const AK_KEY_STAGE = 32;
export const AK_KEY_SANDBOX = 33;
export const AK_KEY_PARSED = 34;
export const AK_KEY_ID = 35;
export const AK_KEY_UUID = 36;
export const AK_KEY_IP = 37;
export const AK_KEY_CREATED_AT = 38;
export const AK_KEY_CREATED_FROM_TEMPLATE = 39;
export const AK_KEY_TEMPLATE_HELP_TEXT = 40;
export const AK_KEY_PORTS = 41;
export const AK_KEY_ENDPOINTS = 42;
export const AK_KEY_PLACEHOLDER_SECRETS = 43;
export const AK_KEY_PROXY_PORT = 44;
export const AK_KEY_SECRET_MAPPINGS = 45;
export const AK_KEY_LABELS = 46;
export const AK_KEY_DESCRIPTION = 47;
export const AK_KEY_LAST_ACTIVITY_AT = 48;
export const AK_KEY_WORKSPACE_REVISION = 49;
export const AK_KEY_ARCHIVED_AT = 50;
export const AK_KEY_ARCHIVED_REASON = 51;
export const AK_KEY_LIFECYCLE = 52;
export const AK_KEY_TRUNCATED = 53;
export const AK_KEY_TOTAL_BYTES = 54;
export const AK_KEY_OOM = 55;
export const AK_KEY_PATH = 56;
export const AK_KEY_CONTENT = 57;
export const AK_KEY_ENCODING = 58;
export const AK_KEY_SIZE = 59;
export const AK_KEY_FILES = 60;
export const AK_KEY_WRITTEN = 61;
export const AK_KEY_COMMANDS = 62;
export const AK_KEY_ERROR = 63;
export const AK_KEY_PID = 64;
export const AK_KEY_STARTED_AT = 65;
export const AK_KEY_STDOUT = 66;
export const AK_KEY_STDERR = 67;
export const AK_KEY_BY = 68;
export const AK_KEY_EXPIRES_AT = 69;
export const AK_KEY_AS_NAME = 70;
export const AK_KEY_START = 71;
export const AK_KEY_IMAGE_TAG = 72;
export const AK_KEY_BASE_IMAGE = 73;
export const AK_KEY_USER = 74;
export const AK_KEY_NETWORK = 75;
export const AK_KEY_AGENT = 76;
export const AK_KEY_INIT_SCRIPT = 77;
export const AK_KEY_DEFAULT_BACKEND = 78;
export const AK_KEY_BACKENDS = 79;
export const AK_KEY_VERSION = 80;
export const AK_KEY_API_KEY_CONFIGURED = 81;
export const AK_KEY_SANDBOX_COUNT = 82;
export const AK_KEY_SANDBOX_LIMIT = 83;
export const AK_KEY_UPTIME_SECONDS = 84;
export const AK_KEY_RESOURCE_USAGE = 85;
export const AK_KEY_METHOD = 86;
export const AK_KEY_BODY = 87;
export const AK_KEY_HTTP_STATUS = 88;
export const AK_KEY_CONTENT_TYPE = 89;

/** Where the members of ak_value are, in bytes. */
export const ak_value = {
    key: 0,
    type: 4,
    integer: 8,
    data: 16,
    size: 24,
    SIZE: 32,
} as const;

/** Of each function its result and its parameters, as Koffi declares them. */
export const SIGNATURES = {
    ak_version: ["uint32_t", []],
    ak_version_text: ["const char *", []],
    ak_status_name: ["const char *", ["int32_t"]],
    ak_constant: ["int32_t", ["void *", "size_t", "void *"]],
    ak_operation_at: ["int32_t", ["size_t"]],
    ak_operation_name: ["const char *", ["int32_t"]],
    ak_operation_route: ["const char *", ["int32_t"]],
    ak_operation_flags: ["int32_t", ["int32_t"]],
    ak_key_name: ["const char *", ["int32_t"]],
    ak_parameter_at: ["int32_t", ["int32_t", "size_t"]],
    ak_parameter_type: ["int32_t", ["int32_t", "int32_t"]],
    ak_parameter_flags: ["int32_t", ["int32_t", "int32_t"]],
    ak_field_at: ["int32_t", ["int32_t", "size_t"]],
    ak_field_type: ["int32_t", ["int32_t", "int32_t"]],
    ak_field_flags: ["int32_t", ["int32_t", "int32_t"]],
    ak_client_new: ["int32_t", ["void *", "void *"]],
    ak_client_set_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *"]],
    ak_client_set_int: ["int32_t", ["void *", "int32_t", "int64_t", "void *"]],
    ak_client_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *", "void *"]],
    ak_client_int: ["int32_t", ["void *", "int32_t", "void *", "void *"]],
    ak_client_retain: ["void *", ["void *"]],
    ak_client_free: ["void", ["void *"]],
    ak_call_new: ["int32_t", ["void *", "int32_t", "void *", "void *"]],
    ak_call_set_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *"]],
    ak_call_set_int: ["int32_t", ["void *", "int32_t", "int64_t", "void *"]],
    ak_call_add_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *"]],
    ak_call_add_list: ["int32_t", ["void *", "int32_t", "void *"]],
    ak_call_put_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *", "size_t", "void *"]],
    ak_call_step: ["int32_t", ["void *", "void *"]],
    ak_call_wait: ["int32_t", ["void *", "int32_t", "void *"]],
    ak_call_fd: ["int", ["void *"]],
    ak_call_state: ["int32_t", ["void *"]],
    ak_call_cancel: ["void", ["void *"]],
    ak_call_retain: ["void *", ["void *"]],
    ak_call_free: ["void", ["void *"]],
    ak_call_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *", "void *"]],
    ak_call_int: ["int32_t", ["void *", "int32_t", "void *", "void *"]],
    ak_call_view: ["int32_t", ["void *", "int32_t", "void *", "void *", "void *"]],
    ak_call_cstring: ["const char *", ["void *", "int32_t"]],
    ak_call_number: ["int64_t", ["void *", "int32_t", "int64_t"]],
    ak_call_count: ["int32_t", ["void *", "int32_t", "void *", "void *"]],
    ak_call_text_at: ["int32_t", ["void *", "int32_t", "size_t", "void *", "size_t", "void *", "void *"]],
    ak_call_view_at: ["int32_t", ["void *", "int32_t", "size_t", "void *", "void *", "void *"]],
    ak_call_key_at: ["int32_t", ["void *", "int32_t", "size_t", "void *", "void *", "void *"]],
    ak_call_values: ["int32_t", ["void *", "void *", "size_t", "void *", "void *"]],
    ak_call_read: ["int32_t", ["void *", "void *", "size_t", "void *", "void *"]],
    ak_call_write: ["int32_t", ["void *", "void *", "size_t", "void *", "void *"]],
    ak_error_new: ["void *", []],
    ak_error_code: ["int32_t", ["void *"]],
    ak_error_text: ["int32_t", ["void *", "int32_t", "void *", "size_t", "void *"]],
    ak_error_int: ["int32_t", ["void *", "int32_t", "void *"]],
    ak_error_view: ["int32_t", ["void *", "int32_t", "void *", "void *"]],
    ak_error_cstring: ["const char *", ["void *", "int32_t"]],
    ak_error_number: ["int64_t", ["void *", "int32_t", "int64_t"]],
    ak_error_free: ["void", ["void *"]],
} as const;
