/*
 * tree_copy.h: copies a tree that holds anything, while commands may be changing it.
 */
#ifndef AKL_TREE_COPY_H
#define AKL_TREE_COPY_H

#include <stdatomic.h>
#include <stdbool.h>

/* Copies the directory from_fd to to_fd/tree, which must not be there: contents with their holes (sharing the disk's
 * blocks where the file system can), permissions, times, symbolic and hard links, FIFOs. Left out are sockets, devices
 * and extended attributes. All is on the disk when this returns.
 *
 * Every file is copied as it is found; what goes meanwhile is left out. No link is followed, and nothing outside of
 * from_fd is read, whatever is renamed meanwhile. Files and directories that their owner may not read are made readable
 * for the moment. Depth costs memory only. It gives up when *stop becomes true (ECANCELED) and before the disk is full
 * (ENOSPC; see disk.h); what it has made then is the caller's to remove. False with errno; ESTALE: more than
 * TREE_COPY_OPEN directories deep, one was moved away. */
#define TREE_COPY_OPEN 64
bool tree_copy(int from_fd, int to_fd, const atomic_bool *stop);

#endif
