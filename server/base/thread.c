#include "thread.h"

#include <errno.h>

bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *), void *data) {
    pthread_attr_t attributes;
    pthread_t unused;
    errno = pthread_attr_init(&attributes);
    if (errno != 0) {
        return false;
    }
    pthread_attr_setstacksize(&attributes, stack);
    if (!thread) {
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    }
    int error = pthread_create(thread ? thread : &unused, &attributes, run, data);
    pthread_attr_destroy(&attributes);
    errno = error;
    return error == 0;
}
