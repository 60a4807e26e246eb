/*
 * snapshots.h: copies of kept sandboxes, below the state folder:
 *
 * DIR/snapshots/NAME/meta.json       the sandbox's at that time DIR/snapshots/NAME/snapshot.json   the snapshot's own
 * name and time DIR/snapshots/NAME/tree/           the copy (see tree_copy.h)
 *
 * A snapshot is made in work/ and moved to its name in one rename, as sandboxes are. Nothing is cached in memory.
 * Thread class: any.
 */
#ifndef AKL_SNAPSHOTS_H
#define AKL_SNAPSHOTS_H

#include "state.h"

struct snapshot {
    char name[SANDBOX_NAME_CAP];
    char taken_at[CLOCK_TIME_CAP];
    struct sandbox of; /* as state_create takes it: a description, not a sandbox */
};

void snapshot_free(struct snapshot *snapshot);

/* Copies a sandbox, and replaces a snapshot of that name. The snapshot is on the disk when this returns. *snapshot is
 * to be freed in either case. False with errno: ENOENT when the sandbox was removed meanwhile; else as tree_copy. */
bool snapshots_take(struct sandbox *sandbox, const char *name, struct snapshot *snapshot);

/* Reads one. To be freed in either case. False with errno, ENOENT when there is none. */
bool snapshots_read(struct state *state, const char *name, struct snapshot *snapshot);

/* All readable ones, oldest first; *count of them. NULL with errno. */
struct snapshot *snapshots_list(struct state *state, size_t *count);
void snapshots_free_list(struct snapshot *list, size_t count);

/* Removes one. False with errno, ENOENT when there is none. */
bool snapshots_remove(struct state *state, const char *name);

/* Creates a sandbox from a snapshot, with another name, stopped or not; see state_create. errno is ENOENT if there is
 * no such snapshot. */
enum state_outcome snapshots_restore(struct state *state, const char *name, const char *as_name, bool stopped,
                                     struct sandbox **made);

#endif
