/* host.c: the three ways in which a host waits for a call. */
#include "conformance.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#define WAIT_MS 20000

static bool wait_poll(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int n;
    while ((n = poll(&entry, 1, WAIT_MS)) < 0 && errno == EINTR) {
    }
    return n == 1 && (entry.revents & POLLIN);
}

/* Registered once and for all, so that only edges wake it. */
static bool wait_edge(int fd, int *epoll) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (*epoll < 0) {
        *epoll = epoll_create1(EPOLL_CLOEXEC);
        if (*epoll < 0 || epoll_ctl(*epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            return false;
        }
    }
    int n;
    while ((n = epoll_wait(*epoll, &event, 1, WAIT_MS)) < 0 && errno == EINTR) {
    }
    return n == 1;
}

ak_status conf_next(conf_way way, ak_call *call, int *epoll, ak_error *err) {
    if (way == CONF_WAIT) {
        ak_status status = ak_call_wait(call, WAIT_MS, err);
        return status == AK_AGAIN ? CONF_LOST : status;
    }
    for (;;) {
        ak_status status = ak_call_step(call, err);
        if (status != AK_AGAIN) {
            return status;
        }
        int fd = ak_call_fd(call);
        if (!(way == CONF_POLL ? wait_poll(fd) : wait_edge(fd, epoll))) {
            return CONF_LOST;
        }
    }
}
