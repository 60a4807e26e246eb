/*
 * poller.h: one pollable descriptor that contains sockets and a timer. Hides everything specific to a system: epoll and
 * timerfd on Linux, a kqueue elsewhere.
 *
 * The descriptor is readable when a watched socket is ready or the timer has expired. Thread: one, except
 * ak_poller_wake.
 */
#ifndef AK_POLLER_H
#define AK_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tests define it on Linux, too. */
#if !defined(__linux__) && !defined(AK_POLLER_KQUEUE)
#define AK_POLLER_KQUEUE
#endif

#ifdef AK_POLLER_KQUEUE
#include <sys/types.h>
#endif

/* No deadline. */
#define AK_NEVER INT64_MAX

typedef struct {
    int fd; /* what hosts wait on */
#ifdef AK_POLLER_KQUEUE
    pid_t process; /* that made it: a forked child does not inherit the descriptor, and may use its number */
#else
    int timer_fd; /* inside it */
#endif
} ak_poller;

typedef struct {
    int fd;
    bool readable;
    bool writable;
    bool failed;
} ak_poller_event;

/* Nanoseconds of the clock of all deadlines, which stands still while the machine sleeps. */
int64_t ak_now(void);

/* False, with errno set, when out of descriptors. */
bool ak_poller_open(ak_poller *poller);
/* close(2) only, so that it is safe in a forked child, which shares both objects with its parent. */
void ak_poller_close(ak_poller *poller);

/* edge: edge-triggered, reported once each time it becomes ready. */
bool ak_poller_watch(ak_poller *poller, int fd, bool read, bool write, bool edge);
void ak_poller_unwatch(ak_poller *poller, int fd);

/* The descriptor becomes readable at this time (at once when it is past); AK_NEVER: no timer. */
void ak_poller_arm(ak_poller *poller, int64_t when);
/* Makes it readable now. Thread: any. */
void ak_poller_wake(ak_poller *poller);

/* The sockets that are ready, without waiting. *woken is set when the timer had expired, which is then reset. */
size_t ak_poller_ready(ak_poller *poller, ak_poller_event *events, size_t cap, bool *woken);

#endif
