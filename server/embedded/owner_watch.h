/*
 * owner_watch.h: a server that was started for one process ends with it.
 */
#ifndef AKL_OWNER_WATCH_H
#define AKL_OWNER_WATCH_H

#include <stdbool.h>

/* Sends this process SIGTERM when the owner has ended or lets go of the server.
 *
 * pidfd (-1: none) is the owner's. life_fd (-1: none) is a file whose first byte the owner has locked; such a lock goes
 * when the owner gives it back, and in every other way a process can end or become another program, whether or not
 * children that it forked are still there. Its second byte was locked for us before we were started and tells the owner
 * that we live: descriptors of that file must never be closed.
 *
 * Starts threads; call when everything is forked and SIGTERM is blocked. False with errno. */
bool owner_watch(int pidfd, int life_fd);

#endif
