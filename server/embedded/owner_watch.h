/*
 * owner_watch.h: a server that was started for one process ends with it.
 */
#ifndef AKL_OWNER_WATCH_H
#define AKL_OWNER_WATCH_H

#include <stdbool.h>

/*
 * Sends this process SIGTERM when the owner has ended or releases the server.
 *
 * pidfd (-1: none) is the owner's. life_fd (-1: none) is a file whose first byte the owner has locked. Such a lock is
 * released when the owner gives it up and whenever the process ends or executes another program, regardless of children
 * that it forked. The second byte was locked for this process before it was started and shows the owner that it is
 * alive: descriptors of that file must never be closed.
 *
 * Starts threads; call after all forks, with SIGTERM blocked. False with errno.
 */
bool owner_watch(int pidfd, int life_fd);

#endif
