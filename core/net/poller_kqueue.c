/* poller_kqueue.c: for macOS. Only tests compile it on Linux. */
#include "poller.h"

#ifdef AK_POLLER_KQUEUE
#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define NS_PER_SECOND 1000000000
/* Longer times may overflow in the kernel. */
#define LONGEST_TIMER_NS ((int64_t)24 * 3600 * NS_PER_SECOND)
/* Of the timer and of the event that ak_poller_wake triggers: every filter has numbers of its own. */
#define OWN_NUMBER 0

#ifdef CLOCK_UPTIME_RAW /* the clock of macOS's timers; CLOCK_MONOTONIC continues while the machine sleeps there */
#define CLOCK CLOCK_UPTIME_RAW
#else
#define CLOCK CLOCK_MONOTONIC
#endif

int64_t ak_now(void) {
    struct timespec now;
    clock_gettime(CLOCK, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static bool change_own(const ak_poller *poller, int filter, int flags, unsigned fflags, int64_t data) {
    struct kevent change;
    EV_SET(&change, OWN_NUMBER, (int16_t)filter, (uint16_t)flags, fflags, (intptr_t)data, NULL);
    return kevent(poller->fd, &change, 1, NULL, 0, NULL) == 0;
}

bool ak_poller_open(ak_poller *poller) {
    poller->process = ak_process();
    poller->fd = kqueue();
    if (poller->fd < 0) {
        return false;
    }
    if (fcntl(poller->fd, F_SETFD, FD_CLOEXEC) != 0 || !change_own(poller, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0)) {
        int saved = errno;
        ak_poller_close(poller);
        errno = saved;
        return false;
    }
    return true;
}

void ak_poller_close(ak_poller *poller) {
    if (poller->fd >= 0 && poller->process == ak_process()) {
        close(poller->fd);
    }
    poller->fd = -1;
}

/* With receipts, both changes are tried, and each has a result. */
bool ak_poller_watch(ak_poller *poller, int fd, bool read, bool write, bool edge) {
    const bool wanted[] = {read, write};
    struct kevent changes[2];
    for (int i = 0; i < 2; i++) {
        int flags = EV_RECEIPT | (wanted[i] ? EV_ADD : EV_DELETE) | (wanted[i] && edge ? EV_CLEAR : 0);
        EV_SET(&changes[i], (uintptr_t)fd, i == 0 ? EVFILT_READ : EVFILT_WRITE, (uint16_t)flags, 0, 0, NULL);
    }
    if (kevent(poller->fd, changes, 2, changes, 2, NULL) < 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (changes[i].data != 0 && (wanted[i] || changes[i].data != ENOENT)) {
            errno = (int)changes[i].data;
            return false;
        }
    }
    return true;
}

void ak_poller_unwatch(ak_poller *poller, int fd) {
    ak_poller_watch(poller, fd, false, false, false);
}

void ak_poller_arm(ak_poller *poller, int64_t when) {
    int64_t left = when == AK_NEVER ? AK_NEVER : when - ak_now();
    if (when == AK_NEVER) {
        change_own(poller, EVFILT_TIMER, EV_DELETE, 0, 0);
    } else if (left <= 0) {
        ak_poller_wake(poller);
    } else {
        left = left < LONGEST_TIMER_NS ? left : LONGEST_TIMER_NS;
        change_own(poller, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_NSECONDS, left);
    }
}

void ak_poller_wake(ak_poller *poller) {
    change_own(poller, EVFILT_USER, 0, NOTE_TRIGGER, 0);
}

/* The event of a socket; the two filters of one are merged. */
static ak_poller_event *event_of(ak_poller_event *events, size_t *count, int fd) {
    size_t at = 0;
    while (at < *count && events[at].fd != fd) {
        at++;
    }
    if (at == *count) {
        events[(*count)++] = (ak_poller_event){.fd = fd};
    }
    return &events[at];
}

/* The end of a connection is reported as readable by whatever filter: see poller_linux.c. */
size_t ak_poller_ready(ak_poller *poller, ak_poller_event *events, size_t cap, bool *woken) {
    static const struct timespec at_once = {0};
    struct kevent raw[8];
    int n = kevent(poller->fd, NULL, 0, raw, cap < 8 ? (int)cap : 8, &at_once);
    size_t count = 0;
    *woken = false;
    for (int i = 0; i < n; i++) {
        if (raw[i].filter == EVFILT_TIMER || raw[i].filter == EVFILT_USER) {
            *woken = true;
            continue;
        }
        ak_poller_event *event = event_of(events, &count, (int)raw[i].ident);
        bool ended = (raw[i].flags & EV_EOF) != 0;
        event->readable = event->readable || ended || raw[i].filter == EVFILT_READ;
        event->writable = event->writable || raw[i].filter == EVFILT_WRITE;
        event->failed = event->failed || (ended && raw[i].fflags != 0);
    }
    return count;
}
#endif
