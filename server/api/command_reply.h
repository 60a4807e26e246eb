/*
 * command_reply.h: replies for commands.
 */
#ifndef AKL_COMMAND_REPLY_H
#define AKL_COMMAND_REPLY_H

#include "api.h"
#include "execute.h"

/* The error text for commands in a sandbox that is stopped or does not exist. */
#define SANDBOX_NOT_RUNNING "Sandbox '%s' is not running. Start it with: agentkernel start %s"

#define COMMAND_TOO_BIG "Argument list too long: command and environment are larger than the kernel takes"

/* How much of its output the error of a failed command repeats. */
#define ERROR_OUTPUT_MAX 4096

/* Whether commands can be run; if not, replies with the reason. */
bool command_reply_available(const struct executor *executor, struct reply *reply);

/* Replies with the result of a command: 200 with the output, 409 if it failed, another error if it could not be run.
 * sandbox: NULL for a fresh one. */
void command_reply(struct reply *reply, const struct sandbox *sandbox, const struct executed *executed);

/* Writes output as members: `name` and, if needed, `base64_name`, `truncated` and `total_bytes`. */
void command_reply_output(struct writer *writer, const struct capture *output, const char *name,
                          const char *base64_name);

/* Writes a message that ends with the beginning of the output. */
void command_reply_error(struct writer *writer, const char *what, const struct capture *output);

#endif
