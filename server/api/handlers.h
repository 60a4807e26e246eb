/*
 * handlers.h: one function per operation: reads the request and fills in the reply. Any thread.
 * tools/generate writes it from abi/schema/operations.json.
 */
#ifndef AKL_HANDLERS_H
#define AKL_HANDLERS_H

#include "api.h"

handler handle_health;
handler handle_run;
handler handle_run_stream;
handler handle_list_sandboxes;
handler handle_create_sandbox;
handler handle_get_sandbox;
handler handle_remove_sandbox;
handler handle_exec_in_sandbox;
handler handle_get_sandbox_by_uuid;
handler handle_start_sandbox;
handler handle_stop_sandbox;
handler handle_pause_sandbox;
handler handle_resume_sandbox;
handler handle_fork_sandbox;
handler handle_resize_sandbox;
handler handle_recover_sandbox;
handler handle_update_sandbox;
handler handle_read_file;
handler handle_write_file;
handler handle_delete_file;
handler handle_write_files;
handler handle_get_sandbox_logs;
handler handle_batch_run;
handler handle_exec_detached;
handler handle_detached_status;
handler handle_detached_logs;
handler handle_detached_kill;
handler handle_detached_list;
handler handle_extend_ttl;
handler handle_take_snapshot;
handler handle_list_snapshots;
handler handle_get_snapshot;
handler handle_delete_snapshot;
handler handle_restore_snapshot;
handler handle_get_backends;
handler handle_get_status;
handler handle_get_stats;

#endif
