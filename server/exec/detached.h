/*
 * detached.h: commands in kept sandboxes that nobody waits for: each has a thread that keeps its output.
 *
 * Output lies in two files without a name in the state folder, out of the sandbox's reach, that go with their
 * descriptors. A sandbox keeps what it knows of its commands, ended ones too, as long as it is there; a new one takes
 * the place of the one that ended first when there are too many. Nothing of them outlives the server.
 */
#ifndef AKL_DETACHED_H
#define AKL_DETACHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "exec_request.h"

struct detached;

/* Starts one and fills the reply: 200 with what is known of it, else why not. */
void detached_start(struct server *server, const struct exec_request *exec, struct sandbox *sandbox,
                    struct reply *reply);

/* Write what is known of one command, of all, or what one has written so far (as member "stdout", or of stderr
 * "stderr"). False when the sandbox has none of that id. */
bool detached_write(struct sandbox *sandbox, const char *id, struct reply *reply);
void detached_write_all(struct sandbox *sandbox, struct reply *reply);
bool detached_write_log(struct sandbox *sandbox, const char *id, bool errors, struct reply *reply);

/* Ends a command: SIGTERM, a little time, SIGKILL. Returns when none of its processes is left. False when the sandbox
 * has none of that id; one that has ended already stays what it is. */
bool detached_end(struct sandbox *sandbox, const char *id);

/* Waits until no thread of a detached command is left. Call when the server stops (stop_fd is readable). */
void detached_wait(struct server *server);

/* Frees a sandbox's commands, all of which have ended. */
void detached_free(struct detached *first);

#endif
