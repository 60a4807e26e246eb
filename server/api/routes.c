/*
 * routes.c: the operations that there are, in the order in which they are looked for.
 * tools/generate writes it from abi/schema/operations.json.
 */
#include "handlers.h"

static const struct route table[] = {
    {"GET", {"health"}, handle_health, .public = true},
    {"POST", {"run"}, handle_run, .takes_body = true},
    {"POST", {"run", "stream"}, handle_run_stream, .takes_body = true},
    {"GET", {"sandboxes"}, handle_list_sandboxes, .public = false},
    {"POST", {"sandboxes"}, handle_create_sandbox, .takes_body = true},
    {"GET", {"sandboxes", "*"}, handle_get_sandbox, .public = false},
    {"DELETE", {"sandboxes", "*"}, handle_remove_sandbox, .public = false},
    {"POST", {"sandboxes", "*", "exec"}, handle_exec_in_sandbox, .takes_body = true},
    {"GET", {"sandboxes", "by-uuid", "*"}, handle_get_sandbox_by_uuid, .public = false},
    {"POST", {"sandboxes", "*", "start"}, handle_start_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "stop"}, handle_stop_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "pause"}, handle_pause_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "resume"}, handle_resume_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "fork"}, handle_fork_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "resize"}, handle_resize_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "recover"}, handle_recover_sandbox, .takes_body = true},
    {"PATCH", {"sandboxes", "*"}, handle_update_sandbox, .takes_body = true},
    {"GET", {"sandboxes", "*", "files", "**"}, handle_read_file, .public = false},
    {"PUT", {"sandboxes", "*", "files", "**"}, handle_write_file, .takes_body = true},
    {"DELETE", {"sandboxes", "*", "files", "**"}, handle_delete_file, .public = false},
    {"POST", {"sandboxes", "*", "files"}, handle_write_files, .takes_body = true},
    {"GET", {"sandboxes", "*", "logs"}, handle_get_sandbox_logs, .public = false},
    {"POST", {"batch", "run"}, handle_batch_run, .takes_body = true},
    {"POST", {"sandboxes", "*", "exec", "detach"}, handle_exec_detached, .takes_body = true},
    {"GET", {"sandboxes", "*", "exec", "detached", "*"}, handle_detached_status, .public = false},
    {"GET", {"sandboxes", "*", "exec", "detached", "*", "logs"}, handle_detached_logs, .public = false},
    {"DELETE", {"sandboxes", "*", "exec", "detached", "*"}, handle_detached_kill, .public = false},
    {"GET", {"sandboxes", "*", "exec", "detached"}, handle_detached_list, .public = false},
    {"POST", {"sandboxes", "*", "extend"}, handle_extend_ttl, .takes_body = true},
    {"POST", {"snapshots"}, handle_take_snapshot, .takes_body = true},
    {"GET", {"snapshots"}, handle_list_snapshots, .public = false},
    {"GET", {"snapshots", "*"}, handle_get_snapshot, .public = false},
    {"DELETE", {"snapshots", "*"}, handle_delete_snapshot, .public = false},
    {"POST", {"snapshots", "*", "restore"}, handle_restore_snapshot, .takes_body = true},
    {"GET", {"backends"}, handle_get_backends, .public = false},
    {"GET", {"status"}, handle_get_status, .public = true},
    {"GET", {"stats"}, handle_get_stats, .public = true},
    {"GET", {"metrics"}, NULL, .public = true}, /* there are none here: 404, with a key and without one */
};

const struct routes api_routes = {table, sizeof table / sizeof table[0]};
