/*
 * thread.h: a thread with a small stack.
 */
#ifndef AKL_THREAD_H
#define AKL_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What most threads need: they fill buffers that lie elsewhere. */
#define THREAD_STACK ((size_t)256 << 10)

/* Starts run(data). thread: for pthread_join; NULL: nobody waits for it. False with errno. */
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *), void *data);

#endif
