/*
 * thread.h: a thread with a small stack.
 */
#ifndef AKL_THREAD_H
#define AKL_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Enough for most threads: their buffers are not on the stack. */
#define THREAD_STACK ((size_t)256 << 10)

/* Starts run(data). thread: for pthread_join; NULL: detached. False with errno. */
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *), void *data);

#endif
