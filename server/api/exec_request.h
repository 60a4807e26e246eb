/*
 * exec_request.h: the request for a command in a kept sandbox, attached or detached.
 */
#ifndef AKL_EXEC_REQUEST_H
#define AKL_EXEC_REQUEST_H

#include "api.h"
#include "kept_command.h"

struct exec_request {
    char **command;
    char **env;
    char *workdir;
};

/* Reads and checks the body. False if the reply is an error. To be freed in either case. */
bool exec_request_read(const struct request *request, struct exec_request *exec, struct reply *reply);
void exec_request_free(struct exec_request *exec);

/* The sandbox to run it in, a reference; NULL if the reply is an error. */
struct sandbox *exec_request_sandbox(struct api *api, const struct request *request, struct reply *reply);

/* The command; valid as long as the request. */
struct kept_command exec_request_command(const struct exec_request *exec);

#endif
