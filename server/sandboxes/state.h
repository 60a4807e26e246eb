/*
 * state.h: the table of sandboxes, and their storage.
 *
 *   DIR/lock                       held (flock) by the one server that uses DIR
 *   DIR/sandboxes/NAME/meta.json   the requested settings and the current state; every change replaces the whole file
 *   DIR/sandboxes/NAME/tree/       its files; see kept_root.h
 *   DIR/snapshots/NAME/            see snapshots.h
 *   DIR/audit.jsonl                see audit.h
 *   DIR/work/                      sandboxes and snapshots being created or removed; swept at start
 *
 * A sandbox is created in work/ and moved to its name in one rename, and removed by the reverse rename: at any moment a
 * name holds a complete sandbox or nothing. All functions may be called from any thread unless they say otherwise.
 */
#ifndef AKL_STATE_H
#define AKL_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit.h"
#include "sandbox.h"
#include "state_dir.h"

struct state {
    struct state_dir dir;
    pthread_mutex_t lock; /* guards the list, refs, last_activity */
    struct sandbox *first;
    struct audit audit;              /* operations on sandboxes; written by state.c */
    pthread_rwlock_t snapshots_lock; /* read lock: copying from a snapshot; write lock: renaming one */
    int change_fd;                   /* readable when something was created or changed; -1: not used */
};

/* Creates DIR with its parents (mode 0700) gives it and its contents to uid and gid (when root is about to change to
 * them; (uid_t)-1: keep the owner), and takes the lock. Call before privileges are dropped. False with the reason on
 * stderr. */
bool state_open(struct state *state, const char *dir, uid_t uid, gid_t gid);

/* Loads the sandboxes and removes incomplete ones. Call after privileges were dropped. False with the reason on stderr.
 */
bool state_load(struct state *state);

/* Frees everything; no other thread may use it any more. */
void state_close(struct state *state);

/* The result of state_create. */
enum state_outcome { STATE_OK, STATE_EXISTS, STATE_FAILED };

/* Creates a sandbox from a description, of which everything is copied except what is private to state.c or set here
 * (uuid, created_at). source_fd: a directory to copy its tree from; -1: the tree is empty. On STATE_OK *made is a
 * reference; on STATE_FAILED errno is the reason. */
enum state_outcome state_create(struct state *state, const struct sandbox *wanted, int source_fd,
                                struct sandbox **made);

/* A reference to a sandbox, NULL if there is none of that name. */
struct sandbox *state_find(struct state *state, const char *name);

/* All sandboxes, as a NULL-terminated array of references for state_free_list. NULL if out of memory. */
struct sandbox **state_list(struct state *state);
void state_free_list(struct sandbox **list);

/* Takes another reference. The caller must have one. */
void state_hold(struct sandbox *sandbox);

/* Releases a reference. NULL is allowed. */
void state_release(struct sandbox *sandbox);

/* Records that the sandbox was just used. */
void state_touch(struct sandbox *sandbox);

/* When the sandbox was last used, as text. */
void state_last_activity(struct sandbox *sandbox, char text[CLOCK_TIME_CAP]);

/* The same in seconds since 1970, rounded up, so that no sandbox counts as idle too early. */
uint64_t state_idle_since(struct sandbox *sandbox);

/* Replaces meta.json with the current state of the sandbox; it is on the disk when this returns. The caller holds
 * meta_lock, has made its changes, and reverts them on false: errno is ENOENT if the sandbox was removed. */
bool state_save(struct sandbox *sandbox);

/* Stops a sandbox: commands that run in it are killed, all their processes are gone when this returns, and no new ones
 * start. False with errno, as state_save. */
bool state_stop(struct sandbox *sandbox);

/* The same, and it stays so until state_recover. */
bool state_archive(struct sandbox *sandbox);

/* Makes an archived sandbox a stopped one; no effect on others. False with errno, as state_save. */
bool state_recover(struct sandbox *sandbox);

/* Marks a sandbox that was created as unfinished as complete. False with errno, as state_save. */
bool state_finish(struct sandbox *sandbox);

/* Lets a stopped sandbox run commands again. False with errno: as state_save, EALREADY if it is not stopped, and EBUSY
 * if it is archived. */
bool state_start(struct sandbox *sandbox);

/* Opens the sandbox's tree, to be closed by the caller; -1 with errno. */
int state_open_tree(const struct sandbox *sandbox);

/* Removes a sandbox: other threads no longer find it, its commands are killed, its name is free and its files are
 * deleted when this returns. False with errno: ENOENT if another thread is removing it already. */
bool state_remove(struct sandbox *sandbox);

/* The two halves of state_remove, for callers that must not wait for the deletion of many files. state_take_away does
 * everything else, if the sandbox has expired (expires_at) by expired_by, or unconditionally if that is 0; otherwise
 * false with EAGAIN. */
bool state_take_away(struct sandbox *sandbox, uint64_t expired_by);
bool state_delete(struct sandbox *sandbox);

#endif
