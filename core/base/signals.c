#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "compat.h"

static const int raised[] = {SIGPIPE, SIGXFSZ};

void ak_signals_hold(ak_signal_guard *guard, bool needed) {
    guard->active = needed;
    if (!needed) {
        return;
    }
    sigset_t pending, both;
    sigemptyset(&both);
    sigemptyset(&guard->ours);
    sigpending(&pending);
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++) {
        sigaddset(&both, raised[i]);
        if (!sigismember(&pending, raised[i])) {
            sigaddset(&guard->ours, raised[i]);
        }
    }
    pthread_sigmask(SIG_BLOCK, &both, &guard->before);
}

void ak_signals_release(const ak_signal_guard *guard) {
    if (!guard->active) {
        return;
    }
    int saved = errno;
    ak_discard_signals(&guard->ours);
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
    errno = saved;
}
