/*
 * expiry.h: the threads that stop, archive and remove expired sandboxes: those past their TTL, and those that were idle
 * for as long as their lifecycle says. Activity is the start or end of a command, or a request for a file; a sandbox in
 * which a command runs is never idle.
 *
 * The TTL is stored in meta.json, so it persists across restarts; what expired meanwhile is removed when the server
 * starts.
 */
#ifndef AKL_EXPIRY_H
#define AKL_EXPIRY_H

#include <pthread.h>
#include <stdbool.h>

#include "state.h"

struct expiry {
    struct state *state;
    int stop_fd; /* readable once the server stops */
    pthread_t thread;
    pthread_t deleter; /* deletes the files of removed sandboxes, which may take a while */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct leaving *first; /* whose files are to be deleted */
    bool ending;
};

/* Starts the threads. False with errno. */
bool expiry_start(struct expiry *expiry, struct state *state, int stop_fd);

/* Ends them. Call when the server stops: state->dir.stopping is true and stop_fd is readable. */
void expiry_stop(struct expiry *expiry);

#endif
