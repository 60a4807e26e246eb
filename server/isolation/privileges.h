/*
 * privileges.h: drops privileges before the server accepts requests.
 *
 * A server started by root becomes an otherwise unused user: bubblewrap maps the caller's uid into the sandbox, and uid
 * 0 would leave the files of root, including /proc/sys, within reach (X29).
 */
#ifndef AKL_PRIVILEGES_H
#define AKL_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

#include "identity.h"

/* Picks the user: the owner of state_dir if that exists and is not root's, else one that has no name and no process, of
 * the range that systemd keeps for such uses. False with the reason in why when root cannot become anybody else here.
 */
bool privileges_choose(const char *state_dir, struct identity *identity, char *why, size_t why_cap);

/* Becomes identity permanently, and in any case: no new privileges, no core dumps, not to be read or traced by others of
 * the same user, as many descriptors as allowed.
 *
 * folders (NULL-terminated; may be NULL) are those that bubblewrap has to reach by their paths: the state directory,
 * whose trees it binds, and the roots of images. Where one lies below a folder that is closed to the new user (/root),
 * the closed folder is covered, in a mount namespace of the server's own, by one that holds nothing but what was asked
 * for; the path stays the same. Everything else below it is then out of the server's sight, too.
 *
 * Called as root or not, after state_dir was made the user's, before any thread exists. False with the reason in why,
 * naming the folder; the process must then end. */
bool privileges_drop(const struct identity *identity, const char *const *folders, char *why, size_t why_cap);

/* Resets inherited signal state: an ignored SIGCHLD, blocked signals. SIGPIPE becomes ignored. */
void privileges_reset_signals(void);

#endif
