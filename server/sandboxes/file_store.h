/*
 * file_store.h: writes, reads and deletes files of a kept sandbox, while its commands may be changing the tree.
 *
 * A file is written in the state folder's work/ and renamed to its place: readers see the old one or the new one,
 * complete, even after the server was killed. It belongs to the user that commands run as. A link in the last component
 * is replaced, not followed; folders and special files are not replaced. Thread class: any.
 */
#ifndef AKL_FILE_STORE_H
#define AKL_FILE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"

struct file_store {
    struct sandbox *sandbox;
    const char *image_root; /* the sandbox's root file system; NULL: the host's own programs */
};

/* Paths are relative to the sandbox's root, without empty components, "." and "..". */

/* Opens a plain file for reading, and returns its size. Links are followed, within the sandbox. -1 with errno:
 * EISDIR, and EINVAL for other special files. */
int file_store_open(const struct file_store *store, const char *path, uint64_t *size);

/* Writes a file, and creates missing folders of its path. A file that is replaced keeps its permissions; a new one has
 * mode 0644. False with errno; ESHUTDOWN when the sandbox is stopped or was removed meanwhile. */
bool file_store_write(const struct file_store *store, const char *path, const void *bytes, size_t len);

/* Removes anything except a folder; a missing file is not an error. False with errno. */
bool file_store_delete(const struct file_store *store, const char *path);

/* The text for an errno of these functions. */
const char *file_store_error(int error);

#endif
