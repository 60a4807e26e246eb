/*
 * state_files.h: the folders and files of state.h; used by state.c only. Nothing here takes a lock.
 */
#ifndef AKL_STATE_FILES_H
#define AKL_STATE_FILES_H

#include "state.h"

/* Opens and locks the folders; see state_open. */
bool state_files_open(struct state *state, const char *dir, uid_t uid, gid_t gid);

/* Deletes what work/ holds. */
bool state_files_sweep(struct state *state);

/* Reads sandboxes/NAME into a sandbox whose fields are empty. False after saying on stderr why not; a folder without
 * meta.json is half made, and is removed. */
bool state_files_read(struct state *state, const char *name, struct sandbox *sandbox);

/* Makes sandboxes/NAME for a sandbox. False with errno; EEXIST when there is one of that name. */
bool state_files_make(struct state *state, const struct sandbox *sandbox);

/* Replaces sandboxes/NAME/meta.json; its time, which tells the last activity over a restart, becomes the given one.
 * False with errno. */
bool state_files_rewrite(struct state *state, const struct sandbox *sandbox, struct timespec last_activity);

/* Frees the sandbox's name: moves its folder to work/UUID. False with errno. */
bool state_files_unname(struct state *state, const struct sandbox *sandbox);

/* Deletes work/UUID. False with errno. */
bool state_files_delete(struct state *state, const struct sandbox *sandbox);

#endif
