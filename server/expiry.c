#include "expiry.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

#define STACK_BYTES ((size_t)256 << 10)
/* The wall clock may be set: it is looked at this often, however far the next event is. */
#define LONGEST_SECONDS 60

static uint64_t now_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

static void complain(const struct sandbox *sandbox, const char *what) {
    (void)fprintf(stderr, "agentkernel-local: %s: cannot %s: %s\n", sandbox->name, what, strerror(errno));
}

/* When something that follows `seconds` of idleness is due; UINT64_MAX: never. */
static uint64_t due_at(uint64_t idle_since, uint64_t seconds) {
    return seconds == 0 || seconds > UINT64_MAX - idle_since ? UINT64_MAX : idle_since + seconds;
}

static void remove_it(struct sandbox *sandbox, bool removed) {
    if (!removed && errno != ENOENT && errno != EAGAIN && errno != ECANCELED) {
        complain(sandbox, "remove the expired sandbox");
    }
}

/* Does what is due now. Returns when the next is; one that fails is tried again after LONGEST_SECONDS. */
static uint64_t settle(struct sandbox *sandbox, uint64_t now) {
    (void)pthread_mutex_lock(&sandbox->meta_lock);
    uint64_t expires_at = sandbox->expires_at == 0 ? UINT64_MAX : sandbox->expires_at;
    uint64_t stop_seconds = atomic_load(&sandbox->stopped) ? 0 : sandbox->auto_stop_seconds;
    uint64_t delete_seconds = sandbox->auto_delete_seconds;
    (void)pthread_mutex_unlock(&sandbox->meta_lock);
    uint64_t idle_since = command_any(sandbox) ? now : state_idle_since(sandbox);
    uint64_t stop_at = due_at(idle_since, stop_seconds);
    uint64_t delete_at = due_at(idle_since, delete_seconds);
    if (expires_at <= now) {
        remove_it(sandbox, state_remove_expired(sandbox, now));
        return UINT64_MAX;
    }
    if (delete_at <= now) {
        remove_it(sandbox, state_remove(sandbox));
        return UINT64_MAX;
    }
    if (stop_at <= now) {
        if (!state_stop(sandbox) && errno != ENOENT) {
            complain(sandbox, "stop the idle sandbox");
        }
        stop_at = UINT64_MAX;
    }
    uint64_t next = stop_at < delete_at ? stop_at : delete_at;
    return next < expires_at ? next : expires_at;
}

/* Looks at all sandboxes. Returns how long nothing is due, in milliseconds. */
static int look(struct server *server) {
    uint64_t now = now_seconds();
    uint64_t next = now + LONGEST_SECONDS;
    struct sandbox **list = state_list(&server->state);
    for (size_t i = 0; list != NULL && list[i] != NULL && !atomic_load(&server->state.stopping); i++) {
        uint64_t due = settle(list[i], now);
        next = due < next ? due : next;
    }
    state_free_list(list);
    /* At the beginning of that second. */
    struct timespec time;
    (void)clock_gettime(CLOCK_REALTIME, &time);
    int64_t wait = ((int64_t)next - (int64_t)time.tv_sec) * 1000 - time.tv_nsec / 1000000;
    return wait < 1 ? 1 : (int)wait;
}

static void *run(void *data) {
    struct expiry *expiry = data;
    struct server *server = expiry->server;
    struct pollfd polls[] = {{.fd = server->stop_fd, .events = POLLIN},
                             {.fd = server->state.change_fd, .events = POLLIN}};
    while (!atomic_load(&server->state.stopping) && (polls[0].revents & POLLIN) == 0) {
        eventfd_t changes;
        (void)eventfd_read(server->state.change_fd, &changes);
        (void)poll(polls, 2, look(server));
    }
    return NULL;
}

bool expiry_start(struct expiry *expiry, struct server *server) {
    pthread_attr_t attributes;
    expiry->server = server;
    server->state.change_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->state.change_fd < 0) {
        return false;
    }
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
        error = pthread_create(&expiry->thread, &attributes, run, expiry);
        (void)pthread_attr_destroy(&attributes);
    }
    errno = error;
    return error == 0;
}

void expiry_stop(struct expiry *expiry) {
    (void)pthread_join(expiry->thread, NULL);
}
