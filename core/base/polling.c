#include "polling.h"

#include <poll.h>

#ifndef POLLRDHUP /* the poll of macOS reports the peer's end so, even when it is not the end of both directions */
#define POLLRDHUP POLLHUP
#endif

bool ak_poll_readable(int fd, int max_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, max_ms) > 0;
}

void ak_poll_hang_ups(const int *sockets, bool *hung_up, size_t count) {
    struct pollfd entries[AK_POLL_MOST];
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct pollfd){.fd = sockets[i], .events = POLLRDHUP};
    }
    bool any = poll(entries, count, 0) > 0;
    for (size_t i = 0; i < count; i++) {
        hung_up[i] = any && entries[i].revents != 0;
    }
}
