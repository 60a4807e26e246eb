/*
 * source.h: source_url and source_ref of a new sandbox: a git repository that is cloned into its home.
 *
 * git runs in the sandbox, with its limits and its network, so whatever a hostile repository makes of git happens
 * there. A password in the URL is not repeated in messages and logs; git keeps it in the clone's own configuration.
 */
#ifndef AKL_SOURCE_H
#define AKL_SOURCE_H

#include "fields.h"
#include "reply.h"
#include "request.h"
#include "server.h"

struct source {
    char *url; /* without its optional prefix "git:"; NULL: none */
    char *ref; /* branch, tag or commit; NULL: the default branch */
};

/* Reads and checks both members. What is wrong with them latches in fields. To be freed in either case. */
void source_read(struct fields *fields, struct source *source);
void source_free(struct source *source);

/* Clones into the home of a new sandbox. False when the reply says why it could not be. */
bool source_fetch(struct server *server, const struct request *request, struct sandbox *sandbox,
                  const struct source *source, struct reply *reply);

#endif
