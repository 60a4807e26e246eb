#include "expiry.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "command.h"
#include "complain.h"
#include "thread.h"

/* The wall clock may be changed: it is checked this often, however far the next event is. */
#define LONGEST_SECONDS 60

static uint64_t now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

static void complain_about(const struct sandbox *sandbox, const char *what) {
    complain("%s: cannot %s: %s", sandbox->name, what, strerror(errno));
}

/* When an action after `seconds` of idleness is due; UINT64_MAX: never. */
static uint64_t due_at(uint64_t idle_since, uint64_t seconds) {
    return seconds == 0 || seconds > UINT64_MAX - idle_since ? UINT64_MAX : idle_since + seconds;
}

/* --- Files of removed sandboxes --- */

struct leaving {
    struct leaving *next;
    struct sandbox *sandbox; /* a reference */
};

static void delete_files(struct sandbox *sandbox) {
    if (!state_delete(sandbox) && errno != ECANCELED) {
        complain_about(sandbox, "delete the files of the expired sandbox");
    }
}

static void delete_later(struct expiry *expiry, struct sandbox *sandbox) {
    struct leaving *leaving = malloc(sizeof *leaving);
    if (!leaving) {
        delete_files(sandbox);
        return;
    }
    state_hold(sandbox);
    leaving->sandbox = sandbox;
    pthread_mutex_lock(&expiry->lock);
    leaving->next = expiry->first;
    expiry->first = leaving;
    pthread_cond_signal(&expiry->changed);
    pthread_mutex_unlock(&expiry->lock);
}

static void *run_deleter(void *data) {
    struct expiry *expiry = data;
    pthread_mutex_lock(&expiry->lock);
    while (!expiry->ending || expiry->first) {
        struct leaving *leaving = expiry->first;
        if (!leaving) {
            pthread_cond_wait(&expiry->changed, &expiry->lock);
            continue;
        }
        expiry->first = leaving->next;
        pthread_mutex_unlock(&expiry->lock);
        delete_files(leaving->sandbox); /* returns at once when the server stops */
        state_release(leaving->sandbox);
        free(leaving);
        pthread_mutex_lock(&expiry->lock);
    }
    pthread_mutex_unlock(&expiry->lock);
    return NULL;
}

/* --- Due actions --- */

static void remove_it(struct expiry *expiry, struct sandbox *sandbox, uint64_t expired_by) {
    if (state_take_away(sandbox, expired_by)) {
        delete_later(expiry, sandbox);
    } else if (errno != ENOENT && errno != EAGAIN) {
        complain_about(sandbox, "remove the expired sandbox");
    }
}

/* Performs the action that is due. Returns when the next is; one that fails is tried again after LONGEST_SECONDS. */
static uint64_t settle(struct expiry *expiry, struct sandbox *sandbox, uint64_t now) {
    pthread_mutex_lock(&sandbox->meta_lock);
    uint64_t expires_at = sandbox->expires_at == 0 ? UINT64_MAX : sandbox->expires_at;
    uint64_t stop_seconds = atomic_load(&sandbox->stopped) ? 0 : sandbox->auto_stop_seconds;
    uint64_t archive_seconds = sandbox->archived_at != 0 ? 0 : sandbox->auto_archive_seconds;
    uint64_t delete_seconds = sandbox->auto_delete_seconds;
    pthread_mutex_unlock(&sandbox->meta_lock);
    uint64_t idle_since = command_any(sandbox) ? now : state_idle_since(sandbox);
    uint64_t stop_at = due_at(idle_since, stop_seconds);
    uint64_t archive_at = due_at(idle_since, archive_seconds);
    uint64_t delete_at = due_at(idle_since, delete_seconds);
    if (expires_at <= now) {
        remove_it(expiry, sandbox, now);
        return UINT64_MAX;
    }
    if (delete_at <= now) {
        remove_it(expiry, sandbox, 0);
        return UINT64_MAX;
    }
    if (archive_at <= now) {
        if (!state_archive(sandbox) && errno != ENOENT) {
            complain_about(sandbox, "archive the idle sandbox");
        }
        archive_at = UINT64_MAX;
        stop_at = UINT64_MAX;
    }
    if (stop_at <= now) {
        if (!state_stop(sandbox) && errno != ENOENT) {
            complain_about(sandbox, "stop the idle sandbox");
        }
        stop_at = UINT64_MAX;
    }
    uint64_t next = stop_at < delete_at ? stop_at : delete_at;
    next = archive_at < next ? archive_at : next;
    return next < expires_at ? next : expires_at;
}

/* Checks all sandboxes. Returns the time until the next action is due, in milliseconds. */
static int check_all(struct expiry *expiry) {
    struct state *state = expiry->state;
    uint64_t now = now_seconds();
    uint64_t next = now + LONGEST_SECONDS;
    struct sandbox **list = state_list(state);
    for (size_t i = 0; list && list[i] && !atomic_load(&state->dir.stopping); i++) {
        uint64_t due = settle(expiry, list[i], now);
        next = due < next ? due : next;
    }
    state_free_list(list);
    /* At the beginning of that second. */
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    int64_t wait = ((int64_t)next - (int64_t)time.tv_sec) * 1000 - time.tv_nsec / 1000000;
    return wait < 1 ? 1 : (int)wait;
}

static void *run(void *data) {
    struct expiry *expiry = data;
    struct state *state = expiry->state;
    struct pollfd polls[] = {{.fd = expiry->stop_fd, .events = POLLIN}, {.fd = state->change_fd, .events = POLLIN}};
    while (!atomic_load(&state->dir.stopping) && (polls[0].revents & POLLIN) == 0) {
        eventfd_t changes;
        eventfd_read(state->change_fd, &changes);
        poll(polls, 2, check_all(expiry));
    }
    return NULL;
}

static void end_deleter(struct expiry *expiry) {
    pthread_mutex_lock(&expiry->lock);
    expiry->ending = true;
    pthread_cond_signal(&expiry->changed);
    pthread_mutex_unlock(&expiry->lock);
    pthread_join(expiry->deleter, NULL);
}

bool expiry_start(struct expiry *expiry, struct state *state, int stop_fd) {
    *expiry = (struct expiry){.state = state, .stop_fd = stop_fd};
    state->change_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (state->change_fd < 0) {
        return false;
    }
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&expiry->lock, NULL);
    pthread_cond_init(&expiry->changed, NULL);
    if (!thread_start(&expiry->deleter, THREAD_STACK, run_deleter, expiry)) {
        return false;
    }
    if (!thread_start(&expiry->thread, THREAD_STACK, run, expiry)) {
        int error = errno;
        end_deleter(expiry);
        errno = error;
        return false;
    }
    return true;
}

void expiry_stop(struct expiry *expiry) {
    pthread_join(expiry->thread, NULL);
    end_deleter(expiry);
    pthread_mutex_destroy(&expiry->lock);
    pthread_cond_destroy(&expiry->changed);
}
