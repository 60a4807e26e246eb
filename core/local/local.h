/*
 * local.h: base_url "local:": an agentkernel-local private to this process, started when it is first needed.
 *
 * All clients of a process share one server. The first call starts it, and freeing the last client that made a call
 * ends it; when the process ends in any way (exit, crash, SIGKILL, exec), the server ends too. If the server was
 * killed, the next call starts another. A forked child keeps using its parent's server where a client was using one,
 * but never restarts or ends it; a client that has none yet starts one for the child.
 */
#ifndef AK_LOCAL_H
#define AK_LOCAL_H

#include "error.h"

/* The kernel's limit for the path of a Unix socket, with its NUL. */
#define AK_LOCAL_PATH_CAP 108

/* The program that a client chose. */
typedef struct {
    const char *path; /* absolute; NULL: it is searched for */
    const char *by;   /* the setting or variable that names it, for messages */
} ak_local_program;

/* One client's reference to the server. */
typedef struct ak_local ak_local;

/* Copies the current environment, to search the program in its PATH and for the server to run with, without the API
 * key. No I/O. Errors: AK_E_MEMORY; AK_E_ARGUMENT on another system than Linux. Thread: any. */
ak_status ak_local_new(ak_local **local, ak_error *err);
/* When the last one of this process is freed, the server ends; this does not wait for that. NULL is allowed. Thread:
 * any. */
void ak_local_free(ak_local *local);

/* Finds the server or starts one, which is the chosen program. Does not wait until it runs: its socket accepts
 * connections before that. Writes the path of the socket. Errors: AK_E_CONNECT (no program, no folder, the parent's
 * server has ended), AK_E_DESCRIPTORS, AK_E_MEMORY. Thread: any. */
ak_status ak_local_reach(ak_local *local, const ak_local_program *chosen, char path[AK_LOCAL_PATH_CAP], ak_error *err);

/* Explains a failed transfer when the server has ended: sets err and returns its code, which is the given one, or
 * AK_E_CONNECT with *served false when the server never became ready. AK_OK when it has not ended. Thread: any. */
ak_status ak_local_explain(ak_local *local, ak_status code, bool *served, ak_error *err);

#endif
