/*
 * beneath.h: opens a path beneath a folder, and never anything outside of it, whatever commands do to the tree at the
 * same time.
 *
 * The folder is treated as the root: links resolve as for a command, absolute ones from the folder, and ".."
 * does not leave it (openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, Linux 5.6). If the kernel has no openat2
 * or a filter forbids it, the components are opened one by one and no link is followed. Thread class: any.
 */
#ifndef AKL_BENEATH_H
#define AKL_BENEATH_H

#include <stdbool.h>

/* Opens path, which is relative and has neither empty components nor "..", with flags as for open (O_CLOEXEC is added);
 * "" is the folder itself. -1 with errno. */
int beneath_open(int root_fd, const char *path, int flags);

/* Opens the parent folder of path, as O_PATH. Creates missing folders if requested (mode 0755); may_add is called
 * before an entry is created in the root folder itself. -1 with errno, which may_add sets if it returns false. */
typedef bool beneath_may_add(const char *name, const void *context);
int beneath_open_parent(int root_fd, const char *path, bool make, beneath_may_add *may_add, const void *context);

/* Whether an open folder is the root folder, which a link may lead to. */
bool beneath_is_root(int root_fd, int fd);

#endif
