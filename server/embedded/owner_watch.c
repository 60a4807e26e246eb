#include "owner_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "local_protocol.h"
#include "thread.h"

#define STACK_BYTES ((size_t)64 * 1024)

static void *watch_process(void *data) {
    struct pollfd owner = {.fd = (int)(intptr_t)data, .events = POLLIN};
    while (poll(&owner, 1, -1) < 0 && errno == EINTR) {
    }
    kill(getpid(), SIGTERM);
    return NULL;
}

static void *watch_lock(void *data) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = AK_LOCAL_LIFE_OWNER, .l_len = 1};
    while (fcntl((int)(intptr_t)data, F_SETLKW, &lock) != 0 && errno == EINTR) {
    }
    kill(getpid(), SIGTERM);
    return NULL;
}

bool owner_watch(int pidfd, int life_fd) {
    return (pidfd < 0 || thread_start(NULL, STACK_BYTES, watch_process, (void *)(intptr_t)pidfd)) &&
           (life_fd < 0 || thread_start(NULL, STACK_BYTES, watch_lock, (void *)(intptr_t)life_fd));
}
