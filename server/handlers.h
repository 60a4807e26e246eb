/*
 * handlers.h: one function per operation. Each looks at the request and fills the reply; any thread.
 */
#ifndef AKL_HANDLERS_H
#define AKL_HANDLERS_H

#include "reply.h"
#include "request.h"
#include "server.h"

typedef void handler(struct server *server, struct request *request, struct reply *reply);

/* status.c */
handler handle_health;
handler handle_status;

/* run.c */
handler handle_run;
handler handle_run_stream;

/* sandboxes.c */
handler handle_list_sandboxes;
handler handle_get_sandbox;
handler handle_remove_sandbox;

/* create.c */
handler handle_create_sandbox;

/* exec.c */
handler handle_exec;

/* The image of a request that names none. Only a name, unless --image maps it. */
#define SANDBOX_DEFAULT_IMAGE "alpine:3.24"

/* Writes a sandbox as SandboxInfo. */
void sandbox_write_info(struct writer *writer, struct sandbox *sandbox);

/* Checks the name in the path. False when the reply says what is wrong with it. */
bool sandbox_check_name(const struct request *request, struct reply *reply);

#endif
