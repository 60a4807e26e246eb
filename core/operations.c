#include "operations.h"

#include "agentkernel.h"
#include "operation_fields.h"
#include "operation_parameters.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
