/*
 * provision.h: what a new sandbox is filled with: source_url and source_ref, a git repository that is cloned into its
 * home, and init_script, which a shell runs there afterwards.
 *
 * Both run in the sandbox, before its creation is answered. git runs in the sandbox, with its limits and its network,
 * so whatever a hostile repository makes of git happens there. A password in the URL is not repeated in messages and
 * logs; git keeps it in the clone's own configuration.
 */
#ifndef AKL_SOURCE_H
#define AKL_SOURCE_H

#include "fields.h"
#include "http_reply.h"
#include "http_request.h"
#include "server.h"

struct source {
    char *url;         /* without its optional prefix "git:"; NULL: none */
    char *ref;         /* branch, tag or commit; NULL: the default branch */
    char *init_script; /* NULL: none */
};

/* Whether there is anything to do. */
bool source_any(const struct source *source);

/* Reads and checks the members. What is wrong with them latches in fields. To be freed in either case. */
void source_read(struct fields *fields, struct source *source);
void source_free(struct source *source);

/* Clones into the home of a new sandbox, and runs the script. False when the reply says why it could not be. */
bool source_fetch(struct server *server, const struct request *request, struct sandbox *sandbox,
                  const struct source *source, struct reply *reply);

#endif
