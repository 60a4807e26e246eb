#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)64 * 1024)

static void *watch_process(void *data) {
    struct pollfd owner = {.fd = (int)(intptr_t)data, .events = POLLIN};
    while (poll(&owner, 1, -1) < 0 && errno == EINTR) {
    }
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

static void *watch_lock(void *data) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    while (fcntl((int)(intptr_t)data, F_SETLKW, &lock) != 0 && errno == EINTR) {
    }
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

/* A thread that nobody waits for: it ends with the process. */
static bool start(void *(*run)(void *), int fd) {
    pthread_attr_t attributes;
    pthread_t thread;
    errno = pthread_attr_init(&attributes);
    if (errno != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, run, (void *)(intptr_t)fd);
    (void)pthread_attr_destroy(&attributes);
    errno = error;
    return error == 0;
}

bool owner_watch(int pidfd, int life_fd) {
    return (pidfd < 0 || start(watch_process, pidfd)) && (life_fd < 0 || start(watch_lock, life_fd));
}
