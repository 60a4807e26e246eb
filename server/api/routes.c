/*
 * routes.c: the operations that there are, in the order in which they are looked for.
 */
#include "handlers.h"

static const struct route table[] = {
    {"GET", {"health"}, handle_health, .public = true},
    {"GET", {"status"}, handle_status, .public = true},
    {"GET", {"metrics"}, NULL, .public = true},
    {"GET", {"stats"}, handle_stats, .public = true},
    {"GET", {"backends"}, handle_backends, .public = false},
    {"POST", {"run"}, handle_run, .takes_body = true},
    {"POST", {"run", "stream"}, handle_run_stream, .takes_body = true},
    {"POST", {"batch", "run"}, handle_batch_run, .takes_body = true},
    {"GET", {"sandboxes"}, handle_list_sandboxes, .public = false},
    {"POST", {"sandboxes"}, handle_create_sandbox, .takes_body = true},
    {"GET", {"sandboxes", "*"}, handle_get_sandbox, .public = false},
    {"GET", {"sandboxes", "by-uuid", "*"}, handle_get_sandbox_by_uuid, .public = false},
    {"PATCH", {"sandboxes", "*"}, handle_patch_sandbox, .takes_body = true},
    {"DELETE", {"sandboxes", "*"}, handle_remove_sandbox, .public = false},
    {"POST", {"sandboxes", "*", "exec"}, handle_exec, .takes_body = true},
    {"GET", {"sandboxes", "*", "logs"}, handle_logs, .public = false},
    {"GET", {"sandboxes", "*", "files", "**"}, handle_read_file, .public = false},
    {"PUT", {"sandboxes", "*", "files", "**"}, handle_write_file, .takes_body = true},
    {"DELETE", {"sandboxes", "*", "files", "**"}, handle_delete_file, .public = false},
    {"POST", {"sandboxes", "*", "files"}, handle_write_files, .takes_body = true},
    {"POST", {"sandboxes", "*", "exec", "detach"}, handle_exec_detach, .takes_body = true},
    {"GET", {"sandboxes", "*", "exec", "detached"}, handle_list_detached, .public = false},
    {"GET", {"sandboxes", "*", "exec", "detached", "*"}, handle_get_detached, .public = false},
    {"GET", {"sandboxes", "*", "exec", "detached", "*", "logs"}, handle_detached_logs, .public = false},
    {"DELETE", {"sandboxes", "*", "exec", "detached", "*"}, handle_kill_detached, .public = false},
    {"POST", {"sandboxes", "*", "start"}, handle_start_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "stop"}, handle_stop_sandbox, .public = false},
    {"POST", {"sandboxes", "*", "pause"}, handle_full_state, .public = false},
    {"POST", {"sandboxes", "*", "resume"}, handle_full_state, .public = false},
    {"POST", {"sandboxes", "*", "fork"}, handle_full_state, .public = false},
    {"POST", {"sandboxes", "*", "resize"}, handle_resize_sandbox, .takes_body = true},
    {"POST", {"sandboxes", "*", "extend"}, handle_extend_ttl, .takes_body = true},
    {"POST", {"sandboxes", "*", "recover"}, handle_recover_sandbox, .public = false},
    {"GET", {"snapshots"}, handle_list_snapshots, .public = false},
    {"POST", {"snapshots"}, handle_take_snapshot, .takes_body = true},
    {"GET", {"snapshots", "*"}, handle_get_snapshot, .public = false},
    {"DELETE", {"snapshots", "*"}, handle_delete_snapshot, .public = false},
    {"POST", {"snapshots", "*", "restore"}, handle_restore_snapshot, .takes_body = true},
};

const struct routes api_routes = {table, sizeof table / sizeof table[0]};
