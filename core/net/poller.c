/* poller.c: what is the same on all systems. */
#include "poller.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#ifndef POLLRDHUP /* the poll of macOS reports the peer's end so, even when it is not the end of both directions */
#define POLLRDHUP POLLHUP
#endif

void ak_poller_renumber(ak_poller *poller) {
    static atomic_int next = 100;
    int least = atomic_fetch_add(&next, 1);
    if (least > 900) {
        atomic_store(&next, 100);
    }
    int fresh = fcntl(poller->fd, F_DUPFD_CLOEXEC, least);
    if (fresh >= 0) {
        close(poller->fd);
        poller->fd = fresh;
    }
}

bool ak_poller_wait(int fd, int max_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, max_ms) > 0;
}

void ak_poller_hang_ups(const int *sockets, bool *hung_up, size_t count) {
    struct pollfd entries[AK_POLLER_LOOK];
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct pollfd){.fd = sockets[i], .events = POLLRDHUP};
    }
    bool any = poll(entries, count, 0) > 0;
    for (size_t i = 0; i < count; i++) {
        hung_up[i] = any && entries[i].revents != 0;
    }
}
