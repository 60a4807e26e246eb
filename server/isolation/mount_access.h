/*
 * mount_access.h: keeps folders reachable by their paths for a user to whom a folder above them is closed.
 */
#ifndef AKL_MOUNT_ACCESS_H
#define AKL_MOUNT_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "identity.h"

/* As root: sees to it that identity can reach every folder of the list (NULL-terminated; may be NULL), as
 * privileges_drop describes. Moves this process to a mount namespace of its own only when one of them is out of reach.
 */
bool mount_access_grant(const struct identity *identity, const char *const *folders, char *why, size_t why_cap);

#endif
