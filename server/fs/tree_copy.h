/*
 * tree_copy.h: copies a tree with any content, while commands may be changing it.
 */
#ifndef AKL_TREE_COPY_H
#define AKL_TREE_COPY_H

#include <stdatomic.h>
#include <stdbool.h>

/* Copies the directory from_fd to to_fd/tree, which must not exist: contents with their holes (sharing the disk's
 * blocks where the file system can), permissions, times, symbolic and hard links, FIFOs. Sockets, devices and extended
 * attributes are left out. Everything is on the disk when this returns.
 *
 * Every file is copied as it is found; files that disappear meanwhile are left out. No link is followed, and nothing
 * outside of from_fd is read, whatever is renamed meanwhile. Files and directories that their owner may not read are
 * made readable temporarily. Depth costs memory only. It fails when *stop becomes true (ECANCELED) and before the disk
 * is full (ENOSPC; see disk.h); the caller then removes the partial copy. False with errno; ESTALE: more than
 * TREE_COPY_OPEN directories deep, one was moved away. */
#define TREE_COPY_OPEN 64
bool tree_copy(int from_fd, int to_fd, const atomic_bool *stop);

#endif
