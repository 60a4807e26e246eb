/*
 * execute.h: runs a command to its end and answers with its output.
 */
#ifndef AKL_EXECUTE_H
#define AKL_EXECUTE_H

#include "http_reply.h"
#include "http_request.h"
#include "server.h"

/* What a command may use when the request says nothing else. */
struct limits execute_limits(enum profile profile);

/* What a command in a kept sandbox may use. */
struct limits execute_limits_of(struct sandbox *sandbox);

/* Whether commands can be run; if not, the reply says why. */
bool execute_available(const struct server *server, struct reply *reply);

/* Runs the command, in a kept sandbox or (NULL) in a fresh tree, and fills the reply: 200 with the output, 409 when it
 * failed, another error when it could not be run. Blocks until then, or until the client has gone or the server stops.
 */
void execute(struct server *server, const struct request *request, const struct command_spec *spec,
             struct sandbox *sandbox, struct reply *reply);

#endif
