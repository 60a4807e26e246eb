/*
 * state_dir.h: the folders and files of state.h; used by state.c and snapshots.c. Nothing here takes a lock.
 */
#ifndef AKL_STATE_DIR_H
#define AKL_STATE_DIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sandbox.h"
#include "writer.h"

/* The folders, opened. */
struct state_dir {
    int top_fd;
    int sandboxes_fd;
    int snapshots_fd;
    int work_fd;
    int lock_fd;
    atomic_bool stopping; /* aborts long removals and copies */
};

/* Opens and locks the folders; see state_open. */
bool state_dir_open(struct state_dir *dir, const char *path, uid_t uid, gid_t gid);
void state_dir_close(struct state_dir *dir);

/* Deletes the contents of work/. */
bool state_dir_sweep(struct state_dir *dir);

/* Reads sandboxes/NAME into a sandbox whose fields are empty. False with the reason on stderr; a folder without
 * meta.json is incomplete and is removed. */
bool state_dir_read(struct state_dir *dir, const char *name, struct sandbox *sandbox);

/* Writes the content of meta.json, and reads it into a sandbox whose fields are empty (false when it is damaged). */
void state_dir_write_meta(const struct sandbox *sandbox, struct writer *writer);
bool state_dir_parse(struct sandbox *sandbox, const char *text, size_t len);

/* Reads a whole plain file, which is to be freed; *changed is its mtime. NULL with errno. */
char *state_dir_load(int dir_fd, const char *name, size_t *len, struct timespec *changed);

/* Writes a new file, to the disk. False with errno. */
bool state_dir_store(int dir_fd, const char *name, const char *text, size_t len);

/* Creates sandboxes/NAME for a sandbox; source_fd: the directory its tree is copied from; -1: an empty tree. False with
 * errno; EEXIST if there is one of that name. */
bool state_dir_make(struct state_dir *dir, const struct sandbox *sandbox, int source_fd);

/* Replaces sandboxes/NAME/meta.json; its mtime, which stores the last activity across restarts, is set to the given
 * time. False with errno. */
bool state_dir_rewrite(struct state_dir *dir, const struct sandbox *sandbox, struct timespec last_activity);

/* Frees the sandbox's name: moves its folder to work/UUID. False with errno. */
bool state_dir_unname(struct state_dir *dir, const struct sandbox *sandbox);

/* Deletes work/UUID. False with errno. */
bool state_dir_delete(struct state_dir *dir, const struct sandbox *sandbox);

#endif
