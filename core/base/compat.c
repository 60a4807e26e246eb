#include "compat.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __linux__
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

void ak_wipe(void *bytes, size_t len) {
    explicit_bzero(bytes, len);
}

bool ak_is_privileged(void) {
    return getauxval(AT_SECURE) != 0;
}

int ak_socket(int family, int type, int protocol) {
    return socket(family, type | SOCK_CLOEXEC, protocol);
}

void ak_discard_signals(const sigset_t *signals) {
    const struct timespec at_once = {0};
    while (sigtimedwait(signals, NULL, &at_once) > 0 || errno == EINTR) {
    }
}

bool ak_wipe_on_fork(void *pages, size_t size) {
    return madvise(pages, size, MADV_WIPEONFORK) == 0;
}

#else
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

void ak_wipe(void *bytes, size_t len) {
    for (volatile unsigned char *byte = bytes; len > 0; len--) {
        *byte++ = 0;
    }
}

bool ak_is_privileged(void) {
    return getuid() != geteuid() || getgid() != getegid();
}

/* A thread that forks and executes a program in between passes the descriptor on; no call prevents that here. */
int ak_socket(int family, int type, int protocol) {
    int fd = socket(family, type, protocol);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* A signal of the whole process may be consumed by another thread between the two calls; one more, which is this
 * thread's own, ensures that sigwait does not wait. */
void ak_discard_signals(const sigset_t *signals) {
    sigset_t pending;
    sigpending(&pending);
    for (int number = 1; number < NSIG; number++) {
        if (sigismember(signals, number) == 1 && sigismember(&pending, number) == 1) {
            sigset_t one;
            sigemptyset(&one);
            sigaddset(&one, number);
            pthread_kill(pthread_self(), number);
            sigwait(&one, &(int){0});
        }
    }
}

bool ak_wipe_on_fork(void *pages, size_t size) {
    (void)pages;
    (void)size;
    return false;
}
#endif
