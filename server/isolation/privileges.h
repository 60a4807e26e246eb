/*
 * privileges.h: drops privileges before the server accepts requests.
 *
 * A server started by root changes to an otherwise unused user: bubblewrap maps the caller's uid into the sandbox, and
 * uid 0 would give access to root's files, including /proc/sys (X29).
 */
#ifndef AKL_PRIVILEGES_H
#define AKL_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

#include "identity.h"

/* Chooses the user: the owner of state_dir if that exists and is not root's, else one without a name and without
 * processes, from the range that systemd reserves for such uses. False with the reason in why if root cannot change to
 * another user here.
 */
bool privileges_choose(const char *state_dir, struct identity *identity, char *why, size_t why_cap);

/* Changes to identity permanently. In any case: no new privileges, no core dumps, not dumpable by other processes of
 * the same user, the highest possible limit of descriptors.
 *
 * folders (NULL-terminated; may be NULL) are those that bubblewrap accesses by path: the state directory,
 * whose trees it binds, and the roots of images. If one is below a folder that is closed to the new user (/root), the
 * closed folder is covered, in the server's own mount namespace, by one that contains only what was requested; the path
 * stays the same. Everything else below it is then hidden from the server, too.
 *
 * Called as root or not, after state_dir was given to the user, before any thread exists. False with the reason in why,
 * naming the folder; the process must then end. */
bool privileges_drop(const struct identity *identity, const char *const *folders, char *why, size_t why_cap);

/* Resets inherited signal state: an ignored SIGCHLD, blocked signals. SIGPIPE becomes ignored. */
void privileges_reset_signals(void);

#endif
