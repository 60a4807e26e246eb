#include "poller.h"

#ifndef AK_POLLER_KQUEUE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000

int64_t ak_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

bool ak_poller_open(ak_poller *poller) {
    poller->timer_fd = -1;
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd < 0) {
        return false;
    }
    poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = poller->timer_fd}};
    if (poller->timer_fd < 0 || epoll_ctl(poller->fd, EPOLL_CTL_ADD, poller->timer_fd, &event) != 0) {
        int saved = errno;
        ak_poller_close(poller);
        errno = saved;
        return false;
    }
    return true;
}

void ak_poller_close(ak_poller *poller) {
    if (poller->timer_fd >= 0) {
        close(poller->timer_fd);
    }
    if (poller->fd >= 0) {
        close(poller->fd);
    }
    poller->fd = poller->timer_fd = -1;
}

bool ak_poller_watch(ak_poller *poller, int fd, bool read, bool write, bool edge) {
    struct epoll_event event = {.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u) | (edge ? EPOLLET : 0u),
                                .data = {.fd = fd}};
    if (epoll_ctl(poller->fd, EPOLL_CTL_MOD, fd, &event) == 0) {
        return true;
    }
    return errno == ENOENT && epoll_ctl(poller->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void ak_poller_unwatch(ak_poller *poller, int fd) {
    epoll_ctl(poller->fd, EPOLL_CTL_DEL, fd, NULL);
}

void ak_poller_arm(ak_poller *poller, int64_t when) {
    struct itimerspec timer = {0};
    if (when != AK_NEVER) {
        if (when < 1) {
            when = 1; /* zero would disarm */
        }
        timer.it_value.tv_sec = when / NS_PER_SECOND;
        timer.it_value.tv_nsec = when % NS_PER_SECOND;
    }
    timerfd_settime(poller->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

void ak_poller_wake(ak_poller *poller) {
    ak_poller_arm(poller, 1);
}

/* For a moment after a reset the kernel reports only the error. It is reported as readable, too: libcurl treats an
 * error alone as the end of the transfer, and does not notice that a kept-alive connection was closed. */
size_t ak_poller_ready(ak_poller *poller, ak_poller_event *events, size_t cap, bool *woken) {
    struct epoll_event raw[8];
    int want = cap < 8 ? (int)cap : 8;
    int n = epoll_wait(poller->fd, raw, want, 0);
    size_t count = 0;
    *woken = false;
    for (int i = 0; i < n; i++) {
        if (raw[i].data.fd == poller->timer_fd) {
            uint64_t expirations;
            *woken = read(poller->timer_fd, &expirations, sizeof expirations) > 0 || *woken;
        } else {
            events[count++] = (ak_poller_event){.fd = raw[i].data.fd,
                                                .readable = (raw[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                                                .writable = (raw[i].events & EPOLLOUT) != 0,
                                                .failed = (raw[i].events & EPOLLERR) != 0};
        }
    }
    return count;
}
#endif
