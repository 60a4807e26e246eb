/*
 * mount_access.h: gives a user access to folders by their paths when it cannot enter a parent folder.
 */
#ifndef AKL_MOUNT_ACCESS_H
#define AKL_MOUNT_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "identity.h"

/* As root: makes every folder of the list (NULL-terminated; may be NULL) reachable for identity, as privileges_drop
 * describes. Moves this process to its own mount namespace only if one of them is not reachable. */
bool mount_access_grant(const struct identity *identity, const char *const *folders, char *why, size_t why_cap);

#endif
