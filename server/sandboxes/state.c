#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "complain.h"
#include "descriptor.h"
#include "validate.h"

static struct sandbox *new_sandbox(struct state *state) {
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (!sandbox) {
        return NULL;
    }
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&sandbox->lock, NULL);
    pthread_mutex_init(&sandbox->meta_lock, NULL);
    sandbox->state = state;
    sandbox->refs = 1;
    return sandbox;
}

static void free_sandbox(struct sandbox *sandbox) {
    pthread_mutex_destroy(&sandbox->lock);
    pthread_mutex_destroy(&sandbox->meta_lock);
    struct attachment *attachment = atomic_load(&sandbox->attachment);
    if (attachment) {
        attachment->free(attachment);
    }
    free(sandbox->image);
    free(sandbox->created_from_template);
    free(sandbox->template_help_text);
    free(sandbox->labels);
    free(sandbox->description);
    free(sandbox);
}

bool state_open(struct state *state, const char *dir, uid_t uid, gid_t gid) {
    *state = (struct state){.change_fd = -1};
    pthread_rwlock_init(&state->snapshots_lock, NULL);
    pthread_mutex_init(&state->lock, NULL); /* with default attributes it cannot fail on Linux */
    if (!state_dir_open(&state->dir, dir, uid, gid)) {
        state_close(state);
        return false;
    }
    return true;
}

/* Notifies the thread that waits for changes. */
static void notify_change(const struct state *state) {
    if (state->change_fd >= 0) {
        eventfd_write(state->change_fd, 1);
    }
}

/* Inserts a sandbox into the list, which takes ownership of the reference. */
static void insert(struct state *state, struct sandbox *sandbox) {
    pthread_mutex_lock(&state->lock);
    sandbox->next = state->first;
    state->first = sandbox;
    pthread_mutex_unlock(&state->lock);
    notify_change(state);
}

/* Removes what an earlier server had not finished. */
static void discard(struct state *state, struct sandbox *sandbox) {
    if (state_dir_unname(&state->dir, sandbox) && state_dir_delete(&state->dir, sandbox)) {
        audit_sandbox(&state->audit, "sandbox_removed", sandbox);
    } else {
        complain("%s: half-made sandbox not removed: %s", sandbox->name, strerror(errno));
    }
    free_sandbox(sandbox);
}

bool state_load(struct state *state) {
    if (!audit_open(&state->audit, state->dir.top_fd) || !state_dir_sweep(&state->dir)) {
        return false;
    }
    int fd = openat(state->dir.sandboxes_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool ok = dir;
    const struct dirent *entry = NULL;
    while (ok && (entry = readdir(dir))) {
        char message[VALIDATE_MESSAGE];
        if (validate_sandbox_name(entry->d_name, message)) {
            continue; /* "." and "..", and foreign entries */
        }
        struct sandbox *sandbox = new_sandbox(state);
        ok = sandbox;
        bool read = ok && state_dir_read(&state->dir, entry->d_name, sandbox);
        if (read && sandbox->unfinished) {
            discard(state, sandbox);
        } else if (read) {
            insert(state, sandbox);
        } else if (ok) {
            free_sandbox(sandbox);
        }
    }
    if (!ok) {
        complain("cannot read the sandboxes: %s", strerror(errno));
    }
    if (dir) {
        closedir(dir);
    }
    return ok;
}

void state_close(struct state *state) {
    audit_close(&state->audit);
    while (state->first) {
        struct sandbox *sandbox = state->first;
        state->first = sandbox->next;
        free_sandbox(sandbox);
    }
    state_dir_close(&state->dir);
    close_if_open(state->change_fd);
    pthread_mutex_destroy(&state->lock);
    pthread_rwlock_destroy(&state->snapshots_lock);
}

struct sandbox *state_find(struct state *state, const char *name) {
    pthread_mutex_lock(&state->lock);
    struct sandbox *sandbox = state->first;
    while (sandbox && (atomic_load(&sandbox->removed) || strcmp(sandbox->name, name) != 0)) {
        sandbox = sandbox->next;
    }
    if (sandbox) {
        sandbox->refs++;
    }
    pthread_mutex_unlock(&state->lock);
    return sandbox;
}

void state_hold(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->state->lock);
    sandbox->refs++;
    pthread_mutex_unlock(&sandbox->state->lock);
}

void state_release(struct sandbox *sandbox) {
    if (!sandbox) {
        return;
    }
    struct state *state = sandbox->state;
    pthread_mutex_lock(&state->lock);
    bool last = --sandbox->refs == 0;
    pthread_mutex_unlock(&state->lock);
    if (last) {
        free_sandbox(sandbox);
    }
}

struct sandbox **state_list(struct state *state) {
    pthread_mutex_lock(&state->lock);
    size_t count = 0;
    for (const struct sandbox *s = state->first; s; s = s->next) {
        count++;
    }
    struct sandbox **list = calloc(count + 1, sizeof(struct sandbox *));
    size_t n = 0;
    for (struct sandbox *s = state->first; list && s; s = s->next) {
        if (!atomic_load(&s->removed)) {
            s->refs++;
            list[n++] = s;
        }
    }
    pthread_mutex_unlock(&state->lock);
    return list;
}

void state_free_list(struct sandbox **list) {
    for (size_t i = 0; list && list[i]; i++) {
        state_release(list[i]);
    }
    free(list);
}

/* Copies a string that may be NULL. */
static bool copy(char **to, const char *from) {
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

enum state_outcome state_create(struct state *state, const struct sandbox *wanted, int source_fd,
                                struct sandbox **made) {
    *made = NULL;
    struct sandbox *sandbox = new_sandbox(state);
    if (!sandbox) {
        return STATE_FAILED;
    }
    memcpy(sandbox->name, wanted->name, sizeof sandbox->name);
    sandbox->vcpus = wanted->vcpus;
    sandbox->cpu_percent = wanted->cpu_percent;
    sandbox->memory_mb = wanted->memory_mb;
    sandbox->profile = wanted->profile;
    atomic_store(&sandbox->stopped, atomic_load(&wanted->stopped));
    sandbox->unfinished = wanted->unfinished;
    sandbox->expires_at = wanted->expires_at;
    sandbox->auto_stop_seconds = wanted->auto_stop_seconds;
    sandbox->auto_archive_seconds = wanted->auto_archive_seconds;
    sandbox->auto_delete_seconds = wanted->auto_delete_seconds;
    clock_uuid(sandbox->uuid);
    clock_gettime(CLOCK_REALTIME, &sandbox->last_activity);
    clock_format(sandbox->last_activity, sandbox->created_at, sizeof sandbox->created_at);
    errno = ENOMEM;
    if (!copy(&sandbox->image, wanted->image) || !copy(&sandbox->labels, wanted->labels) ||
        !copy(&sandbox->description, wanted->description) ||
        !copy(&sandbox->created_from_template, wanted->created_from_template) ||
        !copy(&sandbox->template_help_text, wanted->template_help_text) ||
        !state_dir_make(&state->dir, sandbox, source_fd)) {
        int error = errno;
        free_sandbox(sandbox);
        errno = error;
        return error == EEXIST ? STATE_EXISTS : STATE_FAILED;
    }
    audit_created(&state->audit, sandbox);
    sandbox->refs = 2; /* the list's and the caller's */
    insert(state, sandbox);
    *made = sandbox;
    return STATE_OK;
}

void state_touch(struct sandbox *sandbox) {
    struct state *state = sandbox->state;
    pthread_mutex_lock(&state->lock);
    clock_gettime(CLOCK_REALTIME, &sandbox->last_activity);
    pthread_mutex_unlock(&state->lock);
    /* The file's time preserves it across restarts; failure (the sandbox was just removed) is harmless. */
    char path[SANDBOX_NAME_CAP + 16];
    snprintf(path, sizeof path, "%s/meta.json", sandbox->name);
    utimensat(state->dir.sandboxes_fd, path, NULL, AT_SYMLINK_NOFOLLOW);
}

void state_last_activity(struct sandbox *sandbox, char text[CLOCK_TIME_CAP]) {
    pthread_mutex_lock(&sandbox->state->lock);
    struct timespec when = sandbox->last_activity;
    pthread_mutex_unlock(&sandbox->state->lock);
    clock_format(when, text, CLOCK_TIME_CAP);
}

uint64_t state_idle_since(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->state->lock);
    struct timespec when = sandbox->last_activity;
    pthread_mutex_unlock(&sandbox->state->lock);
    return when.tv_sec >= 0 ? (uint64_t)when.tv_sec + (when.tv_nsec > 0) : 0;
}

bool state_save(struct sandbox *sandbox) {
    struct state *state = sandbox->state;
    if (atomic_load(&sandbox->removed)) {
        errno = ENOENT; /* its name may belong to another sandbox by now */
        return false;
    }
    pthread_mutex_lock(&state->lock);
    struct timespec last_activity = sandbox->last_activity;
    pthread_mutex_unlock(&state->lock);
    bool ok = state_dir_rewrite(&state->dir, sandbox, last_activity);
    notify_change(state);
    return ok;
}

/* archived_at: 0 does not archive it. */
static bool stop(struct sandbox *sandbox, uint64_t archived_at) {
    pthread_mutex_lock(&sandbox->meta_lock);
    bool before = atomic_exchange(&sandbox->stopped, true);
    uint64_t archived_before = sandbox->archived_at;
    sandbox->archived_at = archived_before != 0 ? archived_before : archived_at;
    bool ok = (before && sandbox->archived_at == archived_before) || state_save(sandbox);
    int error = errno;
    if (ok) {
        command_end_all(sandbox); /* under the lock: no commands after a subsequent start */
        if (!before) {
            audit_sandbox(&sandbox->state->audit, "sandbox_stopped", sandbox);
        }
    } else {
        atomic_store(&sandbox->stopped, before);
        sandbox->archived_at = archived_before;
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok;
}

bool state_stop(struct sandbox *sandbox) {
    return stop(sandbox, 0);
}

bool state_archive(struct sandbox *sandbox) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return stop(sandbox, (uint64_t)now.tv_sec);
}

bool state_recover(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->meta_lock);
    state_touch(sandbox); /* otherwise it would be idle at once */
    uint64_t before = sandbox->archived_at;
    sandbox->archived_at = 0;
    bool ok = before == 0 || state_save(sandbox);
    int error = errno;
    if (!ok) {
        sandbox->archived_at = before;
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok;
}

bool state_finish(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->meta_lock);
    sandbox->unfinished = false;
    bool ok = state_save(sandbox);
    sandbox->unfinished = !ok;
    int error = errno;
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok;
}

bool state_start(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->meta_lock);
    state_touch(sandbox); /* otherwise it would be idle at once */
    bool archived = sandbox->archived_at != 0;
    bool before = archived || atomic_exchange(&sandbox->stopped, false);
    errno = archived ? EBUSY : EALREADY;
    bool ok = before && !archived && state_save(sandbox);
    int error = errno;
    if (ok) {
        audit_sandbox(&sandbox->state->audit, "sandbox_started", sandbox);
    } else {
        atomic_store(&sandbox->stopped, before);
    }
    pthread_mutex_unlock(&sandbox->meta_lock);
    errno = error;
    return ok;
}

int state_open_tree(const struct sandbox *sandbox) {
    char path[SANDBOX_NAME_CAP + 16];
    snprintf(path, sizeof path, "%s/tree", sandbox->name);
    return openat(sandbox->state->dir.sandboxes_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Removes a sandbox from the list. The caller has its own reference. */
static void take_out(struct sandbox *sandbox) {
    struct state *state = sandbox->state;
    pthread_mutex_lock(&state->lock);
    struct sandbox **link = &state->first;
    while (*link != sandbox) {
        link = &(*link)->next;
    }
    *link = sandbox->next;
    sandbox->refs--;
    pthread_mutex_unlock(&state->lock);
}

/* Marks it as removed: from here on no other thread removes or changes it. */
static bool claim(struct sandbox *sandbox, uint64_t expired_by) {
    pthread_mutex_lock(&sandbox->meta_lock);
    bool due = sandbox->expires_at != 0 && sandbox->expires_at <= expired_by;
    bool claimed = (due || expired_by == 0) && !atomic_exchange(&sandbox->removed, true);
    errno = due || expired_by == 0 ? ENOENT : EAGAIN;
    pthread_mutex_unlock(&sandbox->meta_lock);
    return claimed;
}

bool state_take_away(struct sandbox *sandbox, uint64_t expired_by) {
    if (!claim(sandbox, expired_by)) {
        return false;
    }
    command_end_all(sandbox);
    if (!state_dir_unname(&sandbox->state->dir, sandbox) && errno != ENOENT) {
        int error = errno;
        atomic_store(&sandbox->removed, false);
        errno = error;
        return false;
    }
    audit_sandbox(&sandbox->state->audit, "sandbox_removed", sandbox);
    take_out(sandbox);
    return true;
}

bool state_delete(struct sandbox *sandbox) {
    return state_dir_delete(&sandbox->state->dir, sandbox) || errno == ENOENT; /* another thread has done it */
}

bool state_remove(struct sandbox *sandbox) {
    return state_take_away(sandbox, 0) && state_delete(sandbox);
}
