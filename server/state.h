/*
 * state.h: the sandboxes and where they are kept.
 *
 *   DIR/lock                       held (flock) by the one server that uses DIR
 *   DIR/sandboxes/NAME/meta.json   what was asked for; never changed once it is there
 *   DIR/sandboxes/NAME/tree/       the sandbox's home
 *   DIR/work/                      sandboxes that are being made or removed; swept at start
 *
 * A sandbox is made in work/ and moved to its name in one rename, and removed by the opposite one: at any moment a name
 * holds a whole sandbox or nothing. All functions may be called from any thread unless they say otherwise.
 */
#ifndef AKL_STATE_H
#define AKL_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "spawner.h"

#define STATE_NAME_CAP 64
#define STATE_UUID_CAP 37
#define STATE_TIME_CAP 48

struct command;

struct sandbox {
    /* Fixed once the sandbox is there. */
    char name[STATE_NAME_CAP];
    char uuid[STATE_UUID_CAP];
    char created_at[STATE_TIME_CAP];
    char *image;
    char *labels;      /* JSON object; NULL: none */
    char *description; /* NULL: none */
    uint32_t vcpus;
    uint32_t cpu_percent; /* what vcpus and profile come to; 100 is one CPU */
    uint64_t memory_mb;
    enum profile profile;
    /* Belonging to state.c. */
    struct state *state;
    struct sandbox *next;
    size_t refs;
    atomic_bool removed; /* set before command_end_all, looked at under `lock` before a command starts */
    struct timespec last_activity;
    pthread_mutex_t lock;     /* guards commands */
    struct command *commands; /* those that run in it now; see command.h */
};

struct state {
    int dir_fd;
    int sandboxes_fd;
    int work_fd;
    int lock_fd;
    pthread_mutex_t lock; /* guards the list, refs, last_activity */
    struct sandbox *first;
    atomic_bool stopping; /* makes long removals give up */
};

/* Creates DIR with its parents (mode 0700) and makes it and what lies in it the property of uid and gid (when root is
 * about to become them; (uid_t)-1: leave alone), takes the lock. Before privileges are dropped. The reason for false is
 * on stderr. */
bool state_open(struct state *state, const char *dir, uid_t uid, gid_t gid);

/* Reads what is there and sweeps what was half made. After privileges were dropped. The reason for false is on stderr.
 */
bool state_load(struct state *state);

/* Frees everything; no other thread may use it any more. */
void state_close(struct state *state);

/* What state_create found. */
enum state_outcome { STATE_OK, STATE_EXISTS, STATE_FAILED };

/* Makes a sandbox from a description whose name, image, labels, description, vcpus, cpu_percent, memory_mb and profile
 * are set (copied). On STATE_OK *made is a reference; on STATE_FAILED errno says why. */
enum state_outcome state_create(struct state *state, const struct sandbox *wanted, struct sandbox **made);

/* A reference to a sandbox, NULL when there is none of that name. */
struct sandbox *state_find(struct state *state, const char *name);

/* All sandboxes, as a NULL-terminated array of references for state_free_list. NULL without memory. */
struct sandbox **state_list(struct state *state);
void state_free_list(struct sandbox **list);

/* Gives a reference back. NULL is fine. */
void state_release(struct sandbox *sandbox);

/* Notes that the sandbox was just used. */
void state_touch(struct sandbox *sandbox);

/* When the sandbox was last used, as text. */
void state_last_activity(struct sandbox *sandbox, char text[STATE_TIME_CAP]);

/* Opens the sandbox's tree, to be closed by the caller; -1 with errno. */
int state_open_tree(const struct sandbox *sandbox);

/* Removes a sandbox: it is gone for everybody else at once, its commands are killed, its name is free and its files are
 * deleted when this returns. False with errno: ENOENT when somebody else is removing it already. */
bool state_remove(struct sandbox *sandbox);

#endif
