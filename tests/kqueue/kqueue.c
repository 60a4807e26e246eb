/*
 * kqueue.c: kqueue(2) over epoll; README.md.
 *
 * The queue is an epoll descriptor. Its timer and its user event share one timerfd in it: an event that was triggered
 * makes the timerfd expire at once. Thread: any.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000
#define MAX_QUEUES 65536 /* their descriptors are below that */
#define MAX_SOCKETS 32
#define LONGEST_TIMER_NS ((int64_t)365 * 24 * 3600 * NS_PER_SECOND)
#define MAX_RAW 8
/* No error: poller_kqueue.c asks whether there is one. The real number is in the socket, and asking would clear it. */
#define SOME_ERROR EIO

typedef struct {
    int fd;
    uint32_t events; /* of epoll; 0: a free place */
} watched;

typedef struct {
    int timer_fd;
    bool has_user, triggered;
    int64_t deadline; /* of the timer; 0: none */
    watched sockets[MAX_SOCKETS];
} queue_state;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static queue_state *queues[MAX_QUEUES];

/* The linker's names for the wrapped function. */
int __real_close(int fd);
int __wrap_close(int fd);

/* ---- life ---- */

static void forget(int queue) {
    __real_close(queues[queue]->timer_fd);
    free(queues[queue]);
    queues[queue] = NULL;
}

/* The lock may be held by a thread that the child does not have, so it is made anew. Taking it before every fork could
 * wait very long for a thread that takes it again and again. */
static void in_child(void) {
    pthread_mutex_init(&lock, NULL);
    for (int queue = 0; queue < MAX_QUEUES; queue++) {
        if (queues[queue]) {
            forget(queue);
            __real_close(queue);
        }
    }
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, in_child);
}

int kqueue(void) {
    pthread_once(&once, watch_forks);
    queue_state *state = calloc(1, sizeof *state);
    int queue = state ? epoll_create1(0) : -1;
    if (queue < 0) {
        free(state);
        return -1;
    }
    state->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = state->timer_fd}};
    if (state->timer_fd < 0 || queue >= MAX_QUEUES || epoll_ctl(queue, EPOLL_CTL_ADD, state->timer_fd, &event) != 0) {
        int saved = state->timer_fd < 0 ? errno : EMFILE;
        if (state->timer_fd >= 0) {
            __real_close(state->timer_fd);
        }
        __real_close(queue);
        free(state);
        errno = saved;
        return -1;
    }
    pthread_mutex_lock(&lock);
    queues[queue] = state;
    pthread_mutex_unlock(&lock);
    return queue;
}

int __wrap_close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MAX_QUEUES && queues[fd]) {
        forget(fd);
    }
    pthread_mutex_unlock(&lock);
    return __real_close(fd);
}

/* ---- changes ---- */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void set_timer(const queue_state *state) {
    int64_t when = state->triggered ? 1 : state->deadline;
    struct itimerspec timer = {.it_value = {.tv_sec = when / NS_PER_SECOND, .tv_nsec = when % NS_PER_SECOND}};
    timerfd_settime(state->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static int change_user(queue_state *state, const struct kevent *change) {
    if (!state->has_user && !(change->flags & EV_ADD)) {
        return ENOENT;
    }
    state->has_user = true;
    if (change->fflags & NOTE_TRIGGER) {
        state->triggered = true;
        set_timer(state);
    }
    return 0;
}

static int change_timer(queue_state *state, const struct kevent *change) {
    if (change->flags & EV_DELETE) {
        bool had = state->deadline != 0;
        state->deadline = 0;
        set_timer(state);
        return had ? 0 : ENOENT;
    }
    if (change->flags != (EV_ADD | EV_ONESHOT) || change->fflags != NOTE_NSECONDS || change->data <= 0 ||
        change->data > LONGEST_TIMER_NS) {
        abort(); /* nothing else is here */
    }
    state->deadline = now_ns() + change->data;
    set_timer(state);
    return 0;
}

/* The place of a socket, or a free one; NULL when there is none. */
static watched *find(queue_state *state, int fd) {
    watched *place = NULL;
    for (int i = 0; i < MAX_SOCKETS; i++) {
        if (state->sockets[i].events && state->sockets[i].fd == fd) {
            return &state->sockets[i];
        }
        place = place || state->sockets[i].events ? place : &state->sockets[i];
    }
    return place;
}

/* A socket that was closed has left epoll: what is known of its number is of another. */
static int change_socket(int queue, queue_state *state, const struct kevent *change) {
    int fd = (int)change->ident;
    watched *socket = find(state, fd);
    uint32_t filter = change->filter == EVFILT_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
    if (!socket) {
        return ENOMEM;
    }
    struct epoll_event event = {.events = socket->events, .data = {.fd = fd}};
    if (event.events && epoll_ctl(queue, EPOLL_CTL_MOD, fd, &event) != 0) {
        event.events = 0;
    }
    bool known = event.events != 0;
    socket->fd = fd;
    socket->events = event.events;
    if (change->flags & EV_ADD) {
        event.events |= filter | (change->flags & EV_CLEAR ? EPOLLET : 0);
    } else if (event.events & filter) {
        event.events &= ~filter;
    } else {
        return fcntl(fd, F_GETFD) < 0 ? EBADF : ENOENT;
    }
    bool empty = !(event.events & (EPOLLIN | EPOLLOUT));
    if (epoll_ctl(queue, empty ? EPOLL_CTL_DEL : known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
        return errno;
    }
    socket->events = empty ? 0 : event.events;
    return 0;
}

static int change_one(int queue, queue_state *state, const struct kevent *change) {
    switch (change->filter) {
    case EVFILT_USER:
        return change_user(state, change);
    case EVFILT_TIMER:
        return change_timer(state, change);
    default:
        return change_socket(queue, state, change);
    }
}

/* ---- events ---- */

static int take_own(queue_state *state, struct kevent *events, int room) {
    int count = 0;
    uint64_t expirations;
    if (read(state->timer_fd, &expirations, sizeof expirations) < 0) {
        return 0;
    }
    if (state->triggered && count < room) {
        state->triggered = false;
        events[count++] = (struct kevent){.filter = EVFILT_USER, .flags = EV_CLEAR};
    }
    if (state->deadline && state->deadline <= now_ns() && count < room) {
        state->deadline = 0;
        events[count++] = (struct kevent){.filter = EVFILT_TIMER, .flags = EV_ONESHOT, .data = 1};
    }
    set_timer(state);
    return count;
}

static int take_socket(queue_state *state, const struct epoll_event *raw, struct kevent *events, int room) {
    const uint32_t ends[] = {EPOLLRDHUP | EPOLLHUP | EPOLLERR, EPOLLHUP | EPOLLERR};
    const uint32_t filters[] = {EPOLLIN, EPOLLOUT};
    const watched *socket = find(state, raw->data.fd);
    int count = 0;
    for (int i = 0; socket && i < 2 && count < room; i++) {
        if ((socket->events & filters[i]) && (raw->events & (filters[i] | ends[i]))) {
            bool ended = (raw->events & ends[i]) != 0;
            events[count++] = (struct kevent){.ident = (uintptr_t)raw->data.fd,
                                              .filter = i == 0 ? EVFILT_READ : EVFILT_WRITE,
                                              .flags = ended ? EV_EOF : 0,
                                              .fflags = raw->events & EPOLLERR ? SOME_ERROR : 0};
        }
    }
    return count;
}

static int take(int queue, queue_state *state, struct kevent *events, int room) {
    struct epoll_event raw[MAX_RAW];
    /* A socket may have two events. */
    int want = room < 2 * MAX_RAW ? (room + 1) / 2 : MAX_RAW;
    int n = epoll_wait(queue, raw, want, 0);
    int count = 0;
    for (int i = 0; i < n; i++) {
        count += raw[i].data.fd == state->timer_fd ? take_own(state, events + count, room - count)
                                                   : take_socket(state, &raw[i], events + count, room - count);
    }
    return n < 0 ? -1 : count;
}

static int change_and_take(int queue, queue_state *state, const struct kevent *changes, int change_count,
                           struct kevent *events, int event_count) {
    int count = 0;
    for (int i = 0; i < change_count; i++) {
        struct kevent change = changes[i]; /* the lists may be the same */
        int error = change_one(queue, state, &change);
        if ((error || (change.flags & EV_RECEIPT)) && count < event_count) {
            change.flags = EV_ERROR;
            change.data = error;
            events[count++] = change;
        } else if (error) {
            errno = error;
            return -1;
        }
    }
    return count || event_count == 0 ? count : take(queue, state, events, event_count);
}

int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
           const struct timespec *timeout) {
    if (event_count > change_count && (!timeout || timeout->tv_sec || timeout->tv_nsec)) {
        abort();
    }
    pthread_mutex_lock(&lock);
    queue_state *state = queue >= 0 && queue < MAX_QUEUES ? queues[queue] : NULL;
    int saved = errno, count = -1;
    errno = EBADF;
    if (state) {
        count = change_and_take(queue, state, changes, change_count, events, event_count);
    }
    errno = count < 0 ? errno : saved;
    pthread_mutex_unlock(&lock);
    return count;
}
