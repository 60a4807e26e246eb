/*
 * handlers.h: one function per operation: reads the request and fills in the reply. Any thread.
 */
#ifndef AKL_HANDLERS_H
#define AKL_HANDLERS_H

#include "api.h"

/* status.c */
handler handle_health;
handler handle_status;

/* discovery.c */
handler handle_backends;
handler handle_stats;

/* run.c */
handler handle_run;
handler handle_run_stream;

/* sandboxes.c */
handler handle_list_sandboxes;
handler handle_get_sandbox;
handler handle_get_sandbox_by_uuid;
handler handle_remove_sandbox;

/* metadata.c */
handler handle_patch_sandbox;

/* create.c */
handler handle_create_sandbox;

/* lifecycle.c */
handler handle_start_sandbox;
handler handle_stop_sandbox;
handler handle_full_state;
handler handle_resize_sandbox;
handler handle_recover_sandbox;
handler handle_extend_ttl;

/* logs.c */
handler handle_logs;

/* files.c */
handler handle_read_file;
handler handle_write_file;
handler handle_delete_file;
handler handle_write_files;

/* exec.c */
handler handle_exec;

/* exec_detached.c */
handler handle_exec_detach;
handler handle_list_detached;
handler handle_get_detached;
handler handle_detached_logs;
handler handle_kill_detached;

/* snapshot_routes.c */
handler handle_list_snapshots;
handler handle_take_snapshot;
handler handle_get_snapshot;
handler handle_delete_snapshot;
handler handle_restore_snapshot;

/* batch.c */
handler handle_batch_run;

/* The image of a request that names none. Only a name, unless --image maps it. */
#define SANDBOX_DEFAULT_IMAGE "alpine:3.24"

/* More than any machine has, and small enough that its bytes can be counted. */
#define SANDBOX_MEMORY_MB_MAX ((uint64_t)1 << 40)
#define SANDBOX_VCPUS_MAX 10000

/* Writes a sandbox as SandboxInfo. */
void sandbox_write_info(struct writer *writer, struct sandbox *sandbox);

/* A reference to the sandbox that the path names; NULL when the reply says why not (400, 404). */
struct sandbox *sandbox_find(struct api *api, const struct request *request, struct reply *reply);

/* Whether commands can be run now, and the reason or a warning: status.c. */
bool status_sandbox_usable(const struct api *api, const char **why);

/* Checks the name in the path. False when the reply says what is wrong with it. */
bool sandbox_check_name(const struct request *request, struct reply *reply);

#endif
