#include "snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "descriptor.h"
#include "fields.h"
#include "kernel.h"
#include "tree.h"
#include "tree_copy.h"
#include "validate.h"
#include "writer.h"

#define SNAPSHOT_FILE "snapshot.json"

void snapshot_free(struct snapshot *snapshot) {
    free(snapshot->of.image);
    free(snapshot->of.created_from_template);
    free(snapshot->of.template_help_text);
    free(snapshot->of.labels);
    free(snapshot->of.description);
    *snapshot = (struct snapshot){0};
}

/* --- Reading --- */

static bool read_own(int fd, const char *name, struct snapshot *snapshot) {
    size_t len = 0;
    struct timespec changed;
    char *text = state_dir_load(fd, SNAPSHOT_FILE, &len, &changed);
    if (!text) {
        return false;
    }
    struct fields fields;
    fields_parse(&fields, text, len);
    char *own = fields_required_text(&fields, "name");
    char *taken_at = fields_required_text(&fields, "created_at");
    bool ok = own && taken_at && strcmp(own, name) == 0;
    if (ok) {
        snprintf(snapshot->name, sizeof snapshot->name, "%s", own);
        snprintf(snapshot->taken_at, sizeof snapshot->taken_at, "%s", taken_at);
    }
    free(own);
    free(taken_at);
    free(text);
    errno = ok ? 0 : EBADMSG;
    return ok;
}

static bool read_all(int fd, const char *name, struct snapshot *snapshot) {
    size_t len = 0;
    struct timespec changed;
    if (!read_own(fd, name, snapshot)) {
        return false;
    }
    char *text = state_dir_load(fd, "meta.json", &len, &changed);
    bool ok = text && state_dir_parse(&snapshot->of, text, len);
    errno = text ? EBADMSG : errno;
    free(text);
    return ok;
}

static int open_snapshot(const struct state *state, const char *name) {
    return openat(state->dir.snapshots_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes snapshots_lock, so that a snapshot that is being replaced is either the old one or the new one. */
static bool read_locked(const struct state *state, const char *name, struct snapshot *snapshot) {
    *snapshot = (struct snapshot){0};
    int fd = open_snapshot(state, name);
    bool ok = fd >= 0 && read_all(fd, name, snapshot);
    close_if_open(fd);
    return ok;
}

bool snapshots_read(struct state *state, const char *name, struct snapshot *snapshot) {
    pthread_rwlock_rdlock(&state->snapshots_lock);
    bool ok = read_locked(state, name, snapshot);
    int error = errno;
    pthread_rwlock_unlock(&state->snapshots_lock);
    errno = error;
    return ok;
}

static int by_time(const void *a, const void *b) {
    const struct snapshot *first = a;
    const struct snapshot *second = b;
    int order = strcmp(first->taken_at, second->taken_at);
    return order != 0 ? order : strcmp(first->name, second->name);
}

/* Appends one to a growing list. False if out of memory. */
static bool add(struct snapshot **list, size_t *count, size_t *cap, struct snapshot *snapshot) {
    if (*count == *cap) {
        size_t more = *cap * 2 + 16;
        struct snapshot *larger = realloc(*list, more * sizeof *larger);
        if (!larger) {
            return false;
        }
        *list = larger;
        *cap = more;
    }
    (*list)[(*count)++] = *snapshot;
    return true;
}

struct snapshot *snapshots_list(struct state *state, size_t *count) {
    size_t cap = 1;
    struct snapshot *list = calloc(cap, sizeof *list);
    int fd = openat(state->dir.snapshots_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool ok = list && dir;
    const struct dirent *entry = NULL;
    *count = 0;
    while (ok && (entry = readdir(dir))) {
        char message[VALIDATE_MESSAGE];
        struct snapshot snapshot = {0};
        if (!validate_sandbox_name(entry->d_name, message) && snapshots_read(state, entry->d_name, &snapshot)) {
            ok = add(&list, count, &cap, &snapshot);
        }
        if (!ok || snapshot.name[0] == '\0') {
            snapshot_free(&snapshot);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (!ok) {
        snapshots_free_list(list, *count);
        errno = ENOMEM;
        return NULL;
    }
    qsort(list, *count, sizeof *list, by_time);
    return list;
}

void snapshots_free_list(struct snapshot *list, size_t count) {
    for (size_t i = 0; list && i < count; i++) {
        snapshot_free(&list[i]);
    }
    free(list);
}

/* --- Taking --- */

/* Writes the current metadata of a sandbox, for its copy. */
static void write_meta_of(struct sandbox *sandbox, struct writer *writer) {
    pthread_mutex_lock(&sandbox->meta_lock);
    state_dir_write_meta(sandbox, writer);
    pthread_mutex_unlock(&sandbox->meta_lock);
}

/* Fills the new folder work/UUID. */
static bool fill(int fd, struct sandbox *sandbox, const char *name, const char *taken_at) {
    struct writer meta = {0};
    struct writer own = {0};
    write_meta_of(sandbox, &meta);
    writer_open(&own, '{');
    writer_member_text(&own, "name", name);
    writer_member_text(&own, "created_at", taken_at);
    writer_close(&own, '}');
    int tree_fd = state_open_tree(sandbox);
    bool ok = tree_fd >= 0 && tree_copy(tree_fd, fd, &sandbox->state->dir.stopping);
    if (ok) {
        errno = ENOMEM;
    }
    ok = ok && writer_ok(&meta) && writer_ok(&own) && state_dir_store(fd, "meta.json", meta.text, meta.len) &&
         state_dir_store(fd, SNAPSHOT_FILE, own.text, own.len) && fsync(fd) == 0;
    if (atomic_load(&sandbox->removed)) {
        ok = false; /* its removal may have begun before the copy was complete */
        errno = ENOENT;
    }
    int error = errno;
    close_if_open(tree_fd);
    writer_free(&meta);
    writer_free(&own);
    errno = error;
    return ok;
}

/* Gives a complete snapshot its name. The previous one of that name is in work/UUID then. */
static bool place(struct state *state, const char *uuid, const char *name) {
    pthread_rwlock_wrlock(&state->snapshots_lock);
    bool ok = kernel_rename(state->dir.work_fd, uuid, state->dir.snapshots_fd, name, KERNEL_NOREPLACE) == 0 ||
              (errno == EEXIST &&
               kernel_rename(state->dir.work_fd, uuid, state->dir.snapshots_fd, name, KERNEL_EXCHANGE) == 0);
    int error = errno;
    pthread_rwlock_unlock(&state->snapshots_lock);
    fsync(state->dir.snapshots_fd);
    errno = error;
    return ok;
}

bool snapshots_take(struct sandbox *sandbox, const char *name, struct snapshot *snapshot) {
    struct state *state = sandbox->state;
    char uuid[CLOCK_UUID_CAP];
    char now[CLOCK_TIME_CAP];
    *snapshot = (struct snapshot){0};
    clock_uuid(uuid);
    clock_now(now, sizeof now);
    if (mkdirat(state->dir.work_fd, uuid, 0700) != 0) {
        return false;
    }
    int fd = openat(state->dir.work_fd, uuid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fill(fd, sandbox, name, now) && read_all(fd, name, snapshot) && place(state, uuid, name);
    int error = errno;
    close_if_open(fd);
    tree_remove(state->dir.work_fd, uuid, &state->dir.stopping); /* what failed, or what was replaced, if any */
    errno = error;
    return ok;
}

/* --- Removing and restoring --- */

bool snapshots_remove(struct state *state, const char *name) {
    char uuid[CLOCK_UUID_CAP];
    clock_uuid(uuid);
    /* Waits for copies from it. */
    pthread_rwlock_wrlock(&state->snapshots_lock);
    bool ok = kernel_rename(state->dir.snapshots_fd, name, state->dir.work_fd, uuid, KERNEL_NOREPLACE) == 0;
    int error = errno;
    pthread_rwlock_unlock(&state->snapshots_lock);
    if (ok) {
        fsync(state->dir.snapshots_fd);
        return tree_remove(state->dir.work_fd, uuid, &state->dir.stopping);
    }
    errno = error;
    return false;
}

static enum state_outcome restore(struct state *state, const char *name, const char *as_name, bool stopped,
                                  struct sandbox **made) {
    struct snapshot snapshot;
    enum state_outcome outcome = STATE_FAILED;
    int fd = read_locked(state, name, &snapshot) ? open_snapshot(state, name) : -1;
    int tree_fd = fd < 0 ? -1 : openat(fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (tree_fd >= 0) {
        snprintf(snapshot.of.name, sizeof snapshot.of.name, "%s", as_name);
        atomic_store(&snapshot.of.stopped, stopped);
        snapshot.of.expires_at = 0;
        snapshot.of.unfinished = false;
        outcome = state_create(state, &snapshot.of, tree_fd, made);
    }
    int error = errno;
    close_if_open(tree_fd);
    close_if_open(fd);
    snapshot_free(&snapshot);
    errno = error;
    return outcome;
}

enum state_outcome snapshots_restore(struct state *state, const char *name, const char *as_name, bool stopped,
                                     struct sandbox **made) {
    *made = NULL;
    struct sandbox *there = state_find(state, as_name);
    if (there) { /* before anything is copied in vain */
        state_release(there);
        return STATE_EXISTS;
    }
    pthread_rwlock_rdlock(&state->snapshots_lock);
    enum state_outcome outcome = restore(state, name, as_name, stopped, made);
    int error = errno;
    pthread_rwlock_unlock(&state->snapshots_lock);
    errno = error;
    return outcome;
}
