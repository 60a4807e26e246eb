/*
 * polling.h: poll(2) of plain descriptors. Thread: any.
 */
#ifndef AK_POLLING_H
#define AK_POLLING_H

#include <stdbool.h>
#include <stddef.h>

/* Waits at most max_ms (negative: without limit) until the descriptor is readable. False on timeout or a signal. */
bool ak_poll_readable(int fd, int max_ms);

/* The most sockets that ak_poll_hang_ups checks. */
#define AK_POLL_MOST 64
/* Reports which of these sockets (negative: none) the peer has closed. Does not wait. */
void ak_poll_hang_ups(const int *sockets, bool *hung_up, size_t count);

#endif
