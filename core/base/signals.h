/*
 * signals.h: signals that the library causes do not reach the host. Thread: one.
 *
 * write(2) raises SIGPIPE on a connection that was reset, and SIGXFSZ on a file that exceeds the size limit: TLS
 * libraries write so, and so does the TLS key log (SSLKEYLOGFILE). The library must not change the host's handlers, so
 * the signals are blocked in this thread meanwhile, and consumed if they were not pending before.
 */
#ifndef AK_SIGNALS_H
#define AK_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

typedef struct {
    bool active;
    sigset_t ours; /* the signals that were not pending before */
    sigset_t before;
} ak_signal_guard;

/* When needed is false, both functions do nothing. */
void ak_signals_hold(ak_signal_guard *guard, bool needed);
/* Preserves errno. */
void ak_signals_release(const ak_signal_guard *guard);

#endif
