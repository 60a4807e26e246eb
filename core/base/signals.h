/*
 * signals.h: no signal of our making reaches the host. Thread: one.
 *
 * What writes with write(2) raises SIGPIPE on a connection that was reset, and SIGXFSZ on a file that must not grow:
 * TLS libraries do, and the log of TLS keys that SSLKEYLOGFILE asks for. The host's handlers are not ours to change, so
 * the signals are blocked in this thread meanwhile, and taken back if we raised them.
 */
#ifndef AK_SIGNALS_H
#define AK_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

typedef struct {
    bool active;
    sigset_t ours; /* what was not pending before */
    sigset_t before;
} ak_signal_guard;

/* needed: false makes both do nothing. */
void ak_signals_hold(ak_signal_guard *guard, bool needed);
/* errno is kept. */
void ak_signals_release(const ak_signal_guard *guard);

#endif
