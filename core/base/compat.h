/*
 * compat.h: what Linux has and other systems, such as macOS, lack. Thread: any.
 */
#ifndef AK_COMPAT_H
#define AK_COMPAT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Clears memory that held a secret, even when it is not read afterwards. */
void ak_wipe(void *bytes, size_t len);

/* Whether this process has rights that its caller lacks (setuid), so that the environment cannot be trusted. */
bool ak_is_privileged(void);

/* socket(2), closed on exec. */
int ak_socket(int family, int type, int protocol);

/* Consumes those of these signals that are pending; they must be blocked in this thread. Changes errno. */
void ak_discard_signals(const sigset_t *signals);

/* Asks the kernel to zero these pages in a forked child. False when it cannot. */
bool ak_wipe_on_fork(void *pages, size_t size);

#endif
