/*
 * kept_root.h: the folder of a kept sandbox, whose entries appear in the sandbox's root under their own names.
 *
 * Its home (workspace) and tmp always exist. The files API adds others (/app, /data, /notes.txt) when something is
 * written to them. Commands change what is in these entries, but can neither add, rename nor remove one: the root that
 * they are bound to is read-only, and the folder itself is bound nowhere. So binding one entry after another is as safe
 * as binding a single one. Thread class of every function: any.
 */
#ifndef AKL_KEPT_ROOT_H
#define AKL_KEPT_ROOT_H

#include <stdbool.h>
#include <stddef.h>

/* More entries than this are not added, so that every sandbox can be built. */
#define KEPT_ROOT_MAX 64

#define KEPT_ROOT_HOME "workspace"
#define KEPT_ROOT_TMP "tmp"

/* Home of a sandboxed command, and its working directory by default. */
#define SANDBOX_HOME "/" KEPT_ROOT_HOME

/* Whether an entry of this name may exist: it must not hide the sandbox's programs or the kernel's folders. image_root:
 * the sandbox's root file system; NULL: the host's own programs. */
bool kept_root_may_hold(const char *name, const char *image_root);

/* Creates home and tmp in a new folder. False with errno. */
bool kept_root_fill(int root_fd);

struct kept_entry {
    char name[256];
    bool is_folder;
};

/* Lists the folders and plain files among the entries, at most KEPT_ROOT_MAX of them. Returns their number; (size_t)-1
 * with errno if the folder cannot be read. */
size_t kept_root_list(int root_fd, struct kept_entry entries[KEPT_ROOT_MAX]);

#endif
