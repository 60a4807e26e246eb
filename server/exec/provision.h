/*
 * provision.h: fills a new sandbox: a git repository is cloned into its home, and a shell runs a script there
 * afterwards.
 *
 * Both run in the sandbox, with its limits and its network, so the effects of a hostile repository on git are confined
 * to it. git keeps a password of the URL in the clone's own configuration.
 */
#ifndef AKL_PROVISION_H
#define AKL_PROVISION_H

#include "execute.h"

struct source {
    char *url;         /* NULL: none */
    char *ref;         /* branch, tag or commit; NULL: the default branch */
    char *init_script; /* NULL: none */
};

/* Whether there is anything to do. */
bool provision_is_needed(const struct source *source);

enum provision_step { PROVISION_DONE, PROVISION_CLONE, PROVISION_CHECKOUT, PROVISION_SCRIPT };

/* Runs the steps in order until one fails. Returns the failed step; *executed is its result, and is to be freed in any
 * case. */
enum provision_step provision(const struct executor *executor, struct sandbox *sandbox, const struct source *source,
                              int client_fd, struct executed *executed);

#endif
